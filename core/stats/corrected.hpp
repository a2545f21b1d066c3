#pragma once

#include <optional>
#include <span>

#include "core/base/error.hpp"
#include "core/stats/interval.hpp"

namespace assay {

// What a mean would be if people had judged, from the values that a judge gave and from a sample
// that both judged.

/// How often a judge was right about things whose truth is known.
struct JudgeAccuracy {
    Proportion sensitivity;  ///< of what is true: how much of it the judge called true
    Proportion specificity;  ///< of what is false: how much of it the judge called false
};

/// The share of items that a judge called true.
struct ApparentRate {
    double rate = 0;   ///< in [0, 1]
    double items = 0;  ///< > 0; fewer than there are where they are not independent, and not whole
};

struct CorrectedMean {
    double mean = 0;
    Interval interval;  ///< holds `mean`
    /// The mean or an end of the interval lay outside of what is possible, and was moved to its
    /// edge.
    bool clamped = false;
};

/// The true rate behind an apparent one, which misses what the judge misses and has what it takes
/// for true: (apparent + specificity − 1) / (sensitivity + specificity − 1), with an interval that
/// knows that all three were estimated. It takes for granted that the judge errs as often here as
/// where it was calibrated, on items that are not the same.
///
/// @error invalid_argument unless 0 < confidence < 1; without an item, a true or a false one to
///        calibrate on; when the judge calls true things true no more often than false ones, or not
///        so at this confidence (Newcombe's interval of the difference): it cannot tell them apart;
///        when no rate at all could look like this, because the judge errs otherwise here.
/// Source: Rogan, Gladen, American Journal of Epidemiology 107 (1978) 71–76; the interval: Lang,
///         Reiczigel, Preventive Veterinary Medicine 113 (2014) 13–22, equations 6, 7, 16 and 17.
[[nodiscard]] Result<CorrectedMean> rogan_gladen(const ApparentRate& apparent,
                                                 const JudgeAccuracy& judge, double confidence);

/// Items of one population: a few that people and a judge judged, and many that only the judge did.
struct LabelledSample {
    std::span<const double> labels;      ///< people's, n ≥ 2
    std::span<const double> judged;      ///< the judge's, of the same items in the same order
    std::span<const double> unlabelled;  ///< the judge's, of the others; may be empty
};

struct PredictionPoweredMean {
    /// With the degrees of freedom of Welch and Satterthwaite.
    MeanEstimate estimate;
    /// How much of the judge's values is used, in [0, 1]: 0 is the mean of the labels alone.
    double lambda = 0;
};

/// The mean that people would give all items: the mean of the judge's values over the unlabelled
/// ones, times lambda, plus the mean of what the labels differ from it by. Right whatever the judge
/// is worth, as long as the labelled items were drawn from all of them at random; exact as far as
/// the judge goes with people.
///
/// @param lambda  1 is the plain estimator; nothing takes the one that makes the variance smallest,
///                cut to [0, 1].
/// @error invalid_argument below two labels, when a value is not finite, the lengths of labels and
///        judged differ, lambda is outside [0, 1], or nothing varies that an interval could rest
///        on.
/// Source: Angelopoulos, Bates, Fannjiang, Jordan, Zrnic, Prediction-powered inference, Science 382
///         (2023) 669–674; lambda: Angelopoulos, Duchi, Zrnic, PPI++, 2023, arXiv 2311.01453,
///         example 6.1.
[[nodiscard]] Result<PredictionPoweredMean> prediction_powered_mean(
    const LabelledSample& sample, std::optional<double> lambda = {});

/// Its interval by Student's t.
/// @param possible  what a mean can be: [0, 1] of rates; nothing = any number.
/// @error as student_t_interval; invalid_argument when none of the interval is possible.
[[nodiscard]] Result<CorrectedMean> corrected_mean(const PredictionPoweredMean& mean,
                                                   double confidence,
                                                   const std::optional<Interval>& possible = {});

}  // namespace assay
