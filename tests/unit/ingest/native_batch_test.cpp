#include "server/ingest/native_batch.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/base/limits.hpp"
#include "server/ingest/client_json.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

constexpr const char* k_time = "2026-11-01T09:30:00.000Z";

Json event(const std::string& type, Json body, const std::string& id = "e1") {
    return {{"id", id}, {"type", type}, {"timestamp", k_time}, {"body", std::move(body)}};
}

NativeBatch read(Json events, SenderScope scope = SenderScope::project) {
    return read_native_batch(std::move(events.get_ref<Json::array_t&>()), scope);
}

/// What one event says of a trace.
TraceEvent read_trace(const Json& body) {
    NativeBatch batch = read(Json::array({event("trace-create", body)}));
    INFO(batch.results.at(0).error);
    REQUIRE(batch.entities.traces.size() == 1);
    return batch.entities.traces.front();
}

ObservationEvent read_observation(const std::string& type, const Json& body) {
    NativeBatch batch = read(Json::array({event(type, body)}));
    INFO(batch.results.at(0).error);
    REQUIRE(batch.entities.observations.size() == 1);
    return batch.entities.observations.front();
}

/// Why one event fails, "" when it does not.
std::string fault(const Json& event) {
    const NativeBatch batch = read(Json::array({event}));
    REQUIRE(batch.results.size() == 1);
    const bool is_stored = !batch.entities.traces.empty() || !batch.entities.observations.empty() ||
                           !batch.entities.scores.empty() || !batch.scores.empty();
    CHECK(is_stored != batch.results[0].failed());
    return batch.results[0].error;
}

std::int64_t nanoseconds(const char* time) {
    return parse_rfc3339(time)->time_since_epoch().count();
}

TEST_CASE("native batch: a trace says all of its members", "[ingest]") {
    const TraceEvent trace = read_trace({{"id", "t1"},
                                         {"timestamp", "2026-10-01T00:00:00.5+02:00"},
                                         {"name", "chat"},
                                         {"userId", "u"},
                                         {"sessionId", "s"},
                                         {"release", "r"},
                                         {"version", "v"},
                                         {"environment", "Prod"},
                                         {"public", false},
                                         {"tags", {"b", "a", "b"}},
                                         {"input", {{"q", 1}}},
                                         {"output", "text"},
                                         {"metadata", {{"k", {{"x", 1}}}}},
                                         {"externalId", "ignored"},
                                         {"unknown", {1, 2}}});
    CHECK(trace.trace == TraceId("t1"));
    CHECK(trace.event.at == *parse_rfc3339(k_time));
    CHECK_FALSE(trace.event.is_update);
    CHECK(trace.event.input == R"({"q":1})");
    CHECK(trace.event.output == "text");
    CHECK(trace.event.fields == Json{{"timestamp", nanoseconds("2026-09-30T22:00:00.5Z")},
                                     {"name", "chat"},
                                     {"userId", "u"},
                                     {"sessionId", "s"},
                                     {"release", "r"},
                                     {"version", "v"},
                                     {"environment", "prod"},
                                     {"public", false},
                                     {"tags", {"a", "b"}},
                                     {"metadata", {{"k", {{"x", 1}}}}}});
}

TEST_CASE("native batch: nulls and what is empty say nothing", "[ingest]") {
    Json body = {{"id", "t1"}};
    for (const char* const name :
         {"timestamp", "name", "userId", "sessionId", "release", "version", "environment", "public",
          "tags", "input", "output", "metadata"}) {
        body[name] = nullptr;
    }
    const TraceEvent trace = read_trace(body);
    CHECK(trace.event.fields == Json::object());
    CHECK_FALSE(trace.event.input);
    CHECK_FALSE(trace.event.output);
    CHECK(read_trace({{"id", "t"},
                      {"userId", ""},
                      {"sessionId", ""},
                      {"tags", Json::array()},
                      {"metadata", Json::object()},
                      {"input", ""}})
              .event.fields == Json::object());
}

TEST_CASE("native batch: every type of event is read", "[ingest]") {
    struct Row {
        const char* type;
        const char* observation;
        bool is_update;
        bool has_model;
    };
    for (const Row& row :
         {Row{"span-create", "SPAN", false, false}, Row{"span-update", "SPAN", true, false},
          Row{"event-create", "EVENT", false, false},
          Row{"generation-create", "GENERATION", false, true},
          Row{"generation-update", "GENERATION", true, true},
          Row{"agent-create", "AGENT", false, true}, Row{"tool-create", "TOOL", false, true},
          Row{"chain-create", "CHAIN", false, true},
          Row{"retriever-create", "RETRIEVER", false, true},
          Row{"evaluator-create", "EVALUATOR", false, true},
          Row{"embedding-create", "EMBEDDING", false, true},
          Row{"guardrail-create", "GUARDRAIL", false, true}}) {
        CAPTURE(row.type);
        const ObservationEvent observation =
            read_observation(row.type, {{"id", "o1"},
                                        {"traceId", "t1"},
                                        {"model", "gpt-4o"},
                                        {"endTime", "2026-11-01T09:31:00Z"}});
        CHECK(observation.id == ObservationId("o1"));
        CHECK(observation.trace == TraceId("t1"));
        CHECK(observation.is_id_unique);
        CHECK(observation.event.is_update == row.is_update);
        const Json& fields = observation.event.fields;
        CHECK(fields.value(row.is_update ? "updateType" : "type", "") == row.observation);
        CHECK_FALSE(fields.contains(row.is_update ? "type" : "updateType"));
        CHECK(fields.contains("model") == row.has_model);
        CHECK(fields.contains("endTime") == (std::string(row.type) != "event-create"));
    }
}

TEST_CASE("native batch: events of old say their type in the body", "[ingest]") {
    CHECK(read_observation("observation-create", {{"type", "GENERATION"}, {"model", "m"}})
              .event.fields == Json{{"type", "GENERATION"}, {"model", "m"}});
    const auto update = read_observation("observation-update", {{"id", "o"}, {"type", "SPAN"}});
    CHECK(update.event.is_update);
    CHECK(update.event.fields == Json{{"updateType", "SPAN"}});
    CHECK(read_observation("observation-update", {{"id", "o"}}).event.fields == Json::object());
    CHECK_FALSE(read_observation("observation-create",
                                 {{"type", "EVENT"}, {"endTime", "2026-11-01T09:31:00Z"}})
                    .event.fields.contains("endTime"));
    CHECK(fault(event("observation-create", {{"id", "o"}})) ==
          "body.type must be a string, not null");
    CHECK(fault(event("observation-create", {{"type", "span"}})) ==
          "body.type must be one of SPAN, EVENT, GENERATION, AGENT, TOOL, CHAIN, RETRIEVER, "
          "EVALUATOR, EMBEDDING, GUARDRAIL");
}

TEST_CASE("native batch: a generation says all of its members", "[ingest]") {
    const ObservationEvent generation = read_observation(
        "generation-create",
        {{"id", "g"},
         {"traceId", "t"},
         {"parentObservationId", "p"},
         {"name", "n"},
         {"startTime", "2026-11-01T09:30:00Z"},
         {"endTime", "2026-11-01T09:30:02Z"},
         {"completionStartTime", "2026-11-01T09:30:01Z"},
         {"level", "WARNING"},
         {"statusMessage", "s"},
         {"version", "v"},
         {"environment", "dev"},
         {"model", "gpt-4o"},
         {"modelParameters", {{"temperature", 0.5}, {"stop", {"a"}}, {"seed", nullptr}}},
         {"promptName", "greet"},
         {"promptVersion", 3},
         {"usage", {{"promptTokens", 1}, {"totalCost", 9}}},
         {"usageDetails", {{"input", 10}}},
         {"metadata", "m"},
         {"input", {{{"role", "user"}}}}});
    CHECK(generation.event.input == R"([{"role":"user"}])");
    CHECK(generation.event.fields ==
          Json{{"type", "GENERATION"},
               {"parentObservationId", "p"},
               {"name", "n"},
               {"startTime", nanoseconds("2026-11-01T09:30:00Z")},
               {"endTime", nanoseconds("2026-11-01T09:30:02Z")},
               {"completionStartTime", nanoseconds("2026-11-01T09:30:01Z")},
               {"level", "WARNING"},
               {"statusMessage", "s"},
               {"version", "v"},
               {"environment", "dev"},
               {"model", "gpt-4o"},
               {"modelParameters", {{"temperature", 0.5}, {"stop", {"a"}}}},
               {"promptName", "greet"},
               {"promptVersion", 3},
               {"usageDetails", {{"input", 10}}},
               {"costDetails", {{"total", 9.0}}},
               {"metadata", {{"metadata", "m"}}}});
}

struct FaultyBody {
    const char* type;
    Json body;
    const char* error;
};

// What each body's event is refused with.
const std::vector<FaultyBody> k_faulty_bodies = {
    FaultyBody{"trace-create", {{"name", 1}}, "body.name must be a string, not an integer"},
    FaultyBody{"trace-create", {{"id", 1}}, "body.id must be a string, not an integer"},
    FaultyBody{"trace-create", {{"id", ""}}, "body.id must have 1 to 800 characters"},
    FaultyBody{"trace-create", {{"id", "a\rb"}}, "body.id must not contain a carriage return"},
    FaultyBody{"trace-create", {{"id", std::string("a\0b", 3)}}, "body.id must not contain NUL"},
    FaultyBody{
        "trace-create", {{"id", std::string(801, 'i')}}, "body.id must have 1 to 800 characters"},
    FaultyBody{"trace-create",
               {{"sessionId", std::string(801, 'i')}},
               "body.sessionId must have 1 to 800 characters"},
    FaultyBody{"trace-create",
               {{"name", std::string(1001, 'n')}},
               "body.name must have at most 1000 characters"},
    FaultyBody{"trace-create",
               {{"public", "yes"}},
               "body.public must be true or false, not a "
               "string"},
    FaultyBody{"trace-create",
               {{"tags", "a"}},
               "body.tags must be a list of strings, not a "
               "string"},
    FaultyBody{"trace-create",
               {{"tags", {"a", 1}}},
               "body.tags must be a list of strings, not an integer"},
    FaultyBody{"trace-create",
               {{"tags", std::vector<std::string>(1001, "t")}},
               "body.tags must have at most 1000 elements"},
    FaultyBody{
        "trace-create", {{"environment", 5}}, "body.environment must be a string, not an integer"},
    FaultyBody{"trace-create",
               {{"timestamp", "2026-11-01"}},
               "body.timestamp must be a time with its offset, like 2026-11-01T09:30:00.000Z"},
    FaultyBody{"trace-create",
               {{"timestamp", 1793525400000}},
               "body.timestamp must be a string, not an integer"},
    FaultyBody{"span-create",
               {{"startTime", "2026-11-01T09:30:00"}},
               "body.startTime must be a time with its offset, like 2026-11-01T09:30:00.000Z"},
    FaultyBody{"span-create",
               {{"level", "INFO"}},
               "body.level must be one of DEBUG, DEFAULT, WARNING, ERROR"},
    FaultyBody{"span-create", {{"traceId", ""}}, "body.traceId must have 1 to 800 characters"},
    FaultyBody{"span-create",
               {{"statusMessage", Json::object()}},
               "body.statusMessage must be a string, not an object"},
    FaultyBody{"generation-create",
               {{"modelParameters", "x"}},
               "body.modelParameters must be an object, not a string"},
    FaultyBody{"generation-create",
               {{"usageDetails", 5}},
               "body.usageDetails must be an object, not an integer"},
    FaultyBody{"generation-create",
               {{"usage", {{"input", "many"}}}},
               "body.usage must hold whole numbers, which its member \"input\" is not"},
    FaultyBody{"generation-create",
               {{"promptName", "p"}},
               "body.promptName and promptVersion must be given together"},
    FaultyBody{"generation-create",
               {{"promptVersion", 1}},
               "body.promptName and promptVersion must be given together"},
    FaultyBody{"generation-create",
               {{"promptName", "p"}, {"promptVersion", 1.5}},
               "body.promptVersion must be a whole number"},
    FaultyBody{"generation-create",
               {{"promptName", "p"}, {"promptVersion", 1e300}},
               "body.promptVersion must be a whole number"},
    FaultyBody{"score-create",
               {{"traceId", "t"}, {"value", 1}},
               "body.name must be a string that is not empty"}};

TEST_CASE("native batch: wrong types fail the event and say which member", "[ingest]") {
    for (const FaultyBody& row : k_faulty_bodies) {
        CAPTURE(row.error);
        CHECK(fault(event(row.type, row.body)) == row.error);
    }
    CHECK(fault(event("trace-create", {{"id", std::string(800, 'i')}})).empty());
    CHECK(fault(event("trace-create", {{"tags", std::vector<std::string>(1000, "t")}})).empty());
    CHECK(fault(event("trace-create", {{"name", std::string(1000, 'n')}})).empty());
}

TEST_CASE("native batch: the frame of an event is checked before its body", "[ingest]") {
    struct Row {
        Json event;
        const char* id;
        const char* error;
    };
    const Json good = event("trace-create", {{"id", "t"}});
    const auto with = [&](const char* name, Json value) {
        Json changed = good;
        changed[name] = std::move(value);
        return changed;
    };
    for (const Row& row :
         {Row{5, "unknown", "an event must be an object, not an integer"},
          Row{nullptr, "unknown", "an event must be an object, not null"},
          Row{Json::object(), "unknown", "id must be a string"},
          Row{with("id", nullptr), "unknown", "id must be a string"},
          Row{with("id", 7), "unknown", "id must be a string"},
          Row{with("type", nullptr), "e1", "type must be a string, not null"},
          Row{with("type", "trace-creat"), "e1",
              "\"trace-creat\" is no type of event; did you mean \"trace-create\"?"},
          Row{with("type", "dataset-run-item-create"), "e1",
              "\"dataset-run-item-create\" is no type of event"},
          Row{with("timestamp", nullptr), "e1",
              "timestamp must be a time with its offset, like 2026-11-01T09:30:00.000Z"},
          Row{with("timestamp", "1793525400"), "e1",
              "timestamp must be a time with its offset, like 2026-11-01T09:30:00.000Z"},
          Row{with("timestamp", "2026-13-01T09:30:00Z"), "e1",
              "timestamp must be a time with its offset, like 2026-11-01T09:30:00.000Z"},
          Row{with("body", nullptr), "e1", "body must be an object, not null"},
          Row{with("body", {1}), "e1", "body must be an object, not an array"}}) {
        CAPTURE(row.error);
        const NativeBatch batch = read(Json::array({row.event}));
        REQUIRE(batch.results.size() == 1);
        CHECK(batch.results[0].id == row.id);
        CHECK(batch.results[0].status == 400);
        CHECK(batch.results[0].message == "Invalid request data");
        CHECK(batch.results[0].error == row.error);
    }
    CHECK(fault(with("metadata", 5)).empty());
}

TEST_CASE("native batch: one bad event costs no other", "[ingest]") {
    const NativeBatch batch =
        read({event("trace-create", {{"id", "t1"}}, "e1"), event("trace-create", 5, "e2"),
              event("span-create", {{"id", "o1"}, {"traceId", "t1"}}, "e3"), nullptr,
              event("sdk-log", {{"log", "x"}}, "e4")});
    CHECK(batch.entities.traces.size() == 1);
    CHECK(batch.entities.observations.size() == 1);
    CHECK(to_text(to_json(batch.results)) ==
          R"({"successes":[{"id":"e1","status":201},{"id":"e3","status":201}],"errors":[)"
          R"({"id":"e2","status":400,"message":"Invalid request data",)"
          R"("error":"body must be an object, not an integer"},)"
          R"({"id":"unknown","status":400,"message":"Invalid request data",)"
          R"("error":"an event must be an object, not null"}]})");
    CHECK(to_text(to_json(read(Json::array()).results)) == R"({"successes":[],"errors":[]})");
}

TEST_CASE("native batch: a field that was cut is told in its event's success", "[ingest]") {
    const std::string large(limits::k_field_bytes_max + 1, 'x');
    const NativeBatch batch = read(Json::array(
        {event("span-create", {{"output", large}, {"input", large}, {"metadata", "m"}})}));
    CHECK(to_text(to_json(batch.results)) ==
          R"({"successes":[{"id":"e1","status":201,"truncated":["input","output"]}],"errors":[]})");
}

TEST_CASE("native batch: an entity without an id gets the same one from the same event",
          "[ingest]") {
    const TraceId id = read_trace({{"name", "n"}}).trace;
    CHECK(id.value().size() == 32);
    CHECK(read_trace({{"name", "other"}, {"id", nullptr}}).trace == id);
    const NativeBatch other = read(Json::array({event("trace-create", Json::object(), "e2")}));
    CHECK(other.entities.traces.at(0).trace != id);
    CHECK(other.results.at(0).entity == other.entities.traces.at(0).trace.value());
    CHECK_FALSE(read_observation("span-create", {{"name", "n"}}).trace);
}

TEST_CASE("native batch: creates come before updates", "[ingest]") {
    const NativeBatch batch = read({event("span-update", {{"id", "o1"}}),
                                    event("span-create", {{"id", "o1"}, {"traceId", "t"}}),
                                    event("generation-update", {{"id", "o2"}}),
                                    event("generation-create", {{"id", "o2"}})});
    std::vector<bool> updates;
    for (const auto& observation : batch.entities.observations) {
        updates.push_back(observation.event.is_update);
    }
    CHECK(updates == std::vector<bool>{false, false, true, true});
}

TEST_CASE("native batch: who sends scores only may send nothing else", "[ingest]") {
    const Json score = {{"id", "s"}, {"traceId", "t"}, {"name", "n"}, {"value", 1}};
    const NativeBatch batch =
        read({event("trace-create", {{"id", "t"}}, "e1"), event("score-create", score, "e2"),
              event("sdk-log", {{"log", 1}}, "e3"), event("span-update", 5, "e4")},
             SenderScope::scores);
    CHECK(batch.entities.traces.empty());
    CHECK(batch.entities.scores.size() == 1);
    CHECK(batch.results.at(0).status == 401);
    CHECK(batch.results.at(0).message == "Authentication error");
    CHECK(batch.results.at(1).status == 201);
    CHECK(batch.results.at(3).status == 401);
}

TEST_CASE("native batch: a score with a config waits for it", "[ingest]") {
    const Json body = {
        {"id", "s"}, {"traceId", "t"}, {"name", "n"}, {"value", 1}, {"configId", "c"}};
    const ScoreConfig config{.id = ScoreConfigId("c"),
                             .name = "quality",
                             .data_type = "NUMERIC",
                             .max_value = 0.5,
                             .created = {},
                             .updated = {}};
    const auto settle = [&](double value, const ScoreConfig* found) {
        Json changed = body;
        changed["value"] = value;
        NativeBatch batch = read(Json::array({event("score-create", changed)}));
        REQUIRE(batch.scores.size() == 1);
        CHECK(batch.entities.scores.empty());
        settle_score(batch, batch.scores.front(), found);
        return batch;
    };
    const NativeBatch stored = settle(0.5, &config);
    REQUIRE(stored.entities.scores.size() == 1);
    CHECK(stored.entities.scores[0].score.name == "quality");
    CHECK(settle(1, &config).results.at(0).error ==
          "body.value must be within the bounds of the score config \"quality\"");
    const NativeBatch lost = settle(0.5, nullptr);
    CHECK(lost.entities.scores.empty());
    CHECK(lost.results.at(0).status == 400);
    CHECK(lost.results.at(0).error == "body.configId names no score config of this project");
}

/// One change of a text at a place.
void mutate(std::string& text, Rng& rng) {
    static const std::vector<std::string> k_parts = {"null",
                                                     "1e400",
                                                     "{}",
                                                     "[]",
                                                     "\"\"",
                                                     "-1",
                                                     "\\ud800",
                                                     "\xff",
                                                     "\"id\":5,",
                                                     std::string(1, '\0'),
                                                     "[[[[[[",
                                                     ",",
                                                     "\"type\":\"span-create\",",
                                                     "true",
                                                     "0.5"};
    const std::size_t at = text.empty() ? 0 : rng.next_below(text.size());
    switch (rng.next_below(4)) {
        case 0: text.erase(at, 1 + rng.next_below(20)); return;
        case 1: text.insert(at, k_parts[rng.next_below(k_parts.size())]); return;
        case 2: text.insert(at, text.substr(at, rng.next_below(40))); return;
        default:
            if (!text.empty()) text[at] = static_cast<char>(rng.next_below(256));
    }
}

TEST_CASE("native batch: mutated batches never crash and every event is answered", "[ingest]") {
    const std::string batch = to_text(Json::array(
        {event("trace-create", {{"id", "t"}, {"tags", {"a"}}, {"metadata", {{"k", {1, 2}}}}}),
         event("generation-create",
               {{"id", "g"},
                {"traceId", "t"},
                {"usage", {{"promptTokens", 3}, {"totalCost", 0.5}}},
                {"usageDetails",
                 {{"prompt_tokens", 3}, {"completion_tokens", 2}, {"total_tokens", 5}}},
                {"costDetails", {{"input", 0.1}}},
                {"promptName", "p"},
                {"promptVersion", 1},
                {"modelParameters", {{"temperature", 1}}},
                {"startTime", k_time}}),
         event("score-create",
               {{"name", "n"}, {"traceId", "t"}, {"value", 1}, {"dataType", "BOOLEAN"}}),
         event("span-update", {{"id", "g"}, {"output", "x"}, {"level", "ERROR"}})}));
    std::size_t parsed = 0;
    std::size_t stored = 0;
    for (const std::uint64_t seed : test::seeds_of_test(5000)) {
        INFO("ASSAY_SEED=" << seed);
        Rng rng(seed);
        std::string text = batch;
        for (std::uint64_t i = rng.next_below(4); i <= 3; ++i) mutate(text, rng);
        auto events = parse_client_json(text);
        if (!events || !events->is_array()) continue;
        ++parsed;
        const std::size_t count = events->size();
        const NativeBatch read_batch = read(std::move(*events));
        REQUIRE(read_batch.results.size() == count);
        const auto failed = static_cast<std::size_t>(
            std::ranges::count_if(read_batch.results, &EventResult::failed));
        const std::size_t kept = read_batch.entities.traces.size() +
                                 read_batch.entities.observations.size() +
                                 read_batch.entities.scores.size() + read_batch.scores.size();
        const auto silent = static_cast<std::size_t>(
            std::ranges::count_if(read_batch.results, &EventResult::is_silent));
        REQUIRE(failed + kept + silent == count);
        REQUIRE_FALSE(to_text(to_json(read_batch.results)).empty());
        stored += kept;
    }
    CHECK((parsed > 0 || std::getenv("ASSAY_SEED") != nullptr));
    CHECK((stored > 0 || std::getenv("ASSAY_SEED") != nullptr));
}

}  // namespace
}  // namespace assay
