#include "core/stats/agreement.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <thread>

#include "core/base/random.hpp"
#include "core/stats/correlation.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Labels = std::vector<std::string>;
using Values = std::vector<double>;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();

/// Cohen 1960, table 1: two clinicians who diagnose 200 patients.
ConfusionMatrix clinicians() {
    return {.labels = {"personality disorder", "neurosis", "psychosis"},
            .counts = {{88, 10, 2}, {14, 40, 6}, {18, 10, 12}}};
}

/// Krippendorff 2011, section C: four observers and twelve units, by unit.
std::vector<Ratings> observers() {
    return {{1, 1, 1},    {2, 2, 3, 2}, {3, 3, 3, 3}, {3, 3, 3, 3}, {2, 2, 2, 2}, {1, 2, 3, 4},
            {4, 4, 4, 4}, {1, 1, 2, 1}, {2, 2, 2, 2}, {5, 5, 5},    {1, 1},       {3}};
}

Result<double> plain_kappa(const ConfusionMatrix& matrix) { return cohen_kappa(matrix); }

/// One thread for each block, so that the order in which they end is open.
void all_at_once(std::size_t blocks, const std::function<void(std::size_t)>& work) {
    std::vector<std::jthread> threads;
    for (std::size_t block = blocks; block-- > 0;) threads.emplace_back(work, block);
}

TEST_CASE("agreement: Cohen's own example of kappa and its weighted forms") {
    // Cohen 1960, p. 41: agreement 0.70, by chance 0.41, kappa 0.492
    CHECK(accuracy(clinicians()).value() == Approx(0.70));
    CHECK(cohen_kappa(clinicians()).value() == Approx(0.492).margin(5e-4));
    // statsmodels 0.13.5, cohens_kappa(table, wt=…)
    CHECK(cohen_kappa(clinicians()).value() == Approx(0.49152542372881347).epsilon(1e-14));
    CHECK(cohen_kappa(clinicians(), KappaWeights::linear).value() ==
          Approx(0.4736842105263158).epsilon(1e-14));
    CHECK(cohen_kappa(clinicians(), KappaWeights::quadratic).value() ==
          Approx(0.4545454545454546).epsilon(1e-14));
}

TEST_CASE("agreement: kappa is 1 for equal columns and under 0 for opposite ones") {
    const Labels a{"yes", "no", "yes", "no"};
    const Labels opposite{"no", "yes", "no", "yes"};
    CHECK(cohen_kappa(confusion_matrix(a, a).value()).value() == 1);
    CHECK(cohen_kappa(confusion_matrix(a, opposite).value()).value() == -1);
}

TEST_CASE("agreement: a confusion matrix has the labels sorted or in the order of the levels") {
    const Labels a{"poor", "good", "fair", "good"};
    const Labels b{"poor", "good", "good", "fair"};
    const auto sorted = confusion_matrix(a, b).value();
    CHECK(sorted.labels == Labels{"fair", "good", "poor"});
    CHECK(sorted.counts ==
          std::vector<std::vector<std::uint64_t>>{{0, 1, 0}, {1, 1, 0}, {0, 0, 1}});
    const Labels levels{"poor", "fair", "good", "excellent"};
    const auto ordered = confusion_matrix(a, b, levels).value();
    CHECK(ordered.labels == levels);
    CHECK(ordered.counts[1] == std::vector<std::uint64_t>{0, 0, 1, 0});
    CHECK(ordered.counts[3] == std::vector<std::uint64_t>{0, 0, 0, 0});
    // A level that nobody used changes no kappa.
    CHECK(cohen_kappa(ordered).value() == Approx(cohen_kappa(sorted).value()));
}

TEST_CASE("agreement: columns that make no matrix and matrices that have no kappa are refused") {
    const Labels two{"a", "b"};
    CHECK(confusion_matrix(two, Labels{"a"}).error().message ==
          "a pair has two labels, got 2 and 1 labels");
    CHECK(confusion_matrix(Labels{"a"}, Labels{"a"}).error().message ==
          "2 pairs are needed, got 1");
    CHECK(confusion_matrix(two, two, Labels{"a", "c"}).error().message ==
          "the label \"b\" is not among the levels");
    CHECK_FALSE(confusion_matrix(two, two, Labels{"a", "b", "a"}).has_value());
    Labels many;
    for (std::size_t i = 0; i <= k_matrix_labels_max; ++i) many.push_back(std::to_string(i));
    CHECK(confusion_matrix(many, many).error().message ==
          "1001 different labels are too many for a table, 1000 are allowed");

    const Labels same{"a", "a", "a"};
    for (const auto weights : {KappaWeights::none, KappaWeights::linear, KappaWeights::quadratic}) {
        CHECK(cohen_kappa(confusion_matrix(same, same, Labels{"a", "b"}).value(), weights)
                  .error()
                  .message ==
              "both raters gave the same label throughout, so that kappa has no value");
    }
    CHECK_FALSE(cohen_kappa({}).has_value());
    CHECK_FALSE(cohen_kappa({.labels = {"a", "b"}, .counts = {{1, 0}, {0, 0}}}).has_value());
}

TEST_CASE("agreement: Krippendorff's own example of alpha on three scales") {
    // Krippendorff 2011, section D: nominal 0.743, ordinal 0.815, interval 0.849
    CHECK(krippendorff_alpha(observers(), RatingScale::nominal).value() ==
          Approx(0.743).margin(5e-4));
    CHECK(krippendorff_alpha(observers(), RatingScale::ordinal).value() ==
          Approx(0.815).margin(5e-4));
    CHECK(krippendorff_alpha(observers(), RatingScale::interval).value() ==
          Approx(0.849).margin(5e-4));
    // Section A, two observers and binary data without gaps: 0.095
    const std::vector<Ratings> binary{{0, 1}, {1, 1}, {0, 1}, {0, 0}, {0, 0},
                                      {0, 1}, {0, 0}, {0, 0}, {1, 0}, {0, 0}};
    CHECK(krippendorff_alpha(binary, RatingScale::nominal).value() == Approx(0.095).margin(5e-4));
}

/// The definition: 1 − (n − 1) Σ o(c, k) δ² / Σ n(c) n(k) δ² over the coincidences o.
double alpha_by_coincidences(const std::vector<Ratings>& objects, RatingScale scale) {
    std::map<double, double> totals;
    std::map<std::pair<double, double>, double> coincidences;
    double n = 0;
    for (const Ratings& ratings : objects) {
        if (ratings.size() < 2) continue;
        for (std::size_t i = 0; i < ratings.size(); ++i) {
            ++totals[ratings[i]];
            ++n;
            for (std::size_t j = 0; j < ratings.size(); ++j) {
                if (i != j) {
                    coincidences[{ratings[i], ratings[j]}] +=
                        1 / static_cast<double>(ratings.size() - 1);
                }
            }
        }
    }
    const auto square = [&](double c, double k) {
        if (scale == RatingScale::nominal) return c == k ? 0.0 : 1.0;
        if (scale == RatingScale::interval) return (c - k) * (c - k);
        double between = -(totals[c] + totals[k]) / 2;
        for (const auto& [value, count] : totals) {
            if (value >= std::min(c, k) && value <= std::max(c, k)) between += count;
        }
        return c == k ? 0.0 : between * between;
    };
    double observed = 0;
    double expected = 0;
    for (const auto& [pair, count] : coincidences)
        observed += count * square(pair.first, pair.second);
    for (const auto& [c, of_c] : totals) {
        for (const auto& [k, of_k] : totals) expected += of_c * of_k * square(c, k);
    }
    return 1 - (n - 1) * observed / expected;
}

TEST_CASE("agreement: alpha is that of the coincidence matrix for any gaps and numbers of raters") {
    for (const std::uint64_t seed : test::seeds_of_test(50)) {
        INFO("ASSAY_SEED=" << seed);
        Rng rng(seed);
        std::vector<Ratings> objects{{0, 1}, {2, 2}};
        for (std::uint64_t i = rng.next_below(30); i > 0; --i) {
            Ratings ratings(rng.next_below(6));
            for (double& rating : ratings) {
                rating = static_cast<double>(rng.next_below(5)) * 1.5 - 2;
            }
            objects.push_back(ratings);
        }
        for (const auto scale :
             {RatingScale::nominal, RatingScale::ordinal, RatingScale::interval}) {
            CHECK(krippendorff_alpha(objects, scale).value() ==
                  Approx(alpha_by_coincidences(objects, scale)).margin(1e-12));
        }
    }
}

TEST_CASE("agreement: ratings without an alpha are refused") {
    const auto alpha = [](const std::vector<Ratings>& objects) {
        return krippendorff_alpha(objects, RatingScale::interval);
    };
    CHECK(alpha({}).error().message == "2 objects with two ratings are needed, got 0");
    CHECK(alpha({{1, 2}, {3}, {}}).error().message ==
          "2 objects with two ratings are needed, got 1");
    CHECK(alpha({{1, 2}, {1, k_nan}}).error().message == "a value is not a finite number");
    CHECK_FALSE(alpha({{1, 2}, {1, 2}, {k_nan}}).has_value());
    CHECK_FALSE(alpha({{-1.7e308, 1}, {1.7e308, 1}}).has_value());
    for (const auto scale : {RatingScale::nominal, RatingScale::ordinal, RatingScale::interval}) {
        CHECK(krippendorff_alpha(std::vector<Ratings>{{0.3, 0.1 + 0.2}, {0.3, 0.3}}, scale)
                  .error()
                  .message == "all ratings are the same, so that alpha has no value");
    }
    CHECK(alpha({{1e-300, 2e-300}, {5e-300, 5e-300}}).value() ==
          Approx(alpha({{1, 2}, {5, 5}}).value()));
}

TEST_CASE("agreement: the interval of percent agreement is that of the binomial distribution") {
    // 40 of 50 agree: the resamples are Binomial(50, 0.8), whose quantiles at 2.5 % and 97.5 % are
    // 34 and 45, and at 5 % and 95 % are 35 and 44 (scipy 1.10.1, binom.ppf).
    const ConfusionMatrix matrix{.labels = {"a", "b"}, .counts = {{25, 4}, {6, 15}}};
    StatisticOptions options{.resamples = 20'000, .seed = 7};
    const auto of_matrix = estimate_matrix(matrix, accuracy, options).value();
    CHECK(of_matrix.value == 0.8);
    REQUIRE(of_matrix.interval.has_value());
    CHECK(of_matrix.interval->low == Approx(0.68));
    CHECK(of_matrix.interval->high == Approx(0.90));

    const auto share = [](std::span<const std::size_t> rows) -> Result<double> {
        const auto agreeing = std::ranges::count_if(rows, [](auto row) { return row < 40; });
        return static_cast<double>(agreeing) / static_cast<double>(rows.size());
    };
    const auto of_rows = estimate_statistic(50, share, options).value();
    CHECK(of_rows.value == 0.8);
    REQUIRE(of_rows.interval.has_value());
    CHECK(of_rows.interval->low == Approx(0.68));
    CHECK(of_rows.interval->high == Approx(0.90));
    options.confidence = 0.9;
    CHECK(estimate_matrix(matrix, accuracy, options)->interval->low == Approx(0.70));
}

TEST_CASE("agreement: every figure gets an interval around it") {
    const StatisticOptions options{.seed = 3};
    const auto kappa = estimate_matrix(clinicians(), plain_kappa, options).value();
    CHECK(kappa.value == cohen_kappa(clinicians()).value());
    REQUIRE(kappa.interval.has_value());
    // ± 1.96 standard errors of 0.0510 (statsmodels 0.13.5, cohens_kappa(table).std_kappa)
    CHECK(kappa.interval->low == Approx(0.4915 - 1.96 * 0.0510).margin(0.01));
    CHECK(kappa.interval->high == Approx(0.4915 + 1.96 * 0.0510).margin(0.01));

    const auto f1 = [](const ConfusionMatrix& matrix) -> Result<double> {
        ASSAY_TRY(const ClassificationScores scores,
                  classification_scores(matrix, ClassAverage::macro));
        return scores.f1;
    };
    const auto macro = estimate_matrix(clinicians(), f1, options).value();
    REQUIRE(macro.interval.has_value());
    CHECK(macro.interval->low < macro.value);
    CHECK(macro.value < macro.interval->high);

    const auto alpha = estimate_alpha(observers(), RatingScale::ordinal, options).value();
    CHECK(alpha.value == krippendorff_alpha(observers(), RatingScale::ordinal).value());
    REQUIRE(alpha.interval.has_value());
    CHECK(alpha.interval->low < alpha.value);
    CHECK(alpha.value < alpha.interval->high);
}

TEST_CASE("agreement: the interval of a correlation is near Fisher's") {
    Rng rng(11);
    Values a;
    Values b;
    for (int i = 0; i < 400; ++i) {  // uniform noise: r = 1 / √2 in the population
        const double shared = rng.next_unit();
        a.push_back(shared + rng.next_unit());
        b.push_back(shared + rng.next_unit());
    }
    // Fisher's z is for normal values; these have lighter tails, so the interval may be narrower.
    const auto estimate = estimate_pairs(a, b, pearson, {.seed = 5}).value();
    const double z = std::atanh(estimate.value);
    const double half = 1.96 / std::sqrt(397.0);
    REQUIRE(estimate.interval.has_value());
    CHECK(estimate.interval->low == Approx(std::tanh(z - half)).margin(0.03));
    CHECK(estimate.interval->high == Approx(std::tanh(z + half)).margin(0.03));
}

TEST_CASE("agreement: an interval depends on the seed and not on how the work is shared out") {
    const Values a{3.1, 4.7, -0.2, 8.8, 2.2, 2.2, 5.0, 7.7, 1.5, 0.0};
    const Values b{2.9, 5.5, 1.1, 7.9, 2.2, 3.4, 5.0, 9.1, 1.0, 1.0};
    const auto interval = [&](std::uint64_t seed, const Parallel& parallel) {
        const StatisticOptions options{.resamples = 333, .seed = seed, .parallel = parallel};
        return *estimate_pairs(a, b, spearman, options)->interval;
    };
    const Interval one = interval(1, serial);
    const Interval same = interval(1, all_at_once);
    const Interval other = interval(2, serial);
    CHECK(one.low == same.low);
    CHECK(one.high == same.high);
    CHECK(one.low != other.low);
}

TEST_CASE("agreement: no interval where the resamples cannot say one") {
    const ConfusionMatrix perfect{.labels = {"a", "b"}, .counts = {{6, 0}, {0, 4}}};
    const auto all_agree = estimate_matrix(perfect, accuracy, {}).value();
    CHECK(all_agree.value == 1);
    CHECK_FALSE(all_agree.interval.has_value());
    // A third of the resamples lack the only "b", and have no kappa.
    const ConfusionMatrix rare{.labels = {"a", "b"}, .counts = {{30, 0}, {0, 1}}};
    const auto kappa = estimate_matrix(rare, plain_kappa, {}).value();
    CHECK(kappa.value == 1);
    CHECK_FALSE(kappa.interval.has_value());
}

TEST_CASE("agreement: an estimate of nothing is refused with the reason of the statistic") {
    const Values a{1, 2, 3};
    CHECK(estimate_pairs(a, Values{2, 2, 2}, pearson, {}).error().message ==
          "one of the two never varies, so there is no correlation");
    CHECK(estimate_pairs(a, Values{2, 2}, pearson, {}).error().message ==
          "a pair has two values, got 3 and 2 values");
    CHECK_FALSE(estimate_pairs(Values{1}, Values{1}, pearson, {}).has_value());
    CHECK_FALSE(estimate_pairs(a, Values{1, 2, k_nan}, pearson, {}).has_value());
    CHECK_FALSE(estimate_pairs(a, a, pearson, {.confidence = 1}).has_value());
    CHECK(estimate_pairs(a, a, pearson, {.resamples = 0}).error().message ==
          "an interval needs at least one resample");
    CHECK_FALSE(estimate_matrix({}, accuracy, {}).has_value());
    CHECK(estimate_alpha(std::vector<Ratings>{{1, 2}, {3}}, RatingScale::nominal, {})
              .error()
              .message == "2 objects with two ratings are needed, got 1");
    CHECK_FALSE(estimate_statistic(1, [](auto) -> Result<double> { return 1.0; }, {}).has_value());
}

TEST_CASE("heat map: each pair is in one bin and the largest value in the last") {
    const HeatMap map =
        heat_map(Values{0, 0.24, 0.25, 1, 0.5}, Values{10, 20, 30, 30, 19.999}, 4).value();
    CHECK(map.edges_a == Values{0, 0.25, 0.5, 0.75, 1});
    CHECK(map.edges_b == Values{10, 15, 20, 25, 30});
    const std::vector<std::vector<std::uint64_t>> counts{
        {1, 0, 1, 0}, {0, 0, 0, 1}, {0, 1, 0, 0}, {0, 0, 0, 1}};
    CHECK(map.counts == counts);
}

TEST_CASE(
    "heat map: a value that never varies lies in the middle and impossible bins are refused") {
    const HeatMap map = heat_map(Values{3, 3}, Values{0, 1}, 2).value();
    CHECK(map.edges_a == Values{2.5, 3, 3.5});
    CHECK(map.counts[1] == std::vector<std::uint64_t>{1, 1});
    CHECK_FALSE(heat_map(Values{}, Values{}, 2).has_value());
    CHECK_FALSE(heat_map(Values{1}, Values{1, 2}, 2).has_value());
    CHECK_FALSE(heat_map(Values{1, k_nan}, Values{1, 2}, 2).has_value());
    CHECK_FALSE(heat_map(Values{1, 2}, Values{1, 2}, 0).has_value());
    CHECK_FALSE(heat_map(Values{-1.7e308, 1.7e308}, Values{1, 2}, 2).has_value());
    CHECK_FALSE(heat_map(Values{1e300, 1e300}, Values{1, 2}, 2).has_value());
}

TEST_CASE("pair coverage: objects with both scores with one and with none add up") {
    const auto coverage = pair_coverage(Labels{"a", "b", "c", "a"}, Labels{"c", "d"}, 10).value();
    CHECK(coverage.both == 1);
    CHECK(coverage.only_a == 2);
    CHECK(coverage.only_b == 1);
    CHECK(coverage.neither == 6);
    CHECK(pair_coverage({}, {}, 0)->neither == 0);
    CHECK(pair_coverage(Labels{"a"}, Labels{"b"}, 1).error().message ==
          "2 objects have a score, of 1 in total");
}

}  // namespace
}  // namespace assay
