#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "configs/load_spec.hpp"
#include "core/base/clock.hpp"
#include "core/base/diagnostic.hpp"
#include "core/model/run.hpp"
#include "datasets/dataset.hpp"
#include "evaluators/evaluation.hpp"
#include "evaluators/evaluation_order.hpp"
#include "evaluators/json_schema_validator.hpp"
#include "judges/calls/call_limiter.hpp"
#include "judges/calls/reply_cache.hpp"
#include "judges/provider.hpp"
#include "runner/engine/bind_providers.hpp"
#include "runner/engine/ports.hpp"
#include "runner/engine/unit_task.hpp"

namespace assay {

// One way through the engine: bind_experiment -> make_plan -> execute. What comes before is
// configs/load_spec.hpp, what comes after is runner/report/report.hpp.

/// One variant with its task ready to be called.
struct BoundVariant {
    std::string name;
    std::unique_ptr<UnitTask> task;
};

/// A spec whose every name is resolved: evaluators, providers, gates.
struct Experiment {
    ExperimentSpec spec;
    /// Knows the models and owns their prices: what calls them points into it.
    std::unique_ptr<ProviderBinder> models;
    std::vector<std::shared_ptr<Provider>> providers;  // shared with the tasks that call them
    /// What answers, without secrets: the identity of each model's provider by its name, and the
    /// hash of each program's files by its command. Not in the keys of units.
    Json connections = Json::object();
    std::vector<BoundVariant> variants;
    std::vector<BoundEvaluator> evaluators;
    EvaluationOrder order;  ///< of `evaluators`
    std::optional<JsonSchema> input_schema;
    ReportPlan report_plan;
};

struct BindOptions {
    bool keys_needed = true;  ///< false: a missing API key is no mistake, since nothing is called
    bool task_called = true;  ///< false: only evaluators run, on outputs that are there
};

/// Resolves every name in the spec. All mistakes, those of the loading included, go into
/// `diagnostics`, which is empty at first; nothing is returned when there is one. Nothing is
/// called.
[[nodiscard]] std::optional<Experiment> bind_experiment(LoadedSpec loaded,
                                                        const BindOptions& options,
                                                        Diagnostics& diagnostics);

struct PlanOptions {
    std::string run_name;  ///< "" = the experiment's name and the time
    std::vector<std::string> tags;
    std::map<std::string, std::string> metadata;
    std::optional<Shard> shard;
    DatasetSelection selection;      ///< from the command line; narrower than the spec's
    StoredRows open_stored = {};     ///< needed when the spec names a stored dataset
    Json manifest = Json::object();  ///< what the caller knows: git, ci
};

/// What will run: the items of the dataset × the variants × the repetitions. Units stream, so a
/// plan holds how to read them and how many they are, not the units themselves.
struct Plan {
    RunRecord run;
    Dataset dataset;
    DatasetFacts facts;
};

/// Reads the dataset once from end to end and checks every row against everything that will need
/// it (ids, schema, template variables). Mistakes are appended to `diagnostics`.
/// @error only what keeps the dataset from being read at all.
[[nodiscard]] Result<std::optional<Plan>> make_plan(const Experiment& experiment,
                                                    PlanOptions options, const Clock& clock,
                                                    Diagnostics& diagnostics);

/// What a manifest says of the evaluators: "name", "type", "version", "hash".
[[nodiscard]] Json describe_evaluators(const std::vector<BoundEvaluator>& evaluators);
/// Says which units there are and how each is answered, and nothing of where or when: budgets and
/// limits can change between two executions of one run.
[[nodiscard]] std::string units_sha256_of(const Experiment& experiment,
                                          const std::string& dataset_sha256);
/// The hash of a plan, from the run's manifest: RunRecord::plan_sha256.
[[nodiscard]] std::string plan_sha256_of(const Json& manifest);

/// A new id: it sorts by time and is short enough to type.
[[nodiscard]] RunId new_run_id(Time now);

/// The key of a unit: a hash of everything that can change its answer, and of its identity.
[[nodiscard]] UnitKey unit_key(const DatasetItem& item, const BoundVariant& variant, int repetition,
                               std::uint64_t seed);

/// How an execution stands.
struct ExecutionPulse {
    std::size_t units_in_flight = 0;
    std::vector<CallLimiter::LaneState> lanes;  ///< the providers' limits
};

/// Watches an execution. Called from the thread that called execute().
class ExecutionObserver {
  public:
    virtual ~ExecutionObserver() = default;
    /// A run begins or goes on: so many of its units are stored already.
    virtual void units_stored(const RunRecord& run, std::size_t units) = 0;
    /// A unit of the run is committed.
    virtual void unit_finished(const RunRecord& run, const UnitResult& unit) = 0;
    /// A stop was asked for: `at_once` when it was the second time.
    virtual void stopping(std::size_t units_in_flight, bool at_once) = 0;
    /// About ten times a second, also while nothing finishes.
    virtual void tick(const ExecutionPulse& pulse) = 0;
};

struct ExecuteOptions {
    ExecutionObserver* observer = nullptr;
    /// Start nothing more once a unit failed, is unscored or has a false `check`.
    bool fail_fast = false;
    bool handle_signals = true;  ///< SIGINT and SIGTERM: once drains, twice stops at once
    std::chrono::milliseconds retry_delay{500};  ///< before the first retry; doubles each time
};

/// One run to execute.
struct ExecutionJob {
    const Experiment* experiment = nullptr;  ///< outlives the execution
    Plan plan;                    ///< `run.resumed`: the journal has a part of it already
    ReplyCache* cache = nullptr;  ///< nullptr = none, whatever the spec says
    /// What evaluators that compare may read; nullptr = nothing is stored yet.
    StoredOutputs* outputs = nullptr;
};

/// Runs every unit of the plans that the journal does not have yet and commits each to it, all runs
/// at the same time under the same limits. Blocks until all is done.
///
/// @return the runs as they ended, in order: finished, interrupted, or incomplete with the reason.
///         Whatever finished is stored, whichever it is.
/// @error only when the journal could not even begin; nothing was called then.
[[nodiscard]] Result<std::vector<RunRecord>> execute(std::vector<ExecutionJob> jobs,
                                                     RunJournal& journal, const Clock& clock,
                                                     const ExecuteOptions& options);
/// The same for one run without a cache.
[[nodiscard]] Result<RunRecord> execute(const Experiment& experiment, Plan plan,
                                        RunJournal& journal, const Clock& clock,
                                        const ExecuteOptions& options);

}  // namespace assay
