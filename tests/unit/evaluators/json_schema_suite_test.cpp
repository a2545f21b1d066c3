// The official JSON Schema test suite (draft 7), and cases in its format for draft 2020-12, of
// which no package holds the official ones.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "evaluators/json_schema_validator.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

constexpr const char* k_draft_7 = "http://json-schema.org/draft-07/schema#";

/// A group of cases that cannot hold here. It must not hold either: one that does fails the test,
/// so that the list stays true.
struct Exclusion {
    std::string_view file;
    std::string_view group;
    std::string_view reason;
};
constexpr std::string_view k_remote = "another document is never fetched";
constexpr Exclusion k_excluded[] = {
    {"refRemote.json", "remote ref", k_remote},
    {"refRemote.json", "fragment within remote ref", k_remote},
    {"refRemote.json", "ref within remote ref", k_remote},
    {"refRemote.json", "base URI change", k_remote},
    {"refRemote.json", "base URI change - change folder", k_remote},
    {"refRemote.json", "base URI change - change folder in subschema", k_remote},
    {"refRemote.json", "root ref in remote ref", k_remote},
};

/// What is wrong with a group's results, "" when all is well.
std::string failures_of(const Json& group, const std::string& draft) {
    Json schema = group.at("schema");
    if (schema.is_object() && !schema.contains("$schema") && !draft.empty()) {
        schema["$schema"] = draft;
    }
    const auto compiled = JsonSchema::compile(schema);
    if (!compiled) return compiled.error().message;
    std::string failures;
    for (const Json& test : group.at("tests")) {
        const auto violations = compiled->validate(test.at("data"));
        if (!violations) {
            failures += violations.error().message;
        } else if (violations->empty() != test.at("valid").get<bool>()) {
            failures +=
                fmt::format("\"{}\" is {}valid; ", test.at("description").get<std::string>(),
                            violations->empty() ? "" : "not ");
        }
    }
    return failures;
}

std::vector<std::filesystem::path> json_files(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().extension() == ".json") files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

Json read_json(const std::filesystem::path& path) {
    auto parsed = parse_json(test::read_text(path));
    REQUIRE(parsed.has_value());
    return std::move(*parsed);
}

std::filesystem::path suite_folder() {
    const char* const set = std::getenv("ASSAY_JSON_SCHEMA_TEST_SUITE");
    return set != nullptr ? set : "/usr/share/json-schema-test-suite";
}

}  // namespace

TEST_CASE("json schema: every mandatory case of draft 7 in the official suite holds") {
    const std::filesystem::path folder = suite_folder() / "tests" / "draft7";
    if (!std::filesystem::is_directory(folder)) {
        WARN("skipped: no " << folder << "; install the package json-schema-test-suite or set "
                            << "ASSAY_JSON_SCHEMA_TEST_SUITE to its folder");
        return;
    }
    std::set<std::string> met;
    std::size_t cases = 0;
    for (const auto& path : json_files(folder)) {
        const std::string file = path.filename().string();
        for (const Json& group : read_json(path)) {
            const auto name = group.at("description").get<std::string>();
            const auto exclusion = std::ranges::find_if(k_excluded, [&](const Exclusion& entry) {
                return entry.file == file && entry.group == name;
            });
            INFO(file << ": " << name);
            if (exclusion == std::end(k_excluded)) {
                CHECK(failures_of(group, k_draft_7) == "");
                cases += group.at("tests").size();
                continue;
            }
            INFO("excluded because " << exclusion->reason << ", but it holds");
            CHECK(failures_of(group, k_draft_7) != "");
            met.insert(name);
        }
    }
    CHECK(met.size() == std::size(k_excluded));
    CHECK(cases >= 400);
}

TEST_CASE("json schema: every case of draft 2020-12 holds") {
    const auto folder =
        std::filesystem::path(ASSAY_SOURCE_DIR) / "tests/unit/evaluators/json_schema_cases";
    std::size_t groups = 0;
    for (const auto& path : json_files(folder)) {
        for (const Json& group : read_json(path)) {
            INFO(path.filename().string() << ": " << group.at("description").get<std::string>());
            CHECK(failures_of(group, "") == "");
            ++groups;
        }
    }
    CHECK(groups >= 70);
}

TEST_CASE("json schema: the schema of schemas accepts every schema of the suites") {
    const std::pair<std::filesystem::path, std::string> suites[] = {
        {std::filesystem::path(ASSAY_SOURCE_DIR) / "tests/unit/evaluators/json_schema_cases",
         "https://json-schema.org/draft/2020-12/schema"},
        {suite_folder() / "tests" / "draft7", k_draft_7}};
    for (const auto& [folder, uri] : suites) {
        if (!std::filesystem::is_directory(folder)) continue;
        const auto metaschema = JsonSchema::compile({{"$schema", uri}, {"$ref", uri}});
        REQUIRE(metaschema.has_value());
        for (const auto& path : json_files(folder)) {
            for (const Json& group : read_json(path)) {
                INFO(path << ": " << group.at("description"));
                const auto violations = metaschema->validate(group.at("schema"));
                REQUIRE(violations.has_value());
                for (const auto& violation : *violations) FAIL_CHECK(to_string(violation));
            }
        }
    }
}

}  // namespace assay
