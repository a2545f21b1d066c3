#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/error.hpp"

namespace assay {

/// How far the means of two runs of identical input lie apart by chance.
struct NoiseFloor {
    /// Their difference, without its sign, stays within it with the confidence asked for; 0 when
    /// nothing changed in any run, which says that nothing was seen, not that nothing can change.
    double difference = 0;
    double run_stddev = 0;  ///< of one run's mean, from run to run
    /// The items of a run move together, as they do when a whole run is slower or talks to another
    /// server: the spread was taken from the means of the runs, of which there are few.
    bool moves_together = false;
};

/// The noise of the mean over items, from runs over the same items.
///
/// The variance of a run's mean is the sum of the items' own variances from run to run over n²,
/// which is known well after two runs of many items, where the spread of two means is hardly known
/// at all. It holds as long as items vary independently of each other, so the spread of the means
/// is tested against it by F at 1 %, and taken itself where it is larger than that. The floor is
/// t · √2 · the standard deviation; the degrees of freedom are those of Satterthwaite, few when
/// few items change, so that the floor of a run in which one item flipped is wide.
///
/// @param runs        at least two, each with one finite value an item, in the same order.
/// @param clusters    one an item: equal for items that vary together; empty = none do.
/// @param confidence  in (0, 1).
/// @error invalid_argument when there are fewer than two runs, no items, lengths differ or a value
///        is not finite.
/// Source: Satterthwaite, Biometrics Bulletin 2 (1946) 110–114; the F test is that of the runs in
///         a two-way analysis of variance, items × runs. Cost: O(items · runs).
[[nodiscard]] Result<NoiseFloor> noise_floor(std::span<const std::vector<double>> runs,
                                             std::span<const std::uint32_t> clusters,
                                             double confidence);

}  // namespace assay
