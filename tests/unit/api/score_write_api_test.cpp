#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "core/base/limits.hpp"
#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

constexpr const char* k_scores = "/api/public/scores";
constexpr const char* k_configs = "/api/public/score-configs";

Json not_found() {
    return {{"message", "Score config not found within authorized project"},
            {"error", "LangfuseNotFoundError"}};
}

/// A server with a way to make score configs.
class ScoreFixture : public ApiFixture {
  public:
    Json add_config(const Json& body) {
        const Answer answer = post(k_configs, body);
        INFO(to_text(answer.body));
        REQUIRE(answer.status == 200);
        return answer.body;
    }
    Json read_score(const Json& id) {
        return get("/api/public/v2/scores/" + id.get<std::string>()).body;
    }
};

}  // namespace

TEST_CASE("POST scores: a score is stored and its id told", "[api]") {
    ScoreFixture fixture;
    const auto answer = fixture.post(k_scores, {{"id", "s"},
                                                {"traceId", "t"},
                                                {"observationId", "o"},
                                                {"name", "quality"},
                                                {"value", 0.5},
                                                {"comment", "why"},
                                                {"metadata", {{"k", 1}}},
                                                {"environment", "prod"}});
    CHECK(answer.status == 200);
    CHECK(answer.body == Json{{"id", "s"}});
    const Json score = fixture.read_score("s");
    CHECK(score.at("traceId") == "t");
    CHECK(score.at("observationId") == "o");
    CHECK(score.at("dataType") == "NUMERIC");
    CHECK(score.at("value") == 0.5);
    CHECK(score.at("comment") == "why");
    CHECK(score.at("metadata") == Json{{"k", 1}});
    CHECK(score.at("environment") == "prod");
    CHECK(score.at("source") == "API");
    CHECK(score.at("timestamp") == "2026-11-01T09:30:00.000Z");

    const auto made = fixture.post(k_scores, {{"sessionId", "s1"}, {"name", "n"}, {"value", "x"}});
    REQUIRE(made.status == 200);
    CHECK(fixture.read_score(made.body.at("id")).at("sessionId") == "s1");
}

TEST_CASE("POST scores: the same id changes the score", "[api]") {
    ScoreFixture fixture;
    const Json body = {{"id", "s"}, {"traceId", "t"}, {"name", "n"}, {"value", 1}};
    REQUIRE(fixture.post(k_scores, body).status == 200);
    Json changed = body;
    changed["value"] = 0.25;
    fixture.clock.passed = std::chrono::milliseconds(1000);
    REQUIRE(fixture.post(k_scores, changed).status == 200);
    CHECK(fixture.read_score("s").at("value") == 0.25);
    CHECK(fixture.read_score("s").at("timestamp") == "2026-11-01T09:30:00.000Z");
    CHECK(fixture.get(k_scores).body.at("meta").at("totalItems") == 1);
}

TEST_CASE("POST scores: what cannot be taken is 400 and names the member", "[api]") {
    ScoreFixture fixture;
    const Json good = {{"traceId", "t"}, {"name", "n"}, {"value", 1}};
    const auto refusal = [&](const Json& members) {
        Json body = good;
        body.update(members);
        const auto answer = fixture.post(k_scores, body);
        CHECK(answer.status == 400);
        CHECK(answer.body.value("message", "") == "Invalid request data");
        REQUIRE(answer.body.at("error").size() == 1);
        return answer.body.at("error").at(0);
    };
    CHECK(to_text(refusal({{"value", nullptr}})) ==
          R"({"code":"custom","message":"body.value must be a number or a string, not null",)"
          R"("path":["value"]})");
    CHECK(refusal({{"name", nullptr}}).at("path") == Json::array({"name"}));
    CHECK(refusal({{"sessionId", "s"}}).at("path") == Json::array());
    CHECK(refusal({{"dataType", "BOOLEAN"}, {"value", 2}}).at("path") == Json::array({"value"}));
    CHECK(refusal({{"configId", "none"}}).at("message") ==
          "body.configId names no score config of this project");
    CHECK(refusal({{"traceId", nullptr}, {"datasetRunId", "none"}}).at("message") ==
          "Dataset run none not found; the score was not stored");
    CHECK(refusal({{"source", "ANNOTATION"}}).at("path") == Json::array({"configId"}));
    CHECK(fixture.get(k_scores).body.at("meta").at("totalItems") == 0);

    for (const char* const body : {"", "{", "[]"}) {
        CAPTURE(body);
        CHECK(fixture.ask("POST", k_scores, basic(fixture.project), body).status == 400);
    }
}

TEST_CASE("POST scores: a public key alone is enough and a long value is cut", "[api]") {
    ScoreFixture fixture;
    const Json body = {{"id", "s"},
                       {"traceId", "t"},
                       {"dataType", "CORRECTION"},
                       {"value", std::string(limits::k_field_bytes_max + 1, 'x')}};
    const RawResponse response =
        fixture.ask("POST", k_scores, bearer(fixture.project.public_key), to_text(body));
    CHECK(response.status == 200);
    CHECK(body_of(response) == Json{{"id", "s"}, {"truncated", {"value"}}});
    CHECK(fixture.read_score("s").at("name") == "output");
    CHECK(fixture.ask("GET", k_scores, bearer(fixture.project.public_key)).status == 403);
}

TEST_CASE("score configs: one is made and read and listed", "[api]") {
    ScoreFixture fixture;
    const Json config = fixture.add_config({{"name", "Answer relevance (v1.0)"},
                                            {"dataType", "NUMERIC"},
                                            {"minValue", 0},
                                            {"maxValue", 1},
                                            {"description", "how relevant"},
                                            {"unknown", 1}});
    CHECK(config == Json{{"id", config.at("id")},
                         {"name", "Answer relevance (v1.0)"},
                         {"dataType", "NUMERIC"},
                         {"minValue", 0.0},
                         {"maxValue", 1.0},
                         {"categories", nullptr},
                         {"description", "how relevant"},
                         {"isArchived", false},
                         {"projectId", "default"},
                         {"createdAt", "2026-11-01T09:30:00.000Z"},
                         {"updatedAt", "2026-11-01T09:30:00.000Z"}});
    const std::string path = std::string(k_configs) + "/" + config.at("id").get<std::string>();
    CHECK(fixture.get(path).body == config);

    fixture.clock.passed = std::chrono::milliseconds(5);
    const Json second = fixture.add_config({{"name", "b"}, {"dataType", "BOOLEAN"}});
    const auto list = fixture.get(std::string(k_configs) + "?limit=1");
    CHECK(list.body ==
          Json{{"data", {second}},
               {"meta", {{"page", 1}, {"limit", 1}, {"totalItems", 2}, {"totalPages", 2}}}});
    CHECK(fixture.get(std::string(k_configs) + "?limit=1&page=2").body.at("data").at(0) == config);
    CHECK(fixture.get(std::string(k_configs) + "?limit=101").status == 400);
}

TEST_CASE("score configs: categories depend on the data type", "[api]") {
    ScoreFixture fixture;
    const Json pair = {{{"label", "True"}, {"value", 1}}, {{"label", "False"}, {"value", 0}}};
    const Json own = {{{"label", "yes"}, {"value", 2}}, {{"label", "no"}, {"value", 3}}};
    CHECK(fixture.add_config({{"name", "b"}, {"dataType", "BOOLEAN"}}).at("categories") == pair);
    CHECK(fixture.add_config({{"name", "b"}, {"dataType", "BOOLEAN"}, {"categories", own}})
              .at("categories") == pair);
    CHECK(fixture.add_config({{"name", "c"}, {"dataType", "CATEGORICAL"}, {"categories", own}})
              .at("categories") == own);
    CHECK(fixture.add_config({{"name", "t"}, {"dataType", "TEXT"}}).at("categories").is_null());
}

TEST_CASE("score configs: what makes no sense is 400", "[api]") {
    ScoreFixture fixture;
    const auto category = [](const Json& label, const Json& value) {
        return Json{{"label", label}, {"value", value}};
    };
    const std::string longest(35, 'n');
    CHECK(fixture.add_config({{"name", longest}, {"dataType", "TEXT"}}).at("name") == longest);
    for (const Json& body : {
             Json::object(),
             Json{{"name", "n"}},
             Json{{"dataType", "NUMERIC"}},
             Json{{"name", "n"}, {"dataType", "CORRECTION"}},
             Json{{"name", "n"}, {"dataType", 5}},
             Json{{"name", 5}, {"dataType", "NUMERIC"}},
             Json{{"name", ""}, {"dataType", "NUMERIC"}},
             Json{{"name", longest + "n"}, {"dataType", "NUMERIC"}},
             Json{{"name", "a/b"}, {"dataType", "NUMERIC"}},
             Json{{"name", "<b>"}, {"dataType", "NUMERIC"}},
             Json{{"name", "ü"}, {"dataType", "NUMERIC"}},
             Json{{"name", "n"}, {"dataType", "NUMERIC"}, {"minValue", "0"}},
             Json{{"name", "n"}, {"dataType", "NUMERIC"}, {"minValue", 1}, {"maxValue", 1}},
             Json{{"name", "n"}, {"dataType", "NUMERIC"}, {"minValue", 2}, {"maxValue", 1}},
             Json{{"name", "n"}, {"dataType", "TEXT"}, {"minValue", 1}},
             Json{{"name", "n"}, {"dataType", "BOOLEAN"}, {"maxValue", 1}},
             Json{{"name", "n"}, {"dataType", "NUMERIC"}, {"categories", {category("a", 1)}}},
             Json{{"name", "n"}, {"dataType", "CATEGORICAL"}},
             Json{{"name", "n"}, {"dataType", "CATEGORICAL"}, {"categories", Json::array()}},
             Json{{"name", "n"}, {"dataType", "CATEGORICAL"}, {"categories", "a"}},
             Json{{"name", "n"}, {"dataType", "CATEGORICAL"}, {"categories", {"a"}}},
             Json{{"name", "n"}, {"dataType", "CATEGORICAL"}, {"categories", {category("a", "1")}}},
             Json{{"name", "n"},
                  {"dataType", "CATEGORICAL"},
                  {"categories", {category("a", nullptr)}}},
             Json{{"name", "n"},
                  {"dataType", "CATEGORICAL"},
                  {"categories", {category("a", 1), category("a", 2)}}},
             Json{{"name", "n"},
                  {"dataType", "CATEGORICAL"},
                  {"categories", {category("a", 1), category("b", 1)}}},
         }) {
        CAPTURE(to_text(body));
        const auto answer = fixture.post(k_configs, body);
        CHECK(answer.status == 400);
        CHECK(answer.body.value("message", "") == "Invalid request data");
        CHECK(answer.body.value("error", Json()).is_array());
    }
    CHECK(fixture.get(k_configs).body.at("meta").at("totalItems") == 1);
}

TEST_CASE("score configs: PATCH changes what it names if the whole makes sense", "[api]") {
    ScoreFixture fixture;
    Json config = fixture.add_config(
        {{"name", "n"}, {"dataType", "NUMERIC"}, {"minValue", 0}, {"maxValue", 1}});
    const std::string path = std::string(k_configs) + "/" + config.at("id").get<std::string>();
    fixture.clock.passed = std::chrono::milliseconds(1);
    const auto changed = fixture.send("PATCH", path, {{"maxValue", 5}, {"description", "d"}});
    CHECK(changed.status == 200);
    config["maxValue"] = 5.0;
    config["description"] = "d";
    config["updatedAt"] = "2026-11-01T09:30:00.001Z";
    CHECK(changed.body == config);
    CHECK(fixture.get(path).body == config);

    for (const Json& body :
         {Json::object(), Json{{"minValue", 5}}, Json{{"isArchived", "yes"}}, Json{{"name", "a/b"}},
          Json{{"dataType", "BOOLEAN"}}, Json{{"categories", {{{"label", "a"}, {"value", 1}}}}}}) {
        CAPTURE(to_text(body));
        CHECK(fixture.send("PATCH", path, body).status == 400);
    }
    CHECK(fixture.get(path).body == config);
    CHECK(fixture.send("PATCH", path, {{"minValue", nullptr}, {"dataType", "NUMERIC"}})
              .body.at("minValue")
              .is_null());
}

TEST_CASE("score configs: no new score obeys one that is archived", "[api]") {
    ScoreFixture fixture;
    const Json config = fixture.add_config({{"name", "n"}, {"dataType", "NUMERIC"}});
    const std::string path = std::string(k_configs) + "/" + config.at("id").get<std::string>();
    const Json score = {
        {"id", "s"}, {"traceId", "t"}, {"name", "x"}, {"value", 1}, {"configId", config.at("id")}};
    CHECK(fixture.post(k_scores, score).status == 200);
    CHECK(fixture.read_score("s").at("name") == "n");
    CHECK(fixture.read_score("s").at("configId") == config.at("id"));
    REQUIRE(fixture.send("PATCH", path, {{"isArchived", true}}).status == 200);
    CHECK(fixture.post(k_scores, score).status == 400);
    REQUIRE(fixture.send("PATCH", path, {{"isArchived", false}}).status == 200);
    CHECK(fixture.post(k_scores, score).status == 200);
}

TEST_CASE("score configs: those of others are like those that are not there", "[api]") {
    ScoreFixture fixture;
    const Json config = fixture.add_config({{"name", "n"}, {"dataType", "NUMERIC"}});
    const std::string path = std::string(k_configs) + "/" + config.at("id").get<std::string>();
    for (const auto& answer :
         {fixture.send_as_other("GET", path), fixture.get(std::string(k_configs) + "/none"),
          fixture.send_as_other("PATCH", path, {{"isArchived", true}}),
          fixture.send("PATCH", std::string(k_configs) + "/none", {{"isArchived", true}})}) {
        CHECK(answer.status == 404);
        CHECK(answer.body == not_found());
    }
    CHECK(fixture.send_as_other("GET", k_configs).body.at("data").empty());
    const Json score = {
        {"traceId", "t"}, {"name", "x"}, {"value", 1}, {"configId", config.at("id")}};
    CHECK(fixture.send_as_other("POST", k_scores, score).status == 400);
    CHECK(fixture.get(path).body == config);
}

}  // namespace assay::test
