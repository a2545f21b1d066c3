#include "core/stats/corrected.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/stats/distributions.hpp"
#include "core/stats/sample.hpp"
#include "core/stats/summary.hpp"
#include "core/stats/unpaired.hpp"

namespace assay {
namespace {

constexpr Interval k_rates{.low = 0, .high = 1};

std::unexpected<Error> bad(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

double rate_of(const Proportion& rate) {
    return static_cast<double>(rate.successes) / static_cast<double>(rate.trials);
}

Result<void> check(const ApparentRate& apparent, const JudgeAccuracy& judge) {
    if (!(apparent.rate >= 0 && apparent.rate <= 1)) {
        return bad(fmt::format("a rate lies between 0 and 1, not {}", apparent.rate));
    }
    if (!std::isfinite(apparent.items) || apparent.items <= 0) {
        return bad("a rate needs at least one item");
    }
    if (judge.sensitivity.trials == 0 || judge.specificity.trials == 0) {
        return bad(
            fmt::format("the judge was calibrated on {} items that are true and {} that are "
                        "false, and both are needed",
                        judge.sensitivity.trials, judge.specificity.trials));
    }
    return {};
}

/// Whether what the judge says has to do with the truth.
Result<void> check_telling(const JudgeAccuracy& judge, double confidence) {
    const Proportion false_alarms{judge.specificity.trials - judge.specificity.successes,
                                  judge.specificity.trials};
    ASSAY_TRY(const Interval difference, newcombe(false_alarms, judge.sensitivity, confidence));
    if (difference.low > 0) return {};
    return bad(
        fmt::format("the judge cannot tell: it called {} of {} true items true and {} of {} false "
                    "ones, which may be chance",
                    judge.sensitivity.successes, judge.sensitivity.trials, false_alarms.successes,
                    false_alarms.trials));
}

/// A rate with two more successes and failures than were seen, or as many as asked for.
struct Shrunk {
    double rate = 0;
    double trials = 0;

    [[nodiscard]] double variance() const { return rate * (1 - rate) / trials; }
};

Shrunk shrunk(double rate, double trials, double added) {
    return {.rate = (trials * rate + added / 2) / (trials + added), .trials = trials + added};
}

/// Moves what is not possible to the edge of what is.
Result<CorrectedMean> clamped(double mean, const Interval& interval, const Interval& possible) {
    if (interval.high < possible.low || interval.low > possible.high) {
        return bad(
            fmt::format("the corrected mean would lie between {:.3g} and {:.3g}, outside of "
                        "{} to {}: the judge errs otherwise here than where it was "
                        "calibrated",
                        interval.low, interval.high, possible.low, possible.high));
    }
    CorrectedMean corrected{.mean = std::clamp(mean, possible.low, possible.high),
                            .interval = {.low = std::max(interval.low, possible.low),
                                         .high = std::min(interval.high, possible.high)}};
    corrected.clamped = corrected.mean != mean || corrected.interval.low != interval.low ||
                        corrected.interval.high != interval.high;
    return corrected;
}

}  // namespace

Result<CorrectedMean> rogan_gladen(const ApparentRate& apparent, const JudgeAccuracy& judge,
                                   double confidence) {
    ASSAY_CHECK(check_confidence(confidence));
    ASSAY_CHECK(check(apparent, judge));
    ASSAY_CHECK(check_telling(judge, confidence));
    const double se = rate_of(judge.sensitivity);
    const double sp = rate_of(judge.specificity);
    const double mean = (apparent.rate + sp - 1) / (se + sp - 1);

    // The interval is that of rates which were moved towards one half, and is itself moved by the
    // skewness of a ratio. The names are those of the paper.
    const double z = -normal_quantile((1 - confidence) / 2);
    const Shrunk ap_ = shrunk(apparent.rate, apparent.items, z * z);
    const Shrunk se_ = shrunk(se, static_cast<double>(judge.sensitivity.trials), 2);
    const Shrunk sp_ = shrunk(sp, static_cast<double>(judge.specificity.trials), 2);
    const double youden = se_.rate + sp_.rate - 1;
    if (youden <= 0) return bad("the judge cannot tell: too few items were labelled");
    const double p = (ap_.rate + sp_.rate - 1) / youden;
    const double center = p + 2 * z * z * (p * se_.variance() - (1 - p) * sp_.variance());
    const double variance =
        ap_.variance() + p * p * se_.variance() + (1 - p) * (1 - p) * sp_.variance();
    const double half_width = z * std::sqrt(variance) / youden;
    return clamped(
        mean,
        {.low = std::min(center - half_width, mean), .high = std::max(center + half_width, mean)},
        k_rates);
}

namespace {

double square(double value) { return value * value; }

/// The lambda that makes the variance smallest: Σ (y − ȳ)(f − f̄) / (n − 1) over (1 + n / N) times
/// the variance of all the judge's values.
Result<double> tuned_lambda(const LabelledSample& sample) {
    std::vector<double> all(sample.judged.begin(), sample.judged.end());
    all.insert(all.end(), sample.unlabelled.begin(), sample.unlabelled.end());
    ASSAY_TRY(const double spread, sample_stddev(all));
    if (spread == 0) return 0.0;
    ASSAY_TRY(const double of_labels, mean(sample.labels));
    ASSAY_TRY(const double of_judged, mean(sample.judged));
    double products = 0;
    for (std::size_t i = 0; i < sample.labels.size(); ++i) {
        products += (sample.labels[i] - of_labels) * (sample.judged[i] - of_judged);
    }
    const auto n = static_cast<double>(sample.labels.size());
    const auto others = static_cast<double>(sample.unlabelled.size());
    const double lambda = products / (n - 1) / ((1 + n / others) * square(spread));
    if (!std::isfinite(lambda)) return bad("the values lie too far apart for a double");
    return std::clamp(lambda, 0.0, 1.0);
}

}  // namespace

Result<PredictionPoweredMean> prediction_powered_mean(const LabelledSample& sample,
                                                      std::optional<double> lambda) {
    ASSAY_CHECK(check_pairs(sample.labels, sample.judged, 2));
    ASSAY_CHECK(check_sample(sample.unlabelled, 0));
    if (lambda && !(*lambda >= 0 && *lambda <= 1)) {
        return bad(fmt::format("lambda lies between 0 and 1, not {}", *lambda));
    }
    // One value has no spread, so that nothing would be known of the mean of such.
    const bool has_others = sample.unlabelled.size() >= 2;
    PredictionPoweredMean result;
    if (has_others) {
        ASSAY_TRY(const double tuned, lambda ? *lambda : tuned_lambda(sample));
        result.lambda = tuned;
    }
    std::vector<double> rest(sample.labels.begin(), sample.labels.end());
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] -= result.lambda * sample.judged[i];
    ASSAY_TRY(result.estimate, estimate_mean(rest));
    if (result.lambda > 0) {
        ASSAY_TRY(const MeanEstimate others, estimate_mean(sample.unlabelled));
        const double of_others = square(result.lambda * others.standard_error);
        const double of_rest = square(result.estimate.standard_error);
        const double variance = of_others + of_rest;
        const double spread =
            square(of_others) / others.degrees + square(of_rest) / result.estimate.degrees;
        result.estimate.mean += result.lambda * others.mean;
        result.estimate.standard_error = std::sqrt(variance);
        if (spread > 0) result.estimate.degrees = square(variance) / spread;
    }
    if (result.estimate.standard_error > 0) return result;
    return bad("all values are equal, and their spread is all that an interval rests on");
}

Result<CorrectedMean> corrected_mean(const PredictionPoweredMean& mean, double confidence,
                                     const std::optional<Interval>& possible) {
    ASSAY_TRY(const Interval interval, student_t_interval(mean.estimate, confidence));
    if (!possible) return CorrectedMean{.mean = mean.estimate.mean, .interval = interval};
    return clamped(mean.estimate.mean, interval, *possible);
}

}  // namespace assay
