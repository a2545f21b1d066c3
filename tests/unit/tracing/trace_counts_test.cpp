#include "server/tracing/trace_counts.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "core/base/random.hpp"
#include "server/store/trace_rows.hpp"
#include "server/tracing/removal.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/tracing/backend.hpp"

namespace assay::test {
namespace {

constexpr std::int64_t k_period = std::int64_t{1} << 44;
constexpr const char* k_count =
    "SELECT count(*) FROM traces WHERE project = ?1 AND mentioned IS NULL AND timestamp >= ?2 "
    "AND timestamp <= ?3";
constexpr const char* k_differences =
    "SELECT count(*) FROM (SELECT project, period, traces, 'kept' FROM trace_counts UNION ALL "
    "SELECT project, timestamp >> 44, count(*), 'there' FROM traces WHERE mentioned IS NULL "
    "GROUP BY 1, 2) GROUP BY project, period, traces HAVING count(*) <> 2";

/// Clients, runs and removals that do anything to few traces of two projects.
class World {
  public:
    explicit World(std::uint64_t seed) : rng_(seed) {}

    void step() {
        const bool is_undone = rng_.next_below(8) == 0;
        const Result<void> done = backend_.database->transact([&]() -> Result<void> {
            ASSAY_CHECK(change());
            if (is_undone) return failure(ErrorCode::cancelled, "undone");
            return {};
        });
        INFO((done ? std::string() : done.error().message));
        REQUIRE(done.has_value() != is_undone);
    }

    void check_counts() {
        const auto differences = backend_.reader().connection().find_integer(k_differences);
        REQUIRE(differences);
        CHECK_FALSE(differences->has_value());
    }

    void check_range() {
        const std::int64_t project = rows_of(project_id());
        const std::array ends = {time(), time()};
        const auto expected = backend_.reader().connection().find_integer(
            k_count, project, ends[0].time_since_epoch().count(),
            ends[1].time_since_epoch().count());
        const auto counted =
            count_traces(backend_.reader(), project, {.first = ends[0], .last = ends[1]});
        REQUIRE(counted);
        INFO(ends[0].time_since_epoch().count() << " to " << ends[1].time_since_epoch().count());
        CHECK(*counted == expected.value().value());
    }

    void check_all() {
        const std::int64_t project = rows_of(project_id());
        const auto expected = backend_.reader().connection().find_integer(
            "SELECT count(*) FROM traces WHERE project = ?1 AND mentioned IS NULL", project);
        CHECK(count_traces(backend_.reader(), project, {}).value() == expected.value().value());
        traces_seen_ += expected.value().value();
    }
    [[nodiscard]] std::int64_t traces_seen() const { return traces_seen_; }

  private:
    Result<void> change() {
        switch (rng_.next_below(12)) {
            case 0: return remove_one();
            case 1: return remove_old();
            case 2: return write_unit();
            case 3: return rewrite_unit();
            case 4:
                if (rng_.next_below(10) != 0) return {};
                ASSAY_CHECK(remove_project_data(writer(), project_id(), rng_.next_below(9)));
                return {};
            default: return receive();
        }
    }

    Result<void> receive() {
        IngestBatch batch;
        for (std::uint64_t i = 0; i <= rng_.next_below(4); ++i) {
            EntityEvent event{.at = time()};
            if (rng_.next_below(2) == 0) {
                event.fields["timestamp"] = time().time_since_epoch().count();
                batch.traces.push_back({trace(), std::move(event)});
                continue;
            }
            event.fields["startTime"] = time().time_since_epoch().count();
            ObservationEvent observation{.id = ObservationId(trace().value()),
                                         .event = std::move(event)};
            if (rng_.next_below(3) != 0) observation.trace = trace();
            batch.observations.push_back(std::move(observation));
        }
        if (rng_.next_below(3) == 0) {
            ScoreRecord score{.id = ScoreId(trace().value()),
                              .name = "s",
                              .data_type = "NUMERIC",
                              .source = "API",
                              .environment = "default",
                              .subject_id = trace().value(),
                              .value = 1,
                              .timestamp = time()};
            batch.scores.push_back({std::move(score)});
        }
        ASSAY_CHECK(ingest(writer(), project_id(), std::move(batch), k_now));
        return {};
    }
    Result<void> remove_one() {
        ASSAY_CHECK(remove_trace(writer(), project_id(), trace()));
        return {};
    }
    Result<void> remove_old() {
        ASSAY_CHECK(remove_older(writer(), project_id(), time(), 1 + rng_.next_below(5)));
        return {};
    }
    Result<void> write_unit() {
        const ProjectId project = project_id();
        ASSAY_TRY(const std::int64_t row, writer().ensure_project(project));
        ASSAY_TRY(const std::int64_t symbol, writer().symbol("run"));
        const TraceOwner owner{project, row, trace()};
        ASSAY_TRY(const auto added, add_trace(writer(), owner, {time(), symbol, symbol, 1}));
        if (!added) return {};
        DocumentWriter document;
        for (int slot = 0; slot < 3; ++slot) document.add_null();
        return put_content(writer(), owner, *added, {document, Json(), {}, {}, symbol});
    }
    Result<void> rewrite_unit() {
        return writer().connection().run("UPDATE traces SET timestamp = ?1 WHERE id = ?2",
                                         time().time_since_epoch().count(), StoredId(trace()));
    }

    Session& writer() { return backend_.database->writer(); }
    std::int64_t rows_of(const ProjectId& project) {
        return backend_.reader().find_project(project).value();
    }
    const ProjectId& project_id() { return projects_[rng_.next_below(projects_.size())]; }
    TraceId trace() { return TraceId("t" + std::to_string(rng_.next_below(12))); }
    /// Around the ends of periods, and at the ends of time.
    Time time() {
        const auto end = static_cast<std::int64_t>(rng_.next_below(7)) - 3;
        const auto beside = static_cast<std::int64_t>(rng_.next_below(3)) - 1;
        switch (rng_.next_below(20)) {
            case 0: return Time::min();
            case 1: return Time::max();
            default: return Time(std::chrono::nanoseconds(end * k_period + beside));
        }
    }

    Rng rng_;
    Backend backend_;
    std::array<ProjectId, 2> projects_ = {ProjectId("p"), ProjectId("q")};
    std::int64_t traces_seen_ = 0;
};

}  // namespace

TEST_CASE("trace counts: they are what counting gives after anything that happens", "[tracing]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    World world(seed);
    for (int i = 0; i < 400; ++i) {
        world.step();
        world.check_counts();
        world.check_range();
        world.check_all();
    }
    CHECK(world.traces_seen() > 400);
}

TEST_CASE("trace counts: a range from late to early is empty", "[tracing]") {
    Backend backend;
    backend.put_trace("t", event_at(5, R"({"timestamp":5000000000})"));
    const auto count = [&](Time first, Time last) {
        return count_traces(backend.reader(), backend.project(), {first, last}).value();
    };
    CHECK(count(second(6), second(4)) == 0);
    CHECK(count(second(5), second(5)) == 1);
    CHECK(count(Time::max(), Time::min()) == 0);
    CHECK(count(Time::min(), Time::max()) == 1);
    CHECK(count_traces(backend.reader(), -1, {}).value() == 0);
}

}  // namespace assay::test
