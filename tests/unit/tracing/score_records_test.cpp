#include "server/tracing/score_records.hpp"

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/base/files.hpp"
#include "tests/unit/tracing/backend.hpp"

namespace assay::test {
namespace {

ScoreRecord make_score(const char* id, const char* trace = "t") {
    return {.id = ScoreId(id),
            .name = "quality",
            .data_type = "NUMERIC",
            .source = "API",
            .environment = "default",
            .subject_kind = ScoreSubjectKind::trace,
            .subject_id = trace,
            .observation_id = std::nullopt,
            .value = 0.5,
            .string_value = std::nullopt,
            .comment = std::nullopt,
            .config_id = std::nullopt,
            .queue_id = std::nullopt,
            .author = std::nullopt,
            .metadata = Json::object(),
            .timestamp = second(10),
            .created = {},
            .updated = {}};
}

Result<void> put(Backend& backend, const ScoreRecord& score, Time now = k_now) {
    return backend.database->transact(
        [&] { return put_score(backend.database->writer(), k_project, score, now); });
}

std::optional<ScoreRecord> find(Backend& backend, const char* id) {
    return find_score(backend.reader(), backend.project(), ScoreId(id)).value();
}

void add_dataset_run(Backend& backend, const char* id) {
    const auto done = backend.database->transact([&]() -> Result<void> {
        ASSAY_TRY(const std::int64_t project, backend.database->writer().ensure_project(k_project));
        return backend.database->writer().connection().run(
            "INSERT INTO dataset_runs(project, id, run, variant, dataset, name, created_at, "
            "metadata) VALUES(?1, ?2, 0, '', 1, 'run', 5, '{}')",
            project, StoredId(id));
    });
    REQUIRE(done);
}

}  // namespace

TEST_CASE("score records: a score of a trace is read back as it was stored", "[tracing]") {
    Backend backend;
    ScoreRecord score = make_score("s1", "0123456789abcdef0123456789abcdef");
    score.observation_id = "0123456789abcdef";
    score.string_value = "good";
    score.data_type = "CATEGORICAL";
    score.source = "ANNOTATION";
    score.environment = "prod";
    score.comment = "why";
    score.config_id = "config";
    score.queue_id = "queue";
    score.author = "somebody";
    score.metadata = {{"k", {1, 2}}};
    REQUIRE(put(backend, score));

    const auto read = find(backend, "s1");
    REQUIRE(read);
    CHECK(read->name == "quality");
    CHECK(read->data_type == "CATEGORICAL");
    CHECK(read->source == "ANNOTATION");
    CHECK(read->environment == "prod");
    CHECK(read->subject_kind == ScoreSubjectKind::trace);
    CHECK(read->subject_id == "0123456789abcdef0123456789abcdef");
    CHECK(read->observation_id == "0123456789abcdef");
    CHECK(read->value == 0.5);
    CHECK(read->string_value == "good");
    CHECK(read->comment == "why");
    CHECK(read->config_id == "config");
    CHECK(read->queue_id == "queue");
    CHECK(read->author == "somebody");
    CHECK(read->metadata == score.metadata);
    CHECK(read->timestamp == second(10));
    CHECK(read->created == k_now);
    CHECK(read->updated == k_now);
}

TEST_CASE("score records: a score that comes before its trace waits for it", "[tracing]") {
    Backend backend;
    REQUIRE(put(backend, make_score("s")));
    CHECK_FALSE(backend.trace("t"));
    CHECK(find(backend, "s")->subject_id == "t");
    backend.put_trace("t", event_at(1, R"({"name":"n"})"));
    REQUIRE(backend.trace("t"));
    const auto row = find_trace_row(backend.reader(), backend.project(), TraceId("t")).value();
    const auto scores = scores_of(backend.reader(), backend.project(), ScoreSubjectKind::trace,
                                  std::to_underlying(row.value()));
    REQUIRE(scores);
    REQUIRE(scores->size() == 1);
    CHECK(scores->front().id == ScoreId("s"));
}

TEST_CASE("score records: one of the same id replaces what it says and keeps the rest",
          "[tracing]") {
    Backend backend;
    ScoreRecord first = make_score("s");
    first.comment = "first";
    first.metadata = {{"a", 1}, {"deep", {{"x", 1}}}};
    REQUIRE(put(backend, first));
    ScoreRecord second_one = make_score("s", "another trace");
    second_one.data_type = "BOOLEAN";
    second_one.value = 1;
    second_one.environment = "prod";
    second_one.timestamp = second(99);
    second_one.metadata = {{"deep", {{"y", 2}}}};
    REQUIRE(put(backend, second_one, k_now + std::chrono::seconds(1)));

    const auto read = find(backend, "s");
    CHECK(read->data_type == "BOOLEAN");
    CHECK(read->value == 1);
    CHECK(read->comment == "first");
    CHECK(read->metadata == parse_json(R"({"a":1,"deep":{"x":1,"y":2}})").value());
    CHECK(read->subject_id == "t");
    CHECK(read->environment == "default");
    CHECK(read->timestamp == second(10));
    CHECK(read->created == k_now);
    CHECK(read->updated == k_now + std::chrono::seconds(1));
    CHECK(backend.count("SELECT count(*) FROM scores") == 1);
    CHECK(backend.count("SELECT count(*) FROM traces") == 1);
}

TEST_CASE("score records: a score makes its session", "[tracing]") {
    Backend backend;
    ScoreRecord score = make_score("s", "my session");
    score.subject_kind = ScoreSubjectKind::session;
    score.environment = "prod";
    REQUIRE(put(backend, score));
    CHECK(find(backend, "s")->subject_kind == ScoreSubjectKind::session);
    CHECK(find(backend, "s")->subject_id == "my session");
    CHECK(find_session_row(backend.reader(), backend.project(), SessionId("my session")).value());
    CHECK(backend.count("SELECT count(*) FROM traces") == 0);
}

TEST_CASE("score records: a score of an unknown dataset run is refused", "[tracing]") {
    Backend backend;
    ScoreRecord score = make_score("s", "0123abcd");
    score.subject_kind = ScoreSubjectKind::dataset_run;
    const auto refused = put(backend, score);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::not_found);
    CHECK_THAT(refused.error().message, Catch::Contains("0123abcd"));
    CHECK(backend.count("SELECT count(*) FROM scores") == 0);

    add_dataset_run(backend, "0123abcd");
    REQUIRE(put(backend, score));
    CHECK(find(backend, "s")->subject_id == "0123abcd");
    CHECK(find(backend, "s")->subject_kind == ScoreSubjectKind::dataset_run);
}

TEST_CASE("score records: scores of a run have the time of their making", "[tracing]") {
    Backend backend;
    REQUIRE(put(backend, make_score("s")));
    REQUIRE(backend.database->transact([&] {
        return backend.database->writer().connection().execute_script(
            "UPDATE scores SET created_at = NULL, updated_at = NULL, metadata = NULL");
    }));
    CHECK(find(backend, "s")->created == second(10));
    CHECK(find(backend, "s")->updated == second(10));
    CHECK(find(backend, "s")->metadata == Json::object());
    // It stays one of its evaluator, whatever a client says of it.
    ScoreRecord change = make_score("s");
    change.source = "ANNOTATION";
    change.value = 0.75;
    REQUIRE(put(backend, change));
    CHECK(find(backend, "s")->source == "API");
    CHECK(find(backend, "s")->value == 0.75);
    CHECK(find(backend, "s")->created == second(10));
    CHECK(find(backend, "s")->updated == k_now);
}

TEST_CASE("score records: several are read in the order they are asked for", "[tracing]") {
    Backend backend;
    for (const char* const id : {"a", "b", "c"}) REQUIRE(put(backend, make_score(id)));
    const std::vector<ScoreId> ids = {ScoreId("c"), ScoreId("none"), ScoreId("a")};
    const auto read = read_score_records(backend.reader(), backend.project(), ids);
    REQUIRE(read);
    REQUIRE(read->size() == 2);
    CHECK((*read)[0].id == ScoreId("c"));
    CHECK((*read)[1].id == ScoreId("a"));
}

TEST_CASE("score records: nobody reads or removes scores of another project", "[tracing]") {
    Backend backend;
    REQUIRE(put(backend, make_score("s")));
    const std::int64_t other = backend.project() + 1;
    CHECK_FALSE(find_score(backend.reader(), other, ScoreId("s")).value());
    REQUIRE(backend.database->transact([&]() -> Result<void> {
        ASSAY_TRY(const bool removed,
                  remove_score(backend.database->writer(), other, ScoreId("s")));
        CHECK_FALSE(removed);
        return {};
    }));
    CHECK(find(backend, "s"));
}

TEST_CASE("score records: what is removed is gone with its history", "[tracing]") {
    Backend backend;
    REQUIRE(put(backend, make_score("s")));
    REQUIRE(put(backend, make_score("kept")));
    REQUIRE(backend.database->transact([&]() -> Result<void> {
        Session& writer = backend.database->writer();
        ASSAY_CHECK(writer.connection().execute_script(
            "INSERT INTO score_history(project, subject_kind, subject, id, name, data_type, "
            "source, environment, timestamp, replaced_at) SELECT project, subject_kind, subject, "
            "id, name, data_type, source, environment, timestamp, 1 FROM scores"));
        ASSAY_TRY(const bool removed, remove_score(writer, backend.project(), ScoreId("s")));
        CHECK(removed);
        ASSAY_TRY(const bool again, remove_score(writer, backend.project(), ScoreId("s")));
        CHECK_FALSE(again);
        return {};
    }));
    CHECK_FALSE(find(backend, "s"));
    CHECK(find(backend, "kept"));
    CHECK(backend.count("SELECT count(*) FROM score_history") == 1);
}

TEST_CASE("score records: a removed score leaves nothing in any file", "[tracing]") {
    Backend backend;
    const char* const canary = "canary-7d21";
    ScoreRecord score = make_score("s");
    score.comment = canary;
    score.string_value = canary;
    score.metadata = {{"k", canary}};
    score.author = canary;
    REQUIRE(put(backend, make_score("kept")));
    REQUIRE(put(backend, score));
    REQUIRE(backend.database->transact([&]() -> Result<void> {
        ASSAY_CHECK(remove_score(backend.database->writer(), backend.project(), ScoreId("s")));
        return {};
    }));
    backend.database.reset();
    for (const auto& entry : std::filesystem::recursive_directory_iterator(backend.folder.path())) {
        if (!entry.is_regular_file()) continue;
        INFO(entry.path().filename().string());
        const std::string content = read_file(entry.path(), 1U << 30U).value();
        CHECK(content.find(canary) == std::string::npos);
    }
}

TEST_CASE("score records: a score whose subject is gone is not read and can come again",
          "[tracing]") {
    Backend backend;
    REQUIRE(put(backend, make_score("s")));
    REQUIRE(backend.database->transact([&] {
        return backend.database->writer().connection().execute_script("DELETE FROM traces");
    }));
    CHECK_FALSE(find(backend, "s"));
    REQUIRE(put(backend, make_score("s", "new trace")));
    CHECK(find(backend, "s")->subject_id == "new trace");
}

TEST_CASE("score records: damaged metadata is told as such", "[tracing]") {
    Backend backend;
    REQUIRE(put(backend, make_score("s")));
    REQUIRE(backend.database->transact([&] {
        return backend.database->writer().connection().execute_script(
            "UPDATE scores SET metadata = '{'");
    }));
    const auto read = find_score(backend.reader(), backend.project(), ScoreId("s"));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::data_loss);
}

}  // namespace assay::test
