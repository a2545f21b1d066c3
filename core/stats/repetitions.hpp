#pragma once

#include <cstdint>

#include "core/base/error.hpp"

namespace assay {

/// How often one item was tried, and how often it passed.
struct Trials {
    std::uint64_t count = 0;
    std::uint64_t passed = 0;  ///< at most `count`
};

// Both look at all subsets of k of the trials, so they are unbiased for k independent trials; the
// plug-in 1 − (1 − p)^k is not. They are equal for k = 1: the share that passed.

/// Probability that at least one of k trials passes: 1 − C(n − c, k) / C(n, k), n trials of which
/// c passed. Computed as a product, so nothing overflows.
/// @error invalid_argument when k is 0 or larger than the number of trials.
/// Source: Chen et al., Evaluating Large Language Models Trained on Code, 2021, equation 1.
[[nodiscard]] Result<double> pass_at_k(Trials trials, std::uint64_t k);

/// Probability that all of k trials pass: C(c, k) / C(n, k).
/// @error as pass_at_k.
/// Source: Yao et al., τ-bench: A Benchmark for Tool-Agent-User Interaction, 2024, section 4.
[[nodiscard]] Result<double> pass_hat_k(Trials trials, std::uint64_t k);

}  // namespace assay
