#include <catch2/catch.hpp>

#include "configs/load_spec.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

/// "name=provider:model prompt" for each variant, or the mistakes.
std::vector<std::string> variants_of(const std::string& matrix) {
    const test::TemporaryFolder folder;
    folder.write("rows.jsonl", "{\"input\": 1}\n");
    folder.write("prompts/short.txt", "{{input}}");
    folder.write("prompts/long.txt", "Please: {{input}}");
    const auto path = folder.write("spec.yaml",
                                   "experiment: matrix\ndataset: rows.jsonl\n"
                                   "task: {provider: \"openai:base\", prompt: \"{{input}}\"}\n" +
                                       matrix);
    const LoadedSpec loaded = load_spec(path, {});
    std::vector<std::string> found;
    for (const Diagnostic& diagnostic : loaded.diagnostics) found.push_back(diagnostic.message);
    if (!found.empty()) return found;
    for (const VariantSpec& variant : loaded.spec.variants) {
        found.push_back(variant.name + "=" + variant.task.model + " " + variant.task.prompt->name +
                        " " + to_text(variant.task.parameters));
    }
    return found;
}

using Found = std::vector<std::string>;

}  // namespace

TEST_CASE("matrix: the product of the lists named by their shortest distinct values") {
    CHECK(
        variants_of("matrix:\n  provider: [\"openai:a\", \"openai:b\"]\n"
                    "  prompt: [prompts/short.txt, prompts/long.txt]\n") ==
        Found{"short/a=a short {}", "short/b=b short {}", "long/a=a long {}", "long/b=b long {}"});
}

TEST_CASE("matrix: values that differ only in the provider are named in full") {
    CHECK(variants_of("providers: {local: {type: openai-compatible, base_url: \"http://x/v1\"}}\n"
                      "matrix: {provider: [\"openai:a\", \"local:a\"]}\n") ==
          Found{"openai:a=a inline {}", "local:a=a inline {}"});
}

TEST_CASE("matrix: a key with one value is no part of the names") {
    CHECK(variants_of("matrix: {provider: [\"openai:a\", \"openai:b\"], parameters: [{n: 1}]}\n") ==
          Found{"a=a inline {\"n\":1}", "b=b inline {\"n\":1}"});
}

TEST_CASE("matrix: exclude drops what matches all it names") {
    CHECK(variants_of("matrix:\n  provider: [\"openai:a\", \"openai:b\"]\n"
                      "  prompt: [prompts/short.txt, prompts/long.txt]\n"
                      "  exclude: [{provider: \"openai:a\", prompt: prompts/long.txt}]\n") ==
          Found{"short/a=a short {}", "short/b=b short {}", "long/b=b long {}"});
}

TEST_CASE("matrix: include extends what it does not contradict and else stands alone") {
    CHECK(variants_of("matrix:\n  provider: [\"openai:a\", \"openai:b\"]\n"
                      "  include:\n    - {provider: \"openai:a\", parameters: {n: 1}}\n"
                      "    - {provider: \"openai:c\"}\n") ==
          Found{"{\"n\":1}/a=a inline {\"n\":1}", "b=b inline {}", "c=c inline {}"});
}

TEST_CASE("matrix: what leaves no variant or too many is refused") {
    CHECK(
        variants_of("matrix: {provider: [\"openai:a\"], exclude: [{provider: \"openai:a\"}]}\n") ==
        Found{"`matrix` leaves no variant; give it a key of `task` with values"});
    std::string many = "matrix:\n";
    for (const char* key : {"provider", "prompt", "parameters"}) {
        many += std::string("  ") + key + ": [";
        for (int i = 0; i < 10; ++i) many += (i > 0 ? ", x" : "x") + std::to_string(i);
        many += "]\n";
    }
    CHECK(variants_of(many) == Found{"`matrix` makes more than 256 variants"});
    CHECK(variants_of("matrix: [1]\n").at(0).find("must be a map") != std::string::npos);
}

TEST_CASE("matrix: together with variants it is refused") {
    CHECK(variants_of("matrix: {provider: [\"openai:a\"]}\nvariants: [{name: x}]\n") ==
          Found{"`matrix` stands instead of `variants`; keep one of them"});
}

}  // namespace assay
