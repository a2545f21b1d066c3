#include "runner/engine/unit_source.hpp"

#include <algorithm>
#include <charconv>

#include "runner/engine/other_outputs.hpp"

namespace assay {
namespace {

std::vector<const BoundVariant*> in_order_of_comparison(const Experiment& experiment) {
    const std::vector<std::string> compared = compared_variants(experiment.evaluators);
    std::vector<const BoundVariant*> first;
    std::vector<const BoundVariant*> others;
    for (const BoundVariant& variant : experiment.variants) {
        const bool is_compared = std::ranges::find(compared, variant.name) != compared.end();
        (is_compared ? first : others).push_back(&variant);
    }
    first.insert(first.end(), others.begin(), others.end());
    return first;
}

}  // namespace

int shard_of(const UnitKey& key, int count) {
    constexpr std::size_t k_digits = 8;
    std::uint32_t head = 0;
    const char* const digits = key.value().data();
    (void)std::from_chars(digits, digits + std::min(k_digits, key.value().size()), head, 16);
    return static_cast<int>(head % static_cast<std::uint32_t>(count)) + 1;
}

UnitSource::UnitSource(const Experiment& experiment, std::unique_ptr<Dataset::Items> items,
                       std::optional<Shard> shard, FinishedUnits finished)
    : experiment_(experiment),
      variants_(in_order_of_comparison(experiment)),
      items_(std::move(items)),
      shard_(shard),
      finished_(std::move(finished)) {}

Result<std::optional<DatasetItem>> UnitSource::next_item() {
    if (!experiment_.report_plan.stop) return items_->next();
    if (!shuffled_) {
        shuffled_.emplace();
        while (true) {
            ASSAY_TRY(auto item, items_->next());
            if (!item) break;
            const std::uint64_t rank = random_rank(item->id, experiment_.report_plan.seed);
            shuffled_->emplace(rank, std::move(*item));
        }
    }
    if (shuffled_->empty()) return std::nullopt;
    return std::move(shuffled_->extract(shuffled_->begin()).mapped());
}

Result<std::optional<PlannedUnit>> UnitSource::next_of_plan() {
    if (!item_ || repetition_ == experiment_.spec.repetitions) {
        ASSAY_TRY(auto item, next_item());
        if (!item) return std::nullopt;
        item_ = std::make_shared<const DatasetItem>(std::move(*item));
        variant_ = 0;
        repetition_ = 0;
    }
    const BoundVariant& variant = *variants_[variant_];
    PlannedUnit unit{.key = unit_key(*item_, variant, repetition_, experiment_.spec.execution.seed),
                     .item = item_,
                     .variant = &variant,
                     .repetition = repetition_};
    if (++variant_ == variants_.size()) {
        variant_ = 0;
        ++repetition_;
    }
    return unit;
}

bool UnitSource::is_wanted(const UnitKey& key) const {
    if (shard_ && shard_of(key, shard_->count) != shard_->index) return false;
    return finished_.size() == 0 || !finished_.contains(key);
}

Result<std::optional<PlannedUnit>> UnitSource::next() {
    while (true) {
        ASSAY_TRY(auto unit, next_of_plan());
        if (!unit || is_wanted(unit->key)) return unit;
    }
}

}  // namespace assay
