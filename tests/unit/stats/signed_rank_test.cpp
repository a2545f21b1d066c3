#include "core/stats/signed_rank.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/stats/ranks.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;

TEST_CASE("ranks: equal values share the mean of their ranks and rounding does not part them") {
    const Ranks ranks = rank(Values{3, -1, 3, 7, 3});
    CHECK(ranks.of_value == Values{3, 1, 3, 5, 3});
    CHECK(ranks.has_ties);
    CHECK(rank(Values{0.3 - 0.2, 5, 0.2 - 0.1}).of_value == Values{1.5, 3, 1.5});
    CHECK_FALSE(rank(Values{2, 1, 1 + 1e-9}).has_ties);
    CHECK(rank(Values{-1e-200, 0, 1e-200}).of_value == Values{1, 2, 3});
    CHECK(rank(Values{}).of_value.empty());
}

TEST_CASE("signed rank: the depression scale factors of Hollander and Wolfe") {
    // Nonparametric Statistical Methods, table 3.1; R 4: wilcox.test(x, y, paired = TRUE) gives
    // V = 40 and p = 0.03906 for x − y.
    const Values x = {1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    const Values y = {0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    Values differences;
    for (std::size_t i = 0; i < x.size(); ++i) differences.push_back(x[i] - y[i]);
    const RankTest test = signed_rank(differences).value();
    CHECK(test.exact);
    CHECK(test.statistic == 40);
    CHECK(test.p == 0.0390625);
}

/// P-value of a sum of ranks, from the sums that all 2^count signs give.
double p_by_trying_all(double statistic, std::size_t count) {
    const double middle = static_cast<double>(count * (count + 1)) / 4;
    std::uint64_t hits = 0;
    for (std::uint64_t way = 0; way < std::uint64_t{1} << count; ++way) {
        double sum = 0;
        for (std::size_t i = 0; i < count; ++i) {
            if ((way >> i & 1U) != 0) sum += static_cast<double>(i + 1);
        }
        if (std::abs(sum - middle) >= std::abs(statistic - middle)) ++hits;
    }
    return std::scalbn(static_cast<double>(hits), -static_cast<int>(count));
}

TEST_CASE("signed rank: the exact p-value is that of trying all signs") {
    for (std::size_t count = 2; count <= 9; ++count) {
        for (std::uint64_t way = 0; way < std::uint64_t{1} << count; ++way) {
            Values differences = {0, 0};
            double positive = 0;
            for (std::size_t i = 0; i < count; ++i) {
                const double size = 0.7 * static_cast<double>(i + 1);
                const bool is_positive = (way >> i & 1U) != 0;
                differences.push_back(is_positive ? size : -size);
                if (is_positive) positive += static_cast<double>(i + 1);
            }
            const RankTest test = signed_rank(differences).value();
            REQUIRE(test.exact);
            REQUIRE(test.statistic == positive);
            if (way % 7 == 0) REQUIRE(test.p == Approx(p_by_trying_all(positive, count)));
        }
    }
}

/// The numbers 1 … count, each `every`th one negative beginning with the first.
Values counting(int count, int every) {
    Values values;
    for (int i = 0; i < count; ++i) values.push_back(i % every == 0 ? -(i + 1) : i + 1);
    return values;
}

TEST_CASE("signed rank: exact up to 50 differences and normal with corrections beyond") {
    // scipy 1.10.1: wilcoxon(mode="exact"), and (mode="approx", correction=True) for 60 and ties
    const RankTest fifty = signed_rank(counting(50, 3)).value();
    CHECK(fifty.exact);
    CHECK(fifty.statistic == 850);
    CHECK(fifty.p == Approx(0.03996834652842374).epsilon(1e-12));
    const RankTest sixty = signed_rank(counting(60, 5)).value();
    CHECK_FALSE(sixty.exact);
    CHECK(sixty.p == Approx(2.5031250185600706e-05).epsilon(1e-9));
    const RankTest ties =
        signed_rank(Values{-3, 1, 2, 2, -2, 5, 7, 7, 8, -1, 4, 4, 4, 9, 0, 0, 3}).value();
    CHECK_FALSE(ties.exact);
    CHECK(ties.p == Approx(0.006854704814253934).epsilon(1e-9));
    CHECK(signed_rank(counting(51, 3)).value().exact == false);
}

TEST_CASE("signed rank: zeros are dropped and rounding does not break ties") {
    const Values differences = {0.4, -0.1, 0.9, 0.2, 0.6, -0.3};
    Values with_zeros = differences;
    with_zeros.insert(with_zeros.begin() + 2, 5, 0.0);
    CHECK(signed_rank(with_zeros).value().p == signed_rank(differences).value().p);
    CHECK_FALSE(signed_rank(Values{0.3 - 0.2, 0.2 - 0.1, 5}).value().exact);
    CHECK(signed_rank(Values{0, 1}).value().p == 1);
    CHECK(signed_rank(Values{2, 2, -2, -2}).value().p == 1);
}

TEST_CASE("signed rank: bad input is refused") {
    constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
    for (const Values& differences : {Values{}, Values{1}, Values{1, k_nan}, Values{1, INFINITY}})
        CHECK(signed_rank(differences).error().code == ErrorCode::invalid_argument);
    CHECK(signed_rank(Values{0, 0, 0}).error().message ==
          "all differences are 0, and Wilcoxon's test drops zeros");
}

}  // namespace
}  // namespace assay
