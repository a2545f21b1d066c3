#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "tests/unit/api/api_fixture.hpp"

// What several messages say of one score, in whatever order and batches they come.

namespace assay::test {
namespace {

struct Message {
    const char* at;
    Json body;
};

Json event(const Message& message, const std::string& score) {
    Json body = message.body;
    body["id"] = score;
    return {{"id", score + message.at},
            {"type", "score-create"},
            {"timestamp", message.at},
            {"body", std::move(body)}};
}

/// What they say together, in order.
const std::array k_messages = {
    Message{"2026-11-01T09:00:01.000Z",
            {{"traceId", "t"},
             {"name", "a"},
             {"value", 1},
             {"comment", "first"},
             {"environment", "prod"},
             {"metadata", {{"x", 1}, {"y", {{"p", 1}}}}}}},
    Message{"2026-11-01T09:00:02.000Z",
            {{"traceId", "t"}, {"name", "b"}, {"value", "good"}, {"metadata", {{"x", 2}}}}},
    Message{"2026-11-01T09:00:03.000Z",
            {{"traceId", "t"},
             {"name", "c"},
             {"value", 3},
             {"comment", "last"},
             {"queueId", "q"},
             {"environment", "dev"},
             {"metadata", {{"y", {{"q", 2}}}}}}},
    Message{"2026-11-01T09:00:04.000Z",
            {{"traceId", "t"}, {"name", "d"}, {"value", 0.5}, {"comment", nullptr}}},
};

void check_merged(ApiFixture& fixture, const std::string& id) {
    CAPTURE(id);
    const Json score = fixture.get("/api/public/v2/scores/" + id).body;
    CHECK(score.at("name") == "d");
    CHECK(score.at("value") == 0.5);
    CHECK(score.at("dataType") == "NUMERIC");
    CHECK_FALSE(score.contains("stringValue"));
    CHECK(score.at("comment") == "last");
    CHECK(score.at("queueId") == "q");
    CHECK(score.at("metadata") == Json{{"x", 2}, {"y", {{"p", 1}, {"q", 2}}}});
    CHECK(score.at("environment") == "prod");
    CHECK(score.at("timestamp") == "2026-11-01T09:00:01.000Z");
}

}  // namespace

TEST_CASE("scores: messages make the same score in any order and in any batches", "[api]") {
    ApiFixture fixture;
    std::array<std::size_t, k_messages.size()> order = {0, 1, 2, 3};
    int number = 0;
    do {
        const std::string alone = "alone" + std::to_string(++number);
        const std::string together = "together" + std::to_string(number);
        Json batch = Json::array();
        for (const std::size_t i : order) {
            fixture.ingest(Json::array({event(k_messages[i], alone)}));
            batch.push_back(event(k_messages[i], together));
        }
        fixture.ingest(batch);
        fixture.ingest(batch);
        check_merged(fixture, alone);
        check_merged(fixture, together);
    } while (std::ranges::next_permutation(order).found);
    CHECK(number == 24);
}

TEST_CASE("scores: what is posted counts more than what was said before", "[api]") {
    ApiFixture fixture;
    fixture.ingest(Json::array({event(k_messages[3], "s")}));
    const Json posted = {{"id", "s"}, {"traceId", "t"}, {"name", "n"}, {"value", 2}};
    REQUIRE(fixture.post("/api/public/scores", posted).status == 200);
    fixture.ingest(Json::array({event(k_messages[0], "s")}));
    const Json score = fixture.get("/api/public/v2/scores/s").body;
    CHECK(score.at("value") == 2);
    CHECK(score.at("comment") == "first");
}

}  // namespace assay::test
