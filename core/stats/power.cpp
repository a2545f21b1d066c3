#include "core/stats/power.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <utility>

#include "core/stats/distributions.hpp"
#include "core/stats/sample.hpp"
#include "core/stats/summary.hpp"
#include "core/stats/unpaired.hpp"

namespace assay {
namespace {

constexpr double k_items_max = 1e9;
/// Up to this variance of a count, the chances of what it can be are summed; beyond it the normal
/// limit is within a fraction of a point.
constexpr double k_summed_variance_max = 350;
/// Counts are whole, so that power rises in teeth, each a little higher than the one before: how
/// many items ahead a lower one is looked for.
constexpr double k_teeth_items = 10;
constexpr double k_teeth_items_max = 1'000;

std::unexpected<Error> refused(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

Result<void> check_share(double value, const char* what) {
    if (value >= 0 && value <= 1) return {};
    return refused(fmt::format("{} lies between 0 and 1, not {}", what, value));
}

Result<void> check_target(const PowerTarget& target) {
    ASSAY_CHECK(check_confidence(target.confidence));
    if (target.power >= 0.5 && target.power < 1) return {};
    return refused(fmt::format("a power is at least 0.5 and under 1, not {}", target.power));
}

Result<void> check_items(std::uint64_t items) {
    if (items >= 2 && static_cast<double>(items) <= k_items_max) return {};
    return refused(fmt::format("power is known for 2 to {} items, not for {}", k_items_max, items));
}

Result<void> check_design(const OneMean& design) {
    if (design.stddev > 0 && std::isfinite(design.stddev)) return {};
    return refused(fmt::format("a standard deviation of {} says nothing about what can be detected",
                               design.stddev));
}

Result<void> check_design(const TwoMeans& design) {
    if (!(design.stddev_a >= 0 && design.stddev_b >= 0))
        return refused("a standard deviation is not negative");
    return check_design(OneMean{std::hypot(design.stddev_a, design.stddev_b)});
}

Result<void> check_design(const OneRate& design) {
    if (design.threshold > 0 && design.threshold < 1) return {};
    return refused(
        fmt::format("the threshold of a rate lies between 0 and 1, not at {}", design.threshold));
}

Result<void> check_design(const PairedRates& design) {
    ASSAY_CHECK(check_share(design.discordant, "the share of pairs that differ"));
    if (design.margin > -1 && design.margin < 1) return {};
    return refused(fmt::format(
        "the margin of a difference of rates lies between -1 and 1, not at {}", design.margin));
}

Result<void> check_design(const TwoRates& design) { return check_share(design.rate_a, "a rate"); }

/// The largest difference that there can be.
double largest(const OneMean& /*design*/) { return std::numeric_limits<double>::max(); }
double largest(const TwoMeans& /*design*/) { return std::numeric_limits<double>::max(); }
double largest(const PairedRates& design) { return 1 - design.margin; }
double largest(const OneRate& design) {
    return design.side == Side::above ? 1 - design.threshold : design.threshold;
}
double largest(const TwoRates& design) {
    return design.side == Side::above ? 1 - design.rate_a : design.rate_a;
}

Result<void> check(const PowerDesign& design) {
    return std::visit([](const auto& one) { return check_design(one); }, design);
}

Result<void> check_difference(const PowerDesign& design, double difference) {
    const double most = std::visit([](const auto& one) { return largest(one); }, design);
    if (difference > 0 && difference <= most) return {};
    return refused(
        difference > most
            ? fmt::format("a difference of {} is more than there can be, {}", difference, most)
            : fmt::format("a difference to detect is more than 0, not {}", difference));
}

/// Of the two-sided interval.
double critical_normal(double confidence) { return -normal_quantile((1 - confidence) / 2); }

template <class Design>
concept DecidedByT = std::same_as<Design, OneMean> || std::same_as<Design, TwoMeans>;

/// A mean, or a difference of means, as a t interval sees it. The non-central t distribution is
/// taken as normal after a change of place and scale.
struct TDecision {
    double standard_error = 0;
    double place = 0;
    double scale = 1;

    TDecision(double error, double degrees, double confidence) : standard_error(error) {
        const double t = -student_t_quantile((1 - confidence) / 2, degrees);
        place = t * (1 - 1 / (4 * degrees));
        scale = std::sqrt(1 + t * t / (2 * degrees));
    }
};

TDecision decision(const OneMean& design, double items, double confidence) {
    return {design.stddev / std::sqrt(items), items - 1, confidence};
}

TDecision decision(const TwoMeans& design, double items, double confidence) {
    const double stddev = std::hypot(design.stddev_a, design.stddev_b);
    const double a = design.stddev_a / stddev;
    const double b = design.stddev_b / stddev;
    const double degrees = (items - 1) / (a * a * a * a + b * b * b * b);
    return {stddev / std::sqrt(items), degrees, confidence};
}

template <DecidedByT Design>
double chance(const Design& design, double items, double difference, double confidence) {
    const TDecision t = decision(design, items, confidence);
    return normal_cdf((difference / t.standard_error - t.place) / t.scale);
}

/// P(first ≤ X ≤ last) of a binomial X.
double binomial_range(double first, double last, double trials, double rate) {
    if (first > last) return 0;
    const auto up_to = [&](double successes) {
        return successes < 0 ? 0
                             : binomial_cdf(static_cast<std::uint64_t>(successes),
                                            static_cast<std::uint64_t>(trials), rate);
    };
    return up_to(last) - up_to(first - 1);
}

/// The fewest successes with which an interval lies above a threshold.
struct Enough {
    double wilson = 0;
    double clopper_pearson = 0;
};

Enough enough_successes(double threshold, double items, double confidence) {
    const double z = critical_normal(confidence);
    Enough enough;
    enough.wilson =
        std::ceil(items * threshold + z * std::sqrt(items * threshold * (1 - threshold)));
    const auto is_enough = [&](double successes) {
        return binomial_range(successes, items, items, threshold) <= (1 - confidence) / 2;
    };
    enough.clopper_pearson = std::min(enough.wilson, items);
    while (enough.clopper_pearson <= items && !is_enough(enough.clopper_pearson))
        ++enough.clopper_pearson;
    while (is_enough(enough.clopper_pearson - 1)) --enough.clopper_pearson;
    return enough;
}

double chance(const OneRate& design, double items, double difference, double confidence) {
    // Failures below a threshold are successes above its complement.
    const double threshold = design.side == Side::above ? design.threshold : 1 - design.threshold;
    const double rate = std::min(1.0, threshold + difference);
    const Enough enough = enough_successes(threshold, items, confidence);
    const double rare = std::min(static_cast<double>(design.rare_below), items + 1);
    const double often = std::max(rare, items - rare + 1);  // from here on failures are rare
    return binomial_range(enough.clopper_pearson, rare - 1, items, rate) +
           binomial_range(std::max(enough.wilson, rare), often - 1, items, rate) +
           binomial_range(std::max(enough.clopper_pearson, often), items, items, rate);
}

/// Σ P(X = x) · given(x) over the counts x, ascending, that a binomial X can take.
template <class Given>
double binomial_sum(double trials, double rate, const Given& given) {
    const double reach = 8 * std::sqrt(trials * rate * (1 - rate)) + 8;
    const double first = std::max(0.0, std::floor(trials * rate - reach));
    const double last = std::min(trials, std::ceil(trials * rate + reach));
    double sum = 0;
    for (double x = first; x <= last; ++x) {
        const double probability =
            binomial_pmf(static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(trials), rate);
        sum += probability * given(x);
    }
    return sum;
}

/// How far b_better − a_better lies above the margin, in standard errors that are estimated under
/// the margin: Tango's interval begins where this is z.
double tango_score(double b_better, double a_better, double pairs, double margin) {
    const double linear = (2 * pairs - b_better + a_better) * margin - b_better - a_better;
    const double square = linear * linear + 8 * pairs * a_better * margin * (1 - margin);
    const double rate_of_a = (std::sqrt(std::max(0.0, square)) - linear) / (4 * pairs);
    const double variance = pairs * (2 * rate_of_a + margin * (1 - margin));
    const double distance = b_better - a_better - pairs * margin;
    return distance <= 0 ? 0 : distance / std::sqrt(variance);
}

double chance(const PairedRates& design, double items, double difference, double confidence) {
    const double truth = std::min(1.0, design.margin + difference);
    const double discordant = std::max(design.discordant, std::abs(truth));
    const double z = critical_normal(confidence);
    if (items * discordant * (1 - discordant) > k_summed_variance_max) {
        const double distance = difference * std::sqrt(items);
        const double score = tango_score(items * (discordant + truth) / 2,
                                         items * (discordant - truth) / 2, items, design.margin);
        const double limit = z * distance / score;
        return normal_cdf((distance - limit) / std::sqrt(discordant - truth * truth));
    }
    const double better = discordant == 0 ? 0 : (discordant + truth) / (2 * discordant);
    return binomial_sum(items, discordant, [&](double differ) {
        double too_few = -1;
        double enough = differ + 1;
        while (enough - too_few > 1) {
            const double middle = std::floor((too_few + enough) / 2);
            const double score = tango_score(middle, differ - middle, items, design.margin);
            (score >= z ? enough : too_few) = middle;
        }
        return binomial_range(enough, differ, differ, better);
    });
}

double chance(const TwoRates& design, double items, double difference, double confidence) {
    const double a = design.side == Side::above ? design.rate_a : 1 - design.rate_a;
    const double b = std::min(1.0, a + difference);
    const double variance = a * (1 - a) + b * (1 - b);
    if (items * a * (1 - a) > k_summed_variance_max) {
        const double middle = (a + b) / 2;
        const double limit = critical_normal(confidence) * std::sqrt(2 * middle * (1 - middle));
        return normal_cdf((difference * std::sqrt(items) - limit) / std::sqrt(variance));
    }
    const auto count = [&](double successes) {
        return Proportion{.successes = static_cast<std::uint64_t>(successes),
                          .trials = static_cast<std::uint64_t>(items)};
    };
    double enough = 0;  // rises with the successes of a
    return binomial_sum(items, a, [&](double successes) {
        enough = std::max(enough, successes);
        while (enough <= items) {
            const auto interval = newcombe(count(successes), count(enough), confidence);
            if (interval && interval->low >= 0) break;
            ++enough;
        }
        return binomial_range(enough, items, items, b);
    });
}

template <DecidedByT Design>
std::optional<double> smallest(const Design& design, double items, const PowerTarget& target) {
    const TDecision t = decision(design, items, target.confidence);
    return t.standard_error * (t.place + t.scale * normal_quantile(target.power));
}

/// By bisection, from above: what is returned has the power.
template <class Design>
std::optional<double> smallest(const Design& design, double items, const PowerTarget& target) {
    const auto found = [&](double difference) {
        return chance(design, items, difference, target.confidence) >= target.power;
    };
    double low = 0;
    double high = largest(design);
    if (!found(high)) return std::nullopt;
    for (int i = 0; i < 40; ++i) {
        const double middle = (low + high) / 2;
        (found(middle) ? high : low) = middle;
    }
    return high;
}

/// How many items there are to a tooth, and some more.
template <class Design>
double teeth_items(const Design& /*design*/) {
    return k_teeth_items;
}
double teeth_items(const OneRate& design) {
    const double rarer = std::min(design.threshold, 1 - design.threshold);
    return std::clamp(std::ceil(2 / rarer), k_teeth_items, k_teeth_items_max);
}

template <class Design>
std::optional<std::uint64_t> least_items(const Design& design, double difference,
                                         const PowerTarget& target) {
    const auto found = [&](double items) {
        return chance(design, items, difference, target.confidence) >= target.power;
    };
    double low = 1;
    double high = 2;
    while (!found(high)) {
        if (high == k_items_max) return std::nullopt;
        low = high;
        high = std::min(2 * high, k_items_max);
    }
    while (high - low > 1) {
        const double middle = std::floor((low + high) / 2);
        (found(middle) ? high : low) = middle;
    }
    double missed = low;
    for (double items = high; items <= missed + teeth_items(design); ++items) {
        if (!found(items)) missed = items;
    }
    return static_cast<std::uint64_t>(missed + 1);
}

Result<void> check_parts(const VarianceParts& parts) {
    if (parts.between >= 0 && parts.within >= 0 && std::isfinite(parts.between + parts.within))
        return {};
    return refused("the parts of a variance are finite numbers of at least 0");
}

}  // namespace

Result<double> detection_power(const PowerDesign& design, std::uint64_t items, double difference,
                               double confidence) {
    ASSAY_CHECK(check(design));
    ASSAY_CHECK(check_items(items));
    ASSAY_CHECK(check_difference(design, difference));
    ASSAY_CHECK(check_confidence(confidence));
    return std::visit(
        [&](const auto& one) {
            return chance(one, static_cast<double>(items), difference, confidence);
        },
        design);
}

Result<std::optional<double>> smallest_detectable(const PowerDesign& design, std::uint64_t items,
                                                  const PowerTarget& target) {
    ASSAY_CHECK(check(design));
    ASSAY_CHECK(check_items(items));
    ASSAY_CHECK(check_target(target));
    return std::visit(
        [&](const auto& one) { return smallest(one, static_cast<double>(items), target); }, design);
}

Result<std::optional<std::uint64_t>> items_needed(const PowerDesign& design, double difference,
                                                  const PowerTarget& target) {
    ASSAY_CHECK(check(design));
    ASSAY_CHECK(check_difference(design, difference));
    ASSAY_CHECK(check_target(target));
    return std::visit([&](const auto& one) { return least_items(one, difference, target); },
                      design);
}

Result<double> difference_stddev(double stddev, double correlation) {
    ASSAY_CHECK(check_design(OneMean{stddev}));
    if (!(correlation >= -1 && correlation < 1)) {
        return refused(
            fmt::format("a correlation of {} leaves no differences to measure", correlation));
    }
    return stddev * std::sqrt(2 * (1 - correlation));
}

Result<double> discordant_share(double rate, double correlation) {
    ASSAY_CHECK(check_share(rate, "a rate"));
    const double rarer = std::min(rate, 1 - rate);
    const double share = 2 * rate * (1 - rate) * (1 - correlation);
    // At most, every right answer of one side meets a wrong one of the other.
    if (correlation <= 1 && share <= 2 * rarer) return share;
    return refused(
        fmt::format("two rates of {} cannot have a correlation of {}", rate, correlation));
}

Result<VarianceParts> variance_parts(std::span<const double> item_means,
                                     std::span<const double> item_variances,
                                     std::uint64_t repetitions) {
    ASSAY_CHECK(check_pairs(item_means, item_variances, 2));
    if (repetitions < 2) return refused("one repetition says nothing about how repetitions differ");
    if (std::ranges::min(item_variances) < 0) return refused("a variance is not negative");
    ASSAY_TRY(const double stddev, sample_stddev(item_means));
    VarianceParts parts;
    ASSAY_TRY(parts.within, mean(item_variances));
    parts.between =
        std::max(0.0, stddev * stddev - parts.within / static_cast<double>(repetitions));
    ASSAY_CHECK(check_parts(parts));
    return parts;
}

Result<double> item_mean_stddev(const VarianceParts& parts, std::uint64_t repetitions) {
    ASSAY_CHECK(check_parts(parts));
    if (repetitions == 0) return refused("an item mean has at least one repetition");
    const double variance = parts.between + parts.within / static_cast<double>(repetitions);
    ASSAY_CHECK(check_design(OneMean{std::sqrt(variance)}));
    return std::sqrt(variance);
}

Result<std::optional<std::uint64_t>> repetitions_needed(const VarianceParts& parts,
                                                        std::uint64_t items, double difference,
                                                        const PowerTarget& target) {
    ASSAY_TRY(const double stddev, item_mean_stddev(parts, 1));
    ASSAY_CHECK(check_difference(OneMean{1}, difference));
    ASSAY_TRY(const std::optional<double> units, smallest_detectable(OneMean{1}, items, target));
    const double variance_max = difference / *units * (difference / *units);
    if (stddev * stddev <= variance_max) return 1;
    if (variance_max <= parts.between) return std::nullopt;
    const double repetitions = std::ceil(parts.within / (variance_max - parts.between));
    if (repetitions > k_items_max) return std::nullopt;
    return static_cast<std::uint64_t>(repetitions);
}

}  // namespace assay
