#include "configs/load_spec.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "configs/located_document.hpp"
#include "core/base/limits.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

constexpr const char* k_small = R"(experiment: e
dataset: rows.jsonl
task: {provider: "local:m", prompt: ask.md}
providers:
  local:
    type: openai-compatible
    base_url: "http://127.0.0.1:1/v1"
    api_key: "${ASSAY_TEST_KEY}"
    headers: {Authorization: "Bearer canary-header", X-From: "${ASSAY_TEST_KEY}"}
)";

/// A spec in a folder of its own, with the files it names.
class SpecFolder {
  public:
    explicit SpecFolder(std::string_view spec = k_small) {
        folder_.write("rows.jsonl", "{\"input\": 1}\n");
        folder_.write("ask.md", "{{input}}\n");
        path_ = folder_.write("spec.yaml", spec);
    }

    [[nodiscard]] LoadedSpec load(std::vector<std::string> overrides = {},
                                  const std::string& key = "canary-key") const {
        const std::map<std::string, std::string> environment = {{"ASSAY_TEST_KEY", key}};
        return load_spec(path_, {.overrides = std::move(overrides), .environment = &environment});
    }
    [[nodiscard]] const test::TemporaryFolder& folder() const { return folder_; }

  private:
    test::TemporaryFolder folder_;
    std::filesystem::path path_;
};

std::string sha256_of(const LoadedSpec& loaded) {
    INFO(to_string(loaded.diagnostics));
    CHECK(loaded.diagnostics.empty());
    return loaded.spec.sha256;
}

TEST_CASE("load spec: a file that cannot be read is one sentence") {
    const SpecFolder spec;
    const auto message = [&](const char* name) {
        return to_string(load_spec(spec.folder().path() / name, {}).diagnostics);
    };
    CHECK_THAT(message("spec.yml"),
               Catch::Contains("there is no such file; did you mean \"spec.yaml\"?"));
    CHECK_THAT(message("nowhere/spec.yaml"), Catch::EndsWith("there is no such file"));
    CHECK_THAT(message("."), Catch::Contains("it is a folder, not a file"));
}

TEST_CASE("load spec: a spec of more than 8 MB is refused on both sides of the limit") {
    const std::string spec = std::string(k_small) + "description: |\n";
    const std::size_t room = limits::k_spec_bytes_max - spec.size() - 3;
    CHECK(to_string(SpecFolder(spec + "  " + std::string(room, 'x') + "\n").load().diagnostics) ==
          "");
    CHECK_THAT(
        to_string(SpecFolder(spec + "  " + std::string(room + 1, 'x') + "\n").load().diagnostics),
        Catch::Contains("is larger than 8 MB"));
}

TEST_CASE("load spec: secrets are in their fields and nowhere else") {
    const LoadedSpec loaded = SpecFolder().load();
    REQUIRE(to_string(loaded.diagnostics) == "");
    const ProviderSpec& local = loaded.spec.providers.at("local");
    CHECK(local.api_key.reveal() == "canary-key");
    CHECK(local.headers.at("X-From").reveal() == "canary-key");
    const std::string document = to_text(loaded.spec.document);
    CHECK_THAT(document, !Catch::Contains("canary"));
    CHECK_THAT(document, Catch::Contains(R"("api_key":"${ASSAY_TEST_KEY}")"));
    CHECK_THAT(document, Catch::Contains(R"("Authorization":"[redacted]")"));
}

TEST_CASE("load spec: a key in the spec's own text stays out of the document and of messages") {
    const std::string spec =
        std::string(k_small) +
        "  two: {type: openai, api_key: canary-literal, headers: canary-list}\n"
        "  three: {type: openai, api_key: [canary-item]}\n"
        "  four: {type: openai, api_key: \"canary-${NOT_SET}\"}\n"
        "  five: {type: openai, api_key: \"${NOT_SET}canary}\"}\n"
        "  six: canary-whole\n";
    const LoadedSpec loaded = SpecFolder(spec).load();
    CHECK(loaded.diagnostics.size() == 5);
    CHECK_THAT(to_string(loaded.diagnostics), !Catch::Contains("canary"));
    CHECK_THAT(to_text(loaded.spec.document), !Catch::Contains("canary"));
}

TEST_CASE("load spec: the environment is the process's own unless another is given") {
    const SpecFolder spec;
    const auto path = spec.folder().path() / "spec.yaml";
    ::unsetenv("ASSAY_TEST_KEY");
    CHECK_THAT(to_string(load_spec(path, {}).diagnostics),
               Catch::Contains("8:14: `providers.local.api_key` needs the environment variable "
                               "ASSAY_TEST_KEY, which is not set"));
    ::setenv("ASSAY_TEST_KEY", "from-process", 1);
    const LoadedSpec loaded = load_spec(path, {});
    ::unsetenv("ASSAY_TEST_KEY");
    REQUIRE(to_string(loaded.diagnostics) == "");
    CHECK(loaded.spec.providers.at("local").api_key.reveal() == "from-process");
}

TEST_CASE("load spec: the environment is read in provider settings and nowhere else") {
    const LoadedSpec loaded = SpecFolder(
                                  "experiment: \"${ASSAY_TEST_KEY}\"\ndataset: rows.jsonl\n"
                                  "task: {command: [echo, \"${ASSAY_TEST_KEY}\"]}\n")
                                  .load();
    REQUIRE(to_string(loaded.diagnostics) == "");
    CHECK(loaded.spec.experiment == "${ASSAY_TEST_KEY}");
    CHECK(loaded.spec.variants[0].task.command[1] == "${ASSAY_TEST_KEY}");
}

TEST_CASE("load spec: what http settings take from the environment stays out of everything else") {
    const std::string spec =
        "experiment: e\ndataset: rows.jsonl\n"
        "task:\n  http:\n    url: \"${ASSAY_TEST_KEY}{{input}}\"\n"
        "    headers: {A: canary-literal, B: \"${ASSAY_TEST_KEY}\"}\n"
        "    body: \"${ASSAY_TEST_KEY}\"\n"
        "variants:\n"
        "  - {name: a}\n"
        "  - {name: b, http: {url: \"http://h\", headers: {A: canary-c}}}\n"
        "  - {name: c, steps: [{id: a, http: {url: \"http://h\", headers: {A: canary-d}}}]}\n";
    const LoadedSpec loaded = SpecFolder(spec).load({}, "http://h:1/canary-path/{{input}}");
    CHECK(to_string(loaded.diagnostics) == "");
    CHECK_THAT(to_text(loaded.spec.document), !Catch::Contains("canary"));
    const ServiceSpec& service = loaded.spec.variants.at(0).task.http.value();
    const Json input = "x";
    // The value of a variable is never a template, and of a URL the host is no secret.
    CHECK(service.url.render({.input = &input}, Audience::service) ==
          "http://h:1/canary-path/{{input}}x");
    CHECK(service.secrets.at(0).reveal() == "/canary-path/{{input}}");
    CHECK(service.body->render({}, Audience::people).value() == "${ASSAY_TEST_KEY}");

    for (const std::string value : {"canary", "http://u:canary@h/", "http://h canary/", "",
                                    "http://canary", "http://h/a\nb: canary"}) {
        const LoadedSpec refused = SpecFolder(spec).load({}, value);
        INFO(value);
        CHECK_FALSE(refused.diagnostics.empty());
        CHECK_THAT(to_string(refused.diagnostics), !Catch::Contains("canary"));
    }
}

TEST_CASE("load spec: the hash changes with the spec and its files and with nothing else") {
    const SpecFolder spec;
    const std::string hash = sha256_of(spec.load());
    CHECK(sha256_of(spec.load()) == hash);
    CHECK(sha256_of(SpecFolder().load()) == hash);
    CHECK(sha256_of(spec.load({}, "another key")) == hash);
    CHECK(sha256_of(
              SpecFolder("# a comment\n$schema: x\nx-note: 1\n" + std::string(k_small)).load()) ==
          hash);
    CHECK(sha256_of(spec.load({"repetitions=2"})) != hash);
    spec.folder().write("ask.md", "{{input}}!\n");
    CHECK(sha256_of(spec.load()) != hash);
}

TEST_CASE("load spec: an override replaces or creates what it names") {
    const LoadedSpec loaded = SpecFolder().load(
        {"execution.concurrency=8", "repetitions=2", "tags=[a, b]", "tags.1=c",
         "providers.local.price.input=0.5", "task.prompt=Say {{input}} = 1", "experiment=\"7\"",
         "variants=[{name: x}]", "variants.0.parameters.temperature=1"});
    REQUIRE(to_string(loaded.diagnostics) == "");
    const ExperimentSpec& spec = loaded.spec;
    CHECK(spec.execution.concurrency == 8);
    CHECK(spec.repetitions == 2);
    CHECK(spec.tags == std::vector<std::string>{"a", "c"});
    CHECK(spec.providers.at("local").price == std::map<std::string, double>{{"input", 0.5}});
    CHECK(spec.experiment == "7");
    CHECK(to_text(spec.variants[0].task.parameters) == R"({"temperature":1})");
    CHECK(spec.variants[0].task.prompt->messages[0].content.variables() ==
          std::vector<std::string>{"input"});
    CHECK(spec.document["repetitions"] == 2);
}

TEST_CASE("load spec: an override of null takes a key of the spec out") {
    const LoadedSpec loaded = SpecFolder().load({"repetitions=2", "repetitions=null", "gates=null",
                                                 "matrix=null", "stop=null", "execution.seed=3"});
    REQUIRE(to_string(loaded.diagnostics) == "");
    CHECK(loaded.spec.repetitions == 1);
    CHECK(loaded.spec.gates.empty());
    CHECK_FALSE(loaded.spec.document.contains("gates"));
    // Within a key null is a value like others, and is held to what the key may be.
    CHECK(SpecFolder().load({"execution.seed=null"}).diagnostics.size() == 1);
    CHECK(SpecFolder().load({"dataset=null"}).diagnostics.size() == 1);
}

TEST_CASE("load spec: a mistake in an override is placed on the command line") {
    const LoadedSpec loaded = SpecFolder().load(
        {"task.prompt=[{role: usr, content: x}]", "providers.local.headers=x", "execution.seed=x"});
    for (const Diagnostic& diagnostic : loaded.diagnostics) {
        INFO(to_string(diagnostic));
        CHECK(diagnostic.place.file == "--set");
    }
    CHECK(loaded.diagnostics.size() == 3);
}

TEST_CASE("load spec: a mistake in a key of the task is reported once for all variants") {
    const LoadedSpec loaded =
        SpecFolder(
            "experiment: e\ndataset: rows.jsonl\n"
            "task: {provider: \"openai:m\", prompt: \"{{input}}\", timeout: soon}\n"
            "variants: [{name: a}, {name: b}, {name: c}]\n")
            .load();
    REQUIRE(loaded.diagnostics.size() == 1);
    CHECK(loaded.diagnostics[0].place.line == 3);
    CHECK(loaded.spec.variants.size() == 3);
}

TEST_CASE("load spec: what looks like a file and what does not") {
    const auto prompt_of = [](const std::string& prompt) {
        return SpecFolder(std::string(k_small) +
                          "variants: [{name: a, prompt: " + to_text(Json(prompt)) + "}]\n")
            .load();
    };
    for (const char* text :
         {"What is in notes.txt?", "{{input}}.md", "first\nask.md", "ask.mdx", "md"}) {
        INFO(text);
        const LoadedSpec loaded = prompt_of(text);
        CHECK(to_string(loaded.diagnostics) == "");
        CHECK(loaded.spec.variants[0].task.prompt->name == "inline");
    }
    CHECK(prompt_of("ask.md").spec.variants[0].task.prompt->name == "ask");
    CHECK_THAT(to_string(prompt_of("asks.md").diagnostics),
               Catch::Contains(
                   "names the file \"asks.md\", which does not exist; did you mean \"ask.md\"?"));
    CHECK_THAT(to_string(prompt_of("Read the notes.txt").diagnostics),
               Catch::Contains("does not exist"));
}

TEST_CASE("load spec: the file of a prompt may hold messages or text") {
    const SpecFolder spec(std::string(k_small) +
                          "variants: [{name: a, prompt: a.yml}, {name: b, prompt: b.json}, "
                          "{name: c, prompt: c.yaml}, {name: d, prompt: d.txt}]\n");
    spec.folder().write("a.yml", "- {role: system, content: a}\n- {role: user, content: b}\n");
    spec.folder().write("b.json", R"({"messages": [{"role": "user", "content": "{{input}}"}]})");
    spec.folder().write("c.yaml", "|\n  only {{input}}\n");
    spec.folder().write("d.txt", "a\r\n\r\n");
    const LoadedSpec loaded = spec.load();
    REQUIRE(to_string(loaded.diagnostics) == "");
    const auto& variants = loaded.spec.variants;
    CHECK(variants[0].task.prompt->messages.size() == 2);
    CHECK(variants[1].task.prompt->messages[0].content.variables() ==
          std::vector<std::string>{"input"});
    CHECK(variants[2].task.prompt->messages[0].role == "user");
    CHECK(variants[3].task.prompt->messages[0].content.render({}) == "a\r\n");
}

TEST_CASE("load spec: a file that a spec names is checked like the spec") {
    const SpecFolder spec(std::string(k_small) +
                          "evaluators:\n"
                          "  - {name: a, type: json_schema, schema: bad.json}\n"
                          "  - {name: b, type: json_schema, schema: list.yaml}\n"
                          "  - {name: c, type: json_schema, schema: bytes.json}\n");
    spec.folder().write("bad.json", "{\n  \"type\": }\n");
    spec.folder().write("list.yaml", "- 1\n");
    spec.folder().write("bytes.json", "\"\xff\"");
    const std::string text = to_string(spec.load().diagnostics);
    CHECK_THAT(text, Catch::Contains("bad.json:2:11: this is not valid JSON"));
    CHECK_THAT(text,
               Catch::Contains("spec.yaml:12:42: `evaluators[1].schema` must be a JSON Schema"));
    CHECK_THAT(text, Catch::Contains("bytes.json:1:2: the byte 0xff is not valid UTF-8"));
}

TEST_CASE("load spec: an evaluator without a type does not reach the engine") {
    const LoadedSpec loaded =
        SpecFolder(std::string(k_small) + "evaluators: [exact_match, judge, {name: x}, regexp]\n")
            .load();
    CHECK(loaded.diagnostics.size() == 1);
    REQUIRE(loaded.spec.evaluators.size() == 3);
    CHECK(loaded.spec.evaluators[2].type == "regexp");
    CHECK(loaded.spec.evaluators[2].pointer == "/evaluators/3");
}

TEST_CASE("load spec: secrets that a provider writes out do not stand in the document") {
    const LoadedSpec loaded =
        SpecFolder(std::string(k_small) +
                   "  a: {type: bedrock, secret_access_key: canary-1, session_token: "
                   "\"${ASSAY_TEST_KEY}\",\n"
                   "      region: eu-west-1, proxy: \"http://user:canary-2@host:3128\",\n"
                   "      headers: {X: canary-3}, credentials: {password: canary-4}}\n")
            .load();
    REQUIRE(to_string(loaded.diagnostics) == "");
    CHECK(to_text(loaded.spec.document["providers"]["a"]) ==
          R"({"credentials":"[redacted]","headers":{"X":"[redacted]"},"proxy":"[redacted]",)"
          R"("region":"eu-west-1","secret_access_key":"[redacted]",)"
          R"("session_token":"${ASSAY_TEST_KEY}",)"
          R"("type":"bedrock"})");
    const ProviderSpec& read = loaded.spec.providers.at("a");
    CHECK(read.proxy == "http://user:canary-2@host:3128");
    CHECK(read.own["secret_access_key"] == "canary-1");
    CHECK(read.own["credentials"]["password"] == "canary-4");
}

TEST_CASE("load spec: off is a word of the cache however it is written") {
    const auto [written, mode] =
        GENERATE(table<std::string, CacheMode>({{"off", CacheMode::off},

                                                {"\"off\"", CacheMode::off},
                                                {"false", CacheMode::off},
                                                {"replay", CacheMode::replay}}));
    INFO(written);
    const SpecFolder in_file(std::string(k_small) + "execution: {cache: " + written + "}\n");
    const LoadedSpec loaded = in_file.load();
    CHECK(to_string(loaded.diagnostics).empty());
    CHECK(loaded.spec.execution.cache == mode);
    const SpecFolder without;
    for (const std::string& override :
         {"execution.cache=" + written, "execution={cache: " + written + "}"}) {
        const LoadedSpec overridden = without.load({override});
        CHECK(to_string(overridden.diagnostics).empty());
        CHECK(overridden.spec.execution.cache == mode);
    }
}

TEST_CASE("load spec: places serve whoever binds the spec") {
    const LoadedSpec loaded =
        SpecFolder(std::string(k_small) + "evaluators:\n  - type: regex\n    pattern: '('\n")
            .load();
    CHECK(loaded.places.find("/evaluators/0/pattern").line == 12);
    CHECK(loaded.places.find("/evaluators/0/pattern").column == 14);
    CHECK(loaded.places.find_key("/evaluators/0/pattern").column == 5);
    CHECK(loaded.places.find("/evaluators/0/flags").line == 11);
    CHECK_THAT(loaded.places.find("/task").file, Catch::EndsWith("spec.yaml"));
}

void collect_pointers(const Json& value, const std::string& pointer,
                      std::vector<std::string>& pointers) {
    pointers.push_back(pointer);
    if (value.is_object()) {
        for (const auto& [key, member] : value.items()) {
            collect_pointers(member, pointer_to(pointer, key), pointers);
        }
    }
    for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
        collect_pointers(value[i], pointer_to(pointer, i), pointers);
    }
}

TEST_CASE("load spec: any value in any place is read or reported at a place") {
    const test::TemporaryFolder folder;
    std::filesystem::copy(
        std::filesystem::path(ASSAY_SOURCE_DIR) / "tests/golden/specs/all_available_keys",
        folder.path(), std::filesystem::copy_options::recursive);
    const Json good =
        parse_located(test::read_text(folder.path() / "spec.yaml"), "spec.yaml").value;
    const std::map<std::string, std::string> environment = {{"LOCAL_KEY", "k"}};
    std::vector<std::string> pointers;
    collect_pointers(good, "", pointers);
    REQUIRE(pointers.size() > 100);
    const Json replacements[] = {nullptr, true,          -1,        1e300,
                                 "",      "{{x",         "$.a",     Json::array(),
                                 "a.md",  {{"name", 1}}, {nullptr}, {{{"type", "x"}}}};
    for (const std::string& pointer : pointers) {
        for (const Json& replacement : replacements) {
            Json spec = good;
            spec[Json::json_pointer(pointer)] = replacement;
            const auto path = folder.write("spec.json", to_text(spec));
            INFO(pointer << " = " << to_text(replacement));
            const LoadedSpec loaded =
                load_spec(path, {.overrides = {}, .environment = &environment});
            for (const Diagnostic& diagnostic : loaded.diagnostics) {
                CHECK_FALSE(diagnostic.place.file.empty());
                CHECK_FALSE(diagnostic.message.empty());
            }
        }
    }
}

}  // namespace
}  // namespace assay
