#pragma once

#include <cstdint>

#include "core/base/random.hpp"

namespace assay {

// Randomness for resampling, the same on every machine and for every number of threads: resample
// number i draws from a stream of its own, whoever computes it.

/// A generator for stream number `stream` of a seed. Streams begin at places of splitmix64's
/// sequence of 2^64 that are as good as random, so that two of them hardly ever overlap.
[[nodiscard]] inline Rng random_stream(std::uint64_t seed, std::uint64_t stream) {
    return Rng(Rng(Rng(seed).next() ^ stream).next());
}

/// Uniform in [0, bound) without bias, one multiplication in nearly all cases; bound ≥ 1.
/// Source: Lemire, Fast Random Integer Generation in an Interval, ACM TOMACS 29 (2019) 3.
[[nodiscard]] inline std::uint32_t random_below(Rng& random, std::uint32_t bound) {
    std::uint64_t product = (random.next() >> 32U) * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
        const std::uint32_t threshold = (0U - bound) % bound;
        while (static_cast<std::uint32_t>(product) < threshold) {
            product = (random.next() >> 32U) * bound;
        }
    }
    return static_cast<std::uint32_t>(product >> 32U);
}

/// How many of `trials` independent trials succeed: by inversion where few succeed or fail, by
/// transformed rejection elsewhere.
/// @param rate  in [0, 1], asserted.
/// Source: Hörmann, The generation of binomial random variates, Journal of Statistical Computation
///         and Simulation 46 (1993) 101–110, algorithm BTRS. Cost: O(1).
[[nodiscard]] std::uint64_t random_binomial(Rng& random, std::uint64_t trials, double rate);

}  // namespace assay
