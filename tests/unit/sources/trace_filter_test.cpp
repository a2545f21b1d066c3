#include "runner/sources/trace_filter.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "runner/sources/filter_json.hpp"
#include "server/query/query.hpp"

namespace assay {
namespace {

struct Translation {
    std::string condition;
    std::string elements;  ///< what the source is asked for
    std::size_t rest = 0;  ///< conditions that are left
    TraceDetail detail = TraceDetail::listed;
};

std::string element(const std::string& type, const std::string& column, const std::string& op,
                    const std::string& value, const std::string& key = "") {
    return R"({"type":")" + type + R"(","column":")" + column + R"(","operator":")" + op + "\"," +
           (key.empty() ? "" : R"("key":")" + key + "\",") + R"("value":)" + value + "}";
}

std::vector<Translation> translations() {
    using enum TraceDetail;
    return {
        {"userId = 'a'", element("stringOptions", "userId", "any of", R"(["a"])"), 1},
        {"userId in ('a', 'b')", element("stringOptions", "userId", "any of", R"(["a","b"])"), 1},
        {"name contains 'it''s'", element("string", "name", "contains", R"("it's")"), 1},
        {"name != 'a'", "", 1},
        {"name matches 'a'", "", 1},
        {"name exists", "", 1},
        {"level = 'ERROR'", element("stringOptions", "level", "any of", R"(["ERROR"])")},
        {"timestamp >= '2026-11-01T10:30:00+01:00'",
         element("datetime", "timestamp", ">=", R"("2026-11-01T09:30:00.000Z")")},
        {"latency > 2", element("number", "latency", ">", "2.0")},
        {"latency in (1, 2)", "", 1},
        {"latency != 1", "", 1},
        {"totalTokens <= 1000", element("number", "totalTokens", "<=", "1000.0")},
        {"public = true", element("boolean", "public", "=", "true")},
        {"public = 0", element("boolean", "public", "=", "false")},
        {"public != true", "", 1},
        {"tags contains 'x'", element("arrayOptions", "tags", "all of", R"(["x"])"), 1},
        {"tags = 'x'", "", 1},
        {"metadata.k = 'v'", element("stringObject", "metadata", "=", R"("v")", "k"), 1, whole},
        {"metadata.k = 5", "", 1, whole},
        {"metadata.k.l = 'v'", "", 1, whole},
        {"input contains 'x'", "", 1, whole},
        {"output exists", "", 1, whole},
        {"scores.tone = 'kind'",
         element("categoryOptions", "score_categories", "any of", R"(["kind"])", "tone")},
        {"scores.ok = true", element("numberObject", "scores_avg", "=", "1.0", "ok")},
        {"scores.`fact-check` < 0.5",
         element("numberObject", "scores_avg", "<", "0.5", "fact-check")},
        {"scores.ok != 1", "", 1, whole},
        {"not scores.ok = 1", "", 1, whole},
        {"latency > 1 and latency < 2",
         element("number", "latency", ">", "1.0") + "," + element("number", "latency", "<", "2.0")},
        {"(latency > 1 and (latency < 2 and not name = 'a'))",
         element("number", "latency", ">", "1.0") + "," + element("number", "latency", "<", "2.0"),
         1},
        {"latency > 1 or latency < 2", "", 1},
        {"latency > 1 or scores.ok = 1", "", 1, whole},
    };
}

TEST_CASE("trace filter: what the API can say it is asked for and the rest is left") {
    for (const Translation& expected : translations()) {
        CAPTURE(expected.condition);
        const auto filter = parse_trace_filter(expected.condition);
        REQUIRE(filter);
        CHECK(filter_text(filter->elements) == "[" + expected.elements + "]");
        CHECK(filter->rest.size() == expected.rest);
        CHECK(filter->detail == expected.detail);
        CHECK(parse_filter(filter_text(filter->elements)));
        CHECK(check_filter(trace_view(), filter->elements));
    }
}

TEST_CASE("trace filter: every name of the filter language is a column of traces") {
    for (const std::string name : {"inputCost", "outputCost", "totalCost", "inputTokens",
                                   "outputTokens", "totalTokens", "errorCount", "warningCount"}) {
        const auto filter = parse_trace_filter(name + " > 1");
        REQUIRE(filter);
        CHECK(check_filter(trace_view(), filter->elements));
    }
    for (const std::string name : {"createdAt", "updatedAt", "timestamp"}) {
        const auto filter = parse_trace_filter(name + " < '2026-11-01T00:00:00Z'");
        REQUIRE(filter);
        CHECK(check_filter(trace_view(), filter->elements));
    }
}

TEST_CASE("trace filter: a list of the API's conditions goes to the source as it is") {
    const std::string text = "[" + element("string", "Name", "does not contain", R"("x")") + "]";
    const auto filter = parse_trace_filter(" " + text);
    REQUIRE(filter);
    CHECK(filter_text(filter->elements) == text);
    CHECK(filter->rest.empty());
    CHECK(parse_trace_filter("[]")->elements.empty());
    CHECK_FALSE(parse_trace_filter("[1]"));
}

TEST_CASE("trace filter: what neither side can decide is refused with the remedy") {
    const std::vector<std::pair<std::string, std::string>> refused = {
        {"usrId = 'a'", "did you mean \"userId\""},
        {"userId = 1", "compared with texts"},
        {"not userId = null", "`not userId exists`"},
        {"latency > 'x'", "latency is a number"},
        {"timestamp > 'x'", "timestamp is compared with a time"},
        {"timestamp != '2026-11-01T00:00:00Z'", "only be compared with < <= > >="},
        {"not timestamp > '2026-11-01T00:00:00Z'", "joined to the rest by `and`"},
        {"level = 'ERROR' or name = 'x'", "level can only be compared with = and in"},
        {"level contains 'ERR'", "level can only be compared with = and in"},
        {"totalTokens in (1, 2)", "totalTokens can only be compared with = < <= > >="},
        {"userId.x = 'a'", "userId has no members, so userId.x leads nowhere"},
        {"public = 'x'", "true or false"},
        {"", "--filter: "},
        {"name =", "--filter: "}};
    for (const auto& [condition, message] : refused) {
        CAPTURE(condition);
        const auto filter = parse_trace_filter(condition);
        REQUIRE_FALSE(filter);
        CHECK(filter.error().code == ErrorCode::invalid_argument);
        CHECK(filter.error().message.contains(message));
    }
}

TEST_CASE("trace filter: what is left is decided on what a trace tells") {
    const OrderedJson trace = OrderedJson::parse(R"({"id": "t", "userId": null, "name": "chat",
        "tags": ["a"], "latency": 1.5, "public": true, "metadata": {"n": 5, "deep": {"k": "v"}},
        "input": "Why?", "output": ["x", "y"],
        "scores": [{"name": "ok", "dataType": "NUMERIC", "value": 1},
                   {"name": "ok", "dataType": "BOOLEAN", "value": 0},
                   {"name": "tone", "dataType": "CATEGORICAL", "value": 0, "stringValue": "kind"},
                   {"name": "many", "dataType": "CATEGORICAL", "stringValue": "a"},
                   {"name": "many", "dataType": "CATEGORICAL", "stringValue": "b"}, {}]})");
    const auto passes = [&](const std::string& condition) {
        const auto filter = parse_trace_filter(condition);
        REQUIRE(filter);
        REQUIRE_FALSE(filter->rest.empty());
        return filter->passes(trace);
    };
    for (const char* const condition :
         {"not userId exists", "name matches '^ch'", "tags = 'a' or tags contains 'a'",
          "latency in (1.5)", "public != false", "metadata.n = 5", "metadata.deep.k = 'v'",
          "input matches '[?]'", "output contains 'y'", "scores.ok in (0.5)",
          "not scores.ok != 0.5", "scores.tone contains 'in'", "scores.many contains 'b'",
          "not scores.none exists"}) {
        CAPTURE(condition);
        CHECK(passes(condition));
    }
    for (const char* const condition :
         {"userId != 'x'", "userId exists", "name matches '^x'", "metadata.n = '5'",
          "metadata.deep = 'v'", "output contains 'z'", "scores.tone contains 'x'",
          "scores.none != 1"}) {
        CAPTURE(condition);
        CHECK_FALSE(passes(condition));
    }
}

TEST_CASE("trace filter: a trace with members of wrong types passes nothing and breaks nothing") {
    const auto filter = parse_trace_filter("not name = 'a' and scores.x != 1 and metadata.k = 1");
    REQUIRE(filter);
    for (const char* const text :
         {"{}", R"({"name": 1, "scores": 5, "metadata": "x"})", R"({"scores": [1, null, []]})",
          R"({"scores": [{"name": 5}], "metadata": []})"}) {
        CHECK_FALSE(filter->passes(OrderedJson::parse(text)));
    }
}

}  // namespace
}  // namespace assay
