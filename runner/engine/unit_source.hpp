#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "runner/engine/experiment.hpp"
#include "runner/engine/finished_units.hpp"

namespace assay {

/// One unit before it is run.
struct PlannedUnit {
    UnitKey key;
    std::shared_ptr<const DatasetItem> item;  // shared by the units of one item
    const BoundVariant* variant = nullptr;
    int repetition = 0;
};

/// The shard that a unit belongs to, from 1 to `count`, told by its key.
[[nodiscard]] int shard_of(const UnitKey& key, int count);

/// The units of a plan in order, read as they are needed: item by item, and for each item every
/// repetition of every variant, so that a provider's drift meets all variants alike. Variants that
/// evaluators compare with come before the others. Units of other shards and units that are stored
/// already are passed over.
class UnitSource {
  public:
    /// @param experiment  outlives the source.
    UnitSource(const Experiment& experiment, std::unique_ptr<Dataset::Items> items,
               std::optional<Shard> shard, FinishedUnits finished);

    /// @error data_loss when the dataset changed since it was validated.
    [[nodiscard]] Result<std::optional<PlannedUnit>> next();

  private:
    /// In the order of the dataset; of a run that may stop early in random order, which needs all
    /// of them in memory.
    [[nodiscard]] Result<std::optional<DatasetItem>> next_item();
    [[nodiscard]] Result<std::optional<PlannedUnit>> next_of_plan();
    [[nodiscard]] bool is_wanted(const UnitKey& key) const;

    const Experiment& experiment_;
    std::vector<const BoundVariant*> variants_;
    std::unique_ptr<Dataset::Items> items_;
    std::optional<Shard> shard_;
    FinishedUnits finished_;
    std::optional<std::multimap<std::uint64_t, DatasetItem>> shuffled_;  ///< by random_rank()
    std::shared_ptr<const DatasetItem> item_;
    std::size_t variant_ = 0;
    int repetition_ = 0;
};

}  // namespace assay
