#include "runner/engine/steps_task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <iterator>
#include <utility>

#include "core/base/dependency_order.hpp"
#include "core/base/hash.hpp"
#include "core/base/task_group.hpp"
#include "runner/engine/service_request.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

struct Step {
    StepSpec spec;
    std::unique_ptr<UnitTask> task;
    std::vector<std::size_t> needs;  ///< directly
    std::vector<std::size_t> sees;   ///< and through others
};

std::vector<Step> make_steps(const TaskSpec& spec, std::vector<std::unique_ptr<UnitTask>> tasks) {
    ASSAY_ASSERT(!tasks.empty() && spec.steps.size() == tasks.size(), "there is a task a step");
    Dependencies needs(spec.steps.size());
    for (std::size_t i = 0; i < needs.size(); ++i) {
        for (const std::string& id : spec.steps[i].needs) {
            const auto needed = std::ranges::find(spec.steps, id, &StepSpec::id);
            needs[i].push_back(static_cast<std::size_t>(needed - spec.steps.begin()));
            ASSAY_ASSERT(needs[i].back() < i, "steps come after those they need");
        }
    }
    Dependencies sees = all_dependencies(needs);
    std::vector<Step> steps;
    for (std::size_t i = 0; i < needs.size(); ++i) {
        steps.push_back({.spec = spec.steps[i],
                         .task = std::move(tasks[i]),
                         .needs = std::move(needs[i]),
                         .sees = std::move(sees[i])});
    }
    return steps;
}

/// Covers every step and every edge, but not the order in which a file names them.
std::string fingerprint_of_graph(const std::vector<Step>& steps) {
    std::vector<Json> nodes;
    for (const Step& step : steps) {
        std::vector<std::string> needs = step.spec.needs;
        std::ranges::sort(needs);
        nodes.push_back(Json{step.spec.id, needs, step.task->fingerprint()});
    }
    std::ranges::sort(nodes);
    return sha256_hex(to_text(Json{"assay-steps-1", nodes}));
}

void add_known(std::optional<NanoUsd>& sum, const std::optional<NanoUsd>& more) {
    if (sum && more) {
        *sum += *more;
    } else {
        sum.reset();
    }
}

/// One unit on its way through the graph.
class StepsRun {
  public:
    StepsRun(const std::vector<Step>& steps, const UnitContext& unit)
        : steps_(steps), unit_(unit), progress_(steps.size()) {}

    [[nodiscard]] asio::awaitable<TaskOutcome> run();

  private:
    struct Progress {
        bool started = false;
        bool ended = false;
        TaskOutcome outcome;

        [[nodiscard]] bool has_output() const {
            const TaskOutcome& own = outcome;
            return ended && own.error.empty() && !own.cancelled && !own.over_budget;
        }
    };

    [[nodiscard]] asio::awaitable<void> run_step(std::size_t step);
    [[nodiscard]] bool is_ready(std::size_t step) const;
    /// Of a step's outcome, that of the whole.
    void join(std::size_t step, TaskOutcome& whole);

    const std::vector<Step>& steps_;
    const UnitContext& unit_;
    std::vector<Progress> progress_;
    bool stopping_ = false;  ///< nothing more is started
};

bool StepsRun::is_ready(std::size_t step) const {
    return !progress_[step].started &&
           std::ranges::all_of(steps_[step].needs, [this](std::size_t needed) {
               return progress_[needed].has_output();
           });
}

asio::awaitable<void> StepsRun::run_step(std::size_t step) {
    Json outputs = Json::object();
    for (const std::size_t seen : steps_[step].sees) {
        outputs[steps_[seen].spec.id] = {{"output", progress_[seen].outcome.output}};
    }
    UnitContext unit = unit_;
    unit.steps = &outputs;
    unit.step = steps_[step].spec.id;
    TaskOutcome outcome = co_await steps_[step].task->run(unit);
    Progress& progress = progress_[step];
    progress.outcome = std::move(outcome);
    progress.ended = true;
    stopping_ = stopping_ || !progress.has_output();
}

asio::awaitable<TaskOutcome> StepsRun::run() {
    const MonotonicTime began = unit_.clock.monotonic();
    TaskGroup group(co_await asio::this_coro::executor);
    bool more = true;
    while (more) {
        for (std::size_t step = 0; step < steps_.size() && !stopping_; ++step) {
            if (!is_ready(step)) continue;
            progress_[step].started = true;
            group.spawn(run_step(step));
        }
        more = co_await group.next();
        stopping_ = stopping_ || group.is_cancelled();
    }
    TaskOutcome whole{.cancelled = group.is_cancelled(), .cost = 0, .paid = 0};
    for (std::size_t step = 0; step < steps_.size(); ++step) join(step, whole);
    const bool from_cache = whole.calls == 0 && whole.cached > 0;
    if (!from_cache) whole.latency = unit_.clock.monotonic() - began;
    if (whole.error.empty()) whole.output = std::move(progress_.back().outcome.output);
    co_return whole;
}

void StepsRun::join(std::size_t step, TaskOutcome& whole) {
    if (!progress_[step].ended) return;
    TaskOutcome& own = progress_[step].outcome;
    // The budget's own words end the run; a failure says whose it is.
    if (own.over_budget && !whole.over_budget) {
        whole.error = own.error;
    } else if (!own.error.empty() && whole.error.empty()) {
        whole.error = fmt::format("step \"{}\": {}", steps_[step].spec.id, own.error);
    }
    whole.over_budget = whole.over_budget || own.over_budget;
    whole.cancelled = whole.cancelled || own.cancelled;
    for (const auto& [kind, tokens] : own.usage) whole.usage[kind] += tokens;
    add_known(whole.cost, own.cost);
    add_known(whole.paid, own.paid);
    whole.calls += own.calls;
    whole.retries += own.retries;
    whole.cached += own.cached;
    if (own.time_to_first_token) whole.time_to_first_token = own.time_to_first_token;
    whole.log += own.log;
    std::ranges::move(own.observations, std::back_inserter(whole.observations));
}

class StepsTask final : public UnitTask {
  public:
    explicit StepsTask(std::vector<Step> steps)
        : steps_(std::move(steps)), fingerprint_(fingerprint_of_graph(steps_)) {}

    asio::awaitable<TaskOutcome> run(UnitContext unit) const override {
        StepsRun graph(steps_, unit);
        co_return co_await graph.run();
    }

    const std::string& fingerprint() const override { return fingerprint_; }

    std::string row_fingerprint(const DatasetItem& item) const override {
        Json parts = Json::object();
        for (const Step& step : steps_) {
            std::string part = step.task->row_fingerprint(item);
            if (!part.empty()) parts[step.spec.id] = std::move(part);
        }
        return parts.empty() ? std::string() : to_text(parts);
    }

    std::vector<PlannedCall> calls(const TaskInput& input) const override {
        std::vector<PlannedCall> calls;
        for (const Step& step : steps_) {
            const Json known = known_outputs(step, input.item);
            TaskInput own = input;
            own.steps = &known;
            for (PlannedCall& call : step.task->calls(own)) {
                // What the other steps before it will answer is not known.
                if (known.size() < step.sees.size()) call.request.reset();
                calls.push_back(std::move(call));
            }
        }
        return calls;
    }

    std::string check(const DatasetItem& item) const override {
        for (const Step& step : steps_) {
            const std::string problem = problem_of(step.spec.task, item);
            if (!problem.empty()) return fmt::format("step \"{}\": {}", step.spec.id, problem);
        }
        return {};
    }

  private:
    /// Of what the step sees, what is recorded.
    [[nodiscard]] Json known_outputs(const Step& step, const DatasetItem& item) const {
        Json outputs = Json::object();
        for (const std::size_t seen : step.sees) {
            auto output = steps_[seen].task->known_output(item);
            if (output) outputs[steps_[seen].spec.id] = {{"output", std::move(*output)}};
        }
        return outputs;
    }

    /// Of what is known before the steps have run.
    static std::string problem_of(const TaskSpec& task, const DatasetItem& item) {
        TemplateScope scope = scope_of(item);
        scope.steps_to_come = true;
        if (task.http) return check_service_request(*task.http, scope);
        if (!task.prompt) return {};
        const auto rendered = render_prompt(*task.prompt, scope);
        return rendered ? std::string() : rendered.error().message;
    }

    std::vector<Step> steps_;
    std::string fingerprint_;
};

}  // namespace

std::unique_ptr<UnitTask> make_steps_task(const TaskSpec& spec,
                                          std::vector<std::unique_ptr<UnitTask>> tasks) {
    return std::make_unique<StepsTask>(make_steps(spec, std::move(tasks)));
}

}  // namespace assay
