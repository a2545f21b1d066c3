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

TEST_CASE("query: what a run wrote is linked to the version of a prompt that it used", "[query]") {
    const TemporaryFolder folder;
    const ProjectId project = default_project_id();
    const RunRecord run = make_run();
    UnitResult unit = make_unit(run, "one", 0);
    Observation& call = unit.observations.at(0);
    call.prompt_name = "greet";
    call.prompt_version = 2;
    {
        const auto store = value_of(Store::open(folder.path(), project));
        value_of(store->begin(run));
        value_of(store->commit(run.id, std::vector{unit}));
    }
    const auto prompt_id = [&] {
        const auto database = value_of(Database::open(folder.path(), Database::Missing::refuse));
        Session& reader = database->reader();
        const auto row = value_of(
            find_observation_row(reader, value_of(reader.find_project(project)),
                                 ObservationId(derive_observation_id(unit.trace_id, call.name))));
        const auto records = value_of(
            read_observation_records(reader, std::span(&row.value(), 1), RecordParts::all));
        CHECK(records.at(0).prompt_name == "greet");
        CHECK(records.at(0).prompt_version == 2);
        return records.at(0).prompt_id;
    };
    CHECK_FALSE(prompt_id());
    for (const int version : {1, 2}) {
        query_file(file_of(folder.path()),
                   "INSERT INTO prompts(project, id, name, version, type, content, config, "
                   "created_by, created_at, updated_at) SELECT project, 'id-" +
                       std::to_string(version) + "', 'greet', " + std::to_string(version) +
                       ", 'text', '\"hello\"', '{}', 'API', 1, 1 FROM projects LIMIT 1");
    }
    CHECK(prompt_id() == "id-2");
}

}  // namespace assay::test
