#include "server/tracing/ingest.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/tracing/backend.hpp"

namespace assay::test {
TEST_CASE("ingest: a trace is read back as it was sent", "[tracing]") {
    Backend backend;
    EntityEvent event = event_at(
        5, R"({"timestamp":3000000000,"name":"chat","userId":"u","sessionId":"s","release":"r",
               "version":"v","tags":["a","b"],"public":true,"environment":"prod",
               "metadata":{"k":{"deep":[1,2]}}})");
    event.input = "{\"q\":1}";
    event.output = "plain text";
    backend.put_trace("t1", event);

    const auto trace = backend.trace("t1");
    REQUIRE(trace);
    CHECK(trace->timestamp == second(3));
    CHECK(trace->created == k_now);
    CHECK(trace->name == "chat");
    CHECK(trace->user_id == "u");
    CHECK(trace->session_id == "s");
    CHECK(trace->release == "r");
    CHECK(trace->version == "v");
    CHECK(trace->environment == "prod");
    CHECK(trace->is_public);
    CHECK_FALSE(trace->is_bookmarked);
    CHECK(trace->tags == std::vector<std::string>{"a", "b"});
    CHECK(trace->input == "{\"q\":1}");
    CHECK(trace->output == "plain text");
    CHECK(trace->metadata == parse_json(R"({"k":{"deep":[1,2]}})").value());
}

TEST_CASE("ingest: a later message adds and an earlier one does not undo", "[tracing]") {
    Backend backend;
    backend.put_trace("t", event_at(2, R"({"name":"second","metadata":{"b":2}})"));
    backend.put_trace("t", event_at(1, R"({"name":"first","userId":"u","metadata":{"a":1}})"));
    const auto trace = backend.trace("t");
    CHECK(trace->name == "second");
    CHECK(trace->user_id == "u");
    CHECK(trace->timestamp == second(1));
    CHECK(trace->metadata == Json({{"a", 1}, {"b", 2}}));
    CHECK(backend.count("SELECT count(*) FROM traces") == 1);
}

TEST_CASE("ingest: sending the same again changes nothing", "[tracing]") {
    Backend backend;
    const IngestBatch batch{
        .traces = {{TraceId("t"), event_at(1, R"({"name":"n","sessionId":"s"})")}},
        .observations = {{.id = ObservationId("o"),
                          .trace = TraceId("t"),
                          .event = event_at(1, R"({"type":"GENERATION","metadata":{"k":"v"}})")}},
        .scores = {}};
    backend.put(batch);
    backend.put(batch);
    CHECK(backend.count("SELECT count(*) FROM traces") == 1);
    CHECK(backend.count("SELECT count(*) FROM observations") == 1);
    CHECK(backend.count("SELECT count(*) FROM sessions") == 1);
    CHECK(backend.observations("t").at(0).metadata == Json({{"k", "v"}}));
}

TEST_CASE("ingest: an observation makes its trace and its times are put right", "[tracing]") {
    Backend backend;
    backend.put_observation(
        "o2", "t", event_at(9, R"({"type":"SPAN","startTime":9000000000,"endTime":4000000000})"));
    backend.put_observation(
        "o1", "t", event_at(9, R"({"type":"EVENT","startTime":7000000000,"endTime":8000000000,
                        "environment":"e","parentObservationId":"o2"})"));
    const auto trace = backend.trace("t");
    REQUIRE(trace);
    CHECK(trace->timestamp == second(7));
    CHECK_FALSE(trace->name);
    const auto observations = backend.observations("t");
    REQUIRE(observations.size() == 2);
    CHECK(observations[0].id == ObservationId("o1"));
    CHECK_FALSE(observations[0].end);
    CHECK(observations[0].parent_id == "o2");
    CHECK(observations[1].end == observations[1].start);
    // What the trace says of itself comes first.
    backend.put_trace("t", event_at(8, R"({"timestamp":8000000000,"name":"spoken"})"));
    CHECK(backend.trace("t")->timestamp == second(8));
    CHECK(backend.trace("t")->name == "spoken");
}

TEST_CASE("ingest: an update before its creation waits for it", "[tracing]") {
    Backend backend;
    EntityEvent update = event_at(5, R"({"updateType":"SPAN","endTime":6000000000})");
    update.is_update = true;
    update.output = "done";
    backend.put_observation("o", "t", update);
    backend.put_observation(
        "o", "t",
        event_at(4, R"({"type":"GENERATION","name":"call","startTime":4000000000,"model":"m"})"));
    const auto observation = backend.observations("t").at(0);
    CHECK(observation.type == "GENERATION");
    CHECK(observation.name == "call");
    CHECK(observation.start == second(4));
    CHECK(observation.end == second(6));
    CHECK(observation.output == "done");
    CHECK(observation.model == "m");
    CHECK(observation.level == "DEFAULT");
}

TEST_CASE("ingest: an observation stays in its first trace unless its id is its trace's",
          "[tracing]") {
    Backend backend;
    backend.put_observation("o", "t1", event_at(1, R"({"type":"SPAN"})"));
    backend.put_observation("o", "t2", event_at(2, R"({"updateType":"SPAN","name":"n"})"));
    CHECK(backend.observations("t1").at(0).name == "n");
    CHECK_FALSE(backend.trace("t2"));

    backend.put({.traces = {},
                 .observations = {{.id = ObservationId("o"),
                                   .trace = TraceId("t3"),
                                   .is_id_unique = false,
                                   .event = event_at(3, R"({"type":"SPAN","name":"other"})")}},
                 .scores = {}});
    CHECK(backend.observations("t3").at(0).name == "other");
    CHECK(backend.observations("t1").at(0).name == "n");
}

TEST_CASE("ingest: an observation without a trace gets one of its own", "[tracing]") {
    Backend backend;
    backend.put({.traces = {},
                 .observations = {{.id = ObservationId("alone"),
                                   .trace = std::nullopt,
                                   .event = event_at(1, R"({"type":"SPAN","name":"n"})")}},
                 .scores = {}});
    CHECK(backend.observations("alone").size() == 1);
    CHECK(backend.trace("alone")->name == "n");
}

TEST_CASE("ingest: what a client says it cost is what it cost", "[tracing]") {
    Backend backend;
    backend.put_observation("o", "t", event_at(1, R"({"type":"GENERATION","model":"unknown-model",
        "usageDetails":{"input":10,"output":5},"costDetails":{"input":0.25,"output":0.5}})"));
    const auto observation = backend.observations("t").at(0);
    CHECK(observation.total_cost == 0.75);
    CHECK(observation.usage_details.at("total") == 15);
    CHECK(backend.count("SELECT cost FROM observations") == 750'000'000);
    CHECK(backend.count("SELECT input_tokens FROM observations") == 10);
}

TEST_CASE("ingest: a trace that is only mentioned is not there until it comes", "[tracing]") {
    Backend backend;
    REQUIRE(backend.database->transact([&]() -> Result<void> {
        ASSAY_CHECK(mention_trace(backend.database->writer(), k_project, TraceId("t"), k_now));
        return {};
    }));
    CHECK_FALSE(backend.trace("t"));
    backend.put_trace("t", event_at(1, R"({"name":"n"})"));
    CHECK(backend.trace("t")->name == "n");
    CHECK(backend.trace("t")->timestamp == second(1));
}

TEST_CASE("ingest: natively a prompt is linked only when there is one", "[tracing]") {
    Backend backend;
    const char* const fields = R"({"type":"GENERATION","promptName":"greet","promptVersion":1})";
    backend.put_observation("o", "native", event_at(1, fields));
    backend.put({.traces = {},
                 .observations = {{.id = ObservationId("o"),
                                   .trace = TraceId("otel"),
                                   .is_id_unique = false,
                                   .event = event_at(1, fields)}},
                 .scores = {}});
    CHECK_FALSE(backend.observations("native").at(0).prompt_name);
    CHECK_FALSE(backend.observations("native").at(0).prompt_version);
    CHECK(backend.observations("otel").at(0).prompt_name == "greet");
    CHECK_FALSE(backend.observations("otel").at(0).prompt_id);
}

TEST_CASE("ingest: times at the ends of time make no negative duration", "[tracing]") {
    Backend backend;
    backend.put_observation("o", "t", event_at(1, R"({"type":"SPAN",
        "startTime":-9223372036854775807,"endTime":9223372036854775807})"));
    CHECK(backend.observations("t").at(0).end > backend.observations("t").at(0).start);
}

}  // namespace assay::test
