#pragma once

#include <cmath>
#include <cstdint>

namespace assay {

/// Money in integer nano-dollars (10⁻⁹ USD), rounded once per call, so that sums are exact.
using NanoUsd = std::int64_t;

[[nodiscard]] inline double to_usd(NanoUsd nanos) { return static_cast<double>(nanos) / 1e9; }
[[nodiscard]] inline NanoUsd nanos_from_usd(double usd) {
    return static_cast<NanoUsd>(std::llround(usd * 1e9));
}

}  // namespace assay
