#include "server/ingest/score_body.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "core/base/limits.hpp"

namespace assay {
namespace {

const EventFrame k_frame{.at = *parse_rfc3339("2026-11-01T09:30:00Z"), .event_id = "e"};

/// A body with a name, a subject and these members.
Json body_with(Json members) {
    Json body = {{"name", "quality"}, {"traceId", "t"}};
    body.update(members);
    return body;
}

FieldResult<ScoreRecord> read(Json body, const ScoreConfig* config = nullptr) {
    CutFields cut;
    ASSAY_TRY(ScoreDraft draft, read_score_body(body, k_frame, cut));
    return finish_score(std::move(draft), config);
}

std::string fault(Json body, const ScoreConfig* config = nullptr) {
    const auto score = read(std::move(body), config);
    return score ? "" : score.error().sentence();
}

ScoreConfig config_of(const std::string& data_type) {
    ScoreConfig config{.id = ScoreConfigId("c"),
                       .name = "of config",
                       .data_type = data_type,
                       .created = {},
                       .updated = {}};
    if (data_type == "NUMERIC") {
        config.min_value = 0;
        config.max_value = 1;
    }
    if (data_type == "CATEGORICAL") config.categories = {{"bad", 0}, {"correct", 4}};
    if (data_type == "BOOLEAN") config.categories = {{"True", 1}, {"False", 0}};
    return config;
}

TEST_CASE("score body: all members are read", "[ingest]") {
    const auto score = read({{"id", "s1"},
                             {"name", "quality"},
                             {"value", 0.5},
                             {"traceId", "t"},
                             {"observationId", "o"},
                             {"comment", "why"},
                             {"metadata", {{"k", 1}}},
                             {"environment", "Prod"},
                             {"queueId", "q"},
                             {"source", "EVAL"},
                             {"unknown", 1}});
    REQUIRE(score);
    CHECK(score->id == ScoreId("s1"));
    CHECK(score->name == "quality");
    CHECK(score->data_type == "NUMERIC");
    CHECK(score->value == 0.5);
    CHECK_FALSE(score->string_value);
    CHECK(score->subject_kind == ScoreSubjectKind::trace);
    CHECK(score->subject_id == "t");
    CHECK(score->observation_id == "o");
    CHECK(score->comment == "why");
    CHECK(score->metadata == Json{{"k", 1}});
    CHECK(score->environment == "prod");
    CHECK(score->queue_id == "q");
    CHECK(score->source == "EVAL");
    CHECK_FALSE(score->config_id);
    CHECK(score->timestamp == k_frame.at);

    const auto least = read({{"name", "n"}, {"value", 1}, {"sessionId", "s"}});
    REQUIRE(least);
    CHECK(least->id == ScoreId(k_frame.derive_id()));
    CHECK(least->id.value().size() == 32);
    CHECK(least->source == "API");
    CHECK(least->environment == "default");
    CHECK(least->metadata == Json::object());
    CHECK(least->subject_kind == ScoreSubjectKind::session);
    CHECK(read({{"name", "n"}, {"value", 1}, {"datasetRunId", "r"}})->subject_kind ==
          ScoreSubjectKind::dataset_run);
}

TEST_CASE("score body: its value decides the type unless the sender does", "[ingest]") {
    struct Row {
        Json members;
        const char* data_type;
        std::optional<double> value;
        std::optional<std::string> text;
    };
    for (const Row& row :
         {Row{{{"value", 0.9}}, "NUMERIC", 0.9, {}},
          Row{{{"value", 0.9}, {"dataType", "NUMERIC"}}, "NUMERIC", 0.9, {}},
          Row{{{"value", -3}}, "NUMERIC", -3.0, {}}, Row{{{"value", 0}}, "NUMERIC", 0.0, {}},
          Row{{{"value", "correct"}}, "CATEGORICAL", 0.0, "correct"},
          Row{{{"value", "correct"}, {"dataType", "CATEGORICAL"}}, "CATEGORICAL", 0.0, "correct"},
          Row{{{"value", 1}, {"dataType", "BOOLEAN"}}, "BOOLEAN", 1.0, "True"},
          Row{{{"value", 0.0}, {"dataType", "BOOLEAN"}}, "BOOLEAN", 0.0, "False"},
          Row{{{"value", "long text"}, {"dataType", "TEXT"}}, "TEXT", {}, "long text"},
          Row{{{"value", "better"}, {"dataType", "CORRECTION"}}, "CORRECTION", 0.0, "better"}}) {
        CAPTURE(to_text(row.members));
        const auto score = read(body_with(row.members));
        REQUIRE(score);
        CHECK(score->data_type == row.data_type);
        CHECK(score->value == row.value);
        CHECK(score->string_value == row.text);
    }
}

TEST_CASE("score body: a value of another type is refused", "[ingest]") {
    struct Row {
        Json members;
        const char* error;
    };
    for (const Row& row : {
             Row{{{"value", "depth"}, {"dataType", "NUMERIC"}},
                 "body.value must be a number in a score whose data type is NUMERIC"},
             Row{{{"value", 1}, {"dataType", "CATEGORICAL"}},
                 "body.value must be a string in a score whose data type is CATEGORICAL"},
             Row{{{"value", 3}, {"dataType", "BOOLEAN"}},
                 "body.value must be 0 or 1 in a score whose data type is BOOLEAN"},
             Row{{{"value", 0.9}, {"dataType", "BOOLEAN"}},
                 "body.value must be 0 or 1 in a score whose data type is BOOLEAN"},
             Row{{{"value", "True"}, {"dataType", "BOOLEAN"}},
                 "body.value must be 0 or 1 in a score whose data type is BOOLEAN"},
             Row{{{"value", true}, {"dataType", "BOOLEAN"}},
                 "body.value must be a number or a string, not a boolean"},
             Row{{{"value", 1}, {"dataType", "CORRECTION"}},
                 "body.value must be a string in a score whose data type is CORRECTION"},
             Row{{{"value", ""}, {"dataType", "TEXT"}},
                 "body.value must be a string of 1 to 500 characters in a score whose data type "
                 "is TEXT"},
             Row{{{"value", std::string(501, 'x')}, {"dataType", "TEXT"}},
                 "body.value must be a string of 1 to 500 characters in a score whose data type "
                 "is TEXT"},
             Row{{{"value", nullptr}}, "body.value must be a number or a string, not null"},
             Row{{{"value", {1}}}, "body.value must be a number or a string, not an array"},
             Row{{{"value", 1}, {"dataType", "numeric"}},
                 "body.dataType must be one of NUMERIC, BOOLEAN, CATEGORICAL, TEXT, CORRECTION"},
             Row{{{"value", 1}, {"dataType", 1}}, "body.dataType must be a string, not an integer"},
             Row{{{"value", 1}, {"name", ""}}, "body.name must be a string that is not empty"},
             Row{{{"value", 1}, {"name", 5}}, "body.name must be a string, not an integer"},
             Row{{{"value", 1}, {"comment", 5}}, "body.comment must be a string, not an integer"},
             Row{{{"value", 1}, {"source", "ME"}},
                 "body.source must be one of API, EVAL, ANNOTATION"},
             Row{{{"value", 1}, {"source", "ANNOTATION"}},
                 "body.configId must be given for a score whose source is ANNOTATION"},
             Row{{{"value", 1}, {"id", std::string(801, 'i')}},
                 "body.id must have 1 to 800 characters"},
             Row{{{"value", 1}, {"configId", 5}}, "body.configId must be a string, not an integer"},
         }) {
        CAPTURE(row.error);
        CHECK(fault(body_with(row.members)) == row.error);
    }
    CHECK(fault(body_with({{"value", std::string(500, 'x')}, {"dataType", "TEXT"}})).empty());
}

TEST_CASE("score body: a score has exactly one subject", "[ingest]") {
    const char* const k_one = "body must have exactly one of traceId, sessionId and datasetRunId";
    const Json base = {{"name", "n"}, {"value", 1}};
    const auto with = [&](const Json& subject) {
        Json body = base;
        body.update(subject);
        return body;
    };
    CHECK(fault(base) == k_one);
    CHECK(fault(with({{"traceId", "t"}, {"sessionId", "s"}})) == k_one);
    CHECK(fault(with({{"traceId", "t"}, {"datasetRunId", "r"}})) == k_one);
    CHECK(fault(with({{"sessionId", "s"}, {"datasetRunId", "r"}})) == k_one);
    CHECK(fault(with({{"traceId", nullptr}, {"sessionId", ""}})) == k_one);
    CHECK(fault(with({{"observationId", "o"}, {"sessionId", "s"}})) ==
          "body.observationId needs the traceId of its trace beside it");
    CHECK(fault(with({{"traceId", "t"}, {"sessionId", ""}, {"datasetRunId", nullptr}})).empty());
    CHECK(fault(with({{"traceId", "t"}, {"observationId", nullptr}})).empty());
    CHECK(fault(with({{"traceId", ""}, {"sessionId", "s"}})) ==
          "body.traceId must have 1 to 800 characters");
}

TEST_CASE("score body: a correction is a text on a trace called output", "[ingest]") {
    const auto score = read({{"dataType", "CORRECTION"},
                             {"value", "better"},
                             {"traceId", "t"},
                             {"name", "anything"},
                             {"source", "ANNOTATION"}});
    REQUIRE(score);
    CHECK(score->name == "output");
    CHECK(read({{"dataType", "CORRECTION"}, {"value", "b"}, {"traceId", "t"}})->name == "output");
    CHECK(fault({{"dataType", "CORRECTION"}, {"value", "b"}, {"sessionId", "s"}}) ==
          "body.traceId must be given for a correction");

    Json large = body_with(
        {{"dataType", "CORRECTION"}, {"value", std::string(limits::k_field_bytes_max + 1, 'x')}});
    CutFields cut;
    const auto draft = read_score_body(large, k_frame, cut);
    REQUIRE(draft);
    CHECK(cut == CutFields{"value"});
    CHECK(draft->value.get_ref<const std::string&>().size() == limits::k_field_bytes_max);
}

TEST_CASE("score body: a config decides name and type and checks the value", "[ingest]") {
    struct Row {
        const char* config;
        Json members;
        const char* error;  ///< "" = it obeys
        std::optional<double> value = {};
        std::optional<std::string> text = {};
    };
    const char* const k_bounds =
        "body.value must be within the bounds of the score config \"of config\"";
    for (const Row& row : {
             Row{"NUMERIC", {{"value", 0.9}}, "", 0.9},
             Row{"NUMERIC", {{"value", 0.9}, {"dataType", "NUMERIC"}}, "", 0.9},
             Row{"NUMERIC", {{"value", 0}}, "", 0.0},
             Row{"NUMERIC", {{"value", 1}}, "", 1.0},
             Row{"NUMERIC", {{"value", 1.001}}, k_bounds},
             Row{"NUMERIC", {{"value", -0.001}}, k_bounds},
             Row{"NUMERIC",
                 {{"value", "depth"}},
                 "body.value must be a number in a score whose data type is NUMERIC"},
             Row{"NUMERIC",
                 {{"value", 1}, {"dataType", "BOOLEAN"}},
                 "body.dataType must be NUMERIC, as in the score config \"of config\""},
             Row{"CATEGORICAL", {{"value", "correct"}}, "", 4.0, "correct"},
             Row{"CATEGORICAL", {{"value", "bad"}, {"dataType", "CATEGORICAL"}}, "", 0.0, "bad"},
             Row{"CATEGORICAL",
                 {{"value", "Correct"}},
                 "body.value must be one of the categories of the score config \"of config\""},
             Row{"CATEGORICAL",
                 {{"value", 4}},
                 "body.value must be a string in a score whose data type is CATEGORICAL"},
             Row{"BOOLEAN", {{"value", 1}}, "", 1.0, "True"},
             Row{"BOOLEAN", {{"value", 0}, {"source", "ANNOTATION"}}, "", 0.0, "False"},
             Row{"BOOLEAN",
                 {{"value", 0.9}},
                 "body.value must be 0 or 1 in a score whose data type is BOOLEAN"},
             Row{"TEXT", {{"value", "words"}}, "", {}, "words"},
             Row{"TEXT",
                 {{"value", "words"}, {"dataType", "CATEGORICAL"}},
                 "body.dataType must be TEXT, as in the score config \"of config\""},
         }) {
        CAPTURE(row.config, to_text(row.members));
        const ScoreConfig config = config_of(row.config);
        Json body = body_with(row.members);
        body["configId"] = "c";
        const auto score = read(body, &config);
        CHECK((score ? "" : score.error().sentence()) == row.error);
        if (!score) continue;
        CHECK(score->name == "of config");
        CHECK(score->config_id == "c");
        CHECK(score->data_type == row.config);
        CHECK(score->value == row.value);
        CHECK(score->string_value == row.text);
    }
    ScoreConfig archived = config_of("NUMERIC");
    archived.is_archived = true;
    CHECK(fault(body_with({{"value", 0.5}, {"configId", "c"}}), &archived) ==
          "body.configId names the score config \"of config\", which is archived");
    ScoreConfig open = config_of("NUMERIC");
    open.min_value = std::nullopt;
    CHECK(fault(body_with({{"value", -1e300}, {"configId", "c"}}), &open).empty());
}

}  // namespace
}  // namespace assay
