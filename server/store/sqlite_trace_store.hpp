#pragma once

#include "server/store/database.hpp"
#include "server/store/document.hpp"
#include "server/store/trace_store.hpp"

namespace assay {

/// The traces in the embedded database. Writing stands in unit_writer.cpp, reading in
/// unit_reader.cpp.
class SqliteTraceStore final : public TraceStore {
  public:
    explicit SqliteTraceStore(Database& database) : database_(database) {}

    [[nodiscard]] Result<void> put_unit(const ProjectId& project, const UnitPlace& place,
                                        const UnitResult& unit) override;
    [[nodiscard]] Result<void> put_run_scores(const ProjectId& project,
                                              const RunScores& scores) override;

    [[nodiscard]] Result<void> for_each_unit(const ProjectId& project, DatasetRunRow dataset_run,
                                             std::string_view variant, UnitParts parts,
                                             const UnitVisitor& visit) const override;
    [[nodiscard]] Result<std::optional<Json>> output(const ProjectId& project,
                                                     DatasetRunRow dataset_run,
                                                     std::uint64_t position,
                                                     int repetition) const override;
    [[nodiscard]] Result<std::vector<ModelAnswered>> models_that_answered(
        const ProjectId& project, DatasetRunRow dataset_run,
        std::string_view variant) const override;
    [[nodiscard]] Result<std::vector<Score>> run_scores(const ProjectId& project,
                                                        DatasetRunRow dataset_run) const override;
    [[nodiscard]] Result<Trace> trace(const ProjectId& project, const TraceId& id) const override;
    [[nodiscard]] Result<std::vector<Observation>> observations(
        const ProjectId& project, const TraceId& trace) const override;
    [[nodiscard]] Result<std::vector<StoredScore>> scores(const ProjectId& project,
                                                          const TraceId& trace) const override;
    [[nodiscard]] Result<std::vector<PastScore>> score_history(const ProjectId& project,
                                                               const TraceId& trace) const override;
    [[nodiscard]] Result<std::vector<PastScore>> run_score_history(
        const ProjectId& project, DatasetRunRow dataset_run) const override;
    [[nodiscard]] Result<std::vector<RunItem>> run_items(const ProjectId& project,
                                                         DatasetRunRow dataset_run) const override;

  private:
    Database& database_;
    DocumentWriter document_;  ///< kept for its memory
};

}  // namespace assay
