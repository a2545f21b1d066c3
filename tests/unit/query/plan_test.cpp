#include <catch2/catch.hpp>

#include "server/store/metadata_tokens.hpp"
#include "tests/unit/query/rows.hpp"

namespace assay::test {
namespace {

/// What SQLite makes of a query, a line for each step.
std::string explain(QueryBackend& backend, const ComposedQuery& composed) {
    (void)find_rows(backend.reader(), k_project, {.view = trace_view()});  // adds the functions
    auto rows = backend.reader().connection().query_composed("EXPLAIN QUERY PLAN " + composed.sql,
                                                             composed.values);
    REQUIRE(rows);
    std::string plan;
    while (*rows->next()) plan += std::string(rows->bytes(3)) + "\n";
    return plan;
}

std::string plan_of(QueryBackend& backend, const Query& query, QueryPurpose purpose) {
    const auto composed = compose(k_project, backend.project(), query, purpose);
    REQUIRE(composed);
    return explain(backend, *composed);
}

std::string rows_plan(QueryBackend& backend, const Query& query) {
    return plan_of(backend, query, QueryPurpose::rows);
}

bool holds(const std::string& plan, const char* part) {
    return plan.find(part) != std::string::npos;
}

FilterElement metadata_is(const char* key, const char* value) {
    return {FilterType::string_object, "metadata", FilterOperator::equal, key, std::string(value)};
}

}  // namespace

TEST_CASE("plans: the newest traces are read off an index", "[query]") {
    QueryBackend backend;
    const std::string plan =
        rows_plan(backend, {.view = trace_view(), .order = {{"timestamp", true}}});
    INFO(plan);
    CHECK(holds(plan, "SEARCH t USING INDEX traces_by_time (project=?)"));
    CHECK_FALSE(holds(plan, "TEMP B-TREE"));
    CHECK_FALSE(holds(plan, "SCAN"));
}

TEST_CASE("plans: a time range of traces is a part of the index", "[query]") {
    QueryBackend backend;
    const std::string plan = rows_plan(backend, {.view = trace_view(),
                                                 .parameters = {not_before("timestamp", second(1)),
                                                                before("timestamp", second(2))},
                                                 .order = {{"timestamp", true}}});
    INFO(plan);
    CHECK(holds(plan, "traces_by_time (project=? AND timestamp>? AND timestamp<?)"));
    CHECK_FALSE(holds(plan, "TEMP B-TREE"));
}

TEST_CASE("plans: a user's traces are read off an index", "[query]") {
    QueryBackend backend;
    const std::string plan = rows_plan(backend, {.view = trace_view(),
                                                 .parameters = {text_is("userId", "alice")},
                                                 .order = {{"timestamp", true}}});
    INFO(plan);
    CHECK(holds(plan, "traces_by_user (project=? AND user_id=?)"));
    CHECK_FALSE(holds(plan, "TEMP B-TREE"));
}

TEST_CASE("plans: the newest observations are read off an index", "[query]") {
    QueryBackend backend;
    const Query query{.view = observation_view(),
                      .order = {{"startTime", true}, {"id", true}, {"traceId", true}}};
    const std::string plan = rows_plan(backend, query);
    INFO(plan);
    CHECK(holds(plan, "observation_facts (project=?)"));
    // Only those of one time are sorted.
    CHECK_FALSE(holds(plan, "USE TEMP B-TREE FOR ORDER BY"));
    Query rest = query;
    rest.after = {std::int64_t{1}, StoredId("o"), StoredId("t")};
    const std::string rest_plan = rows_plan(backend, rest);
    INFO(rest_plan);
    CHECK(holds(rest_plan, "observation_facts (project=? AND start_time<?)"));
}

TEST_CASE("plans: metadata that much has is looked for in the order of the list", "[query]") {
    QueryBackend backend;
    const Query query{.view = observation_view(),
                      .filter = {metadata_is("step", "two")},
                      .order = {{"startTime", true}}};
    const auto plan = [&] {
        const auto composed =
            compose(k_project, backend.project(), query, QueryPurpose::rows, &backend.reader());
        REQUIRE(composed);
        return explain(backend, *composed);
    };
    CHECK(holds(plan(), "SEARCH o USING INTEGER PRIMARY KEY (rowid=?)"));
    const std::string token = metadata_tokens(k_project, Json{{"step", "two"}});
    REQUIRE(backend.database->transact([&] {
        return backend.database->writer().connection().run(
            "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 21000) "
            "INSERT INTO observation_metadata(rowid, tokens) SELECT i, ?1 FROM n",
            std::string_view(token));
    }));
    const std::string walk = plan();
    INFO(walk);
    CHECK(holds(walk, "observation_facts (project=?)"));
    CHECK_FALSE(holds(walk, "USE TEMP B-TREE FOR ORDER BY"));
    CHECK(QueryBackend::joined(
              *backend.ids_of({.view = observation_view(), .filter = query.filter, .limit = 2},
                              QueryBackend::Counting::left_out)) == "o3");
}

TEST_CASE("plans: what an index knows is not looked for in the whole project", "[query]") {
    QueryBackend backend;
    struct Row {
        const View& view;
        FilterElement element;
        const char* step;
    };
    const std::vector<Row> rows = {
        {trace_view(), text_is("sessionId", "s"), "traces_by_session (session=?)"},
        {trace_view(), text_is("id", "t"), "(project=? AND id=?)"},
        {trace_view(), metadata_is("k", "v"), "SEARCH t USING INTEGER PRIMARY KEY (rowid=?)"},
        {observation_view(), text_is("traceId", "t"), "observations_by_trace (trace=?)"},
        {observation_view(), text_is("userId", "u"), "observations_by_trace (trace=?)"},
        {observation_view(), text_is("sessionId", "s"), "observations_by_trace (trace=?)"},
        {observation_view(), text_is("id", "o"), "SEARCH o USING INTEGER PRIMARY KEY (rowid=?)"},
        {observation_view(), metadata_is("k", "v"), "SEARCH o USING INTEGER PRIMARY KEY (rowid=?)"},
    };
    for (const Row& row : rows) {
        const char* const time = &row.view == &trace_view() ? "timestamp" : "startTime";
        const Query query{.view = row.view, .filter = {row.element}, .order = {{time, true}}};
        for (const auto purpose : {QueryPurpose::rows, QueryPurpose::count}) {
            const std::string plan = plan_of(backend, query, purpose);
            INFO(row.element.column << "\n" << plan);
            CHECK(holds(plan, row.step));
        }
    }
}

}  // namespace assay::test
