#pragma once

#include <span>

#include "core/base/error.hpp"

namespace assay {

// What the functions of this folder ask of their input, in one place and one wording.

/// @error invalid_argument below `least` values, or when one of them is NaN or infinite.
[[nodiscard]] Result<void> check_sample(std::span<const double> values, std::size_t least);

/// Two samples of which a[i] and b[i] belong to the same item.
/// @error invalid_argument as check_sample, or when the lengths differ.
[[nodiscard]] Result<void> check_pairs(std::span<const double> a, std::span<const double> b,
                                       std::size_t least);

/// @error invalid_argument unless 0 < confidence < 1.
[[nodiscard]] Result<void> check_confidence(double confidence);

}  // namespace assay
