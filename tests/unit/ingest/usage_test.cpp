#include "server/ingest/usage.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "server/ingest/limits.hpp"

namespace assay {
namespace {

struct Row {
    const char* sent;
    const char* read;  ///< JSON, or the error
};

void check_row(const Row& row, const Result<Json>& read) {
    CAPTURE(row.sent);
    if (read) {
        CHECK(to_text(*read) == row.read);
    } else {
        CHECK(read.error().message == row.read);
    }
}

TEST_CASE("usage: details are OpenAI's two forms or a free map", "[ingest]") {
    for (const Row& row : {
             // A free map.
             Row{"null", "{}"},
             Row{"{}", "{}"},
             Row{R"({"input": 10, "output": 5})", R"({"input":10,"output":5})"},
             Row{R"({"input_tokens": 5, "output_tokens": 50})",
                 R"({"input_tokens":5,"output_tokens":50})"},
             Row{R"({"a": 0, "b": 2.0, "c": "12", "d": " 3 ", "e": "4.0"})",
                 R"({"a":0,"b":2,"c":12,"d":3,"e":4})"},
             Row{R"({"a": -1, "b": 1.5, "c": "x", "d": "", "e": null, "f": {}, "g": [1]})", "{}"},
             Row{R"({"a": true, "b": "-1", "c": "1.5", "d": "0x10", "e": "1e300", "f": 1e300})",
                 "{}"},
             Row{R"({"__proto__": 1, "": 2})", R"({"":2,"__proto__":1})"},
             // The chat API.
             Row{R"({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15})",
                 R"({"input":10,"output":5,"total":15})"},
             Row{R"({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
                     "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": null},
                     "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 0}})",
                 R"({"input":6,"input_cached_tokens":4,"output":2,"output_audio_tokens":0,)"
                 R"("output_reasoning_tokens":3,"total":15})"},
             Row{R"({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2,
                     "prompt_tokens_details": {"a": 5, "b": 1},
                     "completion_tokens_details": null})",
                 R"({"input":0,"input_a":5,"input_b":1,"output":1,"total":2})"},
             // The Responses API.
             Row{R"({"input_tokens": 10, "output_tokens": 5, "total_tokens": 15,
                     "input_tokens_details": {"cached_tokens": 2},
                     "output_tokens_details": {"reasoning_tokens": 1}})",
                 R"({"input":8,"input_cached_tokens":2,"output":4,"output_reasoning_tokens":1,)"
                 R"("total":15})"},
             // One key more or less and it is a free map.
             Row{R"({"prompt_tokens": 1, "total_tokens": 1})",
                 R"({"prompt_tokens":1,"total_tokens":1})"},
             Row{R"({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "x": 3})",
                 R"({"completion_tokens":1,"prompt_tokens":1,"total_tokens":2,"x":3})"},
             Row{R"({"prompt_tokens": -1, "completion_tokens": 1, "total_tokens": 2})",
                 R"({"completion_tokens":1,"total_tokens":2})"},
             Row{R"({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2,
                     "prompt_tokens_details": {"a": "x"}})",
                 R"({"completion_tokens":1,"prompt_tokens":1,"total_tokens":2})"},
             Row{R"({"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2,
                     "input_tokens_details": {"a": 1}})",
                 R"({"completion_tokens":1,"prompt_tokens":1,"total_tokens":2})"},
             // What is no map.
             Row{"5", "must be an object, not an integer"},
             Row{"[1]", "must be an object, not an array"},
             Row{"\"input\"", "must be an object, not a string"},
         }) {
        check_row(row, read_usage_details(*parse_json(row.sent)));
    }
}

TEST_CASE("usage: counts are bounded and so is how many there are", "[ingest]") {
    const std::int64_t most = limits::k_usage_units_max;
    CHECK(*read_usage_details(Json{{"a", most}}) == Json{{"a", most}});
    CHECK(*read_usage_details(Json{{"a", most + 1}}) == Json::object());
    Json many = Json::object();
    for (std::size_t i = 0; i < limits::k_usage_types_max; ++i) many[std::to_string(i)] = 1;
    CHECK(read_usage_details(many)->size() == limits::k_usage_types_max);
    many["one more"] = 1;
    REQUIRE_FALSE(read_usage_details(many));
    CHECK(read_usage_details(many).error().message == "must have at most 1000 members");
}

TEST_CASE("usage: costs are numbers of dollars that are not negative", "[ingest]") {
    for (const Row& row : {
             Row{"null", "{}"},
             Row{R"({"input": 0.5, "output": 1, "total": 0})",
                 R"({"input":0.5,"output":1.0,"total":0.0})"},
             Row{R"({"input": -0.5, "output": null, "total": 2})", R"({"total":2.0})"},
             Row{R"({"input": "0.5"})",
                 "must hold US dollars as numbers up to 1000000, which its "
                 "member \"input\" is not"},
             Row{R"({"a": 1000000})", R"({"a":1000000.0})"},
             Row{R"({"a": 1000000.5})",
                 "must hold US dollars as numbers up to 1000000, which its "
                 "member \"a\" is not"},
             Row{"[]", "must be an object, not an array"},
         }) {
        check_row(row, read_cost_details(*parse_json(row.sent)));
    }
}

TEST_CASE("usage: the legacy forms give usage and cost", "[ingest]") {
    struct LegacyRow {
        const char* sent;
        const char* usage;
        const char* costs;
    };
    for (const LegacyRow& row : {
             LegacyRow{"null", "{}", "{}"},
             LegacyRow{R"({"input": 1, "output": 2, "total": 3, "unit": "TOKENS"})",
                       R"({"input":1,"output":2,"total":3})", "{}"},
             LegacyRow{R"({"input": 1, "output": null, "unit": null, "inputCost": 0.1,
                           "outputCost": 0.2, "totalCost": 0.3})",
                       R"({"input":1})", R"({"input":0.1,"output":0.2,"total":0.3})"},
             LegacyRow{R"({"promptTokens": 4, "completionTokens": 5, "totalTokens": 9})",
                       R"({"input":4,"output":5,"total":9})", "{}"},
             LegacyRow{R"({"promptTokens": 4})", R"({"input":4})", "{}"},
             LegacyRow{R"({"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9})",
                       R"({"input":4,"output":5,"total":9})", "{}"},
             LegacyRow{R"({"totalCost": 0.5, "inputCost": null})", "{}", R"({"total":0.5})"},
         }) {
        CAPTURE(row.sent);
        const auto usage = read_legacy_usage(*parse_json(row.sent));
        REQUIRE(usage);
        CHECK(to_text(usage->usage_details) == row.usage);
        CHECK(to_text(usage->cost_details) == row.costs);
    }
    for (const Row& row : {
             Row{"7", "must be an object, not an integer"},
             Row{R"({"input": "x"})", "must hold whole numbers, which its member \"input\" is not"},
             Row{R"({"total": 1.5})", "must hold whole numbers, which its member \"total\" is not"},
             Row{R"({"totalCost": "1"})",
                 "must hold US dollars as numbers up to 1000000, which "
                 "its member \"total\" is not"},
         }) {
        CAPTURE(row.sent);
        const auto usage = read_legacy_usage(*parse_json(row.sent));
        REQUIRE_FALSE(usage);
        CHECK(usage.error().message == row.read);
    }
}

}  // namespace
}  // namespace assay
