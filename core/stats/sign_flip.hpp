#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/base/error.hpp"
#include "core/stats/parallel.hpp"

namespace assay {

struct SignFlipOptions {
    std::size_t resamples = 10'000;  ///< drawn when there are too many signs to try all
    std::uint64_t seed = 0;          ///< of what is drawn
    /// The cluster of each pair, any numbers: the signs of a cluster flip together. Empty: every
    /// pair flips on its own.
    std::span<const std::uint32_t> clusters = {};
    Parallel parallel = serial;
};

struct SignFlipTest {
    double p = 1;
    bool exact = false;  ///< over all ways to flip, not over drawn ones
};

/// Permutation test of the mean of differences: how often it is at least as far from 0 when the
/// sign of each difference is a toss. A cluster's differences keep their signs relative to each
/// other. Exact while the values can be combined in at most 2^20 ways (20 different values, or any
/// number of pairs that differ by few values: a score that is right or wrong gives McNemar's
/// exact p-value). Beyond that (hits + 1) / (resamples + 1), the same for a seed on every machine
/// and for every `parallel`.
/// Sums that are equal but for rounding are equally far. The p-value is 1 when no pair differs.
/// @error invalid_argument below two pairs or two clusters, when a value is not finite, when
///        `clusters` has another length, or without resamples.
/// Source: Fisher, The Design of Experiments, 1935, section 21; Phipson, Smyth, Statistical
/// Applications in Genetics and Molecular Biology 9 (2010) 39. Cost: O(pairs · resamples / 8).
[[nodiscard]] Result<SignFlipTest> sign_flip(std::span<const double> differences,
                                             const SignFlipOptions& options);

}  // namespace assay
