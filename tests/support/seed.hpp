#pragma once

#include <cstdint>
#include <cstdlib>

#include "core/base/random.hpp"

namespace assay::test {

/// The seed of a randomised test: ASSAY_SEED, or a new one. The test prints it when it fails.
[[nodiscard]] inline std::uint64_t seed_of_test() {
    const char* const given = std::getenv("ASSAY_SEED");
    if (given != nullptr) return std::strtoull(given, nullptr, 10);
    return std::strtoull(random_hex(7).c_str(), nullptr, 16);
}

}  // namespace assay::test
