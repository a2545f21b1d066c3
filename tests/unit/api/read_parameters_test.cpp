#include <catch2/catch.hpp>

#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

struct List {
    const char* path;
    std::vector<const char*> parameters;
};

const std::vector<List> k_lists = {
    {"/api/public/v2/scores?",
     {"page", "limit", "userId", "name", "fromTimestamp", "environment", "source", "operator",
      "value", "scoreIds", "sessionId", "datasetRunId", "traceId", "observationId", "dataType",
      "traceTags", "fields", "filter"}},
    {"/api/public/v3/scores?",
     {"limit", "cursor", "fields", "id", "dataType", "value", "valueMin", "traceId", "experimentId",
      "toTimestamp"}},
    {"/api/public/v3/scores?dataType=NUMERIC&", {"value", "valueMin", "valueMax"}},
    {"/api/public/sessions?",
     {"page", "limit", "fromTimestamp", "toTimestamp", "environment", "filter"}},
    {"/api/public/experiments?fromStartTime=2020-01-01T00:00:00Z&",
     {"toStartTime", "fields", "limit", "scoreLimit", "cursor", "id", "name", "filter"}},
    {"/api/public/experiment-items?fromStartTime=2020-01-01T00:00:00Z&",
     {"toStartTime", "fields", "limit", "cursor", "experimentId", "experimentItemId", "datasetId",
      "filter"}},
};

// Cursors among them that are JSON of the wrong shape and with wrong members.
const std::vector<const char*> k_values = {"",
                                           "0",
                                           "-1",
                                           "1e999",
                                           "99999999999999999999",
                                           "nan",
                                           "null",
                                           "%5B%5D",
                                           "%5B%7B%7D%5D",
                                           "%27%3B%20DROP%20TABLE%20scores%3B--",
                                           "%25",
                                           "%F0%9F%98%80",
                                           ",,,",
                                           "a,b,,c",
                                           "%0A%0D",
                                           "9999-12-31T23:59:59Z",
                                           "0001-01-01T00:00:00Z",
                                           "2026-02-30T00:00:00Z",
                                           "W10",
                                           "e30",
                                           "eyJsYXN0VGltZXN0YW1wIjoxfQ",
                                           "eyJsYXN0VGltZSI6IngifQ"};

}  // namespace

TEST_CASE("lists: no value of a parameter makes the server fail", "[api]") {
    ApiFixture fixture;
    REQUIRE(fixture.post("/api/public/scores", {{"traceId", "t"}, {"name", "n"}, {"value", 1}})
                .status == 200);
    for (const List& list : k_lists) {
        for (const char* const parameter : list.parameters) {
            for (const char* const value : k_values) {
                const std::string target = std::string(list.path) + parameter + "=" + value;
                const auto answer = fixture.get(target);
                INFO(target << " " << to_text(answer.body));
                CHECK((answer.status == 200 || answer.status == 400));
                CHECK(answer.body.contains(answer.status == 200 ? "data" : "message"));
            }
        }
    }
    CHECK(fixture.get("/api/public/v3/scores").body.at("data").size() == 1);
}

}  // namespace assay::test
