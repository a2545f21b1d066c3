#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "configs/load_spec.hpp"
#include "configs/located_document.hpp"
#include "configs/model_prices.hpp"
#include "evaluators/json_schema_validator.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {
namespace fs = std::filesystem;

JsonSchema compiled(std::string_view text) {
    const auto json = parse_json(text, {.allow_duplicate_keys = false});
    if (!json) FAIL(json.error().message);
    auto schema = JsonSchema::compile(*json);
    if (!schema) FAIL(schema.error().message);
    return std::move(*schema);
}

std::string violations(const JsonSchema& schema, const Json& instance) {
    const auto found = schema.validate(instance);
    if (!found) return found.error().message;
    std::string text;
    for (const JsonSchema::Violation& violation : *found) text += to_string(violation) + "\n";
    return text;
}

Json spec_of(const fs::path& folder) {
    const bool json = fs::exists(folder / "spec.json");
    const std::string name = json ? "spec.json" : "spec.yaml";
    return parse_located(test::read_text(folder / name), name).value;
}

const fs::path& golden_specs() {
    static const fs::path k_root = fs::path(ASSAY_SOURCE_DIR) / "tests/golden/specs";
    return k_root;
}

TEST_CASE("schemas: the experiment schema accepts what the loader accepts") {
    const JsonSchema schema = compiled(experiment_schema_text());
    std::size_t good = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(golden_specs())) {
        const std::string expected = test::read_text(entry.path() / "expected/diagnostics.txt");
        const bool overridden = fs::exists(entry.path() / "set.txt");
        if (expected != "\n" || overridden) continue;
        ++good;
        INFO(entry.path().string());
        CHECK(violations(schema, spec_of(entry.path())).empty());
    }
    CHECK(good >= 4);
}

TEST_CASE("schemas: the experiment schema knows the keys that are not available yet") {
    const JsonSchema schema = compiled(experiment_schema_text());
    CHECK(violations(schema, spec_of(golden_specs() / "full_example")).empty());
}

TEST_CASE("schemas: the experiment schema refuses what the loader refuses") {
    const JsonSchema schema = compiled(experiment_schema_text());
    for (const char* name : {"unknown_keys", "wrong_types", "wrong_values", "missing_keys",
                             "variant_mistakes", "provider_mistakes", "gate_mistakes",
                             "http_mistakes", "execution_mistakes", "step_mistakes"}) {
        INFO(name);
        CHECK_FALSE(violations(schema, spec_of(golden_specs() / name)).empty());
    }
}

TEST_CASE("schemas: prices are given for the kinds of usage that have one") {
    const auto schema = parse_json(experiment_schema_text());
    REQUIRE(schema);
    const Json& price = schema->at("$defs").at("provider").at("properties").at("price");
    std::vector<std::string> kinds;
    for (const auto& [kind, amount] : price.at("properties").items()) kinds.push_back(kind);
    std::vector<std::string> known = priced_usage();
    std::ranges::sort(known);
    CHECK(kinds == known);
}

/// SPEC section 3, with the values that it leaves open filled in.
Json report_example() {
    auto json = parse_json(R"({
 "assay_report": 1, "exit_code": 0, "status": "passed", "partial": false,
 "run": {"id": "r1", "name": "n", "experiment": "support-router",
         "started_at": "2026-11-01T00:00:00.000000Z", "finished_at": "2026-11-01T00:00:01Z",
         "wall_ms": 0, "resumed_from": null},
 "manifest": {"spec_sha256": "0000000000000000000000000000000000000000000000000000000000000000",
              "dataset": {"name": "d", "version": "2026-11-01T00:00:00Z", "items": 0,
                "sha256": "0000000000000000000000000000000000000000000000000000000000000000"},
              "models": {"asked": "resolved"},
              "prompts": [{"name": "p", "version": 1,
                "sha256": "0000000000000000000000000000000000000000000000000000000000000000"}],
              "prices_sha256": null,
              "evaluators": [{"name": "e", "type": "t", "version": 1, "hash": "h"}],
              "seed": 1, "assay": "0.1.0",
              "git": {"commit": "c", "branch": "b", "dirty": false},
              "ci": {"provider": "github", "run_url": "u", "pull_request": null}},
 "variants": [{"name": "short", "dataset_run_id": "x",
   "units": {"planned": 0, "scored": 0, "failed": 0, "unscored": 0, "skipped": 0},
   "coverage": 1.0,
   "scores": {"exact_match": {"data_type": "BOOLEAN", "items": 0, "count": 0, "errors": 0,
                              "skipped": 0, "mean": 0.0, "stddev": 0.0,
                              "interval": {"low": 0.0, "high": 0.0, "confidence": 0.95,
                                           "method": "bootstrap"}},
              "team": {"data_type": "CATEGORICAL", "count": 0, "categories": {"billing": 0}}},
   "run_scores": {"macro_f1": 0.0},
   "latency_ms": {"p50": 0, "p95": 0, "p99": 0},
   "tokens": {"input": 0, "output": 0, "total": 0},
   "cost_usd": 0.0, "paid_usd": 0.0, "calls": {"provider": 0, "cached": 0, "retried": 0}}],
 "comparisons": [{"score": "exact_match", "a": "a", "b": "b", "pairs": 0, "difference": 0.0,
                  "interval": {"low": 0, "high": 0, "confidence": 0.95, "method": "m"},
                  "p_value": 0.0, "test": "t", "improved": 0, "regressed": 0, "unchanged": 0,
                  "unpaired": 0}],
 "gates": [{"gate": "exact_match >= 0.85", "variant": "short", "status": "passed",
            "observed": 0.0, "threshold": 0.85, "interval": null, "p_value": null,
            "reason": "it holds"}]
})");
    if (!json) FAIL(json.error().message);
    return std::move(*json);
}

TEST_CASE("schemas: the report schema accepts the report of the contract") {
    CHECK(violations(compiled(report_schema_text()), report_example()).empty());
}

TEST_CASE("schemas: the report schema refuses a report that lacks or twists something") {
    const JsonSchema schema = compiled(report_schema_text());
    const Json whole = report_example();
    for (const auto& [key, value] : whole.items()) {
        Json broken = whole;
        broken.erase(key);
        INFO("without " << key);
        CHECK_FALSE(violations(schema, broken).empty());
    }
    const std::pair<const char*, Json> twists[] = {{"/status", "good"},
                                                   {"/exit_code", 5},
                                                   {"/run/started_at", "yesterday"},
                                                   {"/variants/0/coverage", 1.5},
                                                   {"/variants/0/units/planned", -1},
                                                   {"/variants/0/scores/exact_match/mean", "high"},
                                                   {"/variants/0/scores/team/categories", nullptr},
                                                   {"/gates/0/status", true},
                                                   {"/manifest/spec_sha256", "abc"}};
    for (const auto& [pointer, value] : twists) {
        Json broken = whole;
        broken[Json::json_pointer(pointer)] = value;
        INFO(pointer);
        CHECK_FALSE(violations(schema, broken).empty());
    }
}

}  // namespace
}  // namespace assay
