#pragma once

#include "server/store/catalogue.hpp"
#include "server/store/database.hpp"

namespace assay {

/// The catalogue in the embedded database. Baselines stand in sqlite_baselines.cpp, noise and
/// quarantine in sqlite_noise.cpp, calibrations in sqlite_calibrations.cpp.
class SqliteCatalogue final : public Catalogue {
  public:
    explicit SqliteCatalogue(Database& database) : database_(database) {}

    [[nodiscard]] Result<void> create_run(const ProjectId& project, const RunRecord& run) override;
    [[nodiscard]] Result<void> update_run(const ProjectId& project, const RunRecord& run) override;
    [[nodiscard]] Result<RunRecord> run(const ProjectId& project, const RunId& id) const override;
    [[nodiscard]] Result<std::vector<RunRecord>> runs(const ProjectId& project) const override;
    [[nodiscard]] Result<DatasetRunPlace> dataset_run(const ProjectId& project,
                                                      const DatasetRunId& id) const override;
    [[nodiscard]] Result<ItemVersionRow> put_item(const ProjectId& project,
                                                  std::string_view dataset_name,
                                                  const DatasetItem& item, Time at) override;
    [[nodiscard]] Result<std::vector<ItemVersion>> item_versions(
        const ProjectId& project, std::string_view dataset_name,
        const DatasetItemId& item) const override;
    [[nodiscard]] Result<std::string> put_baseline_document(const ProjectId& project,
                                                            std::string_view document) override;
    [[nodiscard]] Result<std::string> baseline_document(const ProjectId& project,
                                                        std::string_view sha256) const override;
    [[nodiscard]] Result<void> add_baseline(const ProjectId& project,
                                            const Baseline& baseline) override;
    [[nodiscard]] Result<void> remove_baseline(const ProjectId& project, std::string_view name,
                                               Time at, std::string_view by) override;
    [[nodiscard]] Result<std::vector<Baseline>> baselines(const ProjectId& project) const override;
    [[nodiscard]] Result<void> put_noise(const ProjectId& project,
                                         const MeasuredNoise& noise) override;
    [[nodiscard]] Result<std::vector<MeasuredNoise>> noise(
        const ProjectId& project, std::string_view experiment) const override;
    [[nodiscard]] Result<void> add_quarantine(const ProjectId& project,
                                              const QuarantineEntry& entry) override;
    [[nodiscard]] Result<int> release(const ProjectId& project,
                                      const QuarantineEntry& entry) override;
    [[nodiscard]] Result<std::vector<QuarantineEntry>> quarantine(
        const ProjectId& project) const override;
    [[nodiscard]] Result<void> add_calibration(const ProjectId& project,
                                               const StoredCalibration& calibration) override;
    [[nodiscard]] Result<std::vector<StoredCalibration>> calibrations(
        const ProjectId& project) const override;

  private:
    [[nodiscard]] Result<std::int64_t> ensure_item(std::int64_t project,
                                                   std::string_view dataset_name,
                                                   const DatasetItem& item);

    Database& database_;
};

}  // namespace assay
