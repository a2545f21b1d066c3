#include "server/store/judge_traces.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "server/store/sqlite_catalogue.hpp"
#include "server/store/sqlite_trace_store.hpp"
#include "server/store/store.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

JudgeRecord make_judge(const UnitResult& unit, const std::string& evaluator) {
    JudgeRecord judge{.trace_id = derive_judge_trace_id(unit.trace_id, evaluator),
                      .started = unit.started + std::chrono::seconds(1),
                      .latency = std::chrono::milliseconds(7),
                      .usage = {{"input", 100}, {"output", 20}, {"total", 120}},
                      .cost = 3000,
                      .paid = std::nullopt,
                      .calls = 2,
                      .retries = 1,
                      .cached = 1,
                      .paid_tokens = 60,
                      .metadata = {{"verdict", "A"}}};
    const Json asked = Json::array({{{"role", "user"}, {"content", "Is it good?"}}});
    judge.observations = {{.name = "judge",
                           .type = ObservationType::generation,
                           .start = judge.started,
                           .input = asked,
                           .output = "no JSON",
                           .model = "gpt-4.1"},
                          {.name = "judge:again",
                           .type = ObservationType::generation,
                           .start = judge.started + std::chrono::milliseconds(3),
                           .input = asked,
                           .output = {{"verdict", "A"}},
                           .metadata = {{"cached", true}},
                           .model = "gpt-4.1",
                           .usage = {{"input", 50}, {"total", 60}},
                           .cost = 1500}};
    return judge;
}

/// A unit that two judges looked at, one in vain.
UnitResult make_judged(const RunRecord& run, std::uint64_t position = 0) {
    UnitResult unit = make_unit(run, "one", position);
    unit.evaluations.push_back(
        {.evaluator = "tone",
         .scores = {{.name = "tone", .value = 0.5, .comment = "polite enough"},
                    {.name = "tone_pass", .value = false}},
         .judge = make_judge(unit, "tone")});
    unit.evaluations.push_back({.evaluator = "broken",
                                .status = EvaluationStatus::error,
                                .message = "no verdict",
                                .judge = make_judge(unit, "broken")});
    unit.status = UnitStatus::unscored;
    return unit;
}

void check_same_judge(const JudgeRecord& read, const JudgeRecord& written) {
    CHECK(read.trace_id == written.trace_id);
    CHECK(read.started == written.started);
    CHECK(read.latency == written.latency);
    CHECK(read.usage == written.usage);
    CHECK(read.cost == written.cost);
    CHECK(read.paid == written.paid);
    CHECK(read.calls == written.calls);
    CHECK(read.retries == written.retries);
    CHECK(read.cached == written.cached);
    CHECK(read.paid_tokens == written.paid_tokens);
    CHECK(read.metadata == written.metadata);
}

std::vector<UnitResult> read_whole(const Store& store, const RunRecord& run) {
    std::vector<UnitResult> units;
    value_of(store.for_each_unit(
        run,
        [&](const UnitResult& unit) -> Result<void> {
            units.push_back(unit);
            return {};
        },
        UnitParts::all));
    return units;
}

/// A store that one judged unit was committed to.
struct JudgedRun {
    JudgedRun() {
        value_of(store->begin(run));
        value_of(store->commit(run.id, std::vector{unit}));
    }
    std::string value(const std::string& sql) const {
        return query_file(file_of(folder.path()), sql).at(0);
    }

    TemporaryFolder folder;
    std::unique_ptr<Store> store = value_of(Store::open(folder.path(), default_project_id()));
    RunRecord run = make_run();
    UnitResult unit = make_judged(run);
};

}  // namespace

TEST_CASE("judge traces: a report reads what judges used and not their calls", "[store]") {
    const JudgedRun judged;
    const UnitResult read = read_units(*judged.store, judged.run).at(0);
    REQUIRE(read.evaluations.size() == 3);
    CHECK_FALSE(read.evaluations[0].judge.has_value());
    for (const std::size_t i : {1U, 2U}) {
        REQUIRE(read.evaluations[i].judge.has_value());
        check_same_judge(*read.evaluations[i].judge, *judged.unit.evaluations[i].judge);
        CHECK(read.evaluations[i].judge->observations.empty());
    }
    CHECK(read.evaluations[2].message == "no verdict");
}

TEST_CASE("judge traces: with all parts their calls are read as well", "[store]") {
    const JudgedRun judged;
    const UnitResult read = read_whole(*judged.store, judged.run).at(0);
    for (const std::size_t i : {1U, 2U}) {
        check_same_judge(*read.evaluations[i].judge, *judged.unit.evaluations[i].judge);
        check_same_observations(read.evaluations[i].judge->observations,
                                judged.unit.evaluations[i].judge->observations);
    }
    check_same_observations(read.observations, judged.unit.observations);
}

TEST_CASE("judge traces: an execution is a trace of its own that is linked both ways", "[store]") {
    const JudgedRun judged;
    const UnitResult& unit = judged.unit;
    const auto scores = value_of(judged.store->scores(unit.trace_id));
    REQUIRE(scores.size() == 3);
    const TraceId execution = unit.evaluations[1].judge->trace_id;
    CHECK_FALSE(scores[0].execution_trace.has_value());
    CHECK(scores[1].execution_trace == execution);
    CHECK(scores[2].execution_trace == execution);

    auto database = value_of(Database::open(judged.folder.path(), Database::Missing::refuse));
    const SqliteTraceStore traces(*database);
    const Trace trace = value_of(traces.trace(default_project_id(), execution));
    CHECK(trace.name == "judge:tone");
    CHECK(trace.environment == "sdk-experiment");
    CHECK(trace.input == unit.evaluations[1].judge->observations[0].input);
    CHECK(trace.output == unit.evaluations[1].judge->observations[1].output);
    CHECK(trace.metadata.at("origin") == "assay-judge");
    CHECK(trace.metadata.at("evaluator") == "tone");
    CHECK(trace.metadata.at("judged_trace_id") == unit.trace_id.value());
    CHECK(trace.metadata.at("score_ids") == Json{scores[1].id.value(), scores[2].id.value()});
    CHECK(trace.metadata.at("judge") == Json{{"verdict", "A"}});
    CHECK(trace.metadata.at("run_id") == judged.run.id.value());
    CHECK(value_of(traces.trace(default_project_id(), unit.trace_id)).metadata.at("origin") ==
          "assay-run");
}

TEST_CASE("judge traces: a unit that is scored again leaves no old execution", "[store]") {
    JudgedRun judged;
    judged.unit.evaluations.erase(judged.unit.evaluations.begin() + 2);
    judged.unit.evaluations[1].judge->observations.pop_back();
    judged.unit.status = UnitStatus::scored;
    value_of(judged.store->commit(judged.run.id, std::vector{judged.unit}));
    CHECK(judged.value("SELECT count(*) FROM traces") == "2");
    CHECK(judged.value("SELECT count(*) FROM trace_documents") == "2");
    CHECK(judged.value("SELECT count(*) FROM observations o "
                       "LEFT JOIN traces t ON t.trace = o.trace WHERE t.trace IS NULL") == "0");
    const UnitResult read = read_whole(*judged.store, judged.run).at(0);
    CHECK(read.evaluations.size() == 2);
    CHECK(read.evaluations[1].judge->observations.size() == 1);
    CHECK(judged.value("SELECT count(*) FROM scores s LEFT JOIN traces t "
                       "ON t.trace = s.execution_trace "
                       "WHERE s.execution_trace IS NOT NULL AND t.trace IS NULL") == "0");
    CHECK(value_of(judged.store->check_file()).empty());
}

TEST_CASE("judge traces: rescoring keeps the executions of evaluations that it keeps", "[store]") {
    JudgedRun judged;
    judged.run.state = RunState::finished;
    value_of(judged.store->finish(judged.run));
    UnitResult unit = read_whole(*judged.store, judged.run).at(0);
    unit.evaluations.erase(unit.evaluations.begin() + 2);
    unit.status = UnitStatus::scored;
    const UnitStream units = [&](const UnitVisitor& visit) { return visit(unit); };
    value_of(judged.store->replace_evaluations(
        {.run = judged.run, .units = units, .run_scores = {}, .at = judged.run.started}));
    const UnitResult read = read_whole(*judged.store, judged.run).at(0);
    REQUIRE(read.evaluations.size() == 2);
    check_same_observations(read.evaluations[1].judge->observations,
                            judged.unit.evaluations[1].judge->observations);
    CHECK(judged.value("SELECT count(*) FROM traces") == "2");
}

TEST_CASE("judge traces: copies and run files have them under ids of their own run", "[store]") {
    const JudgedRun judged;
    const RunRecord other = make_run("second run");
    value_of(judged.store->begin(other));
    value_of(judged.store->copy_units(*judged.store, judged.run, other.id));
    const UnitResult copy = read_whole(*judged.store, other).at(0);
    CHECK(copy.evaluations[1].judge->trace_id ==
          derive_judge_trace_id(copy.trace_id, copy.evaluations[1].evaluator));
    CHECK(copy.evaluations[1].judge->trace_id != judged.unit.evaluations[1].judge->trace_id);
    check_same_observations(copy.evaluations[1].judge->observations,
                            judged.unit.evaluations[1].judge->observations);

    const auto file = judged.folder.path() / "one.assayrun";
    value_of(judged.store->export_run(judged.run, file));
    const auto packed = value_of(Store::open_existing(file, default_project_id()));
    const UnitResult exported = read_whole(*packed, judged.run).at(0);
    check_same_observations(exported.evaluations[1].judge->observations,
                            judged.unit.evaluations[1].judge->observations);
}

TEST_CASE("judge traces: what judges used counts when a run is continued", "[store]") {
    JudgedRun judged;
    judged.unit.calls = 1;
    judged.unit.paid = 500;
    judged.unit.usage = {{"total", 10}};
    for (Evaluation& evaluation : judged.unit.evaluations) {
        if (evaluation.judge) evaluation.judge->paid = 1500;
    }
    value_of(judged.store->commit(judged.run.id, std::vector{judged.unit}));
    value_of(judged.store->finish(judged.run));
    const JournalState left = value_of(judged.store->resume(judged.run));
    CHECK(left.spent.cost == 3500);
    CHECK(left.spent.tokens == 130);
    CHECK(left.spent.calls == 5);
}

TEST_CASE("judge traces: which models answered judges is known when a run is continued",
          "[store]") {
    const TemporaryFolder folder;
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    const RunRecord run = make_run();
    value_of(store->begin(run));
    const auto commit = [&](std::uint64_t position, const std::string& asked,
                            const std::string& answered, ObservationLevel again) {
        UnitResult unit = make_judged(run, position);
        for (Evaluation& evaluation : unit.evaluations) {
            if (!evaluation.judge) continue;
            std::vector<Observation>& calls = evaluation.judge->observations;
            for (Observation& call : calls) call.metadata[k_asked_model] = asked;
            calls.front().model = answered;
            calls.back().level = again;
        }
        value_of(store->commit(run.id, std::vector{unit}));
    };
    commit(0, "openai:gpt-4.1", "gpt-4.1-1", ObservationLevel::normal);
    commit(1, "openai:gpt-4.1", "gpt-4.1-2", ObservationLevel::normal);
    commit(2, "openai:gpt-4.1", "gpt-4.1-2", ObservationLevel::normal);
    value_of(store->finish(run));
    const JournalState left = value_of(store->resume(run));
    std::set<std::string> answered;
    for (const ModelAnswered& model : left.models) {
        CHECK(model.asked == "openai:gpt-4.1");
        answered.insert(model.model);
    }
    CHECK(answered == std::set<std::string>{"gpt-4.1", "gpt-4.1-1", "gpt-4.1-2"});
    CHECK(left.models.size() == 3);
}

TEST_CASE("judge traces: a call that failed names no model and an error of a judge does",
          "[store]") {
    const TemporaryFolder folder;
    const auto store = value_of(Store::open(folder.path(), default_project_id()));
    const RunRecord run = make_run();
    value_of(store->begin(run));
    UnitResult unit = make_judged(run);
    unit.evaluations.erase(unit.evaluations.begin() + 1);
    REQUIRE(unit.evaluations.at(1).status == EvaluationStatus::error);
    std::vector<Observation>& calls = unit.evaluations[1].judge->observations;
    calls[0].metadata = {{k_asked_model, "openai:gpt-4.1"}};
    calls[1].metadata = {{k_asked_model, "openai:gpt-4.1"}};
    calls[1].model = "gpt-none";
    calls[1].level = ObservationLevel::error;
    value_of(store->commit(run.id, std::vector{unit}));
    value_of(store->finish(run));
    const JournalState left = value_of(store->resume(run));
    REQUIRE(left.models.size() == 1);
    CHECK(left.models[0].asked == "openai:gpt-4.1");
    CHECK(left.models[0].model == "gpt-4.1");
}

TEST_CASE("judge traces: the output of one unit is read by its place", "[store]") {
    const JudgedRun judged;
    const DatasetRunId& dataset_run = judged.run.variants[0].dataset_run_id;
    const auto found = value_of(judged.store->output(dataset_run, 0, 0));
    REQUIRE(found.has_value());
    CHECK(*found == judged.unit.output);
    CHECK_FALSE(value_of(judged.store->output(dataset_run, 0, 1)).has_value());
    CHECK_FALSE(value_of(judged.store->output(dataset_run, 1, 0)).has_value());
}

}  // namespace assay::test
