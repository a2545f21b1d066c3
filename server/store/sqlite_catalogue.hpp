#pragma once

#include "server/store/catalogue.hpp"
#include "server/store/database.hpp"

namespace assay {

/// The catalogue in the embedded database.
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

  private:
    [[nodiscard]] Result<std::int64_t> ensure_item(std::int64_t project,
                                                   std::string_view dataset_name,
                                                   const DatasetItem& item);

    Database& database_;
};

}  // namespace assay
