#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/client/api_client.hpp"
#include "server/resources/dataset_items.hpp"
#include "server/resources/dataset_runs.hpp"
#include "server/resources/dataset_store.hpp"

namespace assay {

/// Where datasets are kept: a store or a server. Rows of the store, in records, mean nothing to
/// others.
class DatasetSource {
  public:
    virtual ~DatasetSource() = default;

    /// The newest first.
    [[nodiscard]] virtual Result<std::vector<DatasetRecord>> list() = 0;
    [[nodiscard]] virtual Result<std::optional<DatasetRecord>> find(const std::string& name) = 0;
    /// @param at  as it was then; nothing = now.
    [[nodiscard]] virtual Result<std::int64_t> count_items(const DatasetRecord& dataset,
                                                           std::optional<Time> at) = 0;
    [[nodiscard]] virtual Result<std::int64_t> count_runs(const DatasetRecord& dataset) = 0;
    /// The newest first.
    [[nodiscard]] virtual Result<std::vector<DatasetRunRecord>> runs(
        const DatasetRecord& dataset) = 0;
    /// The oldest first, one at a time. Stops at the first error, its own or the visitor's.
    /// @error unavailable when the dataset changes while it is read.
    [[nodiscard]] virtual Result<void> each_item(const DatasetRecord& dataset,
                                                 std::optional<Time> at,
                                                 const DatasetItemVisitor& visit) = 0;
    /// The items of a few ids, of whatever dataset, archived or not, in their order; nothing =
    /// there is none.
    [[nodiscard]] virtual Result<std::vector<std::optional<DatasetItemRecord>>> find_items(
        const std::vector<DatasetItemId>& ids) = 0;
    /// What to say when there is none at all: where one looked, and what makes them.
    [[nodiscard]] virtual std::string why_empty() const = 0;

    /// Runs `work`, which may use the two functions below.
    using Work = std::function<Result<void>()>;
    [[nodiscard]] virtual Result<void> change(const Work& work) = 0;
    /// Whether a change that fails leaves everything as it was.
    [[nodiscard]] virtual bool is_all_or_nothing() const = 0;
    /// Makes the dataset of that name, which keeps what it has when it is there.
    [[nodiscard]] virtual Result<void> make(const std::string& name) = 0;
    /// @param change  with its id, so that putting it twice is the same.
    /// @error as put_dataset_item().
    [[nodiscard]] virtual Result<void> put_item(const DatasetItemChange& change) = 0;
};

/// @param missing  whether a store that is not there is made.
/// @error as traces_of_store().
[[nodiscard]] Result<std::unique_ptr<DatasetSource>> datasets_of_store(const std::string& folder,
                                                                       const std::string& project,
                                                                       Database::Missing missing);
[[nodiscard]] std::unique_ptr<DatasetSource> datasets_of_server(std::unique_ptr<ApiClient> client);

}  // namespace assay
