#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/run.hpp"
#include "runner/engine/ports.hpp"
#include "server/store/trace_store.hpp"

namespace assay {

/// New evaluations of a stored run. A score that changes keeps its id; its value until now goes to
/// a history that nothing else reads, with the hash that the stored run's manifest names for its
/// evaluator.
struct Rescoring {
    RunRecord run;  ///< as it is to be stored: its manifest names the new evaluators
    /// The units that change: read with UnitParts::all, then given their new evaluations, status,
    /// EVALUATOR observations and what these used.
    UnitStream units;
    /// Of whole dataset runs, all scores that evaluators give; those not named stay as they are.
    std::map<DatasetRunId, std::vector<Score>> run_scores;
    Time at;
};

/// The embedded tracing backend: one SQLite database in one folder, opened by the command line and
/// the server alike (WAL; several processes). One thread at a time may write and, meanwhile, one
/// other may read. The format is described in server/store/FORMAT.md.
class Store final : public RunJournal {
  public:
    /// Opens `folder`/assay.db, creating and migrating it as needed.
    /// @error permission_denied, resource_exhausted (disk full), data_loss (not a database, or
    ///        written by a newer version), each with the path and the remedy.
    static Result<std::unique_ptr<Store>> open(const std::filesystem::path& folder,
                                               const ProjectId& project);
    /// The same without creating anything.
    /// @param path  the folder, or a file of export_run(), which can only be read.
    /// @error not_found when there is no store.
    static Result<std::unique_ptr<Store>> open_existing(const std::filesystem::path& path,
                                                        const ProjectId& project);

    [[nodiscard]] Result<void> begin(const RunRecord& run) override;
    [[nodiscard]] Result<JournalState> resume(const RunRecord& run) override;
    [[nodiscard]] Result<void> commit(const RunId& run, std::span<const UnitResult> units,
                                      Durability durability = Durability::synced) override;
    [[nodiscard]] Result<void> finish(const RunRecord& run) override;
    /// Whether another process, or another Store of this one, is executing the run. A run that is
    /// stored as running and is open nowhere was left by a process that died.
    [[nodiscard]] bool is_open_elsewhere(const RunId& run) const;

    /// Stores the scores of a whole dataset run (run evaluators), replacing earlier ones.
    [[nodiscard]] Result<void> put_run_scores(const DatasetRunId& run,
                                              const std::vector<Score>& scores);
    [[nodiscard]] Result<std::vector<Score>> run_scores(const DatasetRunId& run) const;

    /// All runs, newest first.
    [[nodiscard]] Result<std::vector<RunRecord>> runs() const;
    /// A run by its id, a unique prefix of it (≥ 4 characters), its name, or "latest".
    /// @error not_found naming the nearest; invalid_argument when a prefix or name is ambiguous.
    [[nodiscard]] Result<RunRecord> find_run(std::string_view reference) const;

    /// See UnitStream. Reads one unit at a time: memory does not grow with the run.
    [[nodiscard]] Result<void> for_each_unit(const RunRecord& run, const UnitVisitor& visit,
                                             UnitParts parts = UnitParts::of_report) const;
    /// The output of one unit, null when it gave none; nothing when it is not stored.
    [[nodiscard]] Result<std::optional<Json>> output(const DatasetRunId& dataset_run,
                                                     std::uint64_t position, int repetition) const;
    /// The observations of one trace, in start order.
    [[nodiscard]] Result<std::vector<Observation>> observations(const TraceId& trace) const;

    // The rows themselves, for whoever holds them against each other.
    /// The scores of one trace, in the order they were stored.
    [[nodiscard]] Result<std::vector<StoredScore>> scores(const TraceId& trace) const;
    [[nodiscard]] Result<std::vector<RunItem>> run_items(const DatasetRunId& run) const;
    /// What the database engine finds wrong with the file itself; nothing when it is sound.
    [[nodiscard]] Result<std::vector<std::string>> check_file() const;

    /// Replaces evaluations of a stored run, all of them or none, see Rescoring. While the units
    /// come, which takes as long as judges take, others can write to the store.
    /// @error not_found when the run or a unit is not there; already_exists when the run is being
    ///        executed; internal when more than its evaluations of a unit would change.
    [[nodiscard]] Result<void> replace_evaluations(const Rescoring& rescoring);
    /// What the scores of a trace, or of a whole dataset run, were before; oldest first.
    [[nodiscard]] Result<std::vector<PastScore>> score_history(const TraceId& trace) const;
    [[nodiscard]] Result<std::vector<PastScore>> run_score_history(const DatasetRunId& run) const;

    /// Copies all units of a run in `from`, which may be this store, into the open run `into`:
    /// their traces become traces of that run. Variants go by name.
    /// @error as commit().
    [[nodiscard]] Result<void> copy_units(const Store& from, const RunRecord& run,
                                          const RunId& into);

    enum class NameTaken : std::uint8_t { refuse, replace };
    /// Gives a name to a document, which is kept; `baseline.sha256` need not be set.
    /// @param taken  when the name is in use: refused, or what it stood for becomes history.
    /// @error already_exists; resource_exhausted when the document is too large.
    [[nodiscard]] Result<void> put_baseline(Baseline baseline, std::string_view document,
                                            NameTaken taken);
    /// Keeps a document without a name: what a run is compared with.
    /// @return its SHA-256. @error resource_exhausted when it is too large.
    [[nodiscard]] Result<std::string> put_baseline_document(std::string_view document);
    /// @error not_found when there is none; data_loss when it is not what was kept.
    [[nodiscard]] Result<std::string> baseline_document(std::string_view sha256) const;
    /// @error not_found naming the nearest.
    [[nodiscard]] Result<Baseline> find_baseline(std::string_view name) const;
    /// All that there are and, marked as removed, that there were; newest first.
    [[nodiscard]] Result<std::vector<Baseline>> baselines() const;
    /// Takes the name away; what it stood for stays in the history.
    /// @error as find_baseline.
    [[nodiscard]] Result<void> remove_baseline(std::string_view name, Time at, std::string_view by);
    /// Copies what the run was compared with (its manifest's `baselines`) and what its judges were
    /// found to be worth (`calibrations`) from another store.
    [[nodiscard]] Result<void> copy_baseline_documents(const Store& from, const RunRecord& run);

    /// Keeps what was measured, all of it or none; earlier measurements of the same go.
    [[nodiscard]] Result<void> put_noise(std::span<const MeasuredNoise> noise);
    [[nodiscard]] Result<std::vector<MeasuredNoise>> noise(std::string_view experiment) const;

    /// Quarantines an item. Where it is in quarantine already, that one ends and stays in the list.
    [[nodiscard]] Result<void> put_quarantine(const QuarantineEntry& entry);
    /// Ends a quarantine before its time.
    /// @param entry  experiment, item and score of it, `released` and `released_by`.
    /// @error not_found when there is none that was not released.
    [[nodiscard]] Result<void> release(const QuarantineEntry& entry);
    /// All that there are and were, newest first.
    [[nodiscard]] Result<std::vector<QuarantineEntry>> quarantine() const;

    /// Keeps how far a judge agrees with people; earlier findings stay as history.
    /// @param calibration  `sha256` need not be set.
    /// @return the document's SHA-256. @error resource_exhausted when it is too large.
    [[nodiscard]] Result<std::string> put_calibration(StoredCalibration calibration,
                                                      std::string_view document);
    /// All of them, newest first; baseline_document() reads their documents.
    [[nodiscard]] Result<std::vector<StoredCalibration>> calibrations() const;

    /// Writes one file that holds the run with all its units and its run scores, but no history:
    /// open_existing() reads it on any machine. The file appears whole or not at all.
    [[nodiscard]] Result<void> export_run(const RunRecord& run,
                                          const std::filesystem::path& file) const;

    ~Store() override;

  private:
    struct State;
    explicit Store(std::unique_ptr<State> state);
    /// Commits the units in groups.
    [[nodiscard]] Result<void> commit_all(const RunId& run, const UnitStream& units);

    std::unique_ptr<State> state_;
};

}  // namespace assay
