#include <catch2/catch.hpp>

#include "tests/unit/query/rows.hpp"

namespace assay::test {
namespace {

/// The scores of QueryBackend and one of a session.
struct ScoreBackend : QueryBackend {
    ScoreBackend() {
        ScoreRecord score;
        score.id = ScoreId("0abc");
        score.name = "mood";
        score.data_type = "NUMERIC";
        score.source = "ANNOTATION";
        score.environment = "prod";
        score.subject_kind = ScoreSubjectKind::session;
        score.subject_id = "s1";
        score.value = 7;
        score.comment = "so happy";
        score.config_id = "c1";
        score.queue_id = "0123456789";
        score.author = "somebody";
        score.metadata = {{"k", "v"}, {"n", 5}};
        score.timestamp = second(9);
        put_score(std::move(score));
    }

    std::string scores(const std::string& filter, const View& view = score_view()) {
        const auto elements = parse_filter("[{" + filter + "}]");
        if (!elements) return elements.error().message;
        const auto found = find_rows(reader(), k_project, {.view = view, .filter = *elements});
        if (!found) return found.error().message;
        const auto total = count_rows(reader(), k_project, {.view = view, .filter = *elements});
        REQUIRE(total);
        CHECK(*total == static_cast<std::int64_t>(found->ids.size()));
        return joined(found->ids);
    }
    std::string plan(const Query& query) {
        const auto composed = compose(k_project, project(), query, QueryPurpose::rows);
        REQUIRE(composed);
        auto rows = reader().connection().query_composed("EXPLAIN QUERY PLAN " + composed->sql,
                                                         composed->values);
        REQUIRE(rows);
        std::string plan;
        while (*rows->next()) plan += std::string(rows->bytes(3)) + "\n";
        return plan;
    }
};

const std::vector<Order> k_newest_first = {{"timestamp", true}, {"id", true}};

}  // namespace

TEST_CASE("score view: every column finds its scores in both spellings", "[query]") {
    ScoreBackend backend;
    struct Case {
        const char* type;
        const char* id;
        const char* name;
        const char* rest;
        const char* found;
    };
    const Case cases[] = {
        {"string", "id", "ID", R"("operator":"=","value":"0abc")", "0abc"},
        {"string", "name", "Name", R"("operator":"=","value":"accuracy")", "sc1 sc2 sc3"},
        {"datetime", "timestamp", "Timestamp", R"("operator":">","value":"1970-01-01T00:00:06Z")",
         "0abc"},
        {"number", "value", "Value", R"("operator":"<=","value":0.4)", "sc2 sc3 sc4"},
        {"stringOptions", "value", "Value", R"("operator":"any of","value":["0.10","7"])",
         "0abc sc3"},
        {"string", "stringValue", "String Value", R"("operator":"=","value":"True")", "sc5"},
        {"stringOptions", "dataType", "Data Type", R"("operator":"any of","value":["BOOLEAN"])",
         "sc5"},
        {"stringOptions", "source", "Source", R"("operator":"none of","value":["API"])", "0abc"},
        {"string", "environment", "Environment", R"("operator":"=","value":"prod")", "0abc"},
        {"string", "comment", "Comment", R"("operator":"contains","value":"happy")", "0abc"},
        {"string", "traceId", "Trace ID", R"("operator":"=","value":"t2")", "sc3 sc5"},
        {"string", "observationId", "Observation ID", R"("operator":"=","value":"o1")", "sc2 sc4"},
        {"string", "sessionId", "Session ID", R"("operator":"starts with","value":"s")", "0abc"},
        {"null", "datasetRunId", "Dataset Run ID", R"("operator":"is not null","value":"")", ""},
        {"string", "experimentId", "Experiment ID", R"("operator":"=","value":"x")", ""},
        {"string", "configId", "Config ID", R"("operator":"=","value":"c1")", "0abc"},
        {"string", "queueId", "Queue ID", R"("operator":"=","value":"0123456789")", "0abc"},
        {"string", "authorUserId", "Author User ID", R"("operator":"=","value":"somebody")",
         "0abc"},
        {"stringObject", "metadata", "Metadata", R"("key":"k","operator":"=","value":"v")", "0abc"},
        {"numberObject", "metadata", "Metadata", R"("key":"n","operator":">","value":4)", "0abc"},
        {"datetime", "createdAt", "Created At", R"("operator":"<","value":"2000-01-01T00:00:00Z")",
         ""},
        {"datetime", "updatedAt", "Updated At", R"("operator":">","value":"2000-01-01T00:00:00Z")",
         "0abc sc1 sc2 sc3 sc4 sc5"},
        {"string", "userId", "User ID", R"("operator":"=","value":"alice")", "sc1 sc2 sc4"},
        {"string", "traceName", "Trace Name", R"("operator":"=","value":"chat")", "sc1 sc2 sc4"},
        {"arrayOptions", "traceTags", "Trace Tags", R"("operator":"all of","value":["b","c"])",
         "sc3 sc5"},
    };
    for (const Case& each : cases) {
        for (const char* const column : {each.id, each.name}) {
            const std::string filter = std::string(R"("type":")") + each.type + R"(","column":")" +
                                       column + "\"," + each.rest;
            INFO(filter);
            CHECK(backend.scores(filter) == each.found);
        }
    }
}

TEST_CASE("score view: that of traces has no others", "[query]") {
    ScoreBackend backend;
    const std::string any = R"("type":"null","column":"name","operator":"is not null","value":"")";
    CHECK(backend.scores(any) == "0abc sc1 sc2 sc3 sc4 sc5");
    CHECK(backend.scores(any, trace_score_view()) == "sc1 sc2 sc3 sc4 sc5");
}

TEST_CASE("score view: the newest are read off an index", "[query]") {
    ScoreBackend backend;
    for (const View* const view : {&score_view(), &trace_score_view()}) {
        const std::string plan = backend.plan({.view = *view, .order = k_newest_first});
        INFO(plan);
        CHECK(plan.find("score_facts (project=?)") != std::string::npos);
        CHECK(plan.find("SCAN s") == std::string::npos);
    }
    const std::string page =
        backend.plan({.view = score_view(),
                      .order = k_newest_first,
                      .after = {std::int64_t{5}, StoredId(std::string_view("x"))}});
    INFO(page);
    CHECK(page.find("score_facts (project=? AND timestamp<?)") != std::string::npos);
}

TEST_CASE("score view: those of a subject and one of an id are looked up", "[query]") {
    ScoreBackend backend;
    for (const View* const view : {&score_view(), &trace_score_view()}) {
        for (const char* const column : {"traceId", "sessionId", "datasetRunId"}) {
            const std::string of_subject = backend.plan(
                {.view = *view, .parameters = {text_is(column, "t1")}, .order = k_newest_first});
            INFO(of_subject);
            CHECK(of_subject.find("SEARCH s USING PRIMARY KEY (project=? AND subject_kind=? AND "
                                  "subject=?)") != std::string::npos);
        }
    }
    const std::string of_id =
        backend.plan({.view = score_view(), .parameters = {any_of("id", {"sc1", "sc2"})}});
    INFO(of_id);
    CHECK(of_id.find("scores_by_id (project=? AND id=?)") != std::string::npos);
}

TEST_CASE("session view: every column finds its sessions in both spellings", "[query]") {
    ScoreBackend backend;
    const auto sessions = [&](const std::string& filter) {
        const auto elements = parse_filter("[{" + filter + "}]");
        REQUIRE(elements);
        const auto found =
            find_rows(backend.reader(), k_project, {.view = session_view(), .filter = *elements});
        INFO((found ? std::string() : found.error().message));
        REQUIRE(found);
        return found->rows.size();
    };
    for (const char* const column : {"id", "ID"}) {
        CHECK(sessions(std::string(R"("type":"string","column":")") + column +
                       R"(","operator":"=","value":"s1")") == 1);
    }
    for (const char* const column : {"createdAt", "Created At", "timestamp"}) {
        CHECK(sessions(std::string(R"("type":"datetime","column":")") + column +
                       R"(","operator":">","value":"2000-01-01T00:00:00Z")") == 2);
    }
    for (const char* const column : {"userIds", "User ID"}) {
        CHECK(sessions(std::string(R"("type":"arrayOptions","column":")") + column +
                       R"(","operator":"any of","value":["bob"])") == 1);
    }
    for (const char* const column : {"traceTags", "Tags"}) {
        CHECK(sessions(std::string(R"("type":"arrayOptions","column":")") + column +
                       R"(","operator":"all of","value":["a","b"])") == 1);
    }
    CHECK(sessions(R"("type":"string","column":"Environment","operator":"=","value":"prod")") == 1);
}

}  // namespace assay::test
