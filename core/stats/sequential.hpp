#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/error.hpp"
#include "core/stats/interval.hpp"

namespace assay {

/// An interval for the mean of values in [0, 1] that holds at every moment at once: with a chance
/// of at least the confidence it holds the true mean after the first value, the second and all
/// others, so that one may look after each of them and stop at any moment. It needs no more than
/// the bounds: rates and means have the same class.
///
/// For every candidate mean it keeps the capital of a gambler who bets against it, on the values
/// being larger and on their being smaller; who has multiplied his money by 2 / (1 − confidence)
/// has refuted the candidate for good. A fair game makes that no likelier than 1 − confidence. He
/// divides his money among constant stakes, from most of it to next to nothing, so that large and
/// small differences are found in about the time of whoever had known them.
///
/// The values are seen as independent draws from a population, with replacement: it is their
/// population's mean that the interval holds, not that of the dataset. So the order of the items
/// must not depend on what comes of them: they come in a seeded shuffle, and the values are added
/// in that order, not in the order in which the answers arrive. Where items form clusters, a
/// value is the mean of a cluster.
///
/// A value d in [−1, 1], such as a difference of two scores, is added as (d + 1) / 2.
///
/// Source: Waudby-Smith, Ramdas, Estimating means of bounded random variables by betting, JRSS B 86
/// (2024) 1–27: the hedged capital process, with diversified Kelly bets.
class BettingSequence {
  public:
    /// @error invalid_argument unless 0 < confidence < 1.
    [[nodiscard]] static Result<BettingSequence> start(double confidence);

    /// @error invalid_argument unless 0 ≤ value ≤ 1; the sequence is as before.
    /// Cost: O(candidates that are left), at most 999.
    [[nodiscard]] Result<void> add(double value);

    /// Of all values so far; [0, 1] before the first. It never grows. Its ends are multiples of
    /// 0.001, rounded outward. Once all between them is refuted, which happens with a chance of
    /// 1 − confidence at most, it stays as it is.
    [[nodiscard]] Interval interval() const;

    [[nodiscard]] std::uint64_t count() const { return count_; }

  private:
    explicit BettingSequence(double confidence);

    using Capital = std::array<double, 8>;  ///< of one gambler, by stake

    double enough_capital_;
    std::uint64_t count_ = 0;
    std::size_t low_ = 0;             ///< the largest candidate refuted by larger values, or 0
    std::size_t high_;                ///< the smallest refuted by smaller ones, or 1
    std::vector<Capital> on_larger_;  ///< by candidate
    std::vector<Capital> on_smaller_;
};

}  // namespace assay
