#include "server/tracing/score_events.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "server/store/trace_rows.hpp"
#include "server/tracing/score_records.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/tracing/backend.hpp"

namespace assay::test {
namespace {

ScoreRecord message(int at, double value) {
    return {.id = ScoreId("s"),
            .name = "quality",
            .data_type = "NUMERIC",
            .source = "API",
            .environment = "default",
            .subject_id = "t",
            .value = value,
            .timestamp = second(at)};
}

void put(Backend& backend, const ScoreRecord& score) {
    IngestBatch batch;
    batch.scores.push_back({score});
    CHECK(backend.put(std::move(batch)).refused.empty());
}

/// All that is read of the score.
std::string text_of(Backend& backend) {
    const auto score = find_score(backend.reader(), backend.project(), ScoreId("s")).value();
    if (!score) return "none";
    return stored_events({event_of(*score)});
}

/// What may differ between messages of one score.
ScoreRecord random_message(Rng& rng, int at) {
    ScoreRecord score = message(at, static_cast<double>(rng.next_below(4)));
    const auto text = [&](std::optional<std::string>& member) {
        if (rng.next_below(2) == 0) member = "text " + std::to_string(rng.next_below(9));
    };
    text(score.comment);
    text(score.author);
    text(score.observation_id);
    text(score.string_value);
    score.environment = rng.next_below(2) == 0 ? "default" : "prod";
    score.subject_id = rng.next_below(3) == 0 ? "other" : "t";
    if (rng.next_below(4) == 0) score.subject_kind = ScoreSubjectKind::session;
    for (const char* const key : {"a", "b"}) {
        if (rng.next_below(2) == 0) score.metadata[key] = rng.next_below(5);
        if (rng.next_below(3) == 0) score.metadata["deep"][key] = rng.next_below(5);
    }
    return score;
}

}  // namespace

TEST_CASE("score events: a score says the same in whatever order its messages come", "[tracing]") {
    for (const std::uint64_t seed : seeds_of_test(4)) {
        INFO("ASSAY_SEED=" << seed);
        Rng rng(seed);
        std::vector<ScoreRecord> messages;
        for (int at = 1; at <= 4; ++at) messages.push_back(random_message(rng, at));
        std::vector<std::size_t> order = {0, 1, 2, 3};
        std::set<std::string> states;
        do {
            Backend backend;
            for (const std::size_t i : order) put(backend, messages[i]);
            const std::string state = text_of(backend);
            for (const std::size_t i : order) put(backend, messages[i]);
            CHECK(text_of(backend) == state);
            CHECK(backend.count("SELECT count(*) FROM scores") == 1);
            states.insert(state);
        } while (std::ranges::next_permutation(order).found);
        CHECK(states.size() == 1);
    }
}

TEST_CASE("score events: what was sent late does not undo what was sent after it", "[tracing]") {
    Backend backend;
    ScoreRecord newer = message(10, 1);
    newer.comment = "new";
    newer.metadata = {{"x", 1}, {"y", 1}};
    ScoreRecord older = message(5, 2);
    older.comment = "old";
    older.author = "only the older one names";
    older.metadata = {{"y", 0}, {"z", 0}};
    older.subject_id = "first";
    put(backend, newer);
    put(backend, older);
    const auto score = find_score(backend.reader(), backend.project(), ScoreId("s")).value();
    REQUIRE(score);
    CHECK(score->value == 1);
    CHECK(score->comment == "new");
    CHECK(score->author == "only the older one names");
    CHECK(score->metadata == Json({{"x", 1}, {"y", 1}, {"z", 0}}));
    CHECK(score->timestamp == second(5));
    CHECK(score->subject_id == "first");
    const auto row = find_trace(backend.reader(), backend.project(), TraceId("first")).value();
    CHECK(scores_of(backend.reader(), backend.project(), ScoreSubjectKind::trace, row.value())
              .value()
              .size() == 1);
}

TEST_CASE("score events: only what is sent more than once keeps its messages", "[tracing]") {
    Backend backend;
    put(backend, message(1, 0.5));
    put(backend, message(1, 0.5));
    CHECK(backend.count("SELECT count(*) FROM scores WHERE events IS NULL") == 1);
    put(backend, message(2, 0.7));
    CHECK(backend.count("SELECT json_array_length(events) FROM scores") == 2);
    for (int at = 3; at < 9; ++at) put(backend, message(at, 1.0 / at));
    CHECK(backend.count("SELECT json_array_length(events) FROM scores") == 2);
}

TEST_CASE("score events: a client adds to the score of a run and does not move it", "[tracing]") {
    Backend backend;
    put(backend, message(7, 0.5));
    REQUIRE(backend.database->transact([&] {
        return backend.database->writer().connection().run(
            "UPDATE scores SET created_at = NULL, updated_at = NULL");
    }));
    ScoreRecord client = message(3, 0.9);
    client.subject_id = "elsewhere";
    client.source = "ANNOTATION";
    client.environment = "prod";
    client.comment = "better";
    put(backend, client);
    const auto score = find_score(backend.reader(), backend.project(), ScoreId("s")).value();
    REQUIRE(score);
    CHECK(score->value == 0.9);
    CHECK(score->comment == "better");
    CHECK(score->source == "API");
    CHECK(score->subject_id == "t");
    CHECK(score->environment == "default");
    CHECK(score->timestamp == second(7));
}

TEST_CASE("score events: a message that names a missing run is refused and changes nothing",
          "[tracing]") {
    Backend backend;
    put(backend, message(5, 0.5));
    const std::string before = text_of(backend);
    ScoreRecord earlier = message(1, 0.9);
    earlier.subject_kind = ScoreSubjectKind::dataset_run;
    IngestBatch batch;
    batch.scores.push_back({earlier});
    CHECK(backend.put(std::move(batch)).refused.size() == 1);
    CHECK(text_of(backend) == before);
}

TEST_CASE("score events: what is no list of messages is told as damage", "[tracing]") {
    for (const char* const text : {"", "{}", "[]", "[1]", "[[1]]", "[[1,2]]", R"([["a",{}]])"}) {
        INFO(text);
        const auto events = parse_events(text);
        REQUIRE_FALSE(events);
        CHECK(events.error().code == ErrorCode::data_loss);
    }
    for (const char* const text : {"[[1,{}]]", R"([[1,{"subject":5}]])",
                                   R"([[1,{"subject":[0,1],"timestamp":1,"environment":"e",
                                       "assessment":[1]}]])"}) {
        INFO(text);
        const auto score = score_of(ScoreId("s"), parse_events(text).value());
        REQUIRE_FALSE(score);
        CHECK(score.error().code == ErrorCode::data_loss);
    }
    const EntityEvent event = event_of(message(5, 0.1));
    CHECK(stored_events(parse_events(stored_events({event})).value()) == stored_events({event}));
}

}  // namespace assay::test
