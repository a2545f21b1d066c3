#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/model/ids.hpp"
#include "core/model/run.hpp"
#include "server/store/catalogue.hpp"

namespace assay {

/// A trace as the tracing backend serves it.
struct Trace {
    TraceId id;
    Time timestamp;
    std::string name;
    std::string environment;
    Json input;
    Json output;
    Json metadata;
};

/// A score as the tracing backend serves it.
struct StoredScore {
    ScoreId id;
    Score score;
    Time timestamp;
    std::optional<TraceId> execution_trace = {};  ///< of the judge that gave it
};

/// A value that a score had before it was replaced. Nothing but the history ever reads it.
struct PastScore {
    StoredScore stored;          ///< the score that replaced it has the same id
    std::string evaluator_hash;  ///< of the evaluator that gave the value; "" = unknown
    Time replaced;
};

/// One item of a dataset run as the tracing backend serves it.
struct RunItem {
    RunItemId id;
    DatasetItemId item_id;
    TraceId trace_id;
    std::uint64_t position = 0;
    int repetition = 0;
};

/// What to read of a unit.
enum class UnitParts : std::uint8_t {
    of_report,  ///< all but observations
    all,
};

/// Says that a unit or a dataset run is scored anew: values that change go to the history.
struct Replacement {
    /// By evaluator's name: those that gave the values until now.
    std::map<std::string, std::string, std::less<>> evaluator_hashes;
    Time at;
};

/// Where a unit belongs, as the catalogue stored it.
struct UnitPlace {
    DatasetRunRow dataset_run;
    DatasetRunId dataset_run_id;
    ItemVersionRow item_version;
    std::string_view trace_name;
    const Json* metadata = nullptr;            ///< of the trace, besides the item's id; an object
    const Replacement* replacement = nullptr;  ///< set: the unit must be stored already
};

/// The scores of a whole dataset run.
struct RunScores {
    DatasetRunRow dataset_run;
    DatasetRunId dataset_run_id;
    Time timestamp;
    const std::vector<Score>* scores = nullptr;
    const Replacement* replacement = nullptr;
};

/// The half of the store that is large and grows: traces, observations, scores, run items.
/// Methods that write run inside the caller's transaction.
class TraceStore {
  public:
    virtual ~TraceStore() = default;

    /// Stores a unit: its run item, trace, observations and scores. Storing it again replaces
    /// what it wrote before.
    /// @error already_exists when its trace or its place belongs to another unit; with a
    ///        replacement not_found when it is not stored, and internal when more than its
    ///        evaluations would change.
    [[nodiscard]] virtual Result<void> put_unit(const ProjectId& project, const UnitPlace& place,
                                                const UnitResult& unit) = 0;
    /// Replaces the scores of a whole dataset run.
    [[nodiscard]] virtual Result<void> put_run_scores(const ProjectId& project,
                                                      const RunScores& scores) = 0;

    /// The units of one variant, ordered by item position, then repetition; one at a time.
    /// @error data_loss when a stored unit is damaged.
    [[nodiscard]] virtual Result<void> for_each_unit(const ProjectId& project,
                                                     DatasetRunRow dataset_run,
                                                     std::string_view variant, UnitParts parts,
                                                     const UnitVisitor& visit) const = 0;
    /// The output of one unit, null when it gave none; nothing when it is not stored.
    [[nodiscard]] virtual Result<std::optional<Json>> output(const ProjectId& project,
                                                             DatasetRunRow dataset_run,
                                                             std::uint64_t position,
                                                             int repetition) const = 0;
    /// Which models answered in the units of one variant, each once; failed calls aside.
    [[nodiscard]] virtual Result<std::vector<ModelAnswered>> models_that_answered(
        const ProjectId& project, DatasetRunRow dataset_run, std::string_view variant) const = 0;
    [[nodiscard]] virtual Result<std::vector<Score>> run_scores(
        const ProjectId& project, DatasetRunRow dataset_run) const = 0;
    /// @error not_found when there is none.
    [[nodiscard]] virtual Result<Trace> trace(const ProjectId& project,
                                              const TraceId& id) const = 0;
    /// In start order; none when the trace is not there.
    [[nodiscard]] virtual Result<std::vector<Observation>> observations(
        const ProjectId& project, const TraceId& trace) const = 0;
    /// In the order they were stored.
    [[nodiscard]] virtual Result<std::vector<StoredScore>> scores(const ProjectId& project,
                                                                  const TraceId& trace) const = 0;
    /// What the trace's scores were before, oldest first.
    [[nodiscard]] virtual Result<std::vector<PastScore>> score_history(
        const ProjectId& project, const TraceId& trace) const = 0;
    /// The same of the scores of a dataset run.
    [[nodiscard]] virtual Result<std::vector<PastScore>> run_score_history(
        const ProjectId& project, DatasetRunRow dataset_run) const = 0;
    [[nodiscard]] virtual Result<std::vector<RunItem>> run_items(
        const ProjectId& project, DatasetRunRow dataset_run) const = 0;
};

}  // namespace assay
