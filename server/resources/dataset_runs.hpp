#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/resources/dataset_store.hpp"
#include "server/store/catalogue.hpp"
#include "server/store/database.hpp"

// Dataset runs and their items. Some were made by clients, an item at a time; the others are the
// variants of runs of specs, whose items are the journal (server/store/FORMAT.md).

namespace assay {

struct DatasetRunRecord {
    DatasetRunRow row{};
    DatasetRunId id{};
    std::string name{};
    std::optional<std::string> description{};
    Json metadata = Json::object();
    DatasetRow dataset{};
    DatasetId dataset_id{};
    std::string dataset_name{};
    Time created{};
    Time updated{};
};

struct NewDatasetRun {
    DatasetRow dataset;
    std::string name;
    std::optional<std::string> description = std::nullopt;
    Json metadata = Json::object();
};

/// The run of that name that clients made of the dataset, made when there is none. What is stored
/// stays as it is. Needs a transaction.
[[nodiscard]] Result<DatasetRunRecord> ensure_dataset_run(Session& writer, std::int64_t project,
                                                          const NewDatasetRun& run, Time now);

/// Runs of specs can share a name: the one that clients made, else the newest.
[[nodiscard]] Result<std::optional<DatasetRunRecord>> find_dataset_run(Session& session,
                                                                       std::int64_t project,
                                                                       DatasetRow dataset,
                                                                       std::string_view name);
/// Newest first.
[[nodiscard]] Result<ListedRecords<DatasetRunRecord>> list_dataset_runs(Session& session,
                                                                        std::int64_t project,
                                                                        DatasetRow dataset,
                                                                        ListRange range);

/// Removes the run with its items and its scores; its traces stay. One of a spec is removed from
/// the spec's run, too, which goes with its last variant. Needs a transaction.
/// @error already_exists while the spec is being run.
[[nodiscard]] Result<void> remove_dataset_run(Session& writer, const ProjectId& project,
                                              const DatasetRunRecord& run);

struct RunItemRecord {
    RunItemId id{};
    DatasetItemId item{};
    TraceId trace{};
    std::optional<std::string> observation_id{};
    Time created{};
};

struct NewRunItem {
    DatasetRunRow run;
    ItemVersionRow item_version;
    std::int64_t trace;  ///< its row
    std::optional<std::string> observation_id = std::nullopt;
};

/// Adds an item at the end of a run of clients. Needs a transaction.
[[nodiscard]] Result<RunItemId> add_run_item(Session& writer, std::int64_t project,
                                             const NewRunItem& item, Time created);

enum class RunItemOrder : std::uint8_t { as_added, newest_first };
/// Items from the one instant on and before the other; nothing = all.
struct RunItemPeriod {
    std::optional<Time> from = std::nullopt;
    std::optional<Time> to = std::nullopt;
};
[[nodiscard]] Result<ListedRecords<RunItemRecord>> list_run_items(
    Session& session, std::int64_t project, DatasetRunRow run, RunItemOrder order, ListRange range,
    const RunItemPeriod& period = RunItemPeriod());

}  // namespace assay
