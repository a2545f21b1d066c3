#include <catch2/catch.hpp>

#include "server/query/query.hpp"
#include "server/tracing/records.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {

TEST_CASE("query: what a run wrote is found like what clients sent", "[query]") {
    const TemporaryFolder folder;
    const ProjectId project = default_project_id();
    const RunRecord run = make_run();
    const UnitResult first = make_unit(run, "one", 0);
    const UnitResult second = make_unit(run, "one", 1);
    {
        const auto store = value_of(Store::open(folder.path(), project));
        value_of(store->begin(run));
        value_of(store->commit(run.id, std::vector{first, second}));
    }
    const auto database = value_of(Database::open(folder.path(), Database::Missing::refuse));
    Session& reader = database->reader();
    const auto traces = [&](const char* filter) {
        const FoundRows found = value_of(find_rows(
            reader, project, {.view = trace_view(), .filter = value_of(parse_filter(filter))}));
        std::string ids;
        for (const std::int64_t number : found.rows) {
            const TraceRow row{number};
            const auto records =
                value_of(read_traces(reader, std::span(&row, 1), RecordParts::columns));
            ids += records.at(0).id.value() + " ";
        }
        return ids;
    };
    CHECK(traces("[]") == second.trace_id.value() + " " + first.trace_id.value() + " ");
    CHECK(traces(R"([{"type":"stringObject","column":"metadata","key":"item_id","operator":"=",
                      "value":"item 1"}])") == second.trace_id.value() + " ");
    CHECK(traces(R"([{"type":"stringObject","column":"metadata","key":"item_id",
                      "operator":"ends with","value":"0"}])") == first.trace_id.value() + " ");
    CHECK(traces(R"([{"type":"string","column":"input","operator":"=","value":"item 0"}])") ==
          first.trace_id.value() + " ");
    const FoundRows observations = value_of(find_rows(
        reader, project,
        {.view = observation_view(), .parameters = {text_is("traceId", first.trace_id.value())}}));
    CHECK(observations.rows.size() == first.observations.size());
}

}  // namespace assay::test
