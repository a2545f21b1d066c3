#pragma once

#include <cstdint>
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

/// The half of the store that is small and transactional: projects, datasets with their items,
/// runs and their dataset runs. Methods that write run inside the caller's transaction.
class Catalogue {
  public:
    virtual ~Catalogue() = default;

    /// Stores a run that begins, with its project, dataset and dataset runs.
    /// @error already_exists when the run's id is taken.
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
};

}  // namespace assay
