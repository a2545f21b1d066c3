#include "core/stats/distributions.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

namespace assay {
namespace {

/// Simpson's rule: the path of the test that shares nothing with the code under test.
template <class Density>
double integral(const Density& density, double from, double to) {
    constexpr int k_steps = 20'000;
    const double step = (to - from) / k_steps;
    double sum = density(from) + density(to);
    for (int i = 1; i < k_steps; ++i) sum += (i % 2 == 1 ? 4 : 2) * density(from + i * step);
    return sum * step / 3;
}

TEST_CASE("distributions: the critical values of the NIST tables") {
    // NIST/SEMATECH e-Handbook of Statistical Methods, sections 1.3.6.7.1, .2 and .4
    CHECK(normal_cdf(1.96) == Approx(0.97500).margin(5e-6));
    CHECK(student_t_quantile(0.975, 10) == Approx(2.228).margin(5e-4));
    CHECK(student_t_quantile(0.975, 1) == Approx(12.706).margin(5e-4));
    CHECK(student_t_quantile(0.95, 30) == Approx(1.697).margin(5e-4));
    CHECK(chi_square_upper(3.841, 1) == Approx(0.05).margin(2e-5));
    CHECK(chi_square_upper(18.307, 10) == Approx(0.05).margin(2e-5));
}

TEST_CASE("distributions: the cumulative functions are the integrals of their densities") {
    const auto normal = [](double x) {
        return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
    };
    for (const double x : {-3.0, -0.5, 0.7, 2.5})
        CHECK(normal_cdf(x) == Approx(0.5 + integral(normal, 0, x)).epsilon(1e-10));
    for (const double degrees : {1.0, 2.5, 29.0}) {
        const double scale = std::tgamma((degrees + 1) / 2) / std::tgamma(degrees / 2) /
                             std::sqrt(degrees * std::numbers::pi);
        const auto student = [&](double x) {
            return scale * std::pow(1 + x * x / degrees, -(degrees + 1) / 2);
        };
        for (const double x : {-4.0, 0.3, 2.0}) {
            CHECK(student_t_cdf(x, degrees) == Approx(0.5 + integral(student, 0, x)).epsilon(1e-9));
        }
    }
    const auto chi_square_4 = [](double x) { return x / 4 * std::exp(-x / 2); };
    CHECK(chi_square_upper(7, 4) == Approx(1 - integral(chi_square_4, 0, 7)).epsilon(1e-10));
}

TEST_CASE("distributions: quantiles invert the cumulative functions deep into the tails") {
    for (const double p : {1e-12, 0.001, 0.3, 0.5, 0.9, 0.9999}) {
        CHECK(normal_cdf(normal_quantile(p)) == Approx(p).epsilon(1e-12));
        CHECK(student_t_cdf(student_t_quantile(p, 7.5), 7.5) == Approx(p).epsilon(1e-10));
    }
    // P(Beta(k, n − k + 1) ≤ x) is P(Binomial(n, x) ≥ k).
    for (const double p : {0.01, 0.5, 0.975}) {
        const double x = beta_quantile(p, 8, 13);
        CHECK(1 - binomial_cdf(7, 20, x) == Approx(p).epsilon(1e-12));
    }
}

TEST_CASE("distributions: the binomial is the sum of products of Pascal's triangle") {
    double sum = 0;
    double choose = 1;
    for (std::uint64_t k = 0; k <= 30; ++k) {
        const auto successes = static_cast<double>(k);
        const double term = choose * std::pow(0.35, successes) * std::pow(0.65, 30 - successes);
        sum += term;
        CHECK(binomial_pmf(k, 30, 0.35) == Approx(term).epsilon(1e-12));
        CHECK(binomial_cdf(k, 30, 0.35) == Approx(sum).epsilon(1e-12));
        choose = choose * (30 - successes) / (successes + 1);
    }
    CHECK(binomial_cdf(3, 7, 0) == 1);
    CHECK(binomial_cdf(6, 7, 1) == 0);
    CHECK(binomial_cdf(500'000, 1'000'000, 0.5) == Approx(0.5003989422).epsilon(1e-8));
}

TEST_CASE("distributions: two-sided p-values hold their precision in the tail and at its end") {
    CHECK(two_sided_normal(0) == 1);
    CHECK(two_sided_normal(-1.5) == two_sided_normal(1.5));
    CHECK(two_sided_normal(10) == Approx(std::erfc(10 / std::numbers::sqrt2)).epsilon(1e-12));
    CHECK(two_sided_student_t(INFINITY, 3) == 0);
    // With two degrees of freedom P(T > t) has the closed form (1 − t / √(2 + t²)) / 2.
    CHECK(two_sided_student_t(-3, 2) == Approx(1 - 3 / std::sqrt(11.0)).epsilon(1e-12));
    CHECK(std::exp(log_beta(4, 3)) == Approx(1.0 / 60).epsilon(1e-12));
}

}  // namespace
}  // namespace assay
