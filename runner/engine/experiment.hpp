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
#include "evaluators/json_schema_validator.hpp"
#include "judges/provider.hpp"
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
    std::vector<std::shared_ptr<Provider>> providers;  // shared with the tasks that call them
    std::vector<BoundVariant> variants;
    std::vector<BoundEvaluator> evaluators;
    std::optional<JsonSchema> input_schema;
    ReportPlan report_plan;
};

struct BindOptions {
    bool keys_needed = true;  ///< false: a missing API key is no mistake, since nothing is called
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
    DatasetSelection selection;      ///< from the command line; narrower than the spec's
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

/// The key of a unit: a hash of everything that can change its answer, and of its identity.
[[nodiscard]] UnitKey unit_key(const DatasetItem& item, const BoundVariant& variant, int repetition,
                               std::uint64_t seed);

/// Watches an execution. Called from the thread that called execute().
class ExecutionObserver {
  public:
    virtual ~ExecutionObserver() = default;
    virtual void unit_finished(const UnitResult& unit) = 0;
    /// A stop was asked for: `at_once` when it was the second time.
    virtual void stopping(std::size_t units_in_flight, bool at_once) = 0;
    /// About ten times a second, also while nothing finishes.
    virtual void tick(std::size_t units_in_flight) = 0;
};

struct ExecuteOptions {
    ExecutionObserver* observer = nullptr;
    /// Start nothing more once a unit failed, is unscored or has a false `check`.
    bool fail_fast = false;
    bool handle_signals = true;  ///< SIGINT and SIGTERM: once drains, twice stops at once
    std::chrono::milliseconds retry_delay{500};  ///< before the first retry; doubles each time
};

/// Runs every unit of the plan and commits each to the journal. Blocks until all is done.
///
/// @return the run as it ended: finished, interrupted, or incomplete with the reason. Whatever
///         finished is stored, whichever it is.
/// @error only when the journal could not even begin.
[[nodiscard]] Result<RunRecord> execute(const Experiment& experiment, Plan plan,
                                        RunJournal& journal, const Clock& clock,
                                        const ExecuteOptions& options);

}  // namespace assay
