#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "server/query/view.hpp"
#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

struct List {
    const char* path;
    std::vector<const char*> parameters;
};

const std::vector<List> k_lists = {
    {"/api/public/traces?",
     {"page", "limit", "userId", "name", "sessionId", "fromTimestamp", "toTimestamp", "orderBy",
      "tags", "version", "release", "environment", "fields", "filter"}},
    {"/api/public/observations?",
     {"page", "limit", "name", "userId", "type", "traceId", "level", "parentObservationId",
      "environment", "fromStartTime", "toStartTime", "version", "filter"}},
    {"/api/public/v2/observations?",
     {"fields", "expandMetadata", "limit", "cursor", "parseIoAsJson", "sessionId",
      "isRootObservation", "fromStartTime", "filter"}},
};

const std::vector<const char*> k_values = {
    "",
    "0",
    "-1",
    "1e999",
    "99999999999999999999",
    "null",
    "true",
    "name.asc",
    ".",
    "name.",
    "[]",
    "[{}]",
    "[[]]",
    "{",
    "%",
    "'",
    "\"",
    "core,io",
    ",,,",
    "\xc3\xbf",
    "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "e30=",
    "eyJsYXN0U3RhcnRUaW1lVG8iOjF9",
    "eyJsYXN0U3RhcnRUaW1lVG8iOiIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsImxhc3RJZCI6IicifQ=="};

}  // namespace

TEST_CASE("traces: any value of any parameter gives a list or says what is wrong", "[api]") {
    ApiFixture api;
    for (const List& list : k_lists) {
        for (const char* const parameter : list.parameters) {
            for (const char* const value : k_values) {
                const std::string target =
                    list.path + std::string(parameter) + "=" + percent_encode(value);
                const auto answer = api.get(target);
                CAPTURE(target);
                if (answer.status == 200) {
                    CHECK(answer.body["data"].is_array());
                } else {
                    CHECK(answer.status == 400);
                    CHECK(answer.body["message"].is_string());
                }
            }
        }
    }
}

TEST_CASE("traces: every column can be asked for in all its spellings", "[api]") {
    ApiFixture api;
    const std::vector<std::pair<const char*, const View*>> lists = {
        {"/api/public/traces?filter=", &trace_view()},
        {"/api/public/v2/observations?filter=", &observation_view()}};
    for (const auto& [path, view] : lists) {
        for (const Column& column : view->columns) {
            std::vector<std::string_view> spellings(column.aliases.begin(), column.aliases.end());
            spellings.insert(spellings.end(), {column.id, column.name});
            for (const std::string_view spelling : spellings) {
                // Of a type that fits nothing but what it names, so that the answer tells the
                // column.
                const Json filter = Json::array({{{"type", "positionInTrace"},
                                                  {"column", spelling},
                                                  {"operator", "="},
                                                  {"key", "first"}}});
                const auto answer = api.get(path + percent_encode(to_text(filter)));
                CAPTURE(to_text(filter));
                if (column.kind == ColumnKind::position) {
                    CHECK(answer.status == 200);
                } else {
                    CHECK(answer.status == 400);
                    const std::string message = answer.body["message"];
                    CHECK(message.starts_with("filter[0]: the column \"" + std::string(spelling)));
                }
            }
        }
    }
}

}  // namespace assay::test
