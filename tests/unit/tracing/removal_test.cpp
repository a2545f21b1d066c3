#include "server/tracing/removal.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/base/files.hpp"
#include "tests/unit/tracing/backend.hpp"

namespace assay::test {
namespace {

constexpr const char* k_canary = "canary-5f3c1";
constexpr std::size_t k_part = 100;

/// Whether a file of the store, which is closed for that, has the canary.
bool has_canary(Backend& backend) {
    backend.database.reset();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(backend.folder.path())) {
        if (!entry.is_regular_file()) continue;
        const std::string content = read_file(entry.path(), 1U << 30U).value();
        if (content.find(k_canary) != std::string::npos) return true;
    }
    return false;
}

template <class Write>
void write(Backend& backend, Write what) {
    REQUIRE(backend.database->transact([&] { return what(backend.database->writer()); }));
}

/// A trace with an observation and a score that say the canary wherever they can.
void put_canary(Backend& backend, const char* trace, int at) {
    EntityEvent event = event_at(at, R"({"metadata":{"k":"v"}})");
    event.input = k_canary;
    event.fields["name"] = k_canary;
    event.fields["userId"] = k_canary;
    event.fields["sessionId"] = k_canary;
    event.fields["metadata"]["where"] = k_canary;
    EntityEvent of_observation = event;
    of_observation.fields["type"] = "GENERATION";
    of_observation.fields["model"] = k_canary;
    ScoreRecord score{.id = ScoreId(std::string("score-of-") + trace),
                      .name = k_canary,
                      .data_type = "NUMERIC",
                      .source = "API",
                      .environment = "default",
                      .subject_id = trace,
                      .value = 1,
                      .comment = k_canary,
                      .timestamp = second(at)};
    backend.put({.traces = {{TraceId(trace), event}},
                 .observations = {{.id = ObservationId(std::string("of-") + trace),
                                   .trace = TraceId(trace),
                                   .event = of_observation}},
                 .scores = {{score}}});
}

std::int64_t things(Backend& backend) {
    return backend.count(
        "SELECT (SELECT count(*) FROM traces) + (SELECT count(*) FROM observations) + "
        "(SELECT count(*) FROM scores) + (SELECT count(*) FROM sessions) + "
        "(SELECT count(*) FROM trace_states) + (SELECT count(*) FROM observation_states)");
}

}  // namespace

TEST_CASE("removal: a removed trace leaves nothing in any file", "[tracing]") {
    Backend backend;
    put_canary(backend, "t", 1);
    write(backend, [](Session& writer) -> Result<void> {
        ASSAY_TRY(const bool removed, remove_trace(writer, k_project, TraceId("t")));
        CHECK(removed);
        ASSAY_TRY(const bool again, remove_trace(writer, k_project, TraceId("t")));
        CHECK_FALSE(again);
        ASSAY_TRY(const std::size_t rest, remove_older(writer, k_project, second(9), k_part));
        CHECK(rest == 0);
        return {};
    });
    CHECK_FALSE(backend.trace("t"));
    CHECK(things(backend) == 1);  // the session, which is younger
    write(backend, [](Session& writer) -> Result<void> {
        ASSAY_CHECK(remove_older(writer, k_project, k_now + std::chrono::seconds(1), k_part));
        return forget_unused_symbols(writer);
    });
    CHECK(things(backend) == 0);
    CHECK_FALSE(has_canary(backend));
}

TEST_CASE("removal: what is older goes and what is younger stays", "[tracing]") {
    Backend backend;
    put_canary(backend, "old", 10);
    put_canary(backend, "young", 20);
    // An old trace with an observation that is younger.
    backend.put_trace("mixed", event_at(5, R"({"name":"mixed"})"));
    backend.put_observation("late", "mixed",
                            event_at(30, R"({"type":"SPAN","startTime":30000000000})"));
    write(backend, [](Session& writer) -> Result<void> {
        ASSAY_CHECK(remove_older(writer, k_project, second(15), k_part));
        return {};
    });
    CHECK_FALSE(backend.trace("old"));
    CHECK(backend.trace("young"));
    CHECK(backend.observations("young").size() == 1);
    CHECK_FALSE(backend.trace("mixed"));
    CHECK(backend.count("SELECT count(*) FROM observations") == 2);
    CHECK(backend.count("SELECT count(*) FROM scores") == 1);
}

TEST_CASE("removal: a limited part is removed at a time until nothing is left", "[tracing]") {
    Backend backend;
    for (int i = 0; i < 5; ++i) put_canary(backend, std::to_string(i).c_str(), i);
    std::vector<std::size_t> removed;
    do {
        write(backend, [&](Session& writer) -> Result<void> {
            ASSAY_TRY(const std::size_t count, remove_project_data(writer, k_project, 2));
            removed.push_back(count);
            return forget_unused_symbols(writer);
        });
    } while (removed.back() == 2);
    CHECK(removed == std::vector<std::size_t>{2, 2, 1});
    CHECK(things(backend) == 0);
    CHECK_FALSE(has_canary(backend));
}

TEST_CASE("removal: what clients linked to a trace stays and names a trace that is gone",
          "[tracing]") {
    Backend backend;
    put_canary(backend, "t", 1);
    put_canary(backend, "old", 2);
    write(backend, [&](Session& writer) -> Result<void> {
        ASSAY_TRY(const std::int64_t project, writer.find_project(k_project));
        return writer.connection().run(
            "INSERT INTO run_items(project, dataset_run, position, repetition, id, item_version, "
            "trace, created_at) SELECT ?1, 1, trace, 0, id, 1, trace, 5 FROM traces",
            project);
    });
    write(backend, [](Session& writer) -> Result<void> {
        ASSAY_CHECK(remove_trace(writer, k_project, TraceId("t")));
        ASSAY_CHECK(remove_older(writer, k_project, k_now + std::chrono::seconds(1), k_part));
        return forget_unused_symbols(writer);
    });
    CHECK_FALSE(backend.trace("t"));
    CHECK_FALSE(backend.trace("old"));
    CHECK(backend.count("SELECT count(*) FROM run_items JOIN traces USING(trace)") == 2);
    CHECK(backend.count("SELECT count(*) FROM observations") == 0);
    write(backend, [](Session& writer) -> Result<void> {
        ASSAY_TRY(const std::size_t removed, remove_project_data(writer, k_project, k_part));
        CHECK(removed == 2);
        return {};
    });
    CHECK(backend.count("SELECT count(*) FROM traces") == 0);
    CHECK(backend.count("SELECT count(*) FROM run_items") == 0);
    CHECK_FALSE(has_canary(backend));
}

TEST_CASE("removal: a name that was forgotten can be used again", "[tracing]") {
    Backend backend;
    backend.put_trace("t1", event_at(1, R"({"name":"again"})"));
    write(backend, [](Session& writer) -> Result<void> {
        ASSAY_CHECK(remove_trace(writer, k_project, TraceId("t1")));
        return forget_unused_symbols(writer);
    });
    backend.put_trace("t2", event_at(1, R"({"name":"again"})"));
    CHECK(backend.trace("t2")->name == "again");
}

}  // namespace assay::test
