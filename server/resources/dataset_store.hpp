#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/store/database.hpp"

// Datasets as the API serves them. Runs of specs write the same tables (server/store/catalogue.hpp)
// and know of a dataset no more than its name; functions here read both.

namespace assay {

enum class DatasetRow : std::int64_t {};

struct DatasetRecord {
    DatasetRow row{};
    DatasetId id{};
    std::string name{};
    std::optional<std::string> description{};
    Json metadata{};         ///< null = none
    Json input_schema{};     ///< the same
    Json expected_schema{};  ///< the same; of expected outputs
    Time created{};
    Time updated{};
};

/// What a request says of a value: nothing keeps what is stored, null clears it.
template <class Value>
using Change = std::optional<std::optional<Value>>;

struct DatasetChange {
    std::string name;  ///< unique in its project
    Change<std::string> description = std::nullopt;
    std::optional<Json> metadata = std::nullopt;  ///< a null clears it, as in the others
    std::optional<Json> input_schema = std::nullopt;
    std::optional<Json> expected_schema = std::nullopt;
};

/// Makes the dataset of that name, or changes it. Needs a transaction.
/// @error invalid_argument when a schema is none, or items of the dataset violate it: the message
///        names them.
[[nodiscard]] Result<DatasetRecord> put_dataset(Session& writer, const ProjectId& project,
                                                const DatasetChange& change, const Clock& clock);

[[nodiscard]] Result<std::optional<DatasetRecord>> find_dataset(Session& session,
                                                                std::int64_t project,
                                                                std::string_view name);
[[nodiscard]] Result<std::optional<DatasetRecord>> find_dataset(Session& session,
                                                                std::int64_t project,
                                                                const DatasetId& id);

/// Some of a list, and how many there are.
template <class Record>
struct ListedRecords {
    std::vector<Record> records;
    std::int64_t total = 0;
};
struct ListRange {
    std::int64_t offset = 0;
    std::int64_t limit = std::numeric_limits<std::int64_t>::max();
};

/// Newest first.
[[nodiscard]] Result<ListedRecords<DatasetRecord>> list_datasets(Session& session,
                                                                 std::int64_t project,
                                                                 ListRange range);

}  // namespace assay
