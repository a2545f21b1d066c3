#include "core/stats/paired.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/stats/distributions.hpp"
#include "core/stats/sample.hpp"

namespace assay {
namespace {

/// A standard error below this share of its mean is rounding: all differences are equal.
constexpr double k_rounding = 1e-13;

Result<void> check(const PairCounts& counts) {
    if (counts.pairs < 2) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("2 pairs are needed, got {}", counts.pairs));
    }
    if (counts.b_better <= counts.pairs && counts.a_better <= counts.pairs - counts.b_better)
        return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{} + {} pairs differ, and there are {}", counts.b_better,
                               counts.a_better, counts.pairs));
}

Result<void> check_rate(double rate) {
    if (rate >= 0 && rate <= 1) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("a rate lies between 0 and 1, not {}", rate));
}

bool equal_but_for_rounding(double a, double b) {
    return std::abs(b - a) <=
           4 * std::numeric_limits<double>::epsilon() * std::max(std::abs(a), std::abs(b));
}

/// Upper end of the score interval for (b − c) / n: the largest difference whose score statistic
/// is at most z. The lower end is minus that of the swapped counts.
double score_upper(double b, double c, double n, double z) {
    // Rate of the pairs c counts that is most likely when the difference of the rates is `delta`:
    // the root of 2n·x² + linear·x − c·delta·(1 − delta).
    const auto rate_of_c = [&](double delta) {
        const double linear = (2 * n - b + c) * delta - b - c;
        const double square = linear * linear + 8 * n * c * delta * (1 - delta);
        return (std::sqrt(std::max(0.0, square)) - linear) / (4 * n);
    };
    const auto is_inside = [&](double delta) {
        const double distance = n * delta - (b - c);
        return distance * distance <= z * z * n * (2 * rate_of_c(delta) + delta * (1 - delta));
    };
    double inside = (b - c) / n;
    double outside = 1;
    while (true) {
        const double middle = inside + (outside - inside) / 2;
        if (middle <= inside || middle >= outside) return outside;
        (is_inside(middle) ? inside : outside) = middle;
    }
}

}  // namespace

Result<std::vector<double>> differences(std::span<const double> a, std::span<const double> b) {
    ASSAY_CHECK(check_pairs(a, b, 2));
    std::vector<double> difference(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference[i] = equal_but_for_rounding(a[i], b[i]) ? 0 : b[i] - a[i];
        if (std::isfinite(difference[i])) continue;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} and {} are too far apart for a double", a[i], b[i]));
    }
    return difference;
}

Result<PairCounts> count_pairs(std::span<const double> a, std::span<const double> b) {
    ASSAY_CHECK(check_pairs(a, b, 2));
    PairCounts counts{.pairs = a.size()};
    for (std::size_t i = 0; i < a.size(); ++i) {
        for (const double value : {a[i], b[i]}) {
            if (value == 0 || value == 1) continue;
            return failure(ErrorCode::invalid_argument,
                           fmt::format("right is 1 and wrong is 0, not {}", value));
        }
        if (b[i] > a[i]) ++counts.b_better;
        if (a[i] > b[i]) ++counts.a_better;
    }
    return counts;
}

Result<double> mcnemar(const PairCounts& counts) {
    ASSAY_CHECK(check(counts));
    const std::uint64_t differing = counts.b_better + counts.a_better;
    if (differing == 0) return 1.0;
    const std::uint64_t fewer = std::min(counts.b_better, counts.a_better);
    return std::min(1.0, 2 * binomial_cdf(fewer, differing, 0.5));
}

Result<Interval> tango(const PairCounts& counts, double confidence) {
    ASSAY_CHECK(check(counts));
    ASSAY_CHECK(check_confidence(confidence));
    const auto b = static_cast<double>(counts.b_better);
    const auto c = static_cast<double>(counts.a_better);
    const auto n = static_cast<double>(counts.pairs);
    const double z = -normal_quantile((1 - confidence) / 2);
    return Interval{.low = -score_upper(c, b, n, z), .high = score_upper(b, c, n, z)};
}

std::optional<double> discordant_odds_ratio(const PairCounts& counts) {
    if (counts.b_better == 0 || counts.a_better == 0) return std::nullopt;
    return static_cast<double>(counts.b_better) / static_cast<double>(counts.a_better);
}

Result<double> cohens_h(double rate_a, double rate_b) {
    ASSAY_CHECK(check_rate(rate_a));
    ASSAY_CHECK(check_rate(rate_b));
    return 2 * std::asin(std::sqrt(rate_b)) - 2 * std::asin(std::sqrt(rate_a));
}

Result<TTest> t_test(const MeanEstimate& difference, double confidence) {
    ASSAY_TRY(const Interval interval, student_t_interval(difference, confidence));
    if (difference.standard_error <= k_rounding * std::abs(difference.mean)) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the values do not vary around {}, and a t-test measures by how "
                                   "much they do",
                                   difference.mean));
    }
    const double t = difference.mean / difference.standard_error;
    return TTest{.difference = difference.mean,
                 .t = t,
                 .degrees = difference.degrees,
                 .p = two_sided_student_t(t, difference.degrees),
                 .interval = interval};
}

Result<TTest> paired_t(std::span<const double> differences, double confidence) {
    ASSAY_TRY(const MeanEstimate difference, estimate_mean(differences));
    return t_test(difference, confidence);
}

Result<double> cohens_dz(std::span<const double> differences) {
    // t is the mean over s / √n, so that the confidence plays no part.
    ASSAY_TRY(const TTest test, paired_t(differences, 0.95));
    return test.t / std::sqrt(static_cast<double>(differences.size()));
}

}  // namespace assay
