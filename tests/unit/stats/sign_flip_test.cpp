#include "core/stats/sign_flip.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/base/random.hpp"
#include "core/stats/paired.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;
using Labels = std::vector<std::uint32_t>;

SignFlipTest flipped(const Values& differences, const SignFlipOptions& options = {}) {
    return sign_flip(differences, options).value();
}

/// Every way to flip the signs of whole numbers, one after the other.
double p_by_trying_all(const std::vector<int>& sums) {
    const int observed = std::abs(std::accumulate(sums.begin(), sums.end(), 0));
    const std::uint64_t ways = std::uint64_t{1} << sums.size();
    std::uint64_t hits = 0;
    for (std::uint64_t way = 0; way < ways; ++way) {
        int sum = 0;
        for (std::size_t i = 0; i < sums.size(); ++i)
            sum += (way >> i & 1U) != 0 ? sums[i] : -sums[i];
        if (std::abs(sum) >= observed) ++hits;
    }
    return static_cast<double>(hits) / static_cast<double>(ways);
}

/// The distribution of the sum of whole numbers with tossed signs, added one number at a time.
double p_by_convolution(const Values& differences) {
    double total = 0;
    double observed = 0;
    for (const double difference : differences) {
        total += std::abs(difference);
        observed += difference;
    }
    const auto middle = static_cast<std::size_t>(total);
    Values chances(2 * middle + 1);
    chances[middle] = 1;
    for (const double difference : differences) {
        const auto size = static_cast<std::size_t>(std::abs(difference));
        Values next(chances.size());
        for (std::size_t i = size; i + size < chances.size(); ++i) {
            next[i - size] += chances[i] / 2;
            next[i + size] += chances[i] / 2;
        }
        // Sums near the ends are out of reach until the last numbers, so that none is lost.
        chances = std::move(next);
    }
    const auto reach = static_cast<std::size_t>(std::abs(observed));
    double p = 0;
    for (std::size_t i = 0; i < chances.size(); ++i) {
        if (std::max(i, middle) - std::min(i, middle) >= reach) p += chances[i];
    }
    return p;
}

/// Four of five numbers are positive until their sum is about twice its standard deviation.
Values with_signs(Values sizes) {
    double squares = 0;
    for (const double size : sizes) squares += size * size;
    double sum = -std::accumulate(sizes.begin(), sizes.end(), 0.0);
    for (double& size : sizes) size = -size;
    for (std::size_t i = 0; i < sizes.size() && sum < 2 * std::sqrt(squares); ++i) {
        sizes[i] = -sizes[i];
        sum += 2 * sizes[i];
    }
    return sizes;
}

TEST_CASE("sign flip: Darwin's plants as Fisher counted them") {
    // The Design of Experiments, 1935, section 21: of 2^15 sums 863 are at least 314 one way.
    const Values darwin = {49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48};
    const SignFlipTest test = flipped(darwin);
    CHECK(test.exact);
    CHECK(test.p == Approx(2 * 863 / 32768.0).epsilon(1e-12));
}

TEST_CASE("sign flip: the exact p-value is that of trying all signs") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng random(seed);
    for (int round = 0; round < 300; ++round) {
        std::vector<int> sums(2 + random.next_below(9));
        Values differences;
        for (int& sum : sums) {
            sum = static_cast<int>(random.next_below(11)) - 4;  // with zeros and ties
            differences.push_back(0.1 * sum);                   // with rounding
        }
        const SignFlipTest test = flipped(differences);
        CHECK(test.exact);
        REQUIRE(test.p == Approx(p_by_trying_all(sums)).epsilon(1e-12));
    }
}

TEST_CASE("sign flip: the differences of a cluster flip together") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng random(seed);
    for (int round = 0; round < 200; ++round) {
        std::vector<int> sums(3 + random.next_below(6));
        Values differences;
        Labels labels;
        for (std::uint32_t i = 0; i < 30; ++i) {
            const auto cluster = i < sums.size() ? i : random.next_below(sums.size());
            const int value = static_cast<int>(random.next_below(9)) - 3;
            sums[cluster] += value;
            differences.push_back(value);
            labels.push_back(static_cast<std::uint32_t>(1000 - 7 * cluster));
        }
        const SignFlipTest test = flipped(differences, {.clusters = labels});
        CHECK(test.exact);
        REQUIRE(test.p == Approx(p_by_trying_all(sums)).epsilon(1e-12));
    }
}

TEST_CASE("sign flip: pairs that are right or wrong give McNemar's exact p-value") {
    for (const auto& [better, worse] :
         {std::pair{1, 7}, std::pair{16, 6}, std::pair{121, 59}, std::pair{3000, 3100}}) {
        Values differences(10'000, 0.0);
        for (int i = 0; i < better + worse; ++i) {
            differences[static_cast<std::size_t>(i)] = i < better ? 1 : -1;
        }
        const SignFlipTest test = flipped(differences);
        const double expected = mcnemar({.b_better = static_cast<std::uint64_t>(better),
                                         .a_better = static_cast<std::uint64_t>(worse),
                                         .pairs = 10'000})
                                    .value();
        INFO(better << ' ' << worse);
        CHECK(test.exact);
        CHECK(test.p == Approx(expected).epsilon(1e-10));
    }
}

TEST_CASE("sign flip: unit and direction and unchanged pairs do not matter") {
    const Values differences = {0.1, 0.7, -0.2, 0.4, 0.3, -0.1, 0.5};
    const double p = flipped(differences).p;
    for (const double factor : {-1.0, 3.0, 1e-300, 1e307}) {
        Values scaled = {0, 0, 0};
        for (const double value : differences) scaled.push_back(factor * value);
        INFO(factor);
        CHECK(flipped(scaled).p == Approx(p).epsilon(1e-12));
    }
    CHECK(flipped(Values{0, 0, 0}).p == 1);
    CHECK(flipped(Values{1, -1}).p == 1);
    CHECK(flipped(Values{1, 1}).p == 0.5);
}

/// Drawn p-values lie within five standard deviations of the exact one.
void check_drawn(const Values& differences) {
    const double exact = p_by_convolution(differences);
    REQUIRE(exact > 0.02);
    REQUIRE(exact < 0.2);
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    constexpr std::size_t k_resamples = 20'000;
    const SignFlipTest test = flipped(differences, {.resamples = k_resamples, .seed = seed});
    CHECK_FALSE(test.exact);
    CHECK(test.p == Approx(exact).margin(5 * std::sqrt(exact * (1 - exact) / k_resamples)));
}

TEST_CASE("sign flip: many different values are drawn close to the exact p-value") {
    Values sizes(37);  // not a multiple of the eight that are drawn together
    std::iota(sizes.begin(), sizes.end(), 1.0);
    check_drawn(with_signs(sizes));
}

TEST_CASE("sign flip: few values that occur often are drawn close to the exact p-value") {
    Values sizes;
    for (const double size : {3.0, 1.0, 2.0, 5.0}) sizes.insert(sizes.end(), 60, size);
    check_drawn(with_signs(sizes));
}

TEST_CASE("sign flip: the same seed gives the same p-value in any order of the work") {
    Values sizes(300);
    for (std::size_t i = 0; i < sizes.size(); ++i) sizes[i] = std::sqrt(static_cast<double>(i + 2));
    const Values differences = with_signs(sizes);
    const Parallel backwards = [](std::size_t blocks, const auto& work) {
        for (std::size_t block = blocks; block-- > 0;) work(block);
    };
    const double p = flipped(differences, {.resamples = 2500, .seed = 7}).p;
    CHECK(p == flipped(differences, {.resamples = 2500, .seed = 7, .parallel = backwards}).p);
    CHECK(p != flipped(differences, {.resamples = 2500, .seed = 8}).p);
}

TEST_CASE("sign flip: a drawn p-value is never 0") {
    Values sizes(200);
    std::iota(sizes.begin(), sizes.end(), 1.0);
    CHECK(flipped(sizes, {.resamples = 99}).p == 0.01);
}

TEST_CASE("sign flip: bad input is refused") {
    constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
    for (const Values& differences : {Values{}, Values{1}, Values{1, k_nan}, Values{INFINITY, 1}})
        CHECK(sign_flip(differences, {}).error().code == ErrorCode::invalid_argument);
    CHECK(sign_flip(Values{1, 2}, {.resamples = 0}).error().message ==
          "a permutation test needs resamples");
    CHECK(sign_flip(Values{1, 2, 3}, {.clusters = Labels{1, 2}}).error().message ==
          "3 differences have 2 clusters");
    CHECK(sign_flip(Values{1, 2, 3}, {.clusters = Labels{4, 4, 4}}).error().message ==
          "2 clusters are needed, got 1");
}

}  // namespace
}  // namespace assay
