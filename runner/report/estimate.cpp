#include "runner/report/estimate.hpp"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <optional>

#include "core/base/limits.hpp"
#include "core/stats/bootstrap.hpp"
#include "core/stats/cluster.hpp"
#include "core/stats/distributions.hpp"
#include "core/stats/paired.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr std::size_t k_bootstrap_items_min = 50;      // of fewer items it is too narrow
constexpr std::size_t k_bootstrap_items_max = 10'000;  // the mean of more is normal

/// What an interval is made with, after `automatic` has been replaced.
enum class Way : std::uint8_t { wilson, clopper_pearson, student_t, cluster_t, bca };

bool are_right_or_wrong(const std::vector<double>& values) {
    return std::ranges::all_of(values, [](double value) { return value == 0 || value == 1; });
}

bool is_clustered(const std::vector<std::uint32_t>& clusters) {
    std::vector<std::uint32_t> labels = clusters;
    std::ranges::sort(labels);
    return std::ranges::adjacent_find(labels) != labels.end();
}

Proportion proportion_of(const std::vector<double>& values) {
    return {.successes = static_cast<std::uint64_t>(std::ranges::count(values, 1.0)),
            .trials = values.size()};
}

Result<Way> rate_way(const Sample& sample, IntervalMethod method) {
    const auto [successes, trials] = proportion_of(sample.values);
    const bool rare = std::min(successes, trials - successes) < k_rare_outcomes;
    switch (method) {
        case IntervalMethod::automatic: return rare ? Way::clopper_pearson : Way::wilson;
        case IntervalMethod::wilson: return Way::wilson;
        case IntervalMethod::clopper_pearson: return Way::clopper_pearson;
        case IntervalMethod::student_t: return Way::student_t;
        case IntervalMethod::bca: return Way::bca;
    }
    std::unreachable();
}

Result<Way> choose_way(const Sample& sample, IntervalMethod method) {
    const bool clustered = is_clustered(sample.clusters);
    if (!clustered && is_rate(sample)) return rate_way(sample, method);
    const std::size_t items = sample.values.size();
    const bool draws = items >= k_bootstrap_items_min && items <= k_bootstrap_items_max;
    switch (method) {
        case IntervalMethod::automatic:
            return clustered ? Way::cluster_t : draws ? Way::bca : Way::student_t;
        case IntervalMethod::student_t: return clustered ? Way::cluster_t : Way::student_t;
        case IntervalMethod::bca: return Way::bca;
        case IntervalMethod::wilson:
        case IntervalMethod::clopper_pearson: break;
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the method {} is for rates: one answer an item, right or wrong{}",
                               to_string(method), clustered ? ", and no clusters" : ""));
}

/// What every interval asks for, whatever its method.
Result<void> check_spread(const Sample& sample) {
    const std::vector<double>& values = sample.values;
    if (values.size() < 2) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("an interval needs 2 items at least, and there {}",
                                   values.empty() ? "is none" : "is 1"));
    }
    const bool equal = std::ranges::adjacent_find(values, std::not_equal_to<>()) == values.end();
    if (equal && !is_rate(sample)) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("all {} have the same value, so nothing says how far others "
                                   "would lie from it",
                                   format_some(values.size(), "item")));
    }
    return {};
}

Estimate rate_estimate(const Sample& sample, Way way) {
    const Proportion rate = proportion_of(sample.values);
    const bool exact = way == Way::clopper_pearson;
    return {.value = static_cast<double>(rate.successes) / static_cast<double>(rate.trials),
            .items = rate.trials,
            .method = exact ? "Clopper-Pearson" : "Wilson",
            .interval_at =
                [rate, exact](double confidence) {
                    return exact ? clopper_pearson(rate, confidence) : wilson(rate, confidence);
                },
            .p_value_of = {}};
}

/// What cannot lie outside of a range is not said to: it keeps the confidence.
Interval within(Interval interval, double low, double high) {
    return {.low = std::clamp(interval.low, low, high),
            .high = std::clamp(interval.high, low, high)};
}

Result<Estimate> t_estimate(const Sample& sample, Way way) {
    const bool clustered = way == Way::cluster_t;
    ASSAY_TRY(const MeanEstimate estimate,
              clustered ? estimate_clustered_mean(sample.values, sample.clusters)
                        : estimate_mean(sample.values));
    return Estimate{
        .value = estimate.mean,
        .items = sample.values.size(),
        .method = clustered ? "cluster-robust t" : "Student's t",
        .interval_at =
            [estimate](double confidence) { return student_t_interval(estimate, confidence); },
        .p_value_of = {}};
}

Estimate bootstrap_estimate(BootstrapMeans drawn, std::size_t items, bool clustered) {
    const auto means = std::make_shared<const BootstrapMeans>(std::move(drawn));
    return {.value = means->mean(),
            .items = items,
            .method = clustered ? "BCa bootstrap of clusters" : "BCa bootstrap",
            .interval_at = [means](double confidence) { return means->bca(confidence); },
            .p_value_of = [means](double value) { return means->bca_p_value(value); }};
}

/// Draws the samples that need it, those of one size together.
class Drawing {
  public:
    void add(std::size_t index, const Sample& sample) {
        const bool clustered = is_clustered(sample.clusters);
        for (Group& group : groups_) {
            const Sample& first = *group.samples.front();
            if (first.values.size() != sample.values.size()) continue;
            if (group.clustered != clustered) continue;
            if (clustered && first.clusters != sample.clusters) continue;
            group.samples.push_back(&sample);
            group.indexes.push_back(index);
            return;
        }
        groups_.push_back({.clustered = clustered, .samples = {&sample}, .indexes = {index}});
    }

    void run(std::uint64_t seed, std::vector<Result<Estimate>>& estimates) const {
        for (const Group& group : groups_) run_group(group, seed, estimates);
    }

  private:
    struct Group {
        bool clustered = false;
        std::vector<const Sample*> samples;
        std::vector<std::size_t> indexes;  ///< of the estimates
    };

    static void run_group(const Group& group, std::uint64_t seed,
                          std::vector<Result<Estimate>>& estimates) {
        std::vector<BootstrapColumn> columns;
        for (const Sample* sample : group.samples) columns.push_back({.values = sample->values});
        BootstrapOptions options{.resamples = limits::k_bootstrap_resamples,
                                 .seed = seed,
                                 .parallel = [](std::size_t blocks, const auto& work) {
                                     oneapi::tbb::parallel_for(std::size_t{0}, blocks, work);
                                 }};
        if (group.clustered) options.clusters = group.samples.front()->clusters;
        auto drawn = bootstrap_means(columns, options);
        for (std::size_t i = 0; i < group.indexes.size(); ++i) {
            Result<Estimate>& estimate = estimates[group.indexes[i]];
            if (!drawn) {
                estimate = std::unexpected(drawn.error());
                continue;
            }
            estimate = bootstrap_estimate(std::move((*drawn)[i]), group.samples[i]->values.size(),
                                          group.clustered);
        }
    }

    std::vector<Group> groups_;
};

/// Of rates the pairs that differ are all that matters.
std::optional<Result<Estimate>> rate_difference(const PairedSample& pairs,
                                                const EstimateOptions& options) {
    if (!is_rate(pairs) || is_clustered(pairs.clusters)) return std::nullopt;
    if (options.method != IntervalMethod::automatic) return std::nullopt;
    const auto counts = count_pairs(pairs.a, pairs.b);
    if (!counts) return std::unexpected(counts.error());
    const double changes =
        static_cast<double>(counts->b_better) - static_cast<double>(counts->a_better);
    return Estimate{
        .value = changes / static_cast<double>(counts->pairs),
        .items = counts->pairs,
        .method = "Tango",
        .interval_at = [counts = *counts](double level) { return tango(counts, level); },
        .p_value_of = {}};
}

Result<Sample> sample_of_differences(const PairedSample& pairs) {
    ASSAY_TRY(std::vector<double> values, differences(pairs.a, pairs.b));
    return Sample{.values = std::move(values), .clusters = pairs.clusters, .is_share = false};
}

/// Variances and covariance of two means over the same items.
struct MeanPair {
    double mean_a = 0;
    double mean_b = 0;
    double variance_a = 0;
    double variance_b = 0;
    double covariance = 0;
    double degrees = 0;
};

/// Source: Fieller 1954. The quadratic whose roots are the ends is solved for 1 + share.
Result<Interval> fieller(const MeanPair& pair, double confidence) {
    const double t = student_t_quantile((1 + confidence) / 2, pair.degrees);
    const double square = t * t;
    const double a = pair.mean_a * pair.mean_a - square * pair.variance_a;
    const double b = pair.mean_a * pair.mean_b - square * pair.covariance;
    const double c = pair.mean_b * pair.mean_b - square * pair.variance_b;
    const double discriminant = b * b - a * c;
    if (a <= 0 || discriminant < 0) {
        return failure(ErrorCode::invalid_argument,
                       "the mean of the reference is too close to 0 to divide by it");
    }
    const double root = std::sqrt(discriminant);
    return Interval{.low = (b - root) / a - 1, .high = (b + root) / a - 1};
}

}  // namespace

bool is_rate(const Sample& sample) { return sample.is_share && are_right_or_wrong(sample.values); }

bool is_rate(const PairedSample& pairs) {
    return pairs.is_share && are_right_or_wrong(pairs.a) && are_right_or_wrong(pairs.b);
}

Result<ReportedInterval> Estimate::interval(double confidence) const {
    ASSAY_TRY(const Interval ends, interval_at(confidence));
    return ReportedInterval{
        .low = ends.low, .high = ends.high, .confidence = confidence, .method = method};
}

Result<double> Estimate::p_value(double value_asked) const {
    if (p_value_of) return p_value_of(value_asked);
    constexpr double k_smallest = 1e-9;
    const auto is_inside = [&](double p) -> Result<bool> {
        ASSAY_TRY(const Interval ends, interval_at(1 - p));
        return ends.low <= value_asked && value_asked <= ends.high;
    };
    double inside = k_smallest;
    ASSAY_TRY(const bool ever, is_inside(inside));
    if (!ever) return k_smallest;
    double outside = 1 - k_smallest;
    ASSAY_TRY(const bool always, is_inside(outside));
    if (always) return 1.0;
    // The scale is that of the logarithm: small p-values are wanted as exactly as large ones.
    while (outside - inside > 1e-7 * inside) {
        const double middle =
            outside > 2 * inside ? std::sqrt(inside * outside) : inside + (outside - inside) / 2;
        ASSAY_TRY(const bool holds_it, is_inside(middle));
        (holds_it ? inside : outside) = middle;
    }
    return inside;
}

std::vector<Result<Estimate>> mean_estimates(const std::vector<Sample>& samples,
                                             const EstimateOptions& options) {
    std::vector<Result<Estimate>> estimates;
    Drawing drawing;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const Sample& sample = samples[i];
        estimates.emplace_back(Estimate());
        const auto usable = check_spread(sample);
        const auto way =
            usable ? choose_way(sample, options.method) : std::unexpected(usable.error());
        if (!way) {
            estimates.back() = std::unexpected(way.error());
        } else if (*way == Way::bca) {
            drawing.add(i, sample);
        } else if (*way == Way::wilson || *way == Way::clopper_pearson) {
            estimates.back() = rate_estimate(sample, *way);
        } else {
            estimates.back() = t_estimate(sample, *way);
        }
    }
    drawing.run(options.seed, estimates);
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (!samples[i].is_share || !estimates[i]) continue;
        estimates[i]->interval_at =
            [inner = std::move(estimates[i]->interval_at)](double confidence) -> Result<Interval> {
            ASSAY_TRY(const Interval ends, inner(confidence));
            return within(ends, 0, 1);
        };
    }
    return estimates;
}

Result<Estimate> mean_estimate(const Sample& sample, const EstimateOptions& options) {
    return std::move(mean_estimates({sample}, options).front());
}

std::vector<Result<Estimate>> difference_estimates(const std::vector<PairedSample>& pairs,
                                                   const EstimateOptions& options) {
    std::vector<Result<Estimate>> estimates;
    std::vector<Sample> samples;
    std::vector<std::size_t> indexes;
    for (const PairedSample& pair : pairs) {
        estimates.emplace_back(Estimate());
        if (auto rates = rate_difference(pair, options)) {
            estimates.back() = std::move(*rates);
        } else if (auto sample = sample_of_differences(pair)) {
            samples.push_back(std::move(*sample));
            indexes.push_back(estimates.size() - 1);
        } else {
            estimates.back() = std::unexpected(sample.error());
        }
    }
    std::vector<Result<Estimate>> means = mean_estimates(samples, options);
    for (std::size_t i = 0; i < means.size(); ++i) estimates[indexes[i]] = std::move(means[i]);
    return estimates;
}

Result<Estimate> difference_estimate(const PairedSample& pairs, const EstimateOptions& options) {
    return std::move(difference_estimates({pairs}, options).front());
}

Result<Estimate> relative_estimate(const PairedSample& pairs, const EstimateOptions& options) {
    if (options.method != IntervalMethod::automatic) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("a relative margin has its own method (Fieller), not {}",
                                   to_string(options.method)));
    }
    const bool clustered = is_clustered(pairs.clusters);
    const auto estimate_of = [&](std::span<const double> values) {
        return clustered ? estimate_clustered_mean(values, pairs.clusters) : estimate_mean(values);
    };
    ASSAY_TRY(const MeanEstimate a, estimate_of(pairs.a));
    ASSAY_TRY(const MeanEstimate b, estimate_of(pairs.b));
    ASSAY_TRY(const std::vector<double> changes, differences(pairs.a, pairs.b));
    ASSAY_TRY(const MeanEstimate change, estimate_of(changes));
    if (a.mean <= 0) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("a relative margin needs a reference above 0, and its mean is {}", a.mean));
    }
    const auto square = [](double x) { return x * x; };
    if (a.standard_error == 0 && b.standard_error == 0) {
        return failure(ErrorCode::invalid_argument,
                       "no item differs from another, so nothing says how far others would lie");
    }
    const MeanPair pair{.mean_a = a.mean,
                        .mean_b = b.mean,
                        .variance_a = square(a.standard_error),
                        .variance_b = square(b.standard_error),
                        .covariance = (square(a.standard_error) + square(b.standard_error) -
                                       square(change.standard_error)) /
                                      2,
                        .degrees = change.degrees};
    return Estimate{.value = b.mean / a.mean - 1,
                    .items = pairs.a.size(),
                    .method = clustered ? "Fieller, cluster-robust" : "Fieller",
                    .interval_at = [pair](double level) { return fieller(pair, level); },
                    .p_value_of = {}};
}

}  // namespace assay
