#include "runner/cli/stored_dataset.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/base/diagnostic.hpp"
#include "core/base/text.hpp"
#include "server/resources/dataset_items.hpp"
#include "server/resources/dataset_store.hpp"

namespace assay {
namespace {

/// The items in the order in which they were added. `line` counts them.
class StoredItems final : public RowReader {
  public:
    StoredItems(std::unique_ptr<Database> database, std::vector<ItemVersionRow> versions)
        : database_(std::move(database)), versions_(std::move(versions)) {}

    Result<std::optional<Row>> next() override {
        while (next_ < versions_.size()) {
            ASSAY_TRY(DatasetItemRecord item,
                      read_item_version(database_->reader(), versions_[next_++]));
            // Deleted since the versions were listed: its content is gone.
            if (item.status == ItemStatus::deleted) continue;
            Row row{.line = next_};
            row.value = {{"id", item.id.value()},
                         {"input", std::move(item.input)},
                         {"expected_output", std::move(item.expected_output)},
                         {"metadata", std::move(item.metadata)}};
            return row;
        }
        return std::nullopt;
    }

  private:
    std::unique_ptr<Database> database_;
    std::vector<ItemVersionRow> versions_;
    std::size_t next_ = 0;
};

Result<DatasetRow> row_of(Session& session, std::int64_t project, const std::string& name) {
    ASSAY_TRY(const auto dataset, find_dataset(session, project, name));
    if (dataset) return dataset->row;
    ASSAY_TRY(const auto all, list_datasets(session, project, ListRange{}));
    std::vector<std::string> names;
    for (const DatasetRecord& each : all.records) names.push_back(terminal_safe(each.name));
    return failure(ErrorCode::not_found, fmt::format("the store has no dataset \"{}\"{}", name,
                                                     did_you_mean(name, names)));
}

Result<std::unique_ptr<RowReader>> open_stored(const std::string& folder, const DatasetSpec& spec) {
    ASSAY_TRY(auto database, Database::open(folder, Database::Missing::refuse));
    Session& session = database->reader();
    ASSAY_TRY(const std::int64_t project, session.find_project(default_project_id()));
    ASSAY_TRY(const DatasetRow dataset, row_of(session, project, spec.name));
    ASSAY_TRY(
        auto versions,
        dataset_item_versions(session, {.project = project, .dataset = dataset, .at = spec.version},
                              ItemOrder::oldest_first));
    return std::make_unique<StoredItems>(std::move(database), std::move(versions));
}

}  // namespace

StoredRows stored_rows(std::string folder) {
    return
        [folder = std::move(folder)](const DatasetSpec& spec) { return open_stored(folder, spec); };
}

Result<void> fix_version(DatasetSpec& dataset, const std::string& version, const Clock& clock) {
    if (dataset.name.empty() || dataset.version) return {};
    if (!version.empty()) {
        ASSAY_TRY(dataset.version, parse_rfc3339(version));
        return {};
    }
    // The millisecond before: nothing can still be written into it.
    const auto now = std::chrono::floor<std::chrono::milliseconds>(clock.now());
    dataset.version = now - std::chrono::milliseconds(1);
    return {};
}

}  // namespace assay
