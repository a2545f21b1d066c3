#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/model/gate.hpp"
#include "core/stats/interval.hpp"

namespace assay {

/// An interval as reports carry it: it says of itself how it was made.
struct ReportedInterval {
    double low = 0;
    double high = 0;
    double confidence = 0;  ///< two-sided
    std::string method;     ///< "Wilson", "BCa bootstrap"
};

/// One number an item: what was sampled.
struct Sample {
    std::vector<double> values;
    std::vector<std::uint32_t> clusters;  ///< one an item; empty = every item stands for itself
    /// The values are shares of a BOOLEAN or of a category: they lie in [0, 1], and where each of
    /// them is 0 or 1 the mean is a rate.
    bool is_share = false;
};

/// Two numbers an item: a[i] and b[i] belong to the same one.
struct PairedSample {
    std::vector<double> a;
    std::vector<double> b;
    std::vector<std::uint32_t> clusters;
    bool is_share = false;
};

/// Whether every item was right or wrong, so that the mean is a rate.
[[nodiscard]] bool is_rate(const Sample& sample);
[[nodiscard]] bool is_rate(const PairedSample& pairs);

/// A number, and how sure it is at any confidence.
struct Estimate {
    double value = 0;
    std::uint64_t items = 0;
    std::string method;
    std::function<Result<Interval>(double confidence)> interval_at;
    std::function<double(double value)> p_value_of;  ///< empty: p_value() searches
    bool is_sequential = false;  ///< it may be looked at at any time, and has no p-value

    [[nodiscard]] Result<ReportedInterval> interval(double confidence) const;
    /// The two-sided p-value of "the true value is `value`": one minus the confidence at which the
    /// interval begins to hold it, by bisection; never under 1e-9.
    [[nodiscard]] Result<double> p_value(double value) const;
};

struct EstimateOptions {
    IntervalMethod method = IntervalMethod::automatic;
    std::uint64_t seed = 0;  ///< of resampling
};

// Which method `automatic` takes, and why, stands in docs/statistics.md. Rates: Wilson, or Clopper
// and Pearson with fewer than ten of either outcome; means: Student's t below 50 items and above
// 10,000, between them the BCa bootstrap; items in clusters: the cluster-robust standard error.

/// The mean over items.
/// @error invalid_argument below two items (two clusters), when all numbers of what is no rate are
///        equal, because their spread is all that an interval rests on, or when the method does
///        not fit.
[[nodiscard]] Result<Estimate> mean_estimate(const Sample& sample, const EstimateOptions& options);

/// The same of several samples. Those with as many items are drawn together, which is quicker and
/// gives the same.
[[nodiscard]] std::vector<Result<Estimate>> mean_estimates(const std::vector<Sample>& samples,
                                                           const EstimateOptions& options);

/// mean(b) − mean(a) over pairs. Of rates Tango's score interval, else the mean of differences.
/// @error as mean_estimate.
[[nodiscard]] Result<Estimate> difference_estimate(const PairedSample& pairs,
                                                   const EstimateOptions& options);
[[nodiscard]] std::vector<Result<Estimate>> difference_estimates(
    const std::vector<PairedSample>& pairs, const EstimateOptions& options);

/// (mean(b) − mean(a)) / mean(a) over pairs, as Fieller's theorem has it: a share r is inside the
/// interval when 0 is inside the one of the mean of b − (1 + r) · a.
/// @error also when mean(a) is not above 0 at any confidence asked for.
/// Source: Fieller, JRSS B 16 (1954) 175–185.
[[nodiscard]] Result<Estimate> relative_estimate(const PairedSample& pairs,
                                                 const EstimateOptions& options);

}  // namespace assay
