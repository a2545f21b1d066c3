#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/stats/power.hpp"
#include "runner/report/report.hpp"

namespace assay {

/// How much two runs over the same items differ from item to item: what decides how small a
/// difference can be seen.
struct PairSpread {
    PowerDesign design;  ///< OneMean of the differences, or PairedRates
    /// Of the differences when each item was answered several times, to say what more would help.
    std::optional<VarianceParts> parts;
    std::string basis;  ///< what it rests on, for people
};

/// From pairs that there are.
/// @param with  what they are pairs with: "main".
/// @error invalid_argument when they do not vary, or are fewer than two.
[[nodiscard]] Result<PairSpread> spread_of_pairs(const PairedSample& pairs,
                                                 const std::string& with);

/// From one run, taking the answers of two to agree with k_assumed_correlation.
/// @error as above.
[[nodiscard]] Result<PairSpread> spread_of_score(const ScoreSummary& score);

/// From nothing: a rate of a half, answers that agree as above.
[[nodiscard]] Result<PairSpread> assumed_spread();

/// What so many items can show, and what half of that would take.
/// @error when no difference at all can be shown.
[[nodiscard]] Result<Detectable> detectable_of(const PairSpread& spread, std::uint64_t items,
                                               const PowerTarget& target);

}  // namespace assay
