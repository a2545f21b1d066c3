#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/resources/dataset_store.hpp"
#include "server/store/catalogue.hpp"
#include "server/store/database.hpp"

// Dataset items and their versions. A change of an item adds a version, and the state of a dataset
// at an instant is, of each item, the newest version that was valid then. A removal overwrites all
// versions of the item: it was never there; to keep it, it is archived. The API tells times in
// milliseconds, so the versions of an item are at least one apart, and an instant means the whole
// of its millisecond.

namespace assay {

enum class ItemStatus : std::uint8_t { active, archived, deleted };

[[nodiscard]] const char* to_string(ItemStatus status);  ///< "ACTIVE", "ARCHIVED", "DELETED"

struct DatasetItemRecord {
    ItemVersionRow version{};
    DatasetItemId id{};
    DatasetRow dataset{};
    DatasetId dataset_id{};
    std::string dataset_name{};
    ItemStatus status = ItemStatus::active;
    Json input{};  ///< null = none, as in the others
    Json expected_output{};
    Json metadata{};
    std::optional<std::string> source_trace{};
    std::optional<std::string> source_observation{};
    Time created{};  ///< the item's first version
    Time updated{};  ///< this version
};

struct DatasetItemChange {
    std::optional<DatasetItemId> id = std::nullopt;  ///< nothing: a new item
    /// Nothing: that of the item with this id.
    std::optional<std::string> dataset_name = std::nullopt;
    std::optional<Json> input = std::nullopt;  ///< nothing keeps it, null clears it
    std::optional<Json> expected_output = std::nullopt;
    std::optional<Json> metadata = std::nullopt;
    Change<std::string> source_trace = std::nullopt;
    Change<std::string> source_observation = std::nullopt;
    std::optional<ItemStatus> status = std::nullopt;  ///< a new item is active
};

/// Makes an item or changes it. Needs a transaction.
/// @error not_found for an unknown dataset; already_exists when the id is that of an item of
///        another dataset; invalid_argument when the item violates the dataset's schemas or names
///        neither a dataset nor an item.
[[nodiscard]] Result<DatasetItemRecord> put_dataset_item(Session& writer, const ProjectId& project,
                                                         const DatasetItemChange& change, Time now);

/// Overwrites all versions of the item; what was recorded of runs of it stays, without its content.
/// Needs a transaction.
/// @return whether there was one.
[[nodiscard]] Result<bool> remove_dataset_item(Session& writer, std::int64_t project,
                                               const DatasetItemId& id);

/// The item of that id that is not deleted, archived ones included. Datasets that runs wrote can
/// share ids: of several items the one that changed last.
/// @param at  as it was then; nothing: as it is.
[[nodiscard]] Result<std::optional<DatasetItemRecord>> find_dataset_item(
    Session& session, std::int64_t project, const DatasetItemId& id,
    std::optional<Time> at = std::nullopt);

/// Which items a list has: those that are not deleted, and unless asked for not archived.
struct DatasetItemQuery {
    std::int64_t project = -1;
    std::optional<DatasetRow> dataset = std::nullopt;
    std::optional<std::string> source_trace = std::nullopt;
    std::optional<std::string> source_observation = std::nullopt;
    std::optional<Time> at = std::nullopt;  ///< as they were then; nothing: as they are
    bool with_archived = false;
};

/// The newest item first, by id where that is the same. Each is to be read with
/// read_item_version(): an item can be megabytes long.
[[nodiscard]] Result<ListedRecords<ItemVersionRow>> list_dataset_items(
    Session& session, const DatasetItemQuery& query, ListRange range);
enum class ItemOrder : std::uint8_t { newest_first, oldest_first };
using DatasetItemVisitor = std::function<Result<void>(const DatasetItemRecord&)>;
/// What the list has, for readers that take their time: versions never change but by a removal,
/// after which one is `deleted`.
[[nodiscard]] Result<std::vector<ItemVersionRow>> dataset_item_versions(
    Session& session, const DatasetItemQuery& query, ItemOrder order);
/// @error data_loss when it is not there or damaged.
[[nodiscard]] Result<DatasetItemRecord> read_item_version(Session& session, ItemVersionRow version);
/// All of the list, one at a time. Stops at the first error, its own or the visitor's.
[[nodiscard]] Result<void> for_each_dataset_item(Session& session, const DatasetItemQuery& query,
                                                 ItemOrder order, const DatasetItemVisitor& visit);
/// The ids of the list.
[[nodiscard]] Result<std::vector<std::string>> dataset_item_ids(Session& session,
                                                                const DatasetItemQuery& query);

}  // namespace assay
