#include <catch2/catch.hpp>
#include <optional>
#include <span>
#include <string>

#include "core/base/limits.hpp"
#include "server/tracing/limits.hpp"
#include "server/tracing/records.hpp"
#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

constexpr const char* k_time = "2026-11-01T09:00:00.000Z";
constexpr const char* k_ingestion = "/api/public/ingestion";

Json event(const std::string& type, Json body, const std::string& id = "e1") {
    return {{"id", id}, {"type", type}, {"timestamp", k_time}, {"body", std::move(body)}};
}

class IngestionFixture : public ApiFixture {
  public:
    Answer send_batch(Json events) { return post(k_ingestion, {{"batch", std::move(events)}}); }

    std::optional<TraceRecord> trace(const std::string& id) {
        auto read = readers.read([&](Session& reader) -> Result<std::vector<TraceRecord>> {
            ASSAY_TRY(const std::int64_t row, reader.find_project(default_project_id()));
            ASSAY_TRY(const auto found, find_trace_row(reader, row, TraceId(id)));
            if (!found) return std::vector<TraceRecord>();
            return read_traces(reader, std::span(&*found, 1), RecordParts::all);
        });
        REQUIRE(read);
        if (read->empty()) return std::nullopt;
        return std::move(read->front());
    }
    std::optional<ObservationRecord> observation(const std::string& id) {
        auto read = readers.read([&](Session& reader) -> Result<std::vector<ObservationRecord>> {
            ASSAY_TRY(const std::int64_t row, reader.find_project(default_project_id()));
            ASSAY_TRY(const auto found, find_observation_row(reader, row, ObservationId(id)));
            if (!found) return std::vector<ObservationRecord>();
            return read_observation_records(reader, std::span(&*found, 1), RecordParts::all);
        });
        REQUIRE(read);
        if (read->empty()) return std::nullopt;
        return std::move(read->front());
    }
};

}  // namespace

TEST_CASE("ingestion: what a 207 acknowledges is readable at once", "[api]") {
    IngestionFixture fixture;
    const auto answer = fixture.send_batch(
        {event("generation-update", {{"id", "g"}, {"output", "out"}}, "e3"),
         event("trace-create",
               {{"id", "t"}, {"name", "chat"}, {"tags", {"b", "a"}}, {"metadata", "m"}}, "e1"),
         event("generation-create",
               {{"id", "g"},
                {"traceId", "t"},
                {"name", "ask"},
                {"input", {{"q", 1}}},
                {"usage", {{"promptTokens", 3}, {"completionTokens", 2}}}},
               "e2"),
         event("score-create", {{"id", "s"}, {"traceId", "t"}, {"name", "quality"}, {"value", 0.5}},
               "e4"),
         event("sdk-log", {{"log", "x"}}, "e5")});
    CHECK(answer.status == 207);
    CHECK(to_text(answer.body) ==
          R"({"errors":[],"successes":[{"id":"e3","status":201},{"id":"e1","status":201},)"
          R"({"id":"e2","status":201},{"id":"e4","status":201}]})");

    const auto trace = fixture.trace("t");
    REQUIRE(trace);
    CHECK(trace->name == "chat");
    CHECK(trace->tags == std::vector<std::string>{"a", "b"});
    CHECK(trace->metadata == Json{{"metadata", "m"}});
    CHECK(trace->timestamp == *parse_rfc3339(k_time));
    const auto generation = fixture.observation("g");
    REQUIRE(generation);
    CHECK(generation->trace_id == TraceId("t"));
    CHECK(generation->type == "GENERATION");
    CHECK(generation->name == "ask");
    CHECK(generation->input == R"({"q":1})");
    CHECK(generation->output == "out");
    CHECK(generation->usage_details.value("input", 0) == 3);
    CHECK(fixture.get("/api/public/v2/scores/s").body.at("value") == 0.5);
}

TEST_CASE("ingestion: the same batch sent again changes nothing", "[api]") {
    IngestionFixture fixture;
    const Json batch = {event("trace-create", {{"id", "t"}, {"name", "first"}}, "e1"),
                        event("trace-create", {{"name", "without an id"}}, "e2"),
                        event("span-create", {{"id", "o"}, {"traceId", "t"}}, "e3")};
    const auto first = fixture.send_batch(batch);
    const auto trace = fixture.trace("t");
    REQUIRE(trace);
    const auto again = fixture.send_batch(batch);
    CHECK(again.body == first.body);
    CHECK(fixture.trace("t")->row == trace->row);
    CHECK(fixture.trace("t")->timestamp == trace->timestamp);
    const auto count = fixture.readers.read([](Session& reader) {
        return reader.connection().find_integer(
            "SELECT (SELECT count(*) FROM traces) * 100 + (SELECT count(*) FROM observations)");
    });
    REQUIRE(count);
    CHECK(**count == 201);
}

TEST_CASE("ingestion: the outer shape decides between 400 and 207", "[api]") {
    IngestionFixture fixture;
    const std::string headers = basic(fixture.project);
    const auto send = [&](const std::string& body) {
        const RawResponse response = fixture.ask("POST", k_ingestion, headers, body);
        return ApiFixture::Answer{response.status, body_of(response)};
    };
    for (const char* const body :
         {"", "{", "nope", "[]", "5", "null", "{}", R"({"batch":null})", R"({"batch":{}})",
          R"({"batch":"x"})", R"({"batch":[{]})", R"({"batch":[}})"}) {
        CAPTURE(body);
        const auto answer = send(body);
        CHECK(answer.status == 400);
        CHECK(answer.body.value("message", "") == "Invalid request data");
        REQUIRE(answer.body.value("errors", Json()).is_array());
        REQUIRE(answer.body.at("errors").size() == 1);
        for (const char* const key : {"code", "path", "message"}) {
            CHECK(answer.body.at("errors").at(0).contains(key));
        }
    }
    for (const char* const body :
         {R"({"batch":[]})", R"({"batch":[],"metadata":5,"unknown":[1]})"}) {
        CAPTURE(body);
        const auto answer = send(body);
        CHECK(answer.status == 207);
        CHECK(to_text(answer.body) == R"({"errors":[],"successes":[]})");
    }
    CHECK(send(R"({"batch":[5,null,{},{"id":"x"}]})").body.at("errors").size() == 4);
}

TEST_CASE("ingestion: what one event cannot say costs no other event", "[api]") {
    IngestionFixture fixture;
    const std::string deep = std::string(5000, '[') + std::string(5000, ']');
    const std::string body =
        R"({"batch":[{"id":"e1","type":"trace-create","timestamp":"2026-11-01T09:00:00Z",)"
        R"("body":{"id":"deep","input":)" +
        deep +
        R"(}},{"id":"e2","type":"trace-create","timestamp":"2026-11-01T09:00:00Z",)"
        R"("body":{"id":"odd","input":["\ud83d",123456789012345678901234567890,"\u0000"],)"
        "\"name\":\"a\xff\\u0000\"}},"
        R"({"id":"e3","type":"trace-create","timestamp":"never","body":{}}]})";
    const RawResponse response = fixture.ask("POST", k_ingestion, basic(fixture.project), body);
    CHECK(response.status == 207);
    CHECK(body_of(response).at("successes").size() == 2);
    CHECK(body_of(response).at("errors").size() == 1);
    CHECK(fixture.trace("deep")->input->size() > 10'000);
    const auto odd = fixture.trace("odd");
    REQUIRE(odd);
    CHECK(odd->name == "a\uFFFD\uFFFD");
    CHECK(odd->input == "[\"\uFFFD\",\"123456789012345678901234567890\",\"\\u0000\"]");
}

TEST_CASE("ingestion: a batch has at most 10000 events", "[api]") {
    IngestionFixture fixture;
    Json events = Json::array();
    for (std::size_t i = 0; i < limits::k_ingested_events_max; ++i) {
        events.push_back(event("sdk-log", Json::object()));
    }
    CHECK(fixture.send_batch(events).status == 207);
    events.push_back(event("trace-create", {{"id", "t"}}));
    const auto answer = fixture.send_batch(events);
    CHECK(answer.status == 400);
    CHECK(answer.body.at("errors").at(0).at("code") == "too_big");
    CHECK(answer.body.at("errors").at(0).at("message") ==
          "A batch may have at most 10000 events; this one has 10001. Send them in several "
          "batches");
    CHECK_FALSE(fixture.trace("t"));
}

TEST_CASE("ingestion: a field that is too long is cut and the answer says so", "[api]") {
    IngestionFixture fixture;
    const auto answer = fixture.send_batch(Json::array(
        {event("trace-create",
               {{"id", "t"}, {"input", std::string(limits::k_field_bytes_max + 1, 'x')}})}));
    CHECK(answer.status == 207);
    CHECK(answer.body.at("successes").at(0).at("truncated") == Json::array({"input"}));
    CHECK(fixture.trace("t")->input->size() == limits::k_field_bytes_max);
}

TEST_CASE("ingestion: a body may have ten megabytes", "[api]") {
    IngestionFixture fixture;
    Json events = Json::array();
    for (int i = 0; i < 9; ++i) {
        events.push_back(event("trace-create", {{"id", "t" + std::to_string(i)},
                                                {"input", std::string(1'000'000, 'x')}}));
    }
    CHECK(fixture.send_batch(events).status == 207);
    CHECK(fixture.trace("t8"));
    events.push_back(events.front());
    events.push_back(events.front());
    CHECK(fixture.send_batch(events).status == 413);
}

TEST_CASE("ingestion: a public key alone may send scores and nothing else", "[api]") {
    IngestionFixture fixture;
    const Json batch = {
        {"batch",
         {event("trace-create", {{"id", "t"}}, "e1"),
          event("score-create", {{"id", "s"}, {"traceId", "t"}, {"name", "thumbs"}, {"value", 1}},
                "e2")}}};
    const RawResponse response =
        fixture.ask("POST", k_ingestion, bearer(fixture.project.public_key), to_text(batch));
    CHECK(response.status == 207);
    CHECK(to_text(body_of(response)) ==
          R"({"errors":[{"error":"A public key alone may send scores only","id":"e1",)"
          R"("message":"Authentication error","status":401}],)"
          R"("successes":[{"id":"e2","status":201}]})");
    CHECK_FALSE(fixture.trace("t"));
    CHECK(fixture.get("/api/public/v2/scores/s").status == 200);
    CHECK(fixture.ask("POST", k_ingestion, "", to_text(batch)).status == 401);
    CHECK(fixture.ask("POST", k_ingestion, bearer("pk-lf-unknown"), to_text(batch)).status == 401);
    CHECK(fixture.ask("POST", "/api/public/traces", bearer(fixture.project.public_key), "{}")
              .status == 403);
}

TEST_CASE("ingestion: projects share no ids", "[api]") {
    IngestionFixture fixture;
    fixture.ingest(Json::array({event("trace-create", {{"id", "t"}, {"name", "ours"}})}));
    const auto answer =
        fixture.send_as_other("POST", k_ingestion,
                              {{"batch",
                                {event("trace-create", {{"id", "t"}, {"name", "theirs"}}),
                                 event("span-create", {{"id", "o"}, {"traceId", "t"}})}}});
    CHECK(answer.body.at("errors").empty());
    CHECK(fixture.trace("t")->name == "ours");
    CHECK_FALSE(fixture.observation("o"));
}

TEST_CASE("ingestion: scores of a batch obey their configs", "[api]") {
    IngestionFixture fixture;
    const auto config = fixture.post(
        "/api/public/score-configs",
        {{"name", "grade"},
         {"dataType", "CATEGORICAL"},
         {"categories", {{{"label", "good"}, {"value", 2}}, {{"label", "bad"}, {"value", -1}}}}});
    REQUIRE(config.status == 200);
    const auto score = [&](const std::string& id, const Json& value, const Json& config_id) {
        return event("score-create",
                     {{"id", id},
                      {"traceId", "t"},
                      {"name", "x"},
                      {"value", value},
                      {"configId", config_id}},
                     id);
    };
    const auto answer = fixture.send_batch({score("s1", "good", config.body.at("id")),
                                            score("s2", "fine", config.body.at("id")),
                                            score("s3", "good", "no such config")});
    CHECK(answer.status == 207);
    CHECK(answer.body.at("successes") == Json::array({{{"id", "s1"}, {"status", 201}}}));
    REQUIRE(answer.body.at("errors").size() == 2);
    CHECK(answer.body.at("errors").at(0).at("error") ==
          "body.value must be one of the categories of the score config \"grade\"");
    CHECK(answer.body.at("errors").at(1).at("error") ==
          "body.configId names no score config of this project");
    const auto stored = fixture.get("/api/public/v2/scores/s1");
    CHECK(stored.body.at("name") == "grade");
    CHECK(stored.body.at("value") == 2);
    CHECK(stored.body.at("stringValue") == "good");
    CHECK(fixture.get("/api/public/v2/scores/s2").status == 404);

    // A config of another project is none.
    const Json theirs = {{"batch", {score("s4", "good", config.body.at("id"))}}};
    CHECK(fixture.send_as_other("POST", k_ingestion, theirs).body.at("errors").size() == 1);
}

TEST_CASE("ingestion: a score of a dataset run that is not there fails alone", "[api]") {
    IngestionFixture fixture;
    const auto answer = fixture.send_batch(
        {event("score-create", {{"id", "s1"}, {"traceId", "t"}, {"name", "n"}, {"value", 1}}, "e1"),
         event("score-create",
               {{"id", "s2"}, {"datasetRunId", "none"}, {"name", "n"}, {"value", 1}}, "e2"),
         event("score-create", {{"id", "s3"}, {"sessionId", "s"}, {"name", "n"}, {"value", 1}},
               "e3")});
    CHECK(answer.status == 207);
    CHECK(answer.body.at("successes").size() == 2);
    REQUIRE(answer.body.at("errors").size() == 1);
    CHECK(answer.body.at("errors").at(0).at("id") == "e2");
    CHECK(answer.body.at("errors").at(0).at("status") == 400);
}

TEST_CASE("single events: old clients send one thing a request", "[api]") {
    IngestionFixture fixture;
    CHECK(fixture.post("/api/public/traces", {{"id", "t"}, {"name", "chat"}}).body ==
          Json{{"id", "t"}});
    CHECK(fixture.trace("t")->name == "chat");
    const auto unnamed = fixture.post("/api/public/traces", {{"name", "n"}});
    REQUIRE(unnamed.status == 200);
    CHECK(fixture.trace(unnamed.body.at("id").get<std::string>()));

    CHECK(fixture.post("/api/public/spans", {{"id", "s"}, {"traceId", "t"}}).body ==
          Json{{"id", "s"}});
    CHECK(fixture.send("PATCH", "/api/public/spans", {{"spanId", "s"}, {"output", "o"}}).body ==
          Json{{"id", "s"}});
    CHECK(fixture.observation("s")->output == "o");
    CHECK(fixture.observation("s")->trace_id == TraceId("t"));

    CHECK(fixture.post("/api/public/generations", {{"id", "g"}, {"traceId", "t"}, {"model", "m"}})
              .status == 200);
    CHECK(fixture
              .send("PATCH", "/api/public/generations",
                    {{"generationId", "g"}, {"usage", {{"input", 5}}}})
              .status == 200);
    CHECK(fixture.observation("g")->type == "GENERATION");
    CHECK(fixture.observation("g")->model == "m");
    CHECK(fixture.observation("g")->usage_details.value("input", 0) == 5);

    CHECK(fixture.post("/api/public/events", {{"id", "v"}, {"traceId", "t"}}).status == 200);
    CHECK(fixture.observation("v")->type == "EVENT");
}

TEST_CASE("single events: what cannot be taken is 400", "[api]") {
    IngestionFixture fixture;
    struct Row {
        const char* method;
        const char* path;
        Json body;
    };
    for (const Row& row : {Row{"POST", "/api/public/traces", {{"name", 5}}},
                           Row{"POST", "/api/public/spans", {{"level", "x"}}},
                           Row{"POST", "/api/public/generations", {{"usage", 5}}},
                           Row{"POST", "/api/public/events", {{"id", std::string(801, 'i')}}},
                           Row{"PATCH", "/api/public/spans", {{"name", "n"}}},
                           Row{"PATCH", "/api/public/generations", {{"generationId", 5}}}}) {
        CAPTURE(row.path, to_text(row.body).substr(0, 60));
        const auto answer = fixture.send(row.method, row.path, row.body);
        CHECK(answer.status == 400);
        CHECK(answer.body.at("message") == "Invalid request data");
        CHECK(answer.body.at("error").is_array());
    }
    for (const char* const body : {"", "[]", "{", "5"}) {
        CAPTURE(body);
        const RawResponse response =
            fixture.ask("POST", "/api/public/traces", basic(fixture.project), body);
        CHECK(response.status == 400);
        CHECK(body_of(response).at("error") == "InvalidRequestError");
    }
}

}  // namespace assay::test
