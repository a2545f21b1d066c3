#include "core/stats/cluster.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;
using Labels = std::vector<std::uint32_t>;

TEST_CASE("cluster: clusters are numbered in the order in which they first occur") {
    const Clusters clusters = number_clusters(Labels{900, 4, 900, 0, 4, 7});
    CHECK(clusters.count == 4);
    CHECK(clusters.of_item == Labels{0, 1, 0, 2, 1, 3});
    CHECK(number_clusters({}).count == 0);
}

TEST_CASE("cluster: the standard error agrees with statsmodels") {
    // statsmodels 0.13.5: OLS(values, ones).fit(cov_type="cluster", use_t=True,
    // cov_kwds={"groups": labels, "use_correction": True})
    const Values values = {1, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0.5, 0.25, 2, 1.5};
    const Labels labels = {3, 3, 3, 9, 9, 1, 1, 1, 1, 4, 4, 7, 7, 7};
    const MeanEstimate estimate = estimate_clustered_mean(values, labels).value();
    CHECK(estimate.mean == Approx(0.7321428571428571).epsilon(1e-15));
    CHECK(estimate.standard_error == Approx(0.15157924132089098).epsilon(1e-14));
    CHECK(estimate.degrees == 4);
    const Interval interval = student_t_interval(estimate, 0.95).value();
    CHECK(interval.low == Approx(0.31129141).margin(5e-9));
    CHECK(interval.high == Approx(1.1529943).margin(5e-8));
}

TEST_CASE("cluster: with one item in each it is the standard error of independent values") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng random(seed);
    Values values(500);
    Labels labels(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = random.next_unit();
        labels[i] = static_cast<std::uint32_t>(7 * i + 3);
    }
    const MeanEstimate clustered = estimate_clustered_mean(values, labels).value();
    const MeanEstimate plain = estimate_mean(values).value();
    CHECK(clustered.mean == plain.mean);
    CHECK(clustered.standard_error == Approx(plain.standard_error).epsilon(1e-12));
    CHECK(clustered.degrees == plain.degrees);
}

TEST_CASE("cluster: copies of an item add nothing to what is known") {
    // Ten copies of each value: the standard error is that of the single values, as it should be,
    // where values taken as independent would claim one smaller by √10.
    const Values single = {0, 1, 1, 0, 1, 0.5, 0.25, 1, 0, 1, 1};
    Values values;
    Labels labels;
    for (std::uint32_t i = 0; i < single.size(); ++i) {
        values.insert(values.end(), 10, single[i]);
        labels.insert(labels.end(), 10, i);
    }
    const MeanEstimate clustered = estimate_clustered_mean(values, labels).value();
    const MeanEstimate plain = estimate_mean(single).value();
    CHECK(clustered.standard_error == Approx(plain.standard_error).epsilon(1e-12));
    CHECK(clustered.degrees == 10);
    CHECK(estimate_mean(values)->standard_error < clustered.standard_error / 3);
}

TEST_CASE("cluster: clusters of equal means have no variance") {
    const MeanEstimate estimate =
        estimate_clustered_mean(Values{0, 1, 1, 0, 0.5, 0.5}, Labels{0, 0, 1, 1, 2, 2}).value();
    CHECK(estimate.mean == 0.5);
    CHECK(estimate.standard_error == 0);
}

TEST_CASE("cluster: fewer than two clusters and bad values are refused") {
    CHECK(estimate_clustered_mean(Values{1, 2, 3}, Labels{5, 5, 5}).error().message ==
          "all values are of one cluster; 2 clusters are needed");
    CHECK(estimate_clustered_mean(Values{1, 2, 3}, Labels{5, 5}).error().message ==
          "each value belongs to one cluster, got 3 values and 2 labels");
    CHECK_FALSE(estimate_clustered_mean(Values{}, Labels{}).has_value());
    CHECK_FALSE(
        estimate_clustered_mean(Values{1, std::numeric_limits<double>::quiet_NaN()}, Labels{0, 1})
            .has_value());
    CHECK_FALSE(estimate_clustered_mean(Values{1e308, 1e308, -1e308, -1e308}, Labels{0, 0, 1, 1})
                    .has_value());
}

}  // namespace
}  // namespace assay
