#include "tests/unit/engine/simulation_world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <climits>
#include <tuple>

#include "runner/engine/steps_task.hpp"
#include "runner/report/report.hpp"

namespace assay::test {
namespace {

constexpr NanoUsd k_cost_of_call = 1000;
constexpr std::int64_t k_tokens_of_call = 7;
constexpr std::chrono::milliseconds k_retry_delay{1};
/// Executions in trouble before the last one in peace.
constexpr int k_troubles_max = 4;

std::string spec_text(const Shape& shape, const std::string& name) {
    std::string variants;
    for (int i = 0; i < shape.variants; ++i) {
        const std::string task =
            shape.in_steps
                ? fmt::format(R"(steps: [
      {{id: draft, provider: "openai:m{0}", prompt: "draft {{{{input}}}}"}},
      {{id: check, needs: [draft], provider: "openai:m{0}",
       prompt: "check {{{{input}}}} {{{{steps.draft.output}}}}"}}])",
                              i)
                : fmt::format(R"(provider: "openai:m{}", prompt: "ask {{{{input}}}}")", i);
        variants += fmt::format("  - {{name: m{}, {}}}\n", i, task);
    }
    return fmt::format(R"(experiment: {}
dataset: rows.jsonl
task: {{timeout: 5s}}
variants:
{}repetitions: {}
evaluators:
  - exact_match
  - {{name: size, type: length, when: "exact_match = 1"}}
  - {{name: strict, type: lua, code: "if output == 'C' then error('no') end return true"}}
  - {{name: late, type: length, needs: [strict]}}
)",
                       name, variants, shape.repetitions);
}

std::string input_of(const std::string& job, int item) { return fmt::format("{}-{}", job, item); }

std::string rows_of(const Shape& shape, const std::string& name) {
    std::string rows;
    for (int i = 0; i < shape.items; ++i) {
        rows += to_text(Json{{"input", input_of(name, i)}, {"expected_output", "A"}}) + "\n";
    }
    return rows;
}

std::unique_ptr<UnitTask> make_task(const TaskSpec& spec, std::shared_ptr<Provider> provider,
                                    int retries) {
    if (spec.form != TaskForm::steps)
        return task_of(spec, {.provider = provider, .retries = retries});
    std::vector<std::unique_ptr<UnitTask>> tasks;
    for (const StepSpec& step : spec.steps) {
        tasks.push_back(task_of(step.task, {.provider = provider, .retries = retries}));
    }
    return make_steps_task(spec, std::move(tasks));
}

int draw(Rng& rng, int low, int high) {
    return low + static_cast<int>(rng.next_below(static_cast<std::uint64_t>(high - low + 1)));
}

bool flip(Rng& rng, double chance) { return rng.next_unit() < chance; }

Odds draw_odds(Rng& rng) {
    const auto share = [&](double chance, double most) {
        return flip(rng, chance) ? rng.next_unit() * most : 0.0;
    };
    return {.truncated = share(0.2, 0.1),
            .empty = share(0.2, 0.1),
            .busy = share(0.6, 0.4),
            .limited = share(0.3, 0.2),
            .refused = share(0.01, 0.02),
            .wrong = share(0.3, 0.2),
            .late = share(0.7, 1.0)};
}

/// What another attempt can mend, often.
Odds draw_calm_odds(Rng& rng) {
    Odds odds = draw_odds(rng);
    odds.wrong = 0;
    odds.refused = 0;
    return odds;
}

RateLimitSpec draw_rate_limit(Rng& rng) {
    RateLimitSpec limit;
    limit.concurrency_max = draw(rng, 1, 16);
    if (flip(rng, 0.5)) limit.concurrency_min = draw(rng, 1, *limit.concurrency_max);
    if (flip(rng, 0.5)) {
        limit.concurrency_start =
            draw(rng, limit.concurrency_min.value_or(1), *limit.concurrency_max);
    }
    if (flip(rng, 0.3)) limit.rpm = 60'000;
    if (flip(rng, 0.3)) limit.tpm = 6'000'000;
    return limit;
}

/// Counts what the engine tells while it runs.
class Listener final : public ExecutionObserver {
  public:
    void units_stored(const RunRecord& /*run*/, std::size_t units) override { stored += units; }
    void unit_finished(const RunRecord& /*run*/, const UnitResult& /*unit*/) override {
        ++finished;
    }
    void stopping(std::size_t /*units_in_flight*/, bool /*at_once*/) override {}
    void tick(const ExecutionPulse& /*pulse*/) override {}

    std::size_t stored = 0;
    std::size_t finished = 0;
};

}  // namespace

Shape draw_shape(Rng& rng) {
    constexpr int k_concurrencies[] = {1, 2, 3, 5, 8, 16, 64};
    Shape shape{.items = draw(rng, 1, flip(rng, 0.2) ? 30 : 8),
                .variants = draw(rng, 1, 3),
                .repetitions = draw(rng, 1, flip(rng, 0.3) ? 3 : 1),
                .retries = draw(rng, 0, 3),
                .in_steps = flip(rng, 0.3),
                .concurrency = k_concurrencies[rng.next_below(std::size(k_concurrencies))]};
    if (flip(rng, 0.2)) shape.cache = flip(rng, 0.5) ? CacheMode::read_write : CacheMode::write;
    if (flip(rng, 0.3)) shape.limits = draw_rate_limit(rng);
    return shape;
}

// ---- job --------------------------------------------------------------------------------------

Job::Job(std::string own_name, const Shape& drawn, const Destiny& destiny,
         std::shared_ptr<SimulatedProvider> provider)
    : name(std::move(own_name)),
      shape(drawn),
      destiny_(destiny),
      folder_(std::make_unique<SpecFolder>(
          spec_text(drawn, name),
          std::map<std::string, std::string>{{"rows.jsonl", rows_of(drawn, name)}})) {
    experiment = folder_->bind();
    for (std::size_t i = 0; i < experiment.variants.size(); ++i) {
        experiment.variants[i].task =
            make_task(experiment.spec.variants[i].task, provider, shape.retries);
    }
    experiment.providers = {std::move(provider)};
    experiment.spec.execution.concurrency = shape.concurrency;
    experiment.spec.execution.cache = shape.cache;
    if (shape.limits) experiment.spec.execution.rate_limits = {{"openai", *shape.limits}};
}

Plan Job::plan(const RunRecord* stored, std::optional<Shard> shard) const {
    Plan plan = folder_->plan(experiment, {.shard = shard});
    if (stored == nullptr) return plan;
    plan.run = *stored;
    plan.run.state = RunState::running;
    plan.run.reason.clear();
    plan.run.finished.reset();
    plan.run.resumed = true;
    return plan;
}

Job::Fortune Job::fortune_of(const std::string& call) const {
    Fortune fortune{.output = destiny_.output_of(call)};
    while (fortune.calls <= shape.retries) {
        fortune.fate = destiny_.fate_of(call, fortune.calls++);
        const bool is_over = fortune.fate == Fate::answered || fortune.fate == Fate::truncated ||
                             fortune.fate == Fate::empty || fortune.fate == Fate::wrong;
        if (is_over) break;
    }
    return fortune;
}

std::string Job::expected_unit(const std::string& variant, int repetition, const std::string& input,
                               bool replayed) const {
    const auto call = [&](const std::string& prompt) {
        return fortune_of(fmt::format("{}#{}:{}", variant, repetition, prompt));
    };
    const auto is_good = [&](const Fortune& fortune) {
        return fortune.fate == Fate::answered || (fortune.fate == Fate::truncated && !replayed);
    };
    Fortune last = call((shape.in_steps ? "draft " : "ask ") + input);
    int calls = last.calls;
    int made = 1;
    if (shape.in_steps && is_good(last)) {
        last = call(fmt::format("check {} {}", input, last.output));
        calls += last.calls;
        ++made;
    }
    std::string text = "failed null";
    if (is_good(last)) {
        const bool is_right = last.output == "A";
        const bool breaks = last.output == "C";
        text = fmt::format(R"({} "{}" exact_match:{} size:{} strict:{} late:{})",
                           breaks ? "unscored" : "scored", last.output, is_right,
                           is_right ? "1.0" : "skipped", breaks ? "error" : "true",
                           breaks ? "skipped" : "1.0");
    }
    if (counts_calls()) text += fmt::format(" calls:{} retries:{}", calls, calls - made);
    return text;
}

std::map<std::string, std::string> Job::expected(bool replayed) const {
    std::map<std::string, std::string> units;
    for (const BoundVariant& variant : experiment.variants) {
        for (int repetition = 0; repetition < shape.repetitions; ++repetition) {
            for (int item = 0; item < shape.items; ++item) {
                const std::string input = input_of(name, item);
                units[fmt::format("{}#{}:{}", variant.name, repetition, input)] =
                    expected_unit(variant.name, repetition, input, replayed);
            }
        }
    }
    return units;
}

// ---- world ------------------------------------------------------------------------------------

World::World(std::uint64_t seed, const Odds& odds, int jobs)
    : rng_(seed),
      destiny_(seed, odds),
      provider_(std::make_shared<SimulatedProvider>(destiny_, findings_)),
      journal_(findings_, seed) {
    const int retries = draw(rng_, 0, 3);
    for (int i = 0; i < jobs; ++i) {
        Shape shape = draw_shape(rng_);
        shape.retries = retries;
        jobs_.push_back(std::make_unique<Job>(fmt::format("job{}", i), shape, destiny_, provider_));
    }
}

namespace {

Odds odds_of(std::uint64_t seed, bool calm) {
    Rng rng(seed ^ 0xA55A1ULL);
    return calm ? draw_calm_odds(rng) : draw_odds(rng);
}

int jobs_of(std::uint64_t seed) {
    Rng rng(seed ^ 0x70B5ULL);
    return flip(rng, 0.25) ? draw(rng, 2, 3) : 1;
}

}  // namespace

World::World(std::uint64_t seed) : World(seed, odds_of(seed, false), jobs_of(seed)) {}

World World::calm(std::uint64_t seed) { return {seed, odds_of(seed, true), 1}; }

void World::find(const Job& job, std::string_view what) {
    findings_.add(fmt::format("{}, execution {}: {}", job.name, executions_, what));
}

Trouble World::draw_trouble() {
    std::size_t units = 0;
    for (const auto& job : jobs_) units += job->expected().size();
    const auto kind = static_cast<Trouble::Kind>(
        rng_.next_below(static_cast<std::uint64_t>(Trouble::Kind::no_begin) + 1));
    std::size_t most = units;
    if (kind == Trouble::Kind::disk_full || kind == Trouble::Kind::dies_at_commit ||
        kind == Trouble::Kind::dies_after_commit) {
        most = std::min<std::size_t>(units, 8);  // commits come in groups
    }
    if (kind == Trouble::Kind::no_begin) most = jobs_.size();
    return {.kind = kind, .at = 1 + rng_.next_below(most)};
}

/// Another concurrency each time, and a budget if that is to be the trouble.
void World::draw_limits(const Trouble& trouble) {
    for (const auto& job : jobs_) {
        ExecutionSpec& execution = job->experiment.spec.execution;
        if (flip(rng_, 0.3)) execution.concurrency = draw(rng_, 1, 64);
        execution.budget = {};
        if (trouble.kind != Trouble::Kind::budget) continue;
        const auto calls = static_cast<std::uint64_t>(trouble.at);
        switch (rng_.next_below(4)) {
            case 0: execution.budget.calls = calls; break;
            case 1: execution.budget.tokens = calls * k_tokens_of_call; break;
            case 2:
                execution.budget.cost_usd = to_usd(static_cast<NanoUsd>(calls) * k_cost_of_call);
                break;
            default: execution.budget.wall_time = std::chrono::milliseconds(draw(rng_, 1, 5));
        }
    }
}

struct World::Before {
    Spending spent;
    std::size_t units = 0;
};

std::vector<World::Before> World::look_before() const {
    std::vector<Before> before;
    for (const auto& job : jobs_) {
        Before& own = before.emplace_back();
        const auto* const kept = job->run ? journal_.find(*job->run) : nullptr;
        if (kept == nullptr) continue;
        own.units = kept->units.size();
        own.spent = kept->run.dropped;
        for (const auto& [key, unit] : kept->units) own.spent += spending_of(unit);
    }
    return before;
}

/// What is to be executed now: new runs, or what is stored of them. The provider is told what to
/// expect of it.
std::vector<ExecutionJob> World::prepare(const Trouble& trouble) {
    SimulatedProvider::Rules rules{.retries = jobs_.front()->shape.retries,
                                   .trouble = trouble,
                                   .on_death = [this] { journal_.die(); }};
    std::vector<ExecutionJob> jobs;
    std::optional<int> ceiling;
    for (const auto& job : jobs_) {
        const auto* const kept = job->run ? journal_.find(*job->run) : nullptr;
        jobs.push_back({.experiment = &job->experiment,
                        .plan = job->plan(kept == nullptr ? nullptr : &kept->run),
                        .cache = job->counts_calls() ? nullptr : cache_.get()});
        job->run = jobs.back().plan.run.id;
        rules.ceiling += job->experiment.spec.execution.concurrency;
        if (job->shape.limits) {
            ceiling = std::min(ceiling.value_or(INT_MAX), *job->shape.limits->concurrency_max);
        }
        if (kept == nullptr) continue;
        for (const auto& [key, unit] : kept->units) rules.stored.insert(name_of(unit));
    }
    if (ceiling) rules.ceiling = *ceiling;
    provider_->expect(std::move(rules));
    journal_.expect(trouble);
    return jobs;
}

void World::execute_once(const Trouble& trouble) {
    using Kind = Trouble::Kind;
    ++executions_;
    draw_limits(trouble);
    const auto before = look_before();
    std::vector<ExecutionJob> jobs = prepare(trouble);
    const bool is_stopped = trouble.kind == Kind::drain || trouble.kind == Kind::stop_at_once ||
                            trouble.kind == Kind::dies_at_call;
    Listener listener;
    const auto ended = execute(std::move(jobs), journal_, clock_,
                               {.observer = &listener,
                                .fail_fast = trouble.kind == Kind::fail_fast,
                                .handle_signals = is_stopped,
                                .retry_delay = k_retry_delay});
    if (!ended) {
        const bool is_meant = trouble.kind == Kind::no_begin;
        if (!is_meant) findings_.add("execute() failed: " + ended.error().message);
        if (provider_->calls() > 0) findings_.add("something was called before all runs began");
        return;
    }
    std::size_t known = 0;
    for (const Before& each : before) known += each.units;
    if (listener.stored != known) findings_.add("the observer was told of other stored units");
    if (listener.finished != journal_.acknowledged()) {
        findings_.add(fmt::format("execution {}: the observer was told of {} units, {} are stored",
                                  executions_, listener.finished, journal_.acknowledged()));
    }
    check_after(trouble, before, *ended);
}

void World::check_after(const Trouble& trouble, const std::vector<Before>& before,
                        const std::vector<RunRecord>& ended) {
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
        const Job& job = *jobs_[i];
        const RunRecord& run = ended[i];
        const auto* const kept = journal_.find(run.id);
        const std::size_t stored = kept->units.size();
        const std::size_t planned = job.expected().size();
        if (run.state == RunState::running) find(job, "it ended and is still running");
        if (run.state == RunState::finished && stored != planned) {
            find(job, fmt::format("it is finished with {} of {} units", stored, planned));
        }
        if (run.state != RunState::finished && run.reason.empty()) find(job, "no reason is given");
        if (run.state != RunState::finished && trouble.kind == Trouble::Kind::none) {
            find(job, "it did not finish in peace: " + run.reason);
        }
        check_spending(job, before[i], run, trouble);
        check_report(job, *kept);
        check_units(job, false);
    }
    check_lost(trouble);
}

/// What was used is either with the stored units or on record as dropped.
void World::check_spending(const Job& job, const Before& before, const RunRecord& ended,
                           const Trouble& trouble) {
    const Spending& used = provider_->used(job.name);
    Spending told = ended.dropped;
    for (const auto& [key, unit] : journal_.find(ended.id)->units) told += spending_of(unit);
    const bool is_lost = trouble.kind == Trouble::Kind::dies_after_commit;
    const bool is_told = told.calls == before.spent.calls + used.calls &&
                         told.tokens == before.spent.tokens + used.tokens &&
                         told.cost == before.spent.cost + used.cost;
    if (!is_lost && !is_told) {
        find(job, fmt::format("used {} calls, {} tokens and {} nano-dollars; on record are {}, {} "
                              "and {}",
                              before.spent.calls + used.calls, before.spent.tokens + used.tokens,
                              before.spent.cost + used.cost, told.calls, told.tokens, told.cost));
    }
    const ExecutionSpec& execution = job.experiment.spec.execution;
    const std::int64_t in_flight = execution.concurrency;
    const auto check = [&](std::string_view what, std::int64_t started, std::int64_t more,
                           std::int64_t limit, std::int64_t tolerance) {
        if (more == 0 || started + more <= limit + tolerance) return;
        find(job, fmt::format("the budget of {} {} was exceeded: {}", limit, what, started + more));
    };
    const BudgetSpec& budget = execution.budget;
    if (budget.calls) {
        check("calls", before.spent.calls, used.calls, static_cast<std::int64_t>(*budget.calls), 0);
    }
    if (budget.tokens) {
        check("tokens", before.spent.tokens, used.tokens, static_cast<std::int64_t>(*budget.tokens),
              in_flight * k_tokens_of_call);
    }
    if (budget.cost_usd) {
        check("nano-dollars", before.spent.cost, used.cost, nanos_from_usd(*budget.cost_usd),
              in_flight * k_cost_of_call);
    }
}

void World::check_report(const Job& job, const SimulatedJournal::Kept& kept) {
    const UnitStream units = [&](const UnitVisitor& visit) -> Result<void> {
        std::vector<const UnitResult*> sorted;
        for (const auto& [key, unit] : kept.units) sorted.push_back(&unit);
        std::ranges::sort(sorted, {}, [](const UnitResult* unit) {
            return std::tuple(unit->variant, unit->item.position, unit->repetition);
        });
        for (const UnitResult* const unit : sorted) ASSAY_CHECK(visit(*unit));
        return {};
    };
    const auto report = make_report(kept.run, units);
    if (!report) return find(job, "it has no report: " + report.error().message);
    std::size_t counted = 0;
    for (const VariantSummary& variant : report->variants) {
        const UnitCounts& count = variant.units;
        counted += count.planned - count.unfinished;
        if (count.scored + count.failed + count.unscored + count.skipped != count.planned) {
            find(job, fmt::format("the states of {} do not add up", variant.name));
        }
    }
    if (counted != kept.units.size()) find(job, "the report counts other units than are stored");
}

/// Units that were called for and are not stored: no more than were in flight, and where nothing
/// can be stored any more, than were on their way to the journal.
void World::check_lost(const Trouble& trouble) {
    std::set<std::string> lost = provider_->begun();
    std::size_t concurrency = 0;
    for (const auto& job : jobs_) {
        concurrency += static_cast<std::size_t>(job->experiment.spec.execution.concurrency);
        for (const auto& [key, unit] : journal_.find(*job->run)->units) lost.erase(name_of(unit));
    }
    std::size_t most = 0;
    switch (trouble.kind) {
        case Trouble::Kind::throws: most = 1; break;
        case Trouble::Kind::stop_at_once:
        case Trouble::Kind::budget: most = concurrency; break;
        case Trouble::Kind::disk_full:
        case Trouble::Kind::dies_at_commit:
        case Trouble::Kind::dies_after_commit:
        case Trouble::Kind::dies_at_call: return;
        default: break;
    }
    if (lost.size() > most) {
        findings_.add(
            fmt::format("execution {}: {} units were called for and not stored, at most "
                        "{} were in flight",
                        executions_, lost.size(), most));
    }
}

void World::check_units(const Job& job, bool all) {
    const auto expected = job.expected();
    std::size_t known = 0;
    for (const auto& [key, unit] : journal_.find(*job.run)->units) {
        const auto found = expected.find(name_of(unit));
        if (found == expected.end()) {
            find(job, "a unit that nobody planned: " + name_of(unit));
            continue;
        }
        ++known;
        const std::string said = describe(unit, job.counts_calls());
        if (said == found->second) continue;
        find(job, fmt::format("{} is\n  {} and should be\n  {} ({})", name_of(unit), said,
                              found->second, unit.error));
    }
    if (all && known != expected.size()) find(job, "units are missing in the end");
}

void World::open_cache() {
    cache_folder_.emplace();
    auto cache = ReplyCache::open(cache_folder_->path() / "cache", {}, clock_);
    REQUIRE(cache);
    cache_ = std::move(*cache);
}

void World::run_to_the_end() {
    const bool has_cache =
        std::ranges::any_of(jobs_, [](const auto& job) { return !job->counts_calls(); });
    if (has_cache) open_cache();
    const int troubles = draw(rng_, 0, k_troubles_max);
    for (int i = 0; i < troubles; ++i) {
        const Trouble trouble = draw_trouble();
        const std::size_t before = findings().size();
        execute_once(trouble);
        if (findings().size() != before) {
            findings_.add(fmt::format("that was execution {} with trouble: {} at {}", executions_,
                                      to_string(trouble.kind), trouble.at));
        }
    }
    execute_once({});
    for (const auto& job : jobs_) check_units(*job, true);
}

std::map<std::string, std::string> World::run_once(int concurrency, CacheMode mode,
                                                   std::optional<Shard> shard) {
    ++executions_;
    Job& own = *jobs_.front();
    own.shape.cache = mode;
    own.experiment.spec.execution.concurrency = concurrency;
    own.experiment.spec.execution.cache = mode;
    if (mode != CacheMode::off && !cache_) open_cache();
    provider_->expect(
        {.retries = own.shape.retries,
         .ceiling = own.shape.limits ? *own.shape.limits->concurrency_max : concurrency});
    journal_.expect({});
    std::vector<ExecutionJob> jobs;
    jobs.push_back({.experiment = &own.experiment,
                    .plan = own.plan(nullptr, shard),
                    .cache = mode == CacheMode::off ? nullptr : cache_.get()});
    own.run = jobs.back().plan.run.id;
    std::uint64_t planned = 0;
    for (const VariantRecord& variant : jobs.back().plan.run.variants) planned += variant.planned;
    const auto ended = execute(std::move(jobs), journal_, clock_,
                               {.handle_signals = false, .retry_delay = k_retry_delay});
    if (!ended) {
        find(own, ended.error().message);
        return {};
    }
    const auto* const kept = journal_.find(*own.run);
    if (ended->front().state != RunState::finished) find(own, ended->front().reason);
    if (kept->units.size() != planned) find(own, "it has other units than its plan says");
    check_report(own, *kept);
    std::map<std::string, std::string> units;
    for (const auto& [key, unit] : kept->units) {
        units[name_of(unit)] = describe(unit, own.counts_calls());
    }
    return units;
}

}  // namespace assay::test
