#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>
#include <future>
#include <latch>
#include <set>
#include <vector>

#include "server/store/write_queue.hpp"
#include "server/tracing/ingest.hpp"
#include "server/tracing/score_records.hpp"
#include "tests/crash/fault_vfs.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {

// What clients send while every operation on the disk fails once, or for good, or is the last one
// before a power loss: the server's way, several requests in one commit.

namespace {

namespace fs = std::filesystem;

const ProjectId k_project("p");
constexpr int k_groups = 2;
constexpr int k_group_requests = 3;
constexpr int k_requests = k_groups * k_group_requests;

std::string id_of(const char* kind, int request) { return fmt::format("{}-{}", kind, request); }

EntityEvent event_of(int request, Json fields) {
    return {.at = Time(std::chrono::seconds(request)),
            .input = std::string(200, 'i'),
            .output = fmt::format("output of {}", request),
            .fields = std::move(fields)};
}

/// A trace with an observation and a score.
IngestBatch batch_of(int request) {
    const TraceId trace(id_of("t", request));
    return {.traces = {{trace, event_of(request, {{"name", "n"},
                                                  {"sessionId", id_of("session", request)},
                                                  {"metadata", {{"request", request}}}})}},
            .observations = {{.id = ObservationId(id_of("o", request)),
                              .trace = trace,
                              .event = event_of(request, {{"type", "GENERATION"}})}},
            .scores = {{{.id = ScoreId(id_of("s", request)),
                         .name = "ok",
                         .data_type = "NUMERIC",
                         .source = "API",
                         .environment = "default",
                         .subject_kind = ScoreSubjectKind::trace,
                         .subject_id = trace.value(),
                         .value = 1.0}}}};
}

WriteQueue::Job job_of(int request) {
    return [request](Session& writer) -> Result<void> {
        ASSAY_CHECK(ingest(writer, k_project, batch_of(request), Time(std::chrono::hours(1))));
        return {};
    };
}

/// What was said to clients.
struct Said {
    std::set<int> acknowledged;
    bool after_the_failure = false;  ///< something was acknowledged although nothing works any more
};

/// Hands the requests of a group in together, so that they share a commit, and waits for all.
void send_group(WriteQueue& queue, int group, const FaultVfs& disk, Said& said) {
    std::latch all_wait(1);
    std::promise<void> held;
    std::vector<std::promise<bool>> told(k_group_requests);
    const auto hold = [&](Session&) -> Result<void> {
        all_wait.wait();
        return {};
    };
    REQUIRE(queue.submit(hold, [&](const Result<void>&) { held.set_value(); }, 1));
    for (int i = 0; i < k_group_requests; ++i) {
        std::promise<bool>& answer = told[static_cast<std::size_t>(i)];
        REQUIRE(queue.submit(
            job_of(group * k_group_requests + i),
            [&answer](const Result<void>& outcome) { answer.set_value(outcome.has_value()); }, 1));
    }
    const bool had_failed = disk.has_failed();
    all_wait.count_down();
    held.get_future().get();
    for (int i = 0; i < k_group_requests; ++i) {
        if (!told[static_cast<std::size_t>(i)].get_future().get()) continue;
        said.acknowledged.insert(group * k_group_requests + i);
        said.after_the_failure |= had_failed;
    }
}

void execute(const fs::path& folder, const FaultVfs& disk, Said& said) {
    const auto database = Database::open(folder, Database::Missing::create);
    if (!database) return;
    WriteQueue queue(**database);
    for (int group = 0; group < k_groups; ++group) send_group(queue, group, disk, said);
}

/// How many rows there are of one request: 0 or 1 of each kind, all alike.
int count_of(Session& reader, std::int64_t project, int request) {
    const auto row = find_trace_row(reader, project, TraceId(id_of("t", request))).value();
    const std::array score = {ScoreId(id_of("s", request))};
    CHECK(read_score_records(reader, project, score).value().size() == (row ? 1 : 0));
    if (!row) return 0;
    const auto trace = read_traces(reader, std::span(&*row, 1), RecordParts::all).value().at(0);
    CHECK(trace.metadata == Json({{"request", request}}));
    CHECK(trace.output == fmt::format("output of {}", request));
    CHECK(trace.session_id == id_of("session", request));
    const auto observations =
        read_observation_records(reader, observations_of(reader, project, *row).value(),
                                 RecordParts::all)
            .value();
    REQUIRE(observations.size() == 1);
    CHECK(observations[0].output == trace.output);
    return 1;
}

/// What was acknowledged is there, nothing is there in part, and all can be sent again.
void check_store(const fs::path& folder, const Said& said) {
    const FaultVfs disk;  // does not wait for the real one
    CHECK(query_file(file_of(folder), "PRAGMA integrity_check") == std::vector<std::string>{"ok"});
    {
        const auto database = Database::open(folder, Database::Missing::create).value();
        Session& reader = database->reader();
        const std::int64_t project = reader.find_project(k_project).value();
        for (int request = 0; request < k_requests; ++request) {
            INFO("request " << request);
            const int there = count_of(reader, project, request);
            if (said.acknowledged.contains(request)) CHECK(there == 1);
        }
    }
    Said again;
    execute(folder, disk, again);
    CHECK(again.acknowledged.size() == k_requests);
    const auto database = Database::open(folder, Database::Missing::refuse).value();
    for (const char* const sql :
         {"SELECT count(*) FROM traces", "SELECT count(*) FROM observations",
          "SELECT count(*) FROM scores", "SELECT count(*) FROM sessions"}) {
        CHECK(database->reader().connection().find_integer(sql).value() == k_requests);
    }
}

/// A store that has all of it already.
void prepare_store(const fs::path& folder) {
    static const TemporaryFolder made;
    static const bool is_made = [] {
        const FaultVfs disk;
        Said said;
        execute(made.path(), disk, said);
        return said.acknowledged.size() == k_requests;
    }();
    REQUIRE(is_made);
    for (const auto& entry : fs::directory_iterator(made.path())) {
        fs::copy_file(entry.path(), folder / entry.path().filename());
    }
}

}  // namespace

TEST_CASE("ingest: each failed disk operation refuses and loses nothing", "[crash][tracing]") {
    const bool is_new = GENERATE(true, false);
    const auto how = GENERATE(FaultVfs::Failing::once, FaultVfs::Failing::for_good,
                              FaultVfs::Failing::writes_for_good);
    std::uint64_t operation = 1;
    for (bool happened = true; happened; ++operation) {
        INFO("operation " << operation);
        const TemporaryFolder folder;
        if (!is_new) prepare_store(folder.path());
        Said said;
        {
            FaultVfs disk;
            disk.fail(operation, how);
            execute(folder.path(), disk, said);
            happened = disk.has_failed();
        }
        if (how != FaultVfs::Failing::once) CHECK_FALSE(said.after_the_failure);
        check_store(folder.path(), said);
    }
    CHECK(operation > 20);
}

TEST_CASE("ingest: a power loss at any operation loses nothing that was acknowledged",
          "[crash][tracing]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    std::uint64_t operation = 1;
    for (bool happened = true; happened; ++operation) {
        INFO("operation " << operation);
        const TemporaryFolder folder;
        const TemporaryFolder survivor;
        Said said;
        {
            FaultVfs disk;
            disk.fail(operation, FaultVfs::Failing::for_good);
            execute(folder.path(), disk, said);
            happened = disk.has_failed();
            disk.lose_power(folder.path(), survivor.path(), rng);
        }
        check_store(survivor.path(), said);
    }
    CHECK(operation > 20);
}

TEST_CASE("ingest: after a failed sync nothing is acknowledged before a new start",
          "[crash][tracing]") {
    const TemporaryFolder folder;
    Said said;
    {
        FaultVfs disk;
        const auto database = Database::open(folder.path(), Database::Missing::create).value();
        WriteQueue queue(*database);
        send_group(queue, 0, disk, said);
        CHECK(said.acknowledged.size() == k_group_requests);
        disk.fail_syncs(FaultVfs::Failing::once);
        send_group(queue, 1, disk, said);
        REQUIRE(disk.has_failed());
        // The disk works again, but nobody knows what is on it.
        send_group(queue, 1, disk, said);
        CHECK(said.acknowledged.size() == k_group_requests);
        Session& reader = database->reader();
        CHECK(count_of(reader, reader.find_project(k_project).value(), 0) == 1);
    }
    check_store(folder.path(), said);
}

}  // namespace assay::test
