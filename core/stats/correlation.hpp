#pragma once

#include <span>

#include "core/base/error.hpp"

namespace assay {

// How two scores of the same objects go together; a[i] and b[i] belong to one object. Below two
// pairs, with lengths that differ or with a value that is not finite, all of them are the error
// invalid_argument.

/// Pearson's product-moment correlation, in [−1, 1].
/// @error also when one of the two never varies: there is no correlation then.
/// Source: Pearson, Proceedings of the Royal Society 58 (1895) 240–242. Cost: O(n).
[[nodiscard]] Result<double> pearson(std::span<const double> a, std::span<const double> b);

/// Spearman's rank correlation: Pearson's of the ranks, equal values sharing the mean of theirs.
/// @error as pearson.
/// Source: Spearman, American Journal of Psychology 15 (1904) 72–101. Cost: O(n log n).
[[nodiscard]] Result<double> spearman(std::span<const double> a, std::span<const double> b);

/// Mean of |a − b|.
/// @error also when the two lie further apart than a double can say.
[[nodiscard]] Result<double> mean_absolute_error(std::span<const double> a,
                                                 std::span<const double> b);

/// √ of the mean of (a − b)².
/// @error as mean_absolute_error.
[[nodiscard]] Result<double> root_mean_square_error(std::span<const double> a,
                                                    std::span<const double> b);

}  // namespace assay
