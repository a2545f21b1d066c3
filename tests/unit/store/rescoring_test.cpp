#include <algorithm>
#include <catch2/catch.hpp>

#include "server/store/store.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

const std::string k_first_hash(64, 'a');
const std::string k_second_hash(64, 'b');
constexpr Time k_rescored{std::chrono::seconds(1'770'000'000)};

Json manifest_with(const std::string& hash) {
    return Json{{"evaluators", Json::array({{{"name", "exact_match"}, {"hash", hash}}})}};
}

/// A store with a finished run of two items in variant "one", scored by exact_match.
struct ScoredRun {
    ScoredRun() {
        run.manifest = manifest_with(k_first_hash);
        value_of(store->begin(run));
        for (std::uint64_t position = 0; position < 2; ++position) {
            UnitResult unit = make_unit(run, "one", position);
            unit.observations.push_back({.name = "evaluator:exact_match",
                                         .type = ObservationType::evaluator,
                                         .start = run.started + std::chrono::seconds(1),
                                         .output = Json{{"exact_match", true}}});
            value_of(store->commit(run.id, std::vector{unit}));
        }
        run.state = RunState::finished;
        value_of(store->finish(run));
    }

    /// The units as they are to be written back.
    std::vector<UnitResult> units() const {
        std::vector<UnitResult> units;
        value_of(store->for_each_unit(
            run,
            [&](const UnitResult& unit) -> Result<void> {
                units.push_back(unit);
                return {};
            },
            UnitParts::all));
        return units;
    }

    Result<void> rescore(const std::vector<UnitResult>& units,
                         std::map<DatasetRunId, std::vector<Score>> run_scores = {}) {
        RunRecord after = run;
        after.manifest = manifest_with(k_second_hash);
        const auto give = [&](const UnitVisitor& visit) -> Result<void> {
            for (const UnitResult& unit : units) ASSAY_CHECK(visit(unit));
            return {};
        };
        return store->replace_evaluations(
            {.run = after, .units = give, .run_scores = std::move(run_scores), .at = k_rescored});
    }

    std::string value(const std::string& sql) const {
        return query_file(file_of(folder.path()), sql).at(0);
    }

    TemporaryFolder folder;
    std::unique_ptr<Store> store = value_of(Store::open(folder.path(), default_project_id()));
    RunRecord run = make_run();
};

}  // namespace

TEST_CASE("rescoring: a score that changes keeps its id and its value goes to the history",
          "[store]") {
    ScoredRun scored;
    const std::string id = scored.value("SELECT hex(id) FROM scores ORDER BY subject");
    std::vector<UnitResult> units = scored.units();
    units[0].evaluations[0].scores[0].value = false;
    units[0].evaluations[0].scores[0].comment = "the other letter";
    value_of(scored.rescore({units[0]}));

    const std::vector<UnitResult> read = scored.units();
    REQUIRE(read.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        check_same_observations(read[i].observations, units[i].observations);
        UnitResult plain = read[i];
        plain.observations.clear();
        check_same_unit(plain, units[i]);
    }
    CHECK(scored.value("SELECT hex(id) FROM scores ORDER BY subject") == id);
    CHECK(scored.value("SELECT count(*) FROM scores") == "2");
    const auto history = value_of(scored.store->score_history(units[0].trace_id));
    REQUIRE(history.size() == 1);
    CHECK(history[0].stored.id == derive_score_id(units[0].trace_id, "exact_match"));
    CHECK(history[0].stored.score.name == "exact_match");
    CHECK(history[0].stored.score.value == ScoreValue(true));
    CHECK(history[0].stored.score.comment.empty());
    CHECK(history[0].evaluator_hash == k_first_hash);
    CHECK(history[0].replaced == k_rescored);
    CHECK(value_of(scored.store->score_history(units[1].trace_id)).empty());
    CHECK(value_of(scored.store->find_run("latest")).manifest == manifest_with(k_second_hash));
}

TEST_CASE("rescoring: the history of a score is in order and begins with the oldest", "[store]") {
    ScoredRun scored;
    for (const double value : {0.25, 0.5, 0.75}) {
        std::vector<UnitResult> units = scored.units();
        units[0].evaluations[0].scores[0].value = value;
        value_of(scored.rescore(units));
    }
    const TraceId trace = scored.units()[0].trace_id;
    const auto history = value_of(scored.store->score_history(trace));
    REQUIRE(history.size() == 3);
    CHECK(history[0].stored.score.value == ScoreValue(true));
    CHECK(history[1].stored.score.value == ScoreValue(0.25));
    CHECK(history[2].stored.score.value == ScoreValue(0.5));
    CHECK(history[0].evaluator_hash == k_first_hash);
    CHECK(history[1].evaluator_hash == k_second_hash);
    CHECK(scored.units()[0].evaluations[0].scores[0].value == ScoreValue(0.75));
}

TEST_CASE("rescoring: evaluators can be added and removed", "[store]") {
    ScoredRun scored;
    std::vector<UnitResult> units = scored.units();
    units[0].evaluations = {
        {.evaluator = "tone", .scores = {{.name = "tone", .value = std::string("friendly")}}}};
    units[0].observations[1].name = "evaluator:tone";
    units[1].evaluations = {
        {.evaluator = "tone", .status = EvaluationStatus::error, .message = "no answer"}};
    units[1].status = UnitStatus::unscored;
    units[1].observations.pop_back();
    value_of(scored.rescore(units));
    const std::vector<UnitResult> read = scored.units();
    for (std::size_t i = 0; i < 2; ++i) {
        check_same_observations(read[i].observations, units[i].observations);
        const auto history = value_of(scored.store->score_history(read[i].trace_id));
        REQUIRE(history.size() == 1);
        CHECK(history[0].stored.score.name == "exact_match");
    }
    CHECK(read[0].evaluations[0].scores[0].value == ScoreValue(std::string("friendly")));
    CHECK(read[1].status == UnitStatus::unscored);
    CHECK(scored.value("SELECT count(*) FROM scores") == "1");
}

TEST_CASE("rescoring: scores of people stay", "[store]") {
    ScoredRun scored;
    const std::string file = file_of(scored.folder.path());
    query_file(file, "INSERT INTO symbols(text) VALUES('ANNOTATION')");
    query_file(file,
               "INSERT INTO scores(project, subject_kind, subject, ordinal, id, name, data_type, "
               "source, environment, timestamp, value, string_value, comment, execution_trace) "
               "SELECT project, subject_kind, subject, 7, x'00', name, "
               "data_type, (SELECT symbol FROM symbols WHERE text = 'ANNOTATION'), environment, "
               "timestamp, value, string_value, comment, NULL FROM scores LIMIT 1");
    std::vector<UnitResult> units = scored.units();
    for (UnitResult& unit : units) unit.evaluations.clear();
    value_of(scored.rescore(units));
    CHECK(scored.value("SELECT hex(id) FROM scores") == "00");
    CHECK(scored.value("SELECT count(*) FROM score_history") == "2");
}

TEST_CASE("rescoring: all units and the run change together or not at all", "[store]") {
    ScoredRun scored;
    std::vector<UnitResult> units = scored.units();
    for (UnitResult& unit : units) unit.evaluations[0].scores[0].value = false;
    ErrorCode expected = ErrorCode::internal;
    SECTION("a unit that is not stored") {
        units.push_back(make_unit(scored.run, "one", 9));
        expected = ErrorCode::not_found;
    }
    SECTION("a unit of another variant") { units.push_back(make_unit(scored.run, "three", 0)); }
    SECTION("another output") { units[1].output = "changed"; }
    SECTION("a unit read without its observations") { units[1].observations.clear(); }
    SECTION("another item in its place") {
        units[1].trace_id = units[0].trace_id;
        expected = ErrorCode::already_exists;
    }
    const auto refused = scored.rescore(units);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == expected);
    for (const UnitResult& unit : scored.units()) {
        CHECK(unit.evaluations[0].scores[0].value == ScoreValue(true));
        CHECK(unit.observations.size() == 2);
    }
    CHECK(scored.value("SELECT count(*) FROM scores") == "2");
    CHECK(scored.value("SELECT count(*) FROM score_history") == "0");
    CHECK(scored.value("SELECT count(*) FROM traces") == "2");
    CHECK(value_of(scored.store->find_run("latest")).manifest == manifest_with(k_first_hash));
}

TEST_CASE("rescoring: units can be read while they are written back", "[store]") {
    ScoredRun scored;
    RunRecord after = scored.run;
    const auto read_and_change = [&](const UnitVisitor& visit) {
        return scored.store->for_each_unit(
            scored.run,
            [&](const UnitResult& unit) {
                UnitResult changed = unit;
                changed.evaluations[0].scores[0].value = false;
                return visit(changed);
            },
            UnitParts::all);
    };
    value_of(scored.store->replace_evaluations(
        {.run = after, .units = read_and_change, .run_scores = {}, .at = k_rescored}));
    for (const UnitResult& unit : scored.units()) {
        CHECK(unit.evaluations[0].scores[0].value == ScoreValue(false));
    }
    CHECK(scored.value("SELECT count(*) FROM score_history") == "2");
}

TEST_CASE("rescoring: others can write while the evaluators are at work", "[store]") {
    ScoredRun scored;
    const auto other = value_of(Store::open(scored.folder.path(), default_project_id()));
    const RunRecord run = make_run("at the same time");
    value_of(other->begin(run));
    std::uint64_t position = 0;
    const auto give = [&](const UnitVisitor& visit) -> Result<void> {
        for (UnitResult& unit : scored.units()) {
            ASSAY_CHECK(other->commit(run.id, std::vector{make_unit(run, "one", position++)}));
            unit.evaluations[0].scores[0].value = false;
            ASSAY_CHECK(visit(unit));
        }
        return {};
    };
    value_of(scored.store->replace_evaluations(
        {.run = scored.run, .units = give, .run_scores = {}, .at = k_rescored}));
    CHECK(read_units(*other, run).size() == 2);
    CHECK(scored.value("SELECT count(*) FROM score_history") == "2");
}

TEST_CASE("rescoring: nothing is left beside the store", "[store]") {
    ScoredRun scored;
    const auto beside = scored.folder.path() / "runs" / "default";
    // A process that was killed in the middle left its files.
    std::filesystem::create_directories(beside);
    const std::string name = scored.run.id.value() + ".rescoring";
    (void)scored.folder.write("runs/default/" + name + "/assay.db", "half a database");
    value_of(scored.rescore(scored.units()));
    CHECK(std::filesystem::is_empty(beside));
}

TEST_CASE("rescoring: scores of a whole dataset run have a history too", "[store]") {
    ScoredRun scored;
    const DatasetRunId one = scored.run.variants[0].dataset_run_id;
    const DatasetRunId two = scored.run.variants[1].dataset_run_id;
    value_of(scored.store->put_run_scores(
        one, {{.name = "f1", .value = 0.5}, {.name = "recall", .value = 1.0}}));
    value_of(scored.store->put_run_scores(two, {{.name = "f1", .value = 0.25}}));
    value_of(scored.rescore(
        {}, {{one, {{.name = "f1", .value = 0.75}, {.name = "recall", .value = 1.0}}}}));
    const auto history = value_of(scored.store->run_score_history(one));
    REQUIRE(history.size() == 1);
    CHECK(history[0].stored.id == derive_run_score_id(one, "f1"));
    CHECK(history[0].stored.score.value == ScoreValue(0.5));
    CHECK(history[0].evaluator_hash.empty());
    CHECK(value_of(scored.store->run_score_history(two)).empty());
    CHECK(value_of(scored.store->run_scores(one)).at(0).value == ScoreValue(0.75));
    CHECK(value_of(scored.store->run_scores(two)).at(0).value == ScoreValue(0.25));
}

TEST_CASE("rescoring: a run that is being executed is refused", "[store]") {
    ScoredRun scored;
    (void)value_of(scored.store->resume(scored.run));
    const auto refused = scored.rescore({});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::already_exists);
}

TEST_CASE("rescoring: a run that is not stored is refused", "[store]") {
    ScoredRun scored;
    scored.run = make_run("never stored");
    const auto refused = scored.rescore({});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::not_found);
}

TEST_CASE("rescoring: any evaluations give the scores a new run would have", "[store]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    ScoredRun scored;
    const RunRecord other = make_run("another run");
    value_of(scored.store->begin(other));
    for (int round = 0; round < 20; ++round) {
        UnitResult unit = scored.units()[0];
        unit.evaluations = make_random_unit(scored.run, "one", 0, 0, rng).evaluations;
        value_of(scored.rescore({unit}));
        UnitResult fresh = unit;
        fresh.trace_id = derive_trace_id(other.id, unit.item.position, unit.key);
        value_of(scored.store->commit(other.id, std::vector{fresh}));
        const auto scores_of = [&](const TraceId& trace) {
            return query_file(
                file_of(scored.folder.path()),
                "SELECT scores.name || ' ' || data_type || ' ' || coalesce(value, '-') || "
                "hex(coalesce(string_value, '-')) || hex(coalesce(comment, '-')) "
                "FROM scores JOIN traces ON trace = subject WHERE hex(traces.id) = "
                "upper('" +
                    trace.value() + "') ORDER BY ordinal");
        };
        CHECK(scores_of(unit.trace_id) == scores_of(fresh.trace_id));
        check_same_observations(scored.units()[0].observations, unit.observations);
    }
}

}  // namespace assay::test
