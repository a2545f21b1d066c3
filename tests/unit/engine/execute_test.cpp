#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <set>

#include "core/base/wakeup.hpp"
#include "tests/unit/engine/engine_support.hpp"

namespace assay {
namespace {

using test::FunctionProvider;
using test::MemoryJournal;
using test::SpecFolder;
using test::use_provider;

constexpr const char* k_recorded_spec = R"(
experiment: recorded
dataset: {file: rows.jsonl, input: $.q, expected_output: $.a}
task: {recorded: $.answers.v1}
variants:
  - {name: v1}
  - {name: v2, recorded: $.answers.v2}
evaluators: [exact_match]
)";

constexpr const char* k_rows = R"({"q": "1+1", "a": "2", "answers": {"v1": "2", "v2": "3"}}
{"q": "2+2", "a": "4", "answers": {"v1": "4"}}
{"q": "3+3", "a": "6", "answers": {"v1": "7", "v2": "6"}}
)";

constexpr const char* k_model_spec = R"(
experiment: model
dataset: rows.jsonl
task: {provider: "openai:test-model", prompt: "Say {{input}}", timeout: 5s}
evaluators: [exact_match]
execution: {concurrency: 2}
)";

constexpr const char* k_model_rows = R"({"input": "a", "expected_output": "A"}
{"input": "b", "expected_output": "B"}
{"input": "c", "expected_output": "C"}
)";

const ExecuteOptions k_fast{.handle_signals = false, .retry_delay = std::chrono::milliseconds(1)};

const UnitResult& unit_of(const MemoryJournal& journal, const std::string& variant,
                          const Json& input) {
    const auto found = std::ranges::find_if(journal.units, [&](const UnitResult& unit) {
        return unit.variant == variant && unit.item.input == input;
    });
    REQUIRE(found != journal.units.end());
    return *found;
}

ProviderReply reply_of(std::string text) {
    ProviderReply reply;
    reply.output = std::move(text);
    reply.usage = {{"input", 3}, {"output", 1}, {"total", 4}};
    reply.cost = 1500;
    return reply;
}

/// Holds the event loop until the next tick is due, so that the end of the run meets a tick that
/// can no longer be cancelled.
class SlowObserver final : public ExecutionObserver {
  public:
    void unit_finished(const RunRecord& /*run*/, const UnitResult& /*unit*/) override {
        while (std::chrono::steady_clock::now() < due_) {
        }
    }
    void stopping(std::size_t /*units_in_flight*/, bool /*at_once*/) override {}
    void units_stored(const RunRecord& /*run*/, std::size_t /*units*/) override {}
    void tick(const ExecutionPulse& /*pulse*/) override {}

  private:
    std::chrono::steady_clock::time_point due_ =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(101);
};

}  // namespace

TEST_CASE("execute: every unit of every variant is committed with its status", "[engine]") {
    const SpecFolder folder(k_recorded_spec, {{"rows.jsonl", k_rows}});
    const Experiment experiment = folder.bind();
    MemoryJournal journal;
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast);
    REQUIRE(run);
    CHECK(run->state == RunState::finished);
    CHECK(journal.units.size() == 6);
    CHECK(unit_of(journal, "v1", "1+1").status == UnitStatus::scored);
    CHECK(std::get<bool>(unit_of(journal, "v1", "1+1").evaluations.at(0).scores.at(0).value));
    CHECK_FALSE(std::get<bool>(unit_of(journal, "v1", "3+3").evaluations.at(0).scores.at(0).value));

    const UnitResult& missing = unit_of(journal, "v2", "2+2");
    CHECK(missing.status == UnitStatus::failed);
    CHECK(missing.evaluations.empty());
    CHECK(missing.error == "the row has no recorded output at $.answers.v2");
}

TEST_CASE("execute: unit keys and trace ids differ between units and repeat between runs",
          "[engine]") {
    const SpecFolder folder(k_recorded_spec, {{"rows.jsonl", k_rows}});
    const Experiment experiment = folder.bind();
    const auto keys_of_run = [&] {
        MemoryJournal journal;
        REQUIRE(execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast));
        std::set<std::string> keys;
        for (const UnitResult& unit : journal.units) keys.insert(unit.key.value());
        return keys;
    };
    const auto first = keys_of_run();
    CHECK(first.size() == 6);
    CHECK(first == keys_of_run());
}

TEST_CASE("execute: repetitions are units of their own", "[engine]") {
    const SpecFolder folder(std::string(k_recorded_spec) + "repetitions: 3\n",
                            {{"rows.jsonl", k_rows}});
    const Experiment experiment = folder.bind();
    MemoryJournal journal;
    REQUIRE(execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast));
    CHECK(journal.units.size() == 18);
    std::set<std::string> traces;
    for (const UnitResult& unit : journal.units) traces.insert(unit.trace_id.value());
    CHECK(traces.size() == 18);
}

TEST_CASE("execute: a model's reply becomes output and usage and a generation", "[engine]") {
    const SpecFolder folder(k_model_spec, {{"rows.jsonl", k_model_rows}});
    Experiment experiment = folder.bind();
    const auto provider = std::make_shared<FunctionProvider>(
        [](const ProviderRequest& request) -> Result<ProviderReply> {
            CHECK(request.model == "test-model");
            const std::string asked = request.messages.at(0).content.get<std::string>();
            return reply_of(asked == "Say a" ? "A" : "x");
        });
    use_provider(experiment, provider);
    MemoryJournal journal;
    REQUIRE(execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast));
    CHECK(provider->calls == 3);
    const UnitResult& unit = unit_of(journal, "default", "a");
    CHECK(unit.output == "A");
    CHECK(unit.cost == 1500);
    CHECK(unit.usage.at("total") == 4);
    REQUIRE(unit.observations.size() == 2);
    CHECK(unit.observations[0].type == ObservationType::generation);
    CHECK(unit.observations[0].input[0]["content"] == "Say a");
    CHECK(unit.observations[1].name == "evaluator:exact_match");
}

TEST_CASE("execute: a retryable failure is tried again and the attempts are on record",
          "[engine]") {
    const SpecFolder folder(k_model_spec, {{"rows.jsonl", k_model_rows}});
    Experiment experiment = folder.bind();
    std::map<std::string, int> attempts;
    use_provider(experiment, std::make_shared<FunctionProvider>(
                                 [&](const ProviderRequest& request) -> Result<ProviderReply> {
                                     const auto asked =
                                         request.messages[0].content.get<std::string>();
                                     if (++attempts[asked] < 3) {
                                         return retryable_failure(ErrorCode::unavailable, "busy");
                                     }
                                     return reply_of("A");
                                 }));
    MemoryJournal journal;
    REQUIRE(execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast));
    const UnitResult& unit = unit_of(journal, "default", "a");
    CHECK(unit.status == UnitStatus::scored);
    CHECK(unit.calls == 3);
    CHECK(unit.retries == 2);
    CHECK(unit.observations[0].metadata["failed_attempts"] == Json({"busy", "busy"}));
}

TEST_CASE("execute: a failure that cannot succeed is not tried again", "[engine]") {
    const SpecFolder folder(k_model_spec, {{"rows.jsonl", k_model_rows}});
    Experiment experiment = folder.bind();
    const auto provider =
        std::make_shared<FunctionProvider>([](const ProviderRequest&) -> Result<ProviderReply> {
            return failure(ErrorCode::unauthenticated, "the key was refused");
        });
    use_provider(experiment, provider);
    MemoryJournal journal;
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast);
    REQUIRE(run);
    CHECK(run->state == RunState::finished);
    CHECK(provider->calls == 3);
    CHECK(unit_of(journal, "default", "b").error == "the key was refused");
    CHECK(unit_of(journal, "default", "b").status == UnitStatus::failed);
}

TEST_CASE("execute: retries end with the unit's deadline", "[engine]") {
    const SpecFolder folder(std::string(k_model_spec) + "", {{"rows.jsonl", k_model_rows}});
    Experiment experiment = folder.bind();
    experiment.spec.execution.unit_deadline = std::chrono::milliseconds(20);
    const auto provider =
        std::make_shared<FunctionProvider>([](const ProviderRequest&) -> Result<ProviderReply> {
            return retryable_failure(ErrorCode::unavailable, "busy");
        });
    use_provider(experiment, provider, limits::k_retries_max);
    MemoryJournal journal;
    ExecuteOptions options = k_fast;
    options.retry_delay = std::chrono::milliseconds(15);
    REQUIRE(execute(experiment, folder.plan(experiment), journal, SystemClock{}, options));
    CHECK(journal.units.size() == 3);
    CHECK(provider->calls <= 6);
}

TEST_CASE("execute: a journal that fails ends the run as incomplete with the reason", "[engine]") {
    std::string rows;
    for (int i = 0; i < 5000; ++i) {
        rows +=
            R"({"q": ")" + std::to_string(i) + R"(", "a": "x", "answers": {"v1": "x", "v2": "y"}})";
        rows += '\n';
    }
    const SpecFolder folder(k_recorded_spec, {{"rows.jsonl", rows}});
    const Experiment experiment = folder.bind();
    MemoryJournal journal;
    journal.fail_after_units = 3000;
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast);
    REQUIRE(run);
    CHECK(run->state == RunState::incomplete);
    CHECK(run->reason == "the disk is full");
    CHECK(journal.units.size() <= 3000);
}

TEST_CASE("execute: what was used for units that could not be stored is on record", "[engine]") {
    const SpecFolder folder(k_model_spec, {{"rows.jsonl", k_model_rows}});
    Experiment experiment = folder.bind();
    const auto provider =
        std::make_shared<FunctionProvider>([](const ProviderRequest&) { return reply_of("A"); });
    use_provider(experiment, provider);
    MemoryJournal journal;
    journal.fail_after_units = 0;
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast);
    REQUIRE(run);
    REQUIRE(run->state == RunState::incomplete);
    CHECK(provider->calls > 0);
    CHECK(run->dropped.calls == provider->calls);
    CHECK(run->dropped.tokens == 4 * provider->calls);
    CHECK(run->dropped.cost == 1500 * provider->calls);
}

TEST_CASE("execute: a dataset that changes after validation ends the run as incomplete",
          "[engine]") {
    const SpecFolder folder(k_recorded_spec, {{"rows.jsonl", k_rows}});
    const Experiment experiment = folder.bind();
    Plan plan = folder.plan(experiment);
    folder.folder.write("rows.jsonl", R"({"q": "9+9", "a": "18", "answers": {"v1": "18"}})");
    MemoryJournal journal;
    const auto run = execute(experiment, std::move(plan), journal, SystemClock{}, k_fast);
    if (run) {
        CHECK(run->state == RunState::incomplete);
        CHECK(run->reason.find("changed") != std::string::npos);
    } else {
        CHECK(run.error().message.find("changed") != std::string::npos);
    }
}

TEST_CASE("execute: the same seed gives the same units at any concurrency", "[engine]") {
    std::string rows;
    for (int i = 0; i < 200; ++i) {
        rows += R"({"input": ")" + std::to_string(i) + R"(", "expected_output": "A"})" + "\n";
    }
    const SpecFolder folder(k_model_spec, {{"rows.jsonl", rows}});
    const auto outcome = [&](int concurrency) {
        Experiment experiment = folder.bind();
        experiment.spec.execution.concurrency = concurrency;
        use_provider(experiment, std::make_shared<FunctionProvider>(
                                     [](const ProviderRequest&) -> Result<ProviderReply> {
                                         return reply_of("A");
                                     }));
        MemoryJournal journal;
        REQUIRE(execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast));
        std::map<std::string, std::string> by_key;
        for (const UnitResult& unit : journal.units) {
            by_key[unit.key.value()] = to_text(unit.output) + to_string(unit.status);
        }
        return by_key;
    };
    const auto alone = outcome(1);
    CHECK(alone.size() == 200);
    CHECK(alone == outcome(8));
    CHECK(alone == outcome(64));
}

TEST_CASE("execute: one interrupt drains and keeps what finished", "[engine]") {
    std::string rows;
    for (int i = 0; i < 500; ++i) rows += R"({"input": ")" + std::to_string(i) + "\"}\n";
    const SpecFolder folder(k_model_spec, {{"rows.jsonl", rows}});
    Experiment experiment = folder.bind();
    int calls = 0;
    use_provider(experiment, std::make_shared<FunctionProvider>(
                                 [&](const ProviderRequest&) -> Result<ProviderReply> {
                                     if (++calls == 20) (void)std::raise(SIGINT);
                                     return reply_of("A");
                                 }));
    MemoryJournal journal;
    ExecuteOptions options = k_fast;
    options.handle_signals = true;
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, options);
    REQUIRE(run);
    CHECK(run->state == RunState::interrupted);
    CHECK(journal.units.size() >= 20);
    CHECK(journal.units.size() == static_cast<std::size_t>(calls));
    CHECK(journal.units.size() < 500);
}

TEST_CASE("execute: an interrupt that leaves no unit out is none", "[engine]") {
    const SpecFolder folder(k_model_spec, {{"rows.jsonl", k_model_rows}});
    Experiment experiment = folder.bind();
    int calls = 0;
    int last = 3;
    use_provider(experiment, std::make_shared<FunctionProvider>(
                                 [&](const ProviderRequest&) -> Result<ProviderReply> {
                                     if (++calls == last) (void)std::raise(SIGINT);
                                     return reply_of("A");
                                 }));
    ExecuteOptions options = k_fast;
    options.handle_signals = true;
    RunState expected = RunState::finished;
    MemoryJournal journal;
    SECTION("all are stored") {}
    SECTION("one is not stored") {
        journal.fail_after_units = 2;
        expected = RunState::interrupted;
    }
    SECTION("one is not started") {
        experiment.spec.execution.concurrency = 1;
        last = 2;
        expected = RunState::interrupted;
    }
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, options);
    REQUIRE(run);
    CHECK(run->state == expected);
    CHECK(run->reason.empty() == (expected == RunState::finished));
    CHECK((journal.units.size() == 3) == (expected == RunState::finished));
}

TEST_CASE("execute: failing fast leaves no run incomplete that has all its units", "[engine]") {
    const SpecFolder folder(k_model_spec, {{"rows.jsonl", k_model_rows}});
    Experiment experiment = folder.bind();
    experiment.spec.execution.concurrency = 1;
    int broken = 3;
    int calls = 0;
    MemoryJournal journal;
    RunState expected = RunState::finished;
    SECTION("it is the last one") {}
    SECTION("one is not started") {
        broken = 2;
        expected = RunState::incomplete;
    }
    SECTION("it is the last one and not stored") {
        journal.fail_after_units = 2;
        expected = RunState::incomplete;
    }
    use_provider(experiment, std::make_shared<FunctionProvider>(
                                 [&](const ProviderRequest&) -> Result<ProviderReply> {
                                     if (++calls == broken) {
                                         return failure(ErrorCode::invalid_argument, "no");
                                     }
                                     return reply_of("A");
                                 }));
    ExecuteOptions options = k_fast;
    options.fail_fast = true;
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, options);
    REQUIRE(run);
    CHECK(run->state == expected);
    CHECK(run->reason.empty() == (expected == RunState::finished));
    CHECK((journal.units.size() == 3) == (expected == RunState::finished));
}

namespace {

/// Answers the first item by throwing, as third-party code may, and the others after a while.
class ThrowingProvider final : public Provider {
  public:
    Task<ProviderReply> call(ProviderRequest request, Deadline /*deadline*/) override {
        if (request.messages.at(0).content == "Say a") throw std::runtime_error("no memory");
        Wakeup pause(co_await boost::asio::this_coro::executor);
        co_await pause.wait({std::chrono::steady_clock::now() + std::chrono::milliseconds(250)});
        co_return reply_of("B");
    }
};

class PulseObserver final : public ExecutionObserver {
  public:
    void unit_finished(const RunRecord& /*run*/, const UnitResult& /*unit*/) override {}
    void stopping(std::size_t /*units_in_flight*/, bool /*at_once*/) override {}
    void units_stored(const RunRecord& /*run*/, std::size_t /*units*/) override {}
    void tick(const ExecutionPulse& pulse) override { seen.push_back(pulse.units_in_flight); }

    std::vector<std::size_t> seen;
};

}  // namespace

TEST_CASE("execute: a unit whose provider threw is in flight no longer", "[engine]") {
    const SpecFolder folder(k_model_spec, {{"rows.jsonl", k_model_rows}});
    Experiment experiment = folder.bind();
    use_provider(experiment, std::make_shared<ThrowingProvider>());
    PulseObserver observer;
    ExecuteOptions options = k_fast;
    options.observer = &observer;
    MemoryJournal journal;
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, options);
    REQUIRE(run);
    CHECK(run->reason == "internal error: no memory");
    REQUIRE_FALSE(observer.seen.empty());
    CHECK(std::ranges::max(observer.seen) == 1);
}

namespace {

constexpr const char* k_scorer = R"(import json, sys
for line in sys.stdin:
    item = json.loads(line)
    print("looked at", item["input"], flush=True)
    if item["input"] == "3+3":
        print(json.dumps({"id": item["id"], "error": "cannot judge"}), flush=True)
    else:
        same = item["output"] == item["expected_output"]
        print(json.dumps({"id": item["id"], "scores": [{"value": same}]}), flush=True)
)";

constexpr const char* k_scored_spec = R"(
experiment: scored
dataset: {file: rows.jsonl, input: $.q, expected_output: $.a}
task: {recorded: $.answers.v1}
evaluators:
  - exact_match
  - {name: told, type: code, command: [python3, score.py], sandbox: none, scores: {told: boolean}}
  - {name: twisted, type: code, command: [python3, score.py], sandbox: none,
     scores: {twisted: boolean}, not: true, extract: '(.)'}
  - length
)";

}  // namespace

TEST_CASE("execute: evaluators that wait stand among the others in the spec's order", "[engine]") {
    const SpecFolder folder(k_scored_spec, {{"rows.jsonl", k_rows}, {"score.py", k_scorer}});
    const Experiment experiment = folder.bind();
    MemoryJournal journal;
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast);
    REQUIRE(run.has_value());
    CHECK(run->state == RunState::finished);
    REQUIRE(journal.units.size() == 3);
    for (const UnitResult& unit : journal.units) {
        std::vector<std::string> names;
        for (const Evaluation& evaluation : unit.evaluations) names.push_back(evaluation.evaluator);
        CHECK(names == std::vector<std::string>{"exact_match", "told", "twisted", "length"});
        CHECK(unit.observations.size() == 5);
        CHECK(unit.log.empty() == (unit.item.input == "3+3"));
    }
    const UnitResult& right = unit_of(journal, "default", "1+1");
    CHECK(right.status == UnitStatus::scored);
    CHECK(std::get<bool>(right.evaluations[1].scores.at(0).value));
    CHECK_FALSE(std::get<bool>(right.evaluations[2].scores.at(0).value));
    CHECK(right.log == "looked at 1+1\nlooked at 1+1\n");
    const UnitResult& broken = unit_of(journal, "default", "3+3");
    CHECK(broken.status == UnitStatus::unscored);
    CHECK(broken.evaluations[1].status == EvaluationStatus::error);
    CHECK(broken.evaluations[1].message == "the program reports: cannot judge");
    CHECK(broken.evaluations[3].status == EvaluationStatus::scored);
}

TEST_CASE("execute: the unit's deadline bounds an evaluator that waits", "[engine]") {
    const SpecFolder folder(
        std::string(k_scored_spec) + "execution: {unit_deadline: 300ms}\n",
        {{"rows.jsonl", k_rows}, {"score.py", "import sys\nfor line in sys.stdin: pass\n"}});
    const Experiment experiment = folder.bind();
    MemoryJournal journal;
    const auto run = execute(experiment, folder.plan(experiment), journal, SystemClock{}, k_fast);
    REQUIRE(run.has_value());
    REQUIRE(journal.units.size() == 3);
    for (const UnitResult& unit : journal.units) {
        CHECK(unit.status == UnitStatus::unscored);
        CHECK(unit.evaluations[1].status == EvaluationStatus::error);
    }
}

TEST_CASE("execute: a run ends also when the clock ticks at its very end", "[engine]") {
    const SpecFolder folder(k_recorded_spec, {{"rows.jsonl", k_rows}});
    const Experiment experiment = folder.bind();
    for (int round = 0; round < 10; ++round) {
        SlowObserver observer;
        ExecuteOptions options = k_fast;
        options.observer = &observer;
        MemoryJournal journal;
        const auto run =
            execute(experiment, folder.plan(experiment), journal, SystemClock{}, options);
        REQUIRE(run);
        CHECK(run->state == RunState::finished);
    }
}

}  // namespace assay
