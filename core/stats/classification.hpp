#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"

namespace assay {

/// How often each predicted label met each expected one.
struct ConfusionMatrix {
    std::vector<std::string> labels;  ///< of both sides, sorted
    /// [expected][predicted], as large as `labels` both ways.
    std::vector<std::vector<std::uint64_t>> counts;
};

struct ClassificationScores {
    double precision = 0;
    double recall = 0;
    double f1 = 0;
};

enum class ClassAverage : std::uint8_t {
    micro,     ///< all decisions in one pool; with one label a case all three are the accuracy
    macro,     ///< mean over the labels, each counting the same
    weighted,  ///< mean over the labels, each counting as often as it was expected
};

// What divides zero by zero is 0: a label that was never predicted has the precision 0. The macro
// F1 is the mean of the labels' F1, not the F1 of the means. This is what scikit-learn does with
// zero_division=0, over the labels of both sides.
// Source: scikit-learn user guide, "Classification metrics"; for the two macro F1s Opitz & Burst,
// Macro F1 and Macro F1, 2019.

/// Share of the cases whose predicted label is the expected one.
/// @error invalid_argument when nothing was counted.
[[nodiscard]] Result<double> accuracy(const ConfusionMatrix& matrix);

/// @error invalid_argument when nothing was counted.
[[nodiscard]] Result<ClassificationScores> classification_scores(const ConfusionMatrix& matrix,
                                                                 ClassAverage average);

/// Of one label against all others.
/// @error invalid_argument when nothing was counted, or the label is on neither side.
[[nodiscard]] Result<ClassificationScores> classification_scores(const ConfusionMatrix& matrix,
                                                                 std::string_view positive);

}  // namespace assay
