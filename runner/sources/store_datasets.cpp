#include <fmt/format.h>

#include <utility>

#include "core/base/clock.hpp"
#include "runner/sources/dataset_source.hpp"
#include "runner/sources/project_choice.hpp"

namespace assay {
namespace {

class DatasetsOfStore final : public DatasetSource {
  public:
    DatasetsOfStore(std::unique_ptr<Database> database, Snapshot snapshot, ProjectId project_id,
                    std::int64_t project, std::string place)
        : database_(std::move(database)),
          snapshot_(std::move(snapshot)),
          project_id_(std::move(project_id)),
          project_(project),
          place_(std::move(place)) {}

    Result<std::vector<DatasetRecord>> list() override {
        ASSAY_TRY(auto all, list_datasets(session(), project_, ListRange{}));
        return std::move(all.records);
    }
    Result<std::optional<DatasetRecord>> find(const std::string& name) override {
        return find_dataset(session(), project_, name);
    }
    Result<std::int64_t> count_items(const DatasetRecord& dataset,
                                     std::optional<Time> at) override {
        ASSAY_TRY(const auto none,
                  list_dataset_items(session(), items_of(dataset, at), {.offset = 0, .limit = 0}));
        return none.total;
    }
    Result<std::int64_t> count_runs(const DatasetRecord& dataset) override {
        ASSAY_TRY(const auto none,
                  list_dataset_runs(session(), project_, dataset.row, {.offset = 0, .limit = 0}));
        return none.total;
    }
    Result<std::vector<DatasetRunRecord>> runs(const DatasetRecord& dataset) override {
        ASSAY_TRY(auto all, list_dataset_runs(session(), project_, dataset.row, ListRange{}));
        return std::move(all.records);
    }
    Result<void> each_item(const DatasetRecord& dataset, std::optional<Time> at,
                           const DatasetItemVisitor& visit) override {
        return for_each_dataset_item(session(), items_of(dataset, at), ItemOrder::oldest_first,
                                     visit);
    }
    Result<std::vector<std::optional<DatasetItemRecord>>> find_items(
        const std::vector<DatasetItemId>& ids) override {
        std::vector<std::optional<DatasetItemRecord>> items;
        for (const DatasetItemId& id : ids) {
            ASSAY_TRY(auto item, find_dataset_item(session(), project_, id));
            items.push_back(std::move(item));
        }
        return items;
    }
    std::string why_empty() const override {
        return fmt::format(
            "No datasets are stored in {} yet: runs, `assay datasets import` and clients of "
            "`assay serve` make them.",
            place_);
    }

    /// In one transaction.
    Result<void> change(const Work& work) override { return database_->transact(work); }
    bool is_all_or_nothing() const override { return true; }
    Result<void> make(const std::string& name) override {
        ASSAY_TRY(const auto made,
                  put_dataset(database_->writer(), project_id_, {.name = name}, SystemClock()));
        return {};
    }
    Result<void> put_item(const DatasetItemChange& change) override {
        ASSAY_TRY(const auto item,
                  put_dataset_item(database_->writer(), project_id_, change, SystemClock().now()));
        return {};
    }

  private:
    Session& session() { return database_->reader(); }

    [[nodiscard]] DatasetItemQuery items_of(const DatasetRecord& dataset,
                                            std::optional<Time> at) const {
        return {.project = project_, .dataset = dataset.row, .at = at};
    }

    std::unique_ptr<Database> database_;
    Snapshot snapshot_;
    ProjectId project_id_;
    std::int64_t project_;  ///< its row
    std::string place_;
};

}  // namespace

Result<std::unique_ptr<DatasetSource>> datasets_of_store(const std::string& folder,
                                                         const std::string& project,
                                                         Database::Missing missing) {
    ASSAY_TRY(auto database, Database::open(folder, missing));
    Session& session = database->reader();
    ASSAY_TRY(Snapshot snapshot, Snapshot::begin(session.connection()));
    ASSAY_TRY(ProjectId chosen, choose_project(session, project));
    ASSAY_TRY(const std::int64_t row, session.find_project(chosen));
    std::string place = describe_place(chosen, folder);
    return std::make_unique<DatasetsOfStore>(std::move(database), std::move(snapshot),
                                             std::move(chosen), row, std::move(place));
}

}  // namespace assay
