#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/run.hpp"
#include "runner/engine/ports.hpp"

namespace assay {

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
    /// The same without creating anything. @error not_found when there is no store.
    static Result<std::unique_ptr<Store>> open_existing(const std::filesystem::path& folder,
                                                        const ProjectId& project);

    [[nodiscard]] Result<void> begin(const RunRecord& run) override;
    [[nodiscard]] Result<void> commit(std::span<const UnitResult> units) override;
    [[nodiscard]] Result<void> finish(const RunRecord& run) override;

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
    [[nodiscard]] Result<void> for_each_unit(const RunRecord& run, const UnitVisitor& visit) const;
    /// The observations of one trace, in start order.
    [[nodiscard]] Result<std::vector<Observation>> observations(const TraceId& trace) const;

    ~Store() override;

  private:
    struct State;
    explicit Store(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace assay
