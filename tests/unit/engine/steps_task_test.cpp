#include "runner/engine/steps_task.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <catch2/catch.hpp>
#include <list>

#include "configs/load_spec.hpp"
#include "core/base/wakeup.hpp"
#include "tests/support/run_task.hpp"
#include "tests/unit/engine/engine_support.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;
using Names = std::vector<std::string>;

/// What the tasks of one test did.
struct Diary {
    Names started;
    std::list<Wakeup> waiting;
};

/// A step that does as it is told.
class ScriptedTask final : public UnitTask {
  public:
    struct Script {
        Json output;
        std::string error;
        std::size_t company = 0;  ///< wait until so many wait
        bool over_budget = false;
        bool cached = false;
        std::optional<NanoUsd> cost = 100;
        std::string row;
        std::string fingerprint = "f";
    };
    ScriptedTask(Script script, Diary& diary) : script_(std::move(script)), diary_(diary) {}

    asio::awaitable<TaskOutcome> run(UnitContext unit) const override {
        const std::string name(unit.step);
        diary_.started.push_back(name);
        TaskOutcome outcome;
        outcome.cancelled = !co_await meet();
        Observation observation{.name = name, .input = *unit.steps};
        outcome.output = script_.error.empty() ? script_.output : Json();
        outcome.error = script_.error;
        outcome.over_budget = script_.over_budget;
        outcome.cost = script_.cost;
        outcome.paid = script_.cached ? 0 : script_.cost;
        outcome.cached = script_.cached ? 1 : 0;
        outcome.calls = script_.cached ? 0 : 2;
        outcome.retries = script_.cached ? 0 : 1;
        outcome.usage = {{"input", 3}, {"total", 4}};
        outcome.log = name + ";";
        outcome.observations.push_back(std::move(observation));
        co_return outcome;
    }
    const std::string& fingerprint() const override { return script_.fingerprint; }
    std::string row_fingerprint(const DatasetItem& /*item*/) const override { return script_.row; }

  private:
    asio::awaitable<bool> meet() const {
        if (script_.company == 0) co_return true;
        Wakeup& own = diary_.waiting.emplace_back(co_await asio::this_coro::executor);
        if (diary_.waiting.size() == script_.company) {
            for (Wakeup& each : diary_.waiting) each.notify();
        }
        const Deadline deadline = test::in(std::chrono::seconds(10));
        co_return co_await own.wait(deadline) == Wakeup::Cause::notified;
    }

    Script script_;
    Diary& diary_;
};

/// A graph of scripted steps and the world they run in.
class Graph {
  public:
    /// @param needs  of the steps a, b, c, ...: "a" needs nothing.
    Graph(std::vector<Names> needs, std::vector<ScriptedTask::Script> scripts) {
        TaskSpec spec{.form = TaskForm::steps};
        std::vector<std::unique_ptr<UnitTask>> tasks;
        for (std::size_t i = 0; i < needs.size(); ++i) {
            spec.steps.push_back(
                {.id = std::string(1, static_cast<char>('a' + i)), .needs = std::move(needs[i])});
            tasks.push_back(std::make_unique<ScriptedTask>(std::move(scripts[i]), diary));
        }
        task = make_steps_task(spec, std::move(tasks));
    }

    [[nodiscard]] UnitContext unit() {
        return {
            .item = item_, .variant = variant_, .deadline = {}, .clock = clock_, .caller = caller_};
    }
    TaskOutcome run() { return test::run_task(io, task->run(unit())); }

    asio::io_context io;
    Diary diary;
    std::unique_ptr<UnitTask> task;

  private:
    DatasetItem item_;
    std::string variant_ = "default";
    SystemClock clock_;
    Caller caller_{Caller::Parts{}};
};

Names observed(const TaskOutcome& outcome) {
    Names names;
    for (const Observation& observation : outcome.observations) names.push_back(observation.name);
    return names;
}

TEST_CASE("steps task: each step sees the outputs of all that it needs and of nothing else",
          "[engine]") {
    Graph graph({{}, {"a"}, {}, {"b"}, {"d", "c"}},
                {{.output = 1}, {.output = 2}, {.output = 3}, {.output = 4}, {.output = 5}});
    const TaskOutcome outcome = graph.run();
    CHECK(outcome.error.empty());
    CHECK(outcome.output == 5);
    CHECK(observed(outcome) == Names{"a", "b", "c", "d", "e"});
    const auto seen = [&outcome](std::size_t step) {
        return to_text(outcome.observations[step].input);
    };
    CHECK(seen(0) == "{}");
    CHECK(seen(1) == R"({"a":{"output":1}})");
    CHECK(seen(2) == "{}");
    CHECK(seen(3) == R"({"a":{"output":1},"b":{"output":2}})");
    CHECK(seen(4) == R"({"a":{"output":1},"b":{"output":2},"c":{"output":3},"d":{"output":4}})");
}

TEST_CASE("steps task: independent steps run beside each other", "[engine]") {
    Graph graph({{}, {"a"}, {"a"}, {"a"}, {"b", "c", "d"}}, {{.output = 0},
                                                             {.output = 1, .company = 3},
                                                             {.output = 2, .company = 3},
                                                             {.output = 3, .company = 3},
                                                             {.output = 4}});
    const TaskOutcome outcome = graph.run();
    CHECK_FALSE(outcome.cancelled);
    CHECK(outcome.output == 4);
    CHECK(graph.diary.started == Names{"a", "b", "c", "d", "e"});
}

TEST_CASE("steps task: what was used is summed", "[engine]") {
    Graph graph({{}, {"a"}, {"b"}}, {{.output = 1}, {.output = 2, .cached = true}, {.output = 3}});
    const TaskOutcome outcome = graph.run();
    CHECK(outcome.cost == 300);
    CHECK(outcome.paid == 200);
    CHECK(outcome.calls == 4);
    CHECK(outcome.retries == 2);
    CHECK(outcome.cached == 1);
    CHECK(outcome.usage == UsageDetails{{"input", 9}, {"total", 12}});
    CHECK(outcome.log == "a;b;c;");
    CHECK(outcome.latency.count() > 0);
}

TEST_CASE("steps task: an unknown price makes the whole unknown and never free", "[engine]") {
    Graph graph({{}, {"a"}}, {{.output = 1, .cost = std::nullopt}, {.output = 2}});
    const TaskOutcome outcome = graph.run();
    CHECK_FALSE(outcome.cost.has_value());
    CHECK_FALSE(outcome.paid.has_value());
}

TEST_CASE("steps task: from the cache alone there is no latency", "[engine]") {
    Graph graph({{}, {"a"}}, {{.output = 1, .cached = true}, {.output = 2, .cached = true}});
    const TaskOutcome outcome = graph.run();
    CHECK(outcome.latency.count() == 0);
    CHECK(outcome.cost == 200);
    CHECK(outcome.paid == 0);
}

TEST_CASE("steps task: a failed step fails the unit with its name and keeps what came before",
          "[engine]") {
    Graph graph({{}, {"a"}, {"b"}}, {{.output = 1}, {.error = "no idea"}, {.output = 3}});
    const TaskOutcome outcome = graph.run();
    CHECK(outcome.error == R"(step "b": no idea)");
    CHECK(outcome.output.is_null());
    CHECK(observed(outcome) == Names{"a", "b"});
    CHECK(graph.diary.started == Names{"a", "b"});
    CHECK(outcome.calls == 4);
}

TEST_CASE("steps task: what runs beside a step that fails is awaited", "[engine]") {
    Graph graph({{}, {}, {"a", "b"}},
                {{.error = "no", .company = 2}, {.output = 2, .company = 2}, {.output = 3}});
    const TaskOutcome outcome = graph.run();
    CHECK(outcome.error == R"(step "a": no)");
    CHECK(observed(outcome) == Names{"a", "b"});
}

TEST_CASE("steps task: an empty budget is no failure of a step", "[engine]") {
    Graph graph({{}, {"a"}}, {{.error = "the budget is used up", .over_budget = true}, {}});
    const TaskOutcome outcome = graph.run();
    CHECK(outcome.over_budget);
    CHECK(outcome.error == "the budget is used up");
    CHECK(graph.diary.started == Names{"a"});
}

TEST_CASE("steps task: cancelled it tells every step and joins them", "[engine]") {
    Graph graph({{}, {}, {"a", "b"}},
                {{.output = 1, .company = 3}, {.output = 2, .company = 3}, {.output = 3}});
    std::optional<TaskOutcome> outcome;
    asio::cancellation_signal cancellation;
    asio::co_spawn(
        graph.io, test::store_result(graph.task->run(graph.unit()), outcome),
        asio::bind_cancellation_slot(cancellation.slot(),
                                     [](std::exception_ptr failure) { CHECK_FALSE(failure); }));
    while (graph.diary.waiting.size() < 2) graph.io.run_one();
    cancellation.emit(asio::cancellation_type::terminal);
    graph.io.run();
    REQUIRE(outcome.has_value());
    CHECK(outcome->cancelled);
    CHECK(graph.diary.started == Names{"a", "b"});
}

TEST_CASE("steps task: the fingerprint covers steps and edges but not how they are listed",
          "[engine]") {
    const auto fingerprint = [](std::vector<Names> needs, std::vector<std::string> tasks) {
        std::vector<ScriptedTask::Script> scripts;
        for (std::string& task : tasks) scripts.push_back({.fingerprint = std::move(task)});
        return Graph(std::move(needs), std::move(scripts)).task->fingerprint();
    };
    const std::string plain = fingerprint({{}, {}, {"a", "b"}}, {"x", "y", "z"});
    CHECK(plain.size() == 64);
    CHECK(fingerprint({{}, {}, {"b", "a"}}, {"x", "y", "z"}) == plain);
    CHECK(fingerprint({{}, {"a"}, {"a", "b"}}, {"x", "y", "z"}) != plain);
    CHECK(fingerprint({{}, {"a"}, {"b"}}, {"x", "y", "z"}) != plain);
    CHECK(fingerprint({{}, {}, {"a", "b"}}, {"x", "y", "w"}) != plain);
    CHECK(fingerprint({{}, {}, {"a", "b"}}, {"y", "x", "z"}) != plain);
}

TEST_CASE("steps task: what of the row a step takes is part of the unit", "[engine]") {
    Graph none({{}, {"a"}}, {{}, {}});
    CHECK(none.task->row_fingerprint({}).empty());
    Graph one({{}, {"a"}}, {{.row = "r"}, {}});
    Graph other({{}, {"a"}}, {{}, {.row = "r"}});
    CHECK(one.task->row_fingerprint({}) == R"({"a":"r"})");
    CHECK(other.task->row_fingerprint({}) == R"({"b":"r"})");
}

constexpr const char* k_model_graph = R"(experiment: e
dataset: rows.jsonl
task:
  steps:
    - id: answer
      needs: [find]
      provider: "openai:m"
      prompt: "{{input.question}} {{steps.find.output.text}} {{steps.look-up.output}}"
    - {id: find, needs: [look-up], provider: "openai:m", prompt: "find {{steps.look-up.output}}"}
    - {id: look-up, recorded: "$.facts"}
)";

TEST_CASE("steps task: templates of real tasks are filled in as the steps end", "[engine]") {
    const test::SpecFolder folder(k_model_graph, {{"rows.jsonl", "{}\n"}});
    const LoadedSpec loaded = load_spec(folder.folder.path() / "spec.yaml", {});
    REQUIRE(to_string(loaded.diagnostics).empty());
    const TaskSpec& spec = loaded.spec.variants.at(0).task;

    const auto provider =
        std::make_shared<test::FunctionProvider>([](const ProviderRequest& request) {
            ProviderReply reply;
            const std::string question = request.messages.at(0).content;
            reply.output = question.starts_with("find") ? Json{{"text", "<" + question + ">"}}
                                                        : Json(question + "!");
            return reply;
        });
    std::vector<std::unique_ptr<UnitTask>> tasks;
    tasks.push_back(make_recorded_task(spec.steps.at(0).task));
    for (const std::size_t step : {1U, 2U}) {
        tasks.push_back(
            test::task_of(spec.steps.at(step).task, {.provider = provider, .retries = 0}));
    }
    const auto task = make_steps_task(spec, std::move(tasks));

    DatasetItem item;
    item.input = {{"question", "why"}};
    item.row = {{"facts", "f"}};
    // Before the run the outputs are not known, and what the row lacks is.
    CHECK(task->check(item).empty());
    DatasetItem poor;
    poor.input = {{"q", "why"}};
    CHECK_THAT(task->check(poor), Catch::StartsWith(R"(step "answer": the variable )"
                                                    "{{input.question}} has no value"));

    const std::string variant = "default";
    const auto planned = task->calls({.item = item, .variant = variant});
    REQUIRE(planned.size() == 2);
    for (const PlannedCall& call : planned) CHECK(call.target->lane.model == "m");
    // What is recorded is known, what a step before answers is not.
    REQUIRE(planned[0].request.has_value());
    CHECK(planned[0].request->messages.at(0).content == "find f");
    CHECK_FALSE(planned[1].request.has_value());

    const SystemClock clock;
    CallLimiter limiter({}, clock);
    Budget budget({}, {}, clock.monotonic());
    Rng rng(1);
    Caller caller({.limiter = &limiter, .budget = &budget, .clock = &clock, .rng = &rng});
    asio::io_context io;
    const TaskOutcome outcome =
        test::run_task(io, task->run({.item = item,
                                      .variant = variant,
                                      .deadline = test::in(std::chrono::seconds(10)),
                                      .clock = clock,
                                      .caller = caller}));
    CHECK(outcome.error.empty());
    CHECK(outcome.output == "why <find f> f!");
    CHECK(observed(outcome) == Names{"look-up", "find", "answer"});
    CHECK(provider->calls == 2);
}

}  // namespace
}  // namespace assay
