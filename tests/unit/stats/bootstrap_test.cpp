#include "core/stats/bootstrap.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <thread>

#include "core/base/random.hpp"
#include "core/stats/cluster.hpp"
#include "core/stats/distributions.hpp"
#include "core/stats/summary.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;
using Labels = std::vector<std::uint32_t>;
using Present = std::vector<std::uint8_t>;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> sorted_of(const BootstrapMeans& means) {
    return {means.sorted().begin(), means.sorted().end()};
}

/// The distribution of the sum of a resample of small whole numbers, by adding one draw after the
/// other: what the bootstrap comes to with infinitely many resamples.
class ExactResamples {
  public:
    explicit ExactResamples(const Values& values) : draws_(values.size()) {
        std::vector<double> one(static_cast<std::size_t>(std::ranges::max(values)) + 1);
        for (const double value : values) {
            one[static_cast<std::size_t>(value)] += 1 / static_cast<double>(draws_);
        }
        probabilities_ = {1};
        for (std::size_t draw = 0; draw < draws_; ++draw) {
            std::vector<double> next(probabilities_.size() + one.size() - 1);
            for (std::size_t sum = 0; sum < probabilities_.size(); ++sum) {
                for (std::size_t value = 0; value < one.size(); ++value) {
                    next[sum + value] += probabilities_[sum] * one[value];
                }
            }
            probabilities_ = std::move(next);
        }
    }
    /// Probability of a mean under `mean`, and half of that of the mean itself.
    [[nodiscard]] double below(double mean) const {
        const double sum = mean * static_cast<double>(draws_);
        double probability = 0;
        for (std::size_t i = 0; i < probabilities_.size(); ++i) {
            const double difference = static_cast<double>(i) - sum;
            if (std::abs(difference) < 1e-6) probability += probabilities_[i] / 2;
            if (difference <= -1e-6) probability += probabilities_[i];
        }
        return probability;
    }
    /// Of the means equal to `mean`.
    [[nodiscard]] double step(double mean) const {
        const double sum = mean * static_cast<double>(draws_);
        return probabilities_.at(static_cast<std::size_t>(std::lround(sum)));
    }

  private:
    std::size_t draws_;
    std::vector<double> probabilities_;
};

/// A sixth of the skewness of the leave-one-out means, each computed from what is left.
double jackknife_acceleration(const Values& values, const Labels& labels) {
    Values means;
    for (const std::uint32_t left_out : std::vector(labels)) {
        if (left_out != means.size()) continue;  // labels are 0, 1, … in order of first occurrence
        Values rest;
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (labels[i] != left_out) rest.push_back(values[i]);
        }
        means.push_back(mean(rest).value());
    }
    const double center = mean(means).value();
    double squares = 0;
    double cubes = 0;
    for (const double one : means) {
        squares += std::pow(center - one, 2);
        cubes += std::pow(center - one, 3);
    }
    return cubes / (6 * std::pow(squares, 1.5));
}

Labels each_its_own(std::size_t count) {
    Labels labels(count);
    std::iota(labels.begin(), labels.end(), 0U);
    return labels;
}

/// The BCa end that infinitely many resamples give is the quantile at this probability.
double exact_bca_probability(const ExactResamples& exact, const Values& values, double z) {
    const double z0 = normal_quantile(exact.below(mean(values).value()));
    const double a = jackknife_acceleration(values, each_its_own(values.size()));
    return normal_cdf(z0 + (z0 + z) / (1 - a * (z0 + z)));
}

void check_against_exact(const Values& values, std::uint64_t seed) {
    constexpr std::size_t k_resamples = 40'000;
    const ExactResamples exact(values);
    const BootstrapMeans means =
        bootstrap_mean({.values = values}, {.resamples = k_resamples, .seed = seed}).value();
    REQUIRE(means.sorted().size() == k_resamples);
    CHECK(means.mean() == Approx(mean(values).value()).epsilon(1e-14));
    CHECK(means.acceleration() ==
          Approx(jackknife_acceleration(values, each_its_own(values.size()))).epsilon(1e-10));
    // Five standard errors of a counted share, one step of the lattice, and for BCa twice as much
    // because the share that gives z0 is counted too.
    const auto margin = [&](double probability, double end) {
        return 5 * std::sqrt(probability * (1 - probability) / k_resamples) + exact.step(end);
    };
    for (const double confidence : {0.5, 0.8, 0.95, 0.99}) {
        CAPTURE(confidence);
        const double tail = (1 - confidence) / 2;
        const Interval percentile = means.percentile(confidence).value();
        CHECK(exact.below(percentile.low) == Approx(tail).margin(margin(tail, percentile.low)));
        CHECK(exact.below(percentile.high) ==
              Approx(1 - tail).margin(margin(tail, percentile.high)));
        const Interval bca = means.bca(confidence).value();
        const double z = normal_quantile(tail);
        const double low = exact_bca_probability(exact, values, z);
        const double high = exact_bca_probability(exact, values, -z);
        CHECK(exact.below(bca.low) == Approx(low).margin(2 * margin(low, bca.low)));
        CHECK(exact.below(bca.high) == Approx(high).margin(2 * margin(high, bca.high)));
    }
}

TEST_CASE("bootstrap: intervals are those of the exact resampling distribution") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Values drawn_one_by_one;
    for (int i = 0; i < 30; ++i) drawn_one_by_one.push_back(i * i / 9 % 83);
    check_against_exact(drawn_one_by_one, seed);
    Values drawn_in_groups(90, 0);
    drawn_in_groups.resize(120, 1);
    drawn_in_groups.resize(128, 9);
    check_against_exact(drawn_in_groups, seed);
}

TEST_CASE("bootstrap: BCa agrees with SciPy on a skewed sample") {
    // SciPy 1.10.1: bootstrap((x,), np.mean, n_resamples=400000, method="BCa"), the mean of five
    // seeds; `deviation` is that of one such interval end, and ours has half as many resamples.
    const Values x = {88, 1.5, 3.25, 40, 12, 7.5, 0.25, 19, 5,  2, 150, 9, 31,
                      4,  66,  1,    14, 23, 6,   11,   3,  27, 8, 2.5, 17};
    const BootstrapMeans means =
        bootstrap_mean({.values = x}, {.resamples = 200'000, .seed = 20'230'407}).value();
    CHECK(means.mean() == Approx(22.04).epsilon(1e-14));
    CHECK(means.acceleration() == Approx(0.08642735705182374).epsilon(1e-12));
    struct End {
        double value;
        double deviation;
    };
    const auto expect = [&](double confidence, End low, End high) {
        const Interval interval = means.bca(confidence).value();
        CHECK(interval.low == Approx(low.value).margin(6 * low.deviation));
        CHECK(interval.high == Approx(high.value).margin(6 * high.deviation));
    };
    expect(0.8, {15.398, 0.0133}, {33.878, 0.0402});
    expect(0.95, {12.716, 0.0080}, {42.072, 0.0487});
    expect(0.99, {10.842, 0.0075}, {51.364, 0.3151});
}

TEST_CASE("bootstrap: every chunk of many items is drawn from as often as it should be") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    constexpr std::size_t k_items = 1300;  // two whole chunks and a part of one
    constexpr std::size_t k_resamples = 4000;
    std::vector<Values> columns(4, Values(k_items));
    for (std::size_t i = 0; i < k_items; ++i) {
        const double value = static_cast<double>(i * i % 997) / 997;
        columns[0][i] = value;
        columns[1 + i / 512][i] = 1 + value;  // 0 outside of its chunk
    }
    std::vector<BootstrapColumn> spans(columns.begin(), columns.end());
    const auto means = bootstrap_means(spans, {.resamples = k_resamples, .seed = seed}).value();
    for (std::size_t i = 0; i < columns.size(); ++i) {
        CAPTURE(i);
        // The mean and the variance of a resample's mean are known: those of the sample with n in
        // the denominator, by n. Five standard errors of both, the latter's that of a normal one.
        const double n = k_items;
        const double variance = std::pow(sample_stddev(columns[i]).value(), 2) * (n - 1) / (n * n);
        const Values resampled = sorted_of(means[i]);
        CHECK(mean(resampled).value() ==
              Approx(mean(columns[i]).value()).margin(5 * std::sqrt(variance / k_resamples)));
        CHECK(std::pow(sample_stddev(resampled).value(), 2) ==
              Approx(variance).epsilon(5 * std::sqrt(2.0 / k_resamples)));
    }
}

TEST_CASE("bootstrap: no two resamples are the same") {
    Values drawn_one_by_one;
    Values drawn_in_groups;
    for (int i = 0; i < 2000; ++i) {
        drawn_one_by_one.push_back(std::sqrt(i));
        drawn_in_groups.push_back(std::sqrt(i % 30));
    }
    for (const Values& values : {drawn_one_by_one, drawn_in_groups}) {
        const auto means = bootstrap_mean({.values = values}, {.resamples = 1000}).value();
        CHECK(std::ranges::adjacent_find(means.sorted()) == means.sorted().end());
    }
}

/// Ten columns over the same items: rates, grades, numbers, with and without gaps.
struct Table {
    std::vector<Values> values;
    std::vector<Present> present;
    Labels labels;

    explicit Table(std::uint64_t seed) {
        Rng random(seed);
        constexpr std::size_t k_items = 700;
        for (std::size_t column = 0; column < 10; ++column) {
            values.emplace_back();
            present.emplace_back();
            for (std::size_t i = 0; i < k_items; ++i) {
                const double value = random.next_unit();
                values.back().push_back(column % 3 == 0   ? std::round(value)
                                        : column % 3 == 1 ? std::round(10 * value)
                                                          : value);
                if (column < 4) continue;
                present.back().push_back(random.next_below(8) != 0 ? 1 : 0);
                if (present.back().back() == 0) values.back().back() = k_nan;
            }
        }
        for (std::size_t i = 0; i < k_items; ++i) {
            labels.push_back(static_cast<std::uint32_t>(random.next_below(60)));
        }
    }
    [[nodiscard]] std::vector<BootstrapColumn> columns() const {
        std::vector<BootstrapColumn> columns;
        for (std::size_t i = 0; i < values.size(); ++i) columns.push_back({values[i], present[i]});
        return columns;
    }
};

void backwards(std::size_t blocks, const std::function<void(std::size_t)>& work) {
    while (blocks > 0) work(--blocks);
}

void in_three_threads(std::size_t blocks, const std::function<void(std::size_t)>& work) {
    std::vector<std::jthread> threads;
    for (std::size_t first = 0; first < 3; ++first) {
        threads.emplace_back([=, &work] {
            for (std::size_t block = first; block < blocks; block += 3) work(block);
        });
    }
}

TEST_CASE("bootstrap: a result depends on neither the threads nor the other columns") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    const Table table(seed);
    const std::vector<BootstrapColumn> columns = table.columns();
    for (const bool clustered : {false, true}) {
        CAPTURE(clustered);
        BootstrapOptions options{.resamples = 333, .seed = seed};
        if (clustered) options.clusters = table.labels;
        const auto together = bootstrap_means(columns, options).value();
        for (const auto& parallel : {Parallel(backwards), Parallel(in_three_threads)}) {
            options.parallel = parallel;
            const auto again = bootstrap_means(columns, options).value();
            for (std::size_t i = 0; i < columns.size(); ++i) {
                CHECK(sorted_of(again[i]) == sorted_of(together[i]));
            }
        }
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const BootstrapMeans alone = bootstrap_mean(columns[i], options).value();
            CHECK(sorted_of(alone) == sorted_of(together[i]));
            CHECK(alone.acceleration() == together[i].acceleration());
        }
        options.seed = seed + 1;
        CHECK(sorted_of(bootstrap_mean(columns[2], options).value()) != sorted_of(together[2]));
    }
}

TEST_CASE("bootstrap: items without a value count for nothing") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    constexpr std::size_t k_resamples = 4000;
    const Table table(seed);
    for (std::size_t i = 4; i < table.values.size(); ++i) {
        CAPTURE(i);
        const BootstrapMeans means = bootstrap_mean({table.values[i], table.present[i]},
                                                    {.resamples = k_resamples, .seed = seed})
                                         .value();
        Values there;
        std::ranges::copy_if(table.values[i], std::back_inserter(there),
                             [](double value) { return !std::isnan(value); });
        CHECK(means.mean() == mean(there).value());
        // How many values a resample has varies too, which makes its mean vary by a share of
        // about 1 / (8 · values) more. Five standard errors and that.
        const double expected = estimate_mean(there)->standard_error;
        CHECK(sample_stddev(sorted_of(means)).value() ==
              Approx(expected).epsilon(5 * std::sqrt(0.5 / k_resamples) + 0.002));
    }
}

TEST_CASE("bootstrap: a resample that has no value is left out") {
    const Values values = {1, 2, k_nan, k_nan, k_nan, k_nan};
    const Present present = {1, 1, 0, 0, 0, 0};
    const BootstrapMeans means = bootstrap_mean({values, present}, {.resamples = 10'000}).value();
    // (4 / 6)^6 of them have none; five standard errors.
    CHECK(static_cast<double>(means.sorted().size()) ==
          Approx(10'000 * (1 - std::pow(4.0 / 6, 6))).margin(5 * 100 * 0.283));
    CHECK(means.mean() == 1.5);
    CHECK(means.sorted().front() == 1);
    CHECK(means.sorted().back() == 2);
}

TEST_CASE("bootstrap: whole clusters are drawn") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    constexpr std::size_t k_resamples = 4000;
    Rng random(seed);
    Values values;
    Labels labels;
    for (std::uint32_t cluster = 0; cluster < 400; ++cluster) {
        const double level = random.next_unit();
        const std::uint64_t size = 1 + random.next_below(9);
        for (std::uint64_t i = 0; i < size; ++i) {
            values.push_back(level + 0.1 * random.next_unit());
            labels.push_back(cluster);
        }
    }
    const BootstrapMeans means =
        bootstrap_mean({.values = values},
                       {.resamples = k_resamples, .seed = seed, .clusters = labels})
            .value();
    CHECK(means.mean() == mean(values).value());
    CHECK(means.acceleration() == Approx(jackknife_acceleration(values, labels)).epsilon(1e-8));
    // Five standard errors, and 2 % for what the mean of clusters of different sizes has beyond
    // its linear part.
    const double expected = estimate_clustered_mean(values, labels)->standard_error;
    CHECK(sample_stddev(sorted_of(means)).value() ==
          Approx(expected).epsilon(5 * std::sqrt(0.5 / k_resamples) + 0.02));
    CHECK(expected > 1.5 * estimate_mean(values)->standard_error);
}

TEST_CASE("bootstrap: clusters of one item each are the items") {
    const Table table(3);
    const Labels labels = each_its_own(table.labels.size());
    for (const BootstrapColumn& column : table.columns()) {
        const auto items = bootstrap_mean(column, {.resamples = 100}).value();
        const auto clusters =
            bootstrap_mean(column, {.resamples = 100, .clusters = labels}).value();
        CHECK(sorted_of(items) == sorted_of(clusters));
    }
}

TEST_CASE("bootstrap: the p-value is where the interval ends") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng random(seed);
    Values skewed(60);
    for (double& value : skewed) value = -std::log(1 - random.next_unit());
    const BootstrapMeans means =
        bootstrap_mean({.values = skewed}, {.resamples = 5000, .seed = seed}).value();
    const Interval widest = means.bca(0.98).value();
    for (int i = 0; i <= 50; ++i) {
        const double value = std::lerp(widest.low, widest.high, i / 50.0);
        const double p = means.bca_p_value(value);
        CAPTURE(value, p);
        REQUIRE(p > 0);
        REQUIRE(p <= 1);
        if (p == 1) continue;
        const Interval interval = means.bca(1 - p).value();
        const bool at_low = std::abs(interval.low - value) < 1e-9;
        const bool at_high = std::abs(interval.high - value) < 1e-9;
        CHECK((at_low || at_high));
    }
    CHECK(means.bca_p_value(widest.low) == Approx(0.02).epsilon(1e-6));
    CHECK(means.bca_p_value(widest.high) == Approx(0.02).epsilon(1e-6));
    const double far = means.bca_p_value(-1e9);
    CHECK(far >= 1.0 / 5001);
    CHECK(far < 0.005);
    CHECK(far == means.bca_p_value(means.sorted().front() - 1e-9));
    CHECK(means.bca_p_value(1e9) >= 1.0 / 5001);
}

TEST_CASE("bootstrap: means that are equal but for rounding are equal") {
    // Sums of tenths depend on their order: 0.1 + 0.2 + 0.3 is not 0.3 + 0.2 + 0.1.
    const Values tenths = {-0.3, -0.2, -0.1, 0.1, 0.2, 0.3, 0.7, -0.6, 0.4, -0.5};
    const BootstrapMeans means = bootstrap_mean({.values = tenths}, {.resamples = 2000}).value();
    CHECK(means.mean() == 0);
    for (const double mean : means.sorted()) {
        CHECK(mean == std::round(mean * 100) / 100);
    }
    CHECK(std::ranges::count(means.sorted(), 0.0) > 20);
    CHECK(std::ranges::count(means.sorted(), 0.07) > 20);
}

TEST_CASE("bootstrap: values of any size keep their digits") {
    const Values values = {1, 2, 4, 8, 16, 32};
    const Interval expected =
        bootstrap_mean({.values = values}, {.resamples = 500})->bca(0.9).value();
    for (const double factor : {1e-300, 1e-40, 1e-12, 1e-3, 1e9, 1e14, 1e40, 1e290}) {
        CAPTURE(factor);
        Values scaled = values;
        for (double& value : scaled) value *= factor;
        const auto means = bootstrap_mean({.values = scaled}, {.resamples = 500}).value();
        CHECK(means.bca(0.9)->low / factor == Approx(expected.low).epsilon(1e-11));
        CHECK(means.bca(0.9)->high / factor == Approx(expected.high).epsilon(1e-11));
    }
}

TEST_CASE("bootstrap: a p-value agrees with the interval where many means are equal") {
    const Values rates = {0, 0, 0, 0, 0, 0, 0, 1, 1, 1};
    const BootstrapMeans means = bootstrap_mean({.values = rates}, {.resamples = 2000}).value();
    for (int i = 0; i <= 10; ++i) {
        const double value = i / 10.0;
        const double p = means.bca_p_value(value);
        CAPTURE(value, p);
        const auto holds = [&](double confidence) {
            const Interval interval = means.bca(confidence).value();
            return interval.low <= value && value <= interval.high;
        };
        if (p < 0.99) CHECK_FALSE(holds(1 - p - 0.005));
        if (p > 0.01) CHECK(holds(1 - p + 0.005));
    }
}

TEST_CASE("bootstrap: values without variance give their mean alone") {
    for (const double value : {0.0, 0.1, 1.0, -7.3e250}) {
        const Values values(123, value);
        const BootstrapMeans means = bootstrap_mean({.values = values}, {.resamples = 200}).value();
        CHECK(means.acceleration() == 0);
        CHECK(means.bias_correction() == 0);
        const double center = mean(values).value();
        for (const double confidence : {0.01, 0.95, 0.999999}) {
            const Interval interval = means.bca(confidence).value();
            CHECK(interval.low == center);
            CHECK(interval.high == center);
        }
        CHECK(means.bca_p_value(center) == 1);
        CHECK(means.bca_p_value(center + 1 + std::abs(center)) < 0.02);
    }
}

TEST_CASE("bootstrap: equal values have no skewness where their mean is rounded") {
    for (std::size_t count = 2; count < 300; ++count) {
        CAPTURE(count);
        const auto means = bootstrap_mean({.values = Values(count, 0.1)}, {.resamples = 20});
        CHECK(means->acceleration() == 0);
        CHECK(means->sorted().front() == means->mean());
        CHECK(means->sorted().back() == means->mean());
    }
}

TEST_CASE("bootstrap: the smallest samples and single resamples give no broken numbers") {
    for (const std::size_t resamples : {1U, 2U, 31U, 33U}) {
        const BootstrapMeans means =
            bootstrap_mean({.values = Values{3, 8}}, {.resamples = resamples}).value();
        CHECK(means.sorted().size() == resamples);
        for (const double confidence : {1e-9, 0.5, 0.95, 1 - 1e-12}) {
            const Interval interval = means.bca(confidence).value();
            CHECK(interval.low >= 3);
            CHECK(interval.low <= interval.high);
            CHECK(interval.high <= 8);
        }
    }
    // One outlier is the largest acceleration there is.
    Values outlier(200, 0);
    outlier[7] = 1;
    const BootstrapMeans means = bootstrap_mean({.values = outlier}, {}).value();
    CHECK(means.acceleration() == Approx(1.0 / 6).epsilon(0.02));
    const Interval interval = means.bca(0.999999).value();
    CHECK(interval.low == 0);
    CHECK(interval.high == means.sorted().back());
}

TEST_CASE("bootstrap: what cannot be resampled is refused") {
    const auto message = [](const BootstrapColumn& column, const BootstrapOptions& options = {}) {
        const auto means = bootstrap_mean(column, options);
        REQUIRE_FALSE(means.has_value());
        CHECK(means.error().code == ErrorCode::invalid_argument);
        return means.error().message;
    };
    const Values good = {1, 2, 3};
    const Labels two = {0, 1};
    const Labels same = {4, 4, 4};
    const Labels halves = {0, 1, 1};
    const Present first = {1, 0, 0};
    const Present none = {0, 0, 0};
    const Present last = {0, 1, 1};
    CHECK(message({.values = Values{}}) == "1 value is needed, got 0");
    CHECK(message({.values = Values{1}}) == "values in 2 items are needed, got them in 1");
    CHECK(message({.values = Values{1, k_nan}}) == "a value is not a finite number");
    CHECK(message({good, first}) == "values in 2 items are needed, got them in 1");
    CHECK(message({good, none}) == "1 value is needed, got 0");
    CHECK(message({.values = good}, {.clusters = same}) ==
          "values in 2 clusters are needed, got them in 1");
    CHECK(message({good, last}, {.clusters = halves}) ==
          "values in 2 clusters are needed, got them in 1");
    CHECK(message({.values = good}, {.resamples = 0}) == "a bootstrap needs at least one resample");
    CHECK(message({.values = Values{1e308, -1e308, 1e308}}) ==
          "the values are too far apart for a double");
    CHECK_FALSE(bootstrap_mean({.values = good}, {.clusters = two}).has_value());
    CHECK_FALSE(bootstrap_mean({good, Present{1, 1}}, {}).has_value());
    const std::vector<BootstrapColumn> uneven = {{.values = good}, {.values = Values{1, 2}}};
    CHECK_FALSE(bootstrap_means(uneven, {}).has_value());
    CHECK(bootstrap_means({}, {})->empty());
    const BootstrapMeans means = bootstrap_mean({.values = good}, {.resamples = 10}).value();
    for (const double confidence : {0.0, 1.0, k_nan}) {
        CHECK_FALSE(means.bca(confidence).has_value());
        CHECK_FALSE(means.percentile(confidence).has_value());
    }
}

}  // namespace
}  // namespace assay
