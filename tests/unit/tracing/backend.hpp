#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "server/tracing/ingest.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

inline const ProjectId k_project("p");
inline constexpr Time k_now = Time(std::chrono::seconds(1'700'000'000));

inline Time second(int number) { return Time(std::chrono::seconds(number)); }

inline EntityEvent event_at(int at, const char* fields) {
    return {.at = second(at), .fields = parse_json(fields).value()};
}

/// A store with what tests do in it.
struct Backend {
    TemporaryFolder folder;
    std::unique_ptr<Database> database =
        Database::open(folder.path(), Database::Missing::create).value();

    Session& reader() { return database->reader(); }
    std::int64_t project() { return reader().find_project(k_project).value(); }

    IngestOutcome put(IngestBatch batch, Time now = k_now) {
        IngestOutcome outcome;
        const Result<void> done = database->transact([&]() -> Result<void> {
            ASSAY_TRY(outcome, ingest(database->writer(), k_project, std::move(batch), now));
            return {};
        });
        INFO((done ? std::string() : done.error().message));
        REQUIRE(done);
        return outcome;
    }
    void put_trace(const char* id, EntityEvent event) {
        put({.traces = {{TraceId(id), std::move(event)}}, .observations = {}, .scores = {}});
    }
    void put_observation(const char* id, const char* trace, EntityEvent event) {
        put({.traces = {},
             .observations = {{.id = ObservationId(id),
                               .trace = TraceId(trace),
                               .event = std::move(event)}},
             .scores = {}});
    }
    std::optional<TraceRecord> trace(const char* id) {
        const auto row = find_trace_row(reader(), project(), TraceId(id)).value();
        if (!row) return std::nullopt;
        return read_traces(reader(), std::span(&*row, 1), RecordParts::all).value().at(0);
    }
    std::vector<ObservationRecord> observations(const char* trace_id) {
        const auto row = find_trace_row(reader(), project(), TraceId(trace_id)).value();
        const auto rows = observations_of(reader(), project(), row.value()).value();
        return read_observation_records(reader(), rows, RecordParts::all).value();
    }
    std::int64_t count(const char* sql) {
        return reader().connection().find_integer(sql).value().value();
    }
};

}  // namespace assay::test
