#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/model/ids.hpp"
#include "core/model/run.hpp"

namespace assay {

/// Rows of the catalogue, as the trace store refers to them.
enum class DatasetRunRow : std::int64_t {};
enum class ItemVersionRow : std::int64_t {};

/// A dataset run as the other half needs it.
struct DatasetRunPlace {
    DatasetRunRow row;
    Time started;
};

/// One state of a dataset item. An item changes by getting a new version; the old one stays.
struct ItemVersion {
    DatasetItem item;  ///< id, input, expected_output, metadata and content_hash
    Time valid_from;
};

/// A name that was given to a run, and the document (docs/baselines.md) that it stands for. The
/// document never changes; another one is another baseline of the same name.
struct Baseline {
    std::string name;
    std::string sha256;  ///< of the document
    RunId run;           ///< that it was made of
    Time created;
    std::string created_by;
    std::string reason;           ///< why it is one; or ""
    std::optional<Time> removed;  ///< it is history: the name was taken away or given anew
    std::string removed_by;
};

/// How far two runs of identical input lay apart in one score (core/stats/noise.hpp), with all
/// that decides whether it says something about another run.
struct MeasuredNoise {
    std::string experiment;
    std::string dataset_sha256;
    int repetitions = 1;
    std::string variant;
    std::string score;
    std::string category;  ///< of a CATEGORICAL score: the noise of its share; else ""
    std::string evaluator_hash;
    double floor = 0;
    std::uint64_t runs = 0;  ///< that it was measured with
    Time measured;
};

/// An item whose values gates do not count for a while.
struct QuarantineEntry {
    std::string experiment;
    DatasetItemId item;
    std::string score;  ///< only this one; "" = all
    Time until;
    Time created;
    std::string created_by;
    std::string reason;
    std::optional<Time> released;  ///< it was ended before its time, or set anew
    std::string released_by;

    [[nodiscard]] bool is_active(Time now) const { return !released && now < until; }
};

/// How far a judge agrees with people, as it was found at some time.
struct StoredCalibration {
    std::string judge;  ///< the evaluator's name
    std::string evaluator_hash;
    std::string score;
    std::uint64_t outputs = 0;  ///< that were compared
    Time made;
    std::string sha256;  ///< of its document
};

/// The half of the store that is small and transactional: projects, datasets with their items,
/// runs and their dataset runs, baselines, noise, quarantine and calibrations. Methods that write
/// run inside the caller's transaction.
class Catalogue {
  public:
    virtual ~Catalogue() = default;

    /// Stores a run that begins, with its project, dataset and dataset runs.
    /// @error already_exists when the run's id is taken; invalid_argument when the project was
    ///        deleted.
    [[nodiscard]] virtual Result<void> create_run(const ProjectId& project,
                                                  const RunRecord& run) = 0;
    /// Replaces what is stored of a run. @error not_found when it was never created.
    [[nodiscard]] virtual Result<void> update_run(const ProjectId& project,
                                                  const RunRecord& run) = 0;
    /// @error not_found when it was never created.
    [[nodiscard]] virtual Result<RunRecord> run(const ProjectId& project,
                                                const RunId& id) const = 0;
    /// All runs, newest first.
    [[nodiscard]] virtual Result<std::vector<RunRecord>> runs(const ProjectId& project) const = 0;
    /// @error not_found when there is none.
    [[nodiscard]] virtual Result<DatasetRunPlace> dataset_run(const ProjectId& project,
                                                              const DatasetRunId& id) const = 0;

    /// The item's version that was valid at `at`, if it has this content (told by content_hash);
    /// else a new version with it, valid from `at`.
    /// @error not_found when the dataset is not there.
    [[nodiscard]] virtual Result<ItemVersionRow> put_item(const ProjectId& project,
                                                          std::string_view dataset_name,
                                                          const DatasetItem& item, Time at) = 0;
    /// All versions of an item, oldest first.
    [[nodiscard]] virtual Result<std::vector<ItemVersion>> item_versions(
        const ProjectId& project, std::string_view dataset_name,
        const DatasetItemId& item) const = 0;

    /// Keeps a baseline's document, or whatever else a run was compared with, once.
    /// @return its SHA-256, by which it is found. @error resource_exhausted when it is too large.
    [[nodiscard]] virtual Result<std::string> put_baseline_document(const ProjectId& project,
                                                                    std::string_view document) = 0;
    /// @error not_found when there is none; data_loss when it is not what was kept.
    [[nodiscard]] virtual Result<std::string> baseline_document(const ProjectId& project,
                                                                std::string_view sha256) const = 0;
    /// Gives a name to a document that is kept.
    /// @error already_exists when the name is in use; not_found when the document is not there.
    [[nodiscard]] virtual Result<void> add_baseline(const ProjectId& project,
                                                    const Baseline& baseline) = 0;
    /// Takes the name away; what it stood for stays in the history.
    /// @error not_found when there is none.
    [[nodiscard]] virtual Result<void> remove_baseline(const ProjectId& project,
                                                       std::string_view name, Time at,
                                                       std::string_view by) = 0;
    /// All that there are and were, newest first.
    [[nodiscard]] virtual Result<std::vector<Baseline>> baselines(
        const ProjectId& project) const = 0;

    /// Keeps what was measured; an earlier measurement of the same goes.
    [[nodiscard]] virtual Result<void> put_noise(const ProjectId& project,
                                                 const MeasuredNoise& noise) = 0;
    [[nodiscard]] virtual Result<std::vector<MeasuredNoise>> noise(
        const ProjectId& project, std::string_view experiment) const = 0;

    [[nodiscard]] virtual Result<void> add_quarantine(const ProjectId& project,
                                                      const QuarantineEntry& entry) = 0;
    /// Ends those of the item and score that were not released yet.
    /// @return how many there were.
    [[nodiscard]] virtual Result<int> release(const ProjectId& project,
                                              const QuarantineEntry& entry) = 0;
    /// All that there are and were, newest first.
    [[nodiscard]] virtual Result<std::vector<QuarantineEntry>> quarantine(
        const ProjectId& project) const = 0;

    /// @param calibration  with the SHA-256 of a document that is kept.
    /// @error not_found when the document is not there.
    [[nodiscard]] virtual Result<void> add_calibration(const ProjectId& project,
                                                       const StoredCalibration& calibration) = 0;
    /// All of them, newest first.
    [[nodiscard]] virtual Result<std::vector<StoredCalibration>> calibrations(
        const ProjectId& project) const = 0;
};

}  // namespace assay
