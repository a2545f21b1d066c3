#include "runner/report/detectable.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/stats/paired.hpp"
#include "core/stats/summary.hpp"

namespace assay {
namespace {

std::string assumption() {
    return fmt::format("answers to the same items that correlate by {}", k_assumed_correlation);
}

/// The variance of differences whose two sides repeat each item as this run did: the noise of both
/// adds up, and what items have in common cancels in part.
std::optional<VarianceParts> parts_of(const ScoreSummary& score, double difference_stddev) {
    const RepetitionSummary& repeated = score.repetitions;
    if (!repeated.stddev || repeated.items < score.items || score.items == 0) return std::nullopt;
    const double repetitions = static_cast<double>(score.count) / static_cast<double>(score.items);
    const double within = 2 * *repeated.stddev * *repeated.stddev;
    const double between = difference_stddev * difference_stddev - within / repetitions;
    return VarianceParts{.between = std::max(0.0, between), .within = within};
}

}  // namespace

Result<PairSpread> spread_of_pairs(const PairedSample& pairs, const std::string& with) {
    std::string basis = fmt::format("the pairs with {}", with);
    if (is_rate(pairs)) {
        ASSAY_TRY(const PairCounts counts, count_pairs(pairs.a, pairs.b));
        const auto differing = static_cast<double>(counts.a_better + counts.b_better);
        if (differing == 0) return failure(ErrorCode::invalid_argument, "no pair differs");
        return PairSpread{
            .design = PairedRates{.discordant = differing / static_cast<double>(counts.pairs)},
            .parts = {},
            .basis = std::move(basis)};
    }
    ASSAY_TRY(const std::vector<double> changes, differences(pairs.a, pairs.b));
    ASSAY_TRY(const double stddev, sample_stddev(changes));
    if (stddev == 0) {
        return failure(ErrorCode::invalid_argument, "all pairs differ alike");
    }
    return PairSpread{.design = OneMean{.stddev = stddev}, .parts = {}, .basis = std::move(basis)};
}

Result<PairSpread> spread_of_score(const ScoreSummary& score) {
    if (!score.mean) {
        return failure(ErrorCode::not_found, fmt::format("no item has the score {}", score.name));
    }
    const bool rate = score.data_type == ScoreDataType::boolean && score.count == score.items;
    if (rate) {
        ASSAY_TRY(const double share, discordant_share(*score.mean, k_assumed_correlation));
        return PairSpread{
            .design = PairedRates{.discordant = share}, .parts = {}, .basis = assumption()};
    }
    ASSAY_TRY(const double stddev,
              difference_stddev(score.stddev.value_or(0), k_assumed_correlation));
    return PairSpread{.design = OneMean{.stddev = stddev},
                      .parts = parts_of(score, stddev),
                      .basis = assumption()};
}

Result<PairSpread> assumed_spread() {
    ASSAY_TRY(const double share, discordant_share(0.5, k_assumed_correlation));
    return PairSpread{.design = PairedRates{.discordant = share},
                      .parts = {},
                      .basis = fmt::format("half of the answers right and {}", assumption())};
}

Result<Detectable> detectable_of(const PairSpread& spread, std::uint64_t items,
                                 const PowerTarget& target) {
    if (items < 2) return failure(ErrorCode::invalid_argument, "2 items are needed at least");
    ASSAY_TRY(const auto difference, smallest_detectable(spread.design, items, target));
    if (!difference) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("no difference can be shown with {} items", items));
    }
    Detectable detectable{.difference = *difference,
                          .power = target.power,
                          .confidence = target.confidence,
                          .basis = spread.basis,
                          .items_for_half = {},
                          .repetitions_for_half = {}};
    ASSAY_TRY(detectable.items_for_half, items_needed(spread.design, *difference / 2, target));
    if (spread.parts) {
        ASSAY_TRY(detectable.repetitions_for_half,
                  repetitions_needed(*spread.parts, items, *difference / 2, target));
    }
    return detectable;
}

}  // namespace assay
