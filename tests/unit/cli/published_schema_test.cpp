#include <catch2/catch.hpp>
#include <filesystem>

#include "configs/located_document.hpp"
#include "evaluators/json_schema_validator.hpp"
#include "runner/cli/published_schema.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

JsonSchema published() {
    auto schema = JsonSchema::compile(Json::parse(to_text(published_experiment_schema())));
    if (!schema) FAIL(schema.error().message);
    return std::move(*schema);
}

/// The violations of a spec, one a line.
std::string violations(const JsonSchema& schema, std::string_view spec) {
    const LocatedDocument document = parse_located(spec, "spec.yaml");
    if (!document.diagnostics.empty()) FAIL(to_string(document.diagnostics));
    const auto found = schema.validate(document.value);
    if (!found) FAIL(found.error().message);
    std::string text;
    for (const JsonSchema::Violation& violation : *found) text += to_string(violation) + "\n";
    return text;
}

constexpr const char* k_begin = "experiment: e\ndataset: d.jsonl\ntask: {recorded: $.a}\n";

}  // namespace

TEST_CASE("published schema: every spec among the examples obeys it", "[cli]") {
    const JsonSchema schema = published();
    std::size_t specs = 0;
    const fs::path examples = fs::path(ASSAY_SOURCE_DIR) / "examples";
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(examples)) {
        if (!entry.path().string().ends_with(".eval.yaml")) continue;
        INFO(entry.path().string());
        CHECK(violations(schema, test::read_text(entry.path())).empty());
        ++specs;
    }
    CHECK(specs >= 2);
}

TEST_CASE("published schema: an evaluator's own parameters are checked", "[cli]") {
    const JsonSchema schema = published();
    const auto with = [&](std::string_view evaluator) {
        return violations(schema, std::string(k_begin) + "evaluators: [" + std::string(evaluator) +
                                      "]\n");
    };
    CHECK(with("{type: regex, pattern: a, ignore_case: true, check: true}").empty());
    CHECK(with("{name: shape, type: json_schema, schema: team.json}").empty());
    CHECK(with("exact_match").empty());
    CHECK_FALSE(with("{type: regex}").empty());
    CHECK_FALSE(with("{type: regex, patern: a}").empty());
    CHECK_FALSE(with("{type: regex, pattern: 5}").empty());
    CHECK_FALSE(with("{type: no_such_evaluator}").empty());
}

}  // namespace assay
