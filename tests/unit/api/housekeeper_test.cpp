#include "server/api/housekeeper.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include "server/tracing/ingest.hpp"
#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

/// Runs a housekeeper until it has nothing to do.
void keep_house(ApiFixture& fixture) {
    boost::asio::io_context io;
    Housekeeper housekeeper({.server_thread = io.get_executor(),
                             .access = *fixture.access,
                             .access_thread = fixture.access_thread.get_executor(),
                             .writes = fixture.writes,
                             .clock = fixture.clock,
                             .log = fixture.log});
    boost::asio::co_spawn(io, housekeeper.run(), [](const std::exception_ptr& failed) {
        if (failed) std::rethrow_exception(failed);
    });
    boost::asio::post(io, [&] { housekeeper.stop(); });  // after the round that it has begun
    io.run();
}

void put_trace(ApiFixture& fixture, const char* id, Time at, const ProjectId& project) {
    REQUIRE(fixture.database->transact([&]() -> Result<void> {
        IngestBatch batch;
        batch.traces.push_back({TraceId(id), {.at = at, .fields = {{"name", id}}}});
        ASSAY_CHECK(ingest(fixture.database->writer(), project, std::move(batch), at));
        return {};
    }));
}

std::int64_t traces(ApiFixture& fixture) {
    return fixture.readers
        .read([](Session& reader) {
            return reader.connection().find_integer("SELECT count(*) FROM traces");
        })
        .value()
        .value();
}

}  // namespace

TEST_CASE("housekeeper: what a project does not keep any longer is removed", "[api]") {
    ApiFixture fixture;
    const Time now = fixture.clock.now();
    put_trace(fixture, "old", now - std::chrono::days(5), default_project_id());
    put_trace(fixture, "young", now - std::chrono::days(3), default_project_id());
    put_trace(fixture, "theirs", now - std::chrono::days(500), ProjectId("theirs"));
    keep_house(fixture);
    CHECK(traces(fixture) == 3);
    Project project = *fixture.access->find_project(default_project_id()).value();
    project.retention_days = 4;
    REQUIRE(fixture.access->update_project(project, now));
    keep_house(fixture);
    CHECK(traces(fixture) == 2);
    CHECK_THAT(fixture.log.text(), Catch::Contains("removed"));
}

TEST_CASE("housekeeper: nothing of a deleted project is left and the others stay", "[api]") {
    ApiFixture fixture;
    const Time now = fixture.clock.now();
    put_trace(fixture, "ours", now, default_project_id());
    put_trace(fixture, "theirs", now, ProjectId("theirs"));
    REQUIRE(fixture.access->remove_project(ProjectId("theirs"), now));
    keep_house(fixture);
    CHECK(traces(fixture) == 1);
    keep_house(fixture);
    CHECK(traces(fixture) == 1);
}

}  // namespace assay::test
