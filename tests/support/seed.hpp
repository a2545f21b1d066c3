#pragma once

#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "core/base/random.hpp"

namespace assay::test {

/// The seeds of a randomised test with rounds of their own: ASSAY_SEED alone, or `count` that
/// follow a new one. The test prints the seed of the round that fails.
[[nodiscard]] inline std::vector<std::uint64_t> seeds_of_test(std::size_t count) {
    const char* const given = std::getenv("ASSAY_SEED");
    if (given != nullptr) return {std::strtoull(given, nullptr, 10)};
    std::vector<std::uint64_t> seeds(count);
    std::iota(seeds.begin(), seeds.end(), std::strtoull(random_hex(7).c_str(), nullptr, 16));
    return seeds;
}

/// The seed of a randomised test: ASSAY_SEED, or a new one. The test prints it when it fails.
[[nodiscard]] inline std::uint64_t seed_of_test() { return seeds_of_test(1).front(); }

}  // namespace assay::test
