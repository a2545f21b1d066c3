#include "server/query/query.hpp"

#include <catch2/catch.hpp>

#include "server/query/limits.hpp"
#include "server/store/metadata_tokens.hpp"
#include "tests/unit/query/rows.hpp"

namespace assay::test {
namespace {

struct Question {
    const char* element;  ///< without its braces
    const char* found;
};

// The first is the trace of which nothing is known.
constexpr const char* k_bare = "0123456789abcdef";
constexpr const char* k_all = "0123456789abcdef t1 t2";
constexpr const char* k_others = "0123456789abcdef t2";
constexpr const char* k_bare_and_t1 = "0123456789abcdef t1";

constexpr Question k_trace_questions[] = {
    // Texts that are symbols.
    {R"("type":"string","column":"name","operator":"=","value":"chat")", "t1"},
    {R"("type":"string","column":"Name","operator":"contains","value":"a")", "t1 t2"},
    {R"("type":"string","column":"traceName","operator":"contains","value":"%")", "t2"},
    {R"("type":"string","column":"name","operator":"does not contain","value":"chat")", k_others},
    {R"("type":"string","column":"name","operator":"starts with","value":"sea")", "t2"},
    {R"("type":"string","column":"name","operator":"ends with","value":"at")", "t1"},
    {R"("type":"string","column":"name","operator":"matches","value":"SEARCH")", "t2"},
    {R"("type":"stringOptions","column":"name","operator":"any of","value":["chat","x"])", "t1"},
    {R"("type":"stringOptions","column":"name","operator":"none of","value":["chat"])", k_others},
    {R"("type":"stringOptions","column":"Environment","operator":"any of","value":["prod"])", "t1"},
    {R"("type":"null","column":"name","operator":"is null","value":"")", k_bare},
    {R"("type":"null","column":"name","operator":"is not null","value":"")", "t1 t2"},
    // Texts.
    {R"("type":"string","column":"userId","operator":"=","value":"bob")", "t2"},
    {R"("type":"string","column":"User ID","operator":"ends with","value":"ice")", "t1"},
    {R"("type":"string","column":"userId","operator":"does not contain","value":"o")",
     k_bare_and_t1},
    {R"("type":"stringOptions","column":"userId","operator":"none of","value":["bob"])",
     k_bare_and_t1},
    {R"("type":"null","column":"release","operator":"is null","value":"")", k_others},
    {R"("type":"string","column":"version","operator":"starts with","value":"v")", "t1"},
    // Ids.
    {R"("type":"string","column":"id","operator":"=","value":"0123456789abcdef")", k_bare},
    {R"("type":"string","column":"ID","operator":"contains","value":"789")", k_bare},
    {R"("type":"string","column":"id","operator":"starts with","value":"t")", "t1 t2"},
    {R"("type":"stringOptions","column":"traceId","operator":"any of",
        "value":["t1","0123456789abcdef"])",
     k_bare_and_t1},
    {R"("type":"string","column":"sessionId","operator":"=","value":"s1")", "t1"},
    {R"("type":"string","column":"Session ID","operator":"contains","value":"s")", "t1 t2"},
    {R"("type":"stringOptions","column":"sessionId","operator":"none of","value":["s1"])",
     k_others},
    {R"("type":"null","column":"sessionId","operator":"is null","value":"")", k_bare},
    // Times.
    {R"("type":"datetime","column":"timestamp","operator":">","value":"1970-01-01T00:00:02Z")",
     k_bare},
    {R"("type":"datetime","column":"Timestamp","operator":"<=",
        "value":"1970-01-01T01:00:02+01:00")",
     "t1 t2"},
    // Booleans.
    {R"("type":"boolean","column":"public","operator":"=","value":true)", "t1"},
    {R"("type":"boolean","column":"public","operator":"<>","value":true)", k_others},
    {R"("type":"boolean","column":"⭐️","operator":"=","value":false)", k_all},
    // Sets.
    {R"("type":"arrayOptions","column":"tags","operator":"any of","value":["a","c"])", "t1 t2"},
    {R"("type":"arrayOptions","column":"Tags","operator":"all of","value":["a","b","a"])", "t1"},
    {R"("type":"arrayOptions","column":"traceTags","operator":"none of","value":["a"])", k_others},
    {R"("type":"arrayOptions","column":"tags","operator":"all of","value":[])", k_all},
    {R"("type":"stringOptions","column":"tags","operator":"any of","value":["c"])", "t2"},
    {R"("type":"null","column":"tags","operator":"is null","value":"")", k_bare},
    // Metadata.
    {R"("type":"stringObject","column":"metadata","key":"k","operator":"=","value":"v1")", "t1"},
    {R"("type":"stringObject","column":"metadata","key":"n","operator":"=","value":"5")", "t1"},
    {R"("type":"stringObject","column":"metadata","key":"k","operator":"=","value":"v3")", ""},
    {R"("type":"stringObject","column":"metadata","key":"k","operator":"contains","value":"v")",
     "t1 t2"},
    {R"("type":"stringObject","column":"metadata","key":"k","operator":"does not contain",
        "value":"1")",
     k_others},
    {R"("type":"stringObject","column":"metadata","key":"deep","operator":"ends with",
        "value":"]}")",
     "t1"},
    {R"("type":"stringObject","column":"metadata","key":"deep","operator":"=",
        "value":"{\"x\":[1]}")",
     "t1"},
    {R"("type":"numberObject","column":"metadata","key":"n","operator":">","value":6)", "t2"},
    {R"("type":"numberObject","column":"metadata","key":"n","operator":"<=","value":7.5)", "t1 t2"},
    {R"("type":"booleanObject","column":"metadata","key":"flag","operator":"=","value":true)",
     "t1"},
    {R"("type":"booleanObject","column":"metadata","key":"flag","operator":"<>","value":false)",
     k_bare_and_t1},
    {R"("type":"null","column":"metadata","operator":"is null","value":"")", k_bare},
    // Input and output.
    {R"("type":"string","column":"input","operator":"matches","value":"world hello")", "t1"},
    {R"("type":"string","column":"input","operator":"matches","value":"worl")", ""},
    {R"("type":"string","column":"output","operator":"matches","value":"GRÖSSE 42")", ""},
    {R"("type":"string","column":"output","operator":"matches","value":"gRÖße 42")", "t1"},
    {R"("type":"string","column":"output","operator":"contains","value":"answer")", "t1"},
    {R"("type":"null","column":"Input","operator":"is null","value":"")", k_others},
    // What is computed of observations.
    {R"("type":"number","column":"latency","operator":">=","value":2)", "t1"},
    {R"x("type":"number","column":"Latency (s)","operator":"=","value":0)x", k_bare},
    {R"("type":"number","column":"totalTokens","operator":"=","value":30)", "t1"},
    {R"("type":"number","column":"Input Tokens","operator":">","value":9)", "t1"},
    {R"("type":"number","column":"totalCost","operator":">","value":0.29)", "t1"},
    {R"("type":"null","column":"outputCost","operator":"is null","value":"")", k_others},
    {R"("type":"number","column":"errorCount","operator":"=","value":1)", "t1"},
    {R"("type":"number","column":"Warning Level Count","operator":">","value":0)", "t2"},
    {R"("type":"number","column":"observationCount","operator":"<","value":1)", k_bare},
    {R"("type":"stringOptions","column":"level","operator":"any of","value":["WARNING"])", "t2"},
    // Scores.
    {R"("type":"numberObject","column":"scores_avg","key":"accuracy","operator":">","value":0.5)",
     "t1"},
    {R"x("type":"numberObject","column":"Scores (numeric)","key":"accuracy","operator":"<",
        "value":1)x",
     "t1 t2"},
    {R"("type":"categoryOptions","column":"score_categories","key":"tone",
        "operator":"any of","value":["kind","rude"])",
     "t1"},
    {R"("type":"categoryOptions","column":"scores","key":"tone","operator":"none of",
        "value":["kind"])",
     k_others},
    {R"("type":"numberObject","column":"scores","key":"accuracy","operator":"<","value":0.2)",
     "t2"},
    {R"("type":"booleanObject","column":"scores","key":"safe","operator":"=","value":true)", "t2"},
};

constexpr Question k_observation_questions[] = {
    {R"("type":"string","column":"id","operator":"=","value":"00ff")", "00ff"},
    {R"("type":"stringOptions","column":"type","operator":"any of","value":["SPAN"])",
     "00ff o2 o3"},
    {R"("type":"string","column":"name","operator":"=","value":"llm")", "00ff o1"},
    {R"("type":"null","column":"name","operator":"is null","value":"")", "o3"},
    {R"("type":"stringOptions","column":"level","operator":"none of","value":["DEFAULT"])",
     "o1 o4"},
    {R"("type":"string","column":"statusMessage","operator":"contains","value":"long")", "o1"},
    {R"("type":"string","column":"traceId","operator":"=","value":"t2")", "00ff o4"},
    {R"("type":"string","column":"Trace ID","operator":"contains","value":"1")", "o1 o2 o3"},
    {R"("type":"string","column":"parentObservationId","operator":"=","value":"abcd")", "00ff"},
    {R"("type":"null","column":"parentObservationId","operator":"is null","value":"")", "o1 o4"},
    {R"("type":"boolean","column":"isRootObservation","operator":"=","value":true)", "o1 o3 o4"},
    {R"("type":"boolean","column":"hasParentObservation","operator":"=","value":false)", "o1 o4"},
    {R"("type":"string","column":"model","operator":"=","value":"my-model")", "o1"},
    {R"("type":"string","column":"providedModelName","operator":"starts with","value":"my")", "o1"},
    {R"("type":"null","column":"Model","operator":"is null","value":"")", "00ff o2 o3 o4"},
    {R"("type":"datetime","column":"startTime","operator":">=","value":"1970-01-01T00:00:02Z")",
     "00ff o3 o4"},
    {R"("type":"datetime","column":"End Time","operator":"<","value":"1970-01-01T00:00:03Z")",
     "o2"},
    {R"("type":"null","column":"endTime","operator":"is null","value":"")", "00ff o3 o4"},
    {R"("type":"number","column":"latency","operator":">","value":0.4)", "o1 o2"},
    {R"("type":"number","column":"timeToFirstToken","operator":"=","value":0.5)", "o1"},
    {R"("type":"number","column":"Tokens per second","operator":"=","value":10)", "o1"},
    {R"("type":"number","column":"usage","operator":"=","value":30)", "o1"},
    {R"("type":"number","column":"totalCost","operator":"<","value":1)", "o1"},
    {R"("type":"string","column":"traceName","operator":"=","value":"chat")", "o1 o2 o3"},
    {R"("type":"string","column":"userId","operator":"=","value":"bob")", "00ff o4"},
    {R"("type":"string","column":"sessionId","operator":"=","value":"s1")", "o1 o2 o3"},
    {R"("type":"string","column":"release","operator":"=","value":"r1")", "o1 o2 o3"},
    {R"("type":"arrayOptions","column":"traceTags","operator":"all of","value":["b","c"])",
     "00ff o4"},
    {R"("type":"stringObject","column":"metadata","key":"step","operator":"=","value":"two")",
     "o3"},
    {R"("type":"stringObject","column":"metadata","key":"step","operator":"ends with","value":"o")",
     "o3"},
    {R"("type":"numberObject","column":"metadata","key":"n","operator":"=","value":1)", "o1"},
    {R"("type":"string","column":"input","operator":"=","value":"the prompt")", "o1"},
    {R"("type":"numberObject","column":"scores_avg","key":"accuracy","operator":"=","value":0.4)",
     "o1"},
    {R"("type":"categoryOptions","column":"score_categories","key":"tone",
        "operator":"any of","value":["kind"])",
     "o1"},
    {R"("type":"positionInTrace","column":"positionInTrace","operator":"=","key":"root")",
     "o1 o3 o4"},
    {R"("type":"positionInTrace","column":"positionInTrace","operator":"=","key":"first")",
     "o1 o4"},
    {R"("type":"positionInTrace","column":"positionInTrace","operator":"=","key":"last")",
     "00ff o3"},
    {R"("type":"positionInTrace","column":"positionInTrace",
        "operator":"=","key":"nthFromStart","value":2)",
     "00ff o2"},
    {R"("type":"positionInTrace","column":"positionInTrace",
        "operator":"=","key":"nthFromEnd","value":3)",
     "o1"},
};

std::string array(const char* element) { return "[{" + std::string(element) + "}]"; }

}  // namespace

TEST_CASE("query: each type of filter finds the traces that fulfil it", "[query]") {
    QueryBackend backend;
    for (const auto& [element, found] : k_trace_questions) {
        CAPTURE(element);
        CHECK(backend.traces(array(element)) == found);
    }
    CHECK(backend.traces("[]") == k_all);
}

TEST_CASE("query: each type of filter finds the observations that fulfil it", "[query]") {
    QueryBackend backend;
    for (const auto& [element, found] : k_observation_questions) {
        CAPTURE(element);
        CHECK(backend.observations_where(array(element)) == found);
    }
}

TEST_CASE("query: documents are asked last", "[query]") {
    const Query query{
        .view = trace_view(),
        .filter = *parse_filter(R"([{"type":"string","column":"input","operator":"matches",
                                     "value":"hello"}])"),
        .parameters = {text_is("userId", "alice")}};
    const auto composed = compose(k_project, 1, query, QueryPurpose::count);
    REQUIRE(composed);
    CHECK(composed->sql.find("t.user_id") < composed->sql.find("assay_matches"));
}

TEST_CASE("query: elements and parameters all hold and a filter counts before a parameter",
          "[query]") {
    QueryBackend backend;
    CHECK(backend.traces(
              R"([{"type":"string","column":"name","operator":"contains","value":"a"},
                  {"type":"string","column":"userId","operator":"=","value":"bob"}])") == "t2");
    Query query{.view = trace_view(),
                .filter = *parse_filter(
                    R"([{"type":"string","column":"User ID","operator":"=","value":"bob"}])"),
                .parameters = {text_is("userId", "alice")}};
    CHECK(QueryBackend::joined(*backend.ids_of(query)) == "t2");
    query.parameters.push_back(text_is("name", "chat"));
    CHECK(backend.ids_of(query)->empty());
    query.filter.clear();
    CHECK(QueryBackend::joined(*backend.ids_of(query)) == "t1");
}

TEST_CASE("query: unknown columns and types that do not fit are refused by name", "[query]") {
    QueryBackend backend;
    CHECK(backend.traces(R"([{"type":"string","column":"naem","operator":"=","value":"x"}])")
              .starts_with("filter[0]: traces have no column \"naem\"; did you mean \"name\"?; "
                           "known are id, name, "));
    CHECK(backend.traces(R"([{"type":"boolean","column":"public","operator":"=","value":true},
                             {"type":"number","column":"name","operator":"=","value":1}])") ==
          "filter[1]: the column \"name\" takes filters of the types null, string, stringOptions, "
          "not number");
    CHECK(backend.traces(R"([{"type":"string","column":"metadata","operator":"=","value":"x"}])") ==
          "filter[0]: the column \"metadata\" takes filters of the types booleanObject, null, "
          "numberObject, stringObject, not string");
    CHECK_FALSE(check_filter(observation_view(), {text_is("nothing", "x")}));
    CHECK(check_filter(observation_view(), {text_is("Parent Span ID", "x")}));
}

TEST_CASE("query: rows come in the order that was asked for and in parts", "[query]") {
    QueryBackend backend;
    const auto ids = [&](const Query& query) {
        return QueryBackend::joined(*backend.ids_of(query), false);
    };
    const std::string bare = k_bare;
    Query query{.view = trace_view(), .order = {{"timestamp", true}}};
    CHECK(ids(query) == bare + " t2 t1");
    query.order = {{"timestamp", false}};
    CHECK(ids(query) == "t1 t2 " + bare);
    query.order = {{"name", false}};
    CHECK(ids(query) == bare + " t1 t2");
    query.order = {{"sessionId", true}};
    CHECK(ids(query) == "t2 t1 " + bare);

    query.order = {{"timestamp", true}};
    query.limit = 2;
    CHECK(find_rows(backend.reader(), k_project, query)->has_more);
    query.offset = 2;
    CHECK(ids(query) == "t1");
    CHECK_FALSE(find_rows(backend.reader(), k_project, query)->has_more);
    CHECK(count_rows(backend.reader(), k_project, query) == 3);
    for (const std::int64_t offset : {0, 1, 2, 3, 7}) {
        query.offset = offset;
        const auto found = find_rows(backend.reader(), k_project, query);
        CHECK(count_rows(backend.reader(), k_project, query, *found) == 3);
    }
}

TEST_CASE("query: a cursor goes on where a page ended even between equal times", "[query]") {
    QueryBackend backend;
    for (const char* const id : {"e1", "e2", "abcdef", "e3"}) {
        backend.put_observation(id, "t1", event_at(2, R"({"startTime":1500000000})"));
    }
    backend.put_observation("e1", "t2", event_at(2, R"({"startTime":1500000000})"));
    Query query{.view = observation_view(),
                .order = {{"startTime", true}, {"id", true}, {"traceId", true}},
                .limit = 100};
    const auto all = find_rows(backend.reader(), k_project, query)->rows;
    query.limit = 1;
    std::vector<std::int64_t> paged;
    while (true) {
        const auto found = find_rows(backend.reader(), k_project, query);
        REQUIRE(found);
        REQUIRE(found->rows.size() == 1);
        paged.push_back(found->rows.front());
        if (!found->has_more) break;
        const ObservationRow row{paged.back()};
        const auto record =
            read_observation_records(backend.reader(), std::span(&row, 1), RecordParts::columns)
                ->at(0);
        query.after = {std::int64_t{record.start.time_since_epoch().count()}, StoredId(record.id),
                       StoredId(record.trace_id)};
    }
    CHECK(paged == all);
}

TEST_CASE("query: what was said of an experiment is found", "[query]") {
    QueryBackend backend;
    backend.put_observation("e1", "t1", event_at(2, R"({"experiment":{"id":"x1","name":"first try",
                                                        "datasetId":"d1"}})"));
    CHECK(backend.observations_where(array(
              R"("type":"string","column":"experimentId","operator":"=","value":"x1")")) == "e1");
    CHECK(
        backend.observations_where(array(
            R"("type":"string","column":"Experiment Name","operator":"contains","value":"try")")) ==
        "e1");
    CHECK(backend.observations_where(array(
              R"("type":"stringOptions","column":"experimentDatasetId","operator":"any of",
               "value":["d1"])")) == "e1");
}

TEST_CASE("query: the largest filter is answered", "[query]") {
    QueryBackend backend;
    Json element = {{"type", "stringOptions"}, {"column", "id"}, {"operator", "none of"}};
    for (std::size_t i = 0; i < limits::k_filter_options_max; ++i) {
        element["value"].push_back(std::to_string(i));
    }
    Json filter = Json::array();
    while (filter.size() < limits::k_filter_elements_max) filter.push_back(element);
    for (const View* const view : {&trace_view(), &observation_view(), &score_view()}) {
        const Query query{.view = *view, .filter = *parse_filter(to_text(filter))};
        const auto found = find_rows(backend.reader(), k_project, query);
        INFO((found ? std::string() : found.error().message));
        REQUIRE(found);
        CHECK(found->rows.size() + found->ids.size() > 2);
    }
}

TEST_CASE("query: another project sees nothing", "[query]") {
    QueryBackend backend;
    const ProjectId other("other");
    const Query query{.view = trace_view()};
    CHECK(find_rows(backend.reader(), other, query)->rows.empty());
    const Query by_metadata{
        .view = trace_view(),
        .filter = *parse_filter(R"([{"type":"stringObject","column":"metadata","key":"k",
                                     "operator":"=","value":"v1"}])")};
    CHECK(find_rows(backend.reader(), k_project, by_metadata)->rows.size() == 1);
    CHECK(find_rows(backend.reader(), other, by_metadata)->rows.empty());
    const Query by_session{.view = observation_view(), .parameters = {text_is("sessionId", "s1")}};
    CHECK(find_rows(backend.reader(), other, by_session)->rows.empty());
    CHECK(count_rows(backend.reader(), other, by_session) == 0);
}

TEST_CASE("query: a row that only shares the hash of its metadata is not given", "[query]") {
    QueryBackend backend;
    const std::string token =
        metadata_tokens(k_project, Json{{"k", "v9"}});  // what a colliding value would have left
    REQUIRE(backend.database->transact([&] {
        return backend.database->writer().connection().run(
            "INSERT INTO trace_metadata(rowid, tokens) SELECT trace, ?1 FROM traces WHERE id = "
            "'t2'",
            std::string_view(token));
    }));
    const Query query{
        .view = trace_view(),
        .filter = *parse_filter(R"([{"type":"stringObject","column":"metadata","key":"k",
                                     "operator":"=","value":"v9"}])")};
    CHECK(find_rows(backend.reader(), k_project, query)->rows.empty());
}

}  // namespace assay::test
