#include "core/stats/sequential.hpp"

#include <fmt/format.h>

#include <array>

#include "core/stats/sample.hpp"

namespace assay {
namespace {

constexpr std::size_t k_cells = 1'000;  ///< candidate j is the mean j / k_cells
/// The shares of the capital that are at stake with each value. The best one against a candidate
/// is about the difference of the true mean from it over what a value can win: from 0.4 to 2.5 of
/// it a stake does well, and differences of less than a candidate need none.
constexpr std::array<double, 8> k_stakes = {0.85, 0.5, 0.25, 0.1, 0.04, 0.016, 0.0064, 0.0025};
/// What each stake begins with; 1 in total. Small ones have time: where they are the best, a part
/// more costs few of many items.
constexpr std::array<double, 8> k_parts = {0.2, 0.2, 0.2, 0.2, 0.1, 0.05, 0.03, 0.02};
/// A capital under this never comes back, and smaller numbers are slow to compute with.
constexpr double k_ruined = 1e-280;

double candidate(std::size_t j) { return static_cast<double>(j) / k_cells; }

template <class Capital>
void bet(Capital& capital, double payout) {
    const double* share = k_stakes.data();
    for (double& of_stake : capital) {
        const double left = of_stake * (1 - *share + *share * payout);
        of_stake = left < k_ruined ? 0 : left;
        ++share;
    }
}

template <class Capital>
double sum(const Capital& capital) {
    double sum = 0;
    for (const double of_stake : capital) sum += of_stake;
    return sum;
}

}  // namespace

Result<BettingSequence> BettingSequence::start(double confidence) {
    ASSAY_CHECK(check_confidence(confidence));
    return BettingSequence(confidence);
}

// Each direction has half of the money, hence 2.
BettingSequence::BettingSequence(double confidence)
    : enough_capital_(2 / (1 - confidence)),
      high_(k_cells),
      on_larger_(k_cells, k_parts),
      on_smaller_(k_cells, k_parts) {}

Result<void> BettingSequence::add(double value) {
    if (!(value >= 0 && value <= 1)) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("a sequence takes values between 0 and 1, not {}", value));
    }
    ++count_;
    for (std::size_t j = low_ + 1; j < high_; ++j) {
        // Fair if the candidate is the mean: value / mean is 1 on average.
        const double mean = candidate(j);
        bet(on_larger_[j], value / mean);
        bet(on_smaller_[j], (1 - value) / (1 - mean));
    }
    // What is won on larger values only falls with the candidate, and what is won on smaller ones
    // rises, so that those refuted are the first ones and the last ones.
    while (low_ + 1 < high_ && sum(on_larger_[low_ + 1]) >= enough_capital_) ++low_;
    while (low_ + 1 < high_ && sum(on_smaller_[high_ - 1]) >= enough_capital_) --high_;
    return {};
}

Interval BettingSequence::interval() const { return {candidate(low_), candidate(high_)}; }

}  // namespace assay
