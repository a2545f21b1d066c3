#include "server/tracing/ingest.hpp"

#include <algorithm>
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

TEST_CASE("ingest: messages of one batch about one observation are of one trace", "[tracing]") {
    const auto message = [](int at, std::optional<TraceId> trace, const char* fields) {
        return ObservationEvent{
            .id = ObservationId("o"), .trace = std::move(trace), .event = event_at(at, fields)};
    };
    std::vector<ObservationEvent> messages = {
        message(2, std::nullopt, R"({"updateType":"SPAN","statusMessage":"done"})"),
        message(1, TraceId("t"), R"({"type":"SPAN","name":"n"})"),
        message(3, TraceId("later"), R"({"updateType":"SPAN","level":"ERROR"})")};
    std::vector<std::size_t> order = {0, 1, 2};
    do {
        Backend backend;
        IngestBatch batch;
        for (const std::size_t i : order) batch.observations.push_back(messages[i]);
        backend.put(std::move(batch));
        CHECK(backend.count("SELECT count(*) FROM observations") == 1);
        CHECK(backend.count("SELECT count(*) FROM traces") == 1);
        const ObservationRecord record = backend.observations("t").at(0);
        CHECK(record.name == "n");
        CHECK(record.level == "ERROR");
        CHECK(record.status_message == "done");
    } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("ingest: an observation moves to its trace when a later batch names that", "[tracing]") {
    const std::vector<ObservationEvent> messages = {
        {.id = ObservationId("o"),
         .trace = std::nullopt,
         .event = event_at(2, R"({"updateType":"SPAN","statusMessage":"done",
                                  "metadata":{"k":"v"}})")},
        {.id = ObservationId("o"),
         .trace = TraceId("t"),
         .event = event_at(1, R"({"type":"SPAN","name":"n","startTime":1000000000})")},
        {.id = ObservationId("o"),
         .trace = std::nullopt,
         .event = event_at(3, R"({"updateType":"SPAN","level":"ERROR"})")}};
    std::vector<std::size_t> order = {0, 1, 2};
    do {
        Backend backend;
        for (const std::size_t i : order) {
            IngestBatch batch;
            batch.observations.push_back(messages[i]);
            backend.put(std::move(batch));
        }
        INFO(order[0] << order[1] << order[2]);
        CHECK_FALSE(backend.trace("o"));
        CHECK(backend.trace("t")->timestamp == second(1));
        CHECK(backend.trace("t")->metadata == Json::object());
        CHECK(backend.count("SELECT count(*) FROM observations") == 1);
        CHECK(backend.count("SELECT count(*) FROM trace_states") == 0);
        CHECK(backend.count("SELECT count(*) FROM traces WHERE mentioned IS NULL") == 1);
        const ObservationRecord record = backend.observations("t").at(0);
        CHECK(record.name == "n");
        CHECK(record.level == "ERROR");
        CHECK(record.status_message == "done");
        CHECK(record.metadata == Json({{"k", "v"}}));
    } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("ingest: a made-up trace stays when somebody else speaks of it", "[tracing]") {
    const auto alone = [](const char* id, const char* trace, int at) {
        std::optional<TraceId> named;
        if (trace != nullptr) named.emplace(trace);
        return ObservationEvent{.id = ObservationId(id),
                                .trace = named,
                                .event = event_at(at, R"({"type":"SPAN","name":"n"})")};
    };
    Backend backend;
    backend.put({.traces = {}, .observations = {alone("spoken", nullptr, 1)}, .scores = {}});
    backend.put_trace("spoken", event_at(2, R"({"name":"of a client"})"));
    backend.put({.traces = {}, .observations = {alone("spoken", "t", 3)}, .scores = {}});
    CHECK(backend.trace("spoken")->name == "of a client");
    CHECK(backend.observations("spoken").empty());
    CHECK(backend.observations("t").size() == 1);

    backend.put({.traces = {}, .observations = {alone("full", nullptr, 1)}, .scores = {}});
    backend.put({.traces = {}, .observations = {alone("other", "full", 2)}, .scores = {}});
    backend.put({.traces = {}, .observations = {alone("full", "t", 3)}, .scores = {}});
    CHECK(backend.observations("full").size() == 1);
    CHECK(backend.observations("t").size() == 2);

    // Who names the made-up trace itself means it.
    backend.put({.traces = {}, .observations = {alone("own", nullptr, 1)}, .scores = {}});
    backend.put({.traces = {}, .observations = {alone("own", "own", 2)}, .scores = {}});
    backend.put({.traces = {}, .observations = {alone("own", "t", 3)}, .scores = {}});
    CHECK(backend.observations("own").size() == 1);
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
