#pragma once

#include <cstdint>

#include "core/base/error.hpp"

namespace assay {

// The distributions that intervals and tests need, to about 1e-14 relative, tails included. Each
// CDF is P(X ≤ x); a quantile is its inverse. Source of the methods: Boost.Math 1.81, "Statistical
// Distributions and Functions"; nothing else in the code base includes that library.

/// A probability in [0, 1] of the standard normal distribution.
[[nodiscard]] double normal_cdf(double x);
/// @param probability  in (0, 1), asserted.
[[nodiscard]] double normal_quantile(double probability);

/// Student's t with `degrees` > 0 degrees of freedom, which need not be whole.
[[nodiscard]] double student_t_cdf(double x, double degrees);
/// @param probability  in (0, 1), asserted.
[[nodiscard]] double student_t_quantile(double probability, double degrees);

/// P(X > x) of the chi-square distribution with `degrees` > 0 degrees of freedom; 1 for x ≤ 0.
[[nodiscard]] double chi_square_upper(double x, double degrees);

/// The beta distribution with shapes a, b > 0, at a probability in [0, 1].
[[nodiscard]] double beta_quantile(double probability, double a, double b);

/// P(X ≤ successes) of the binomial distribution; successes ≤ trials, 0 ≤ rate ≤ 1.
[[nodiscard]] double binomial_cdf(std::uint64_t successes, std::uint64_t trials, double rate);
/// P(X = successes) of it.
[[nodiscard]] double binomial_pmf(std::uint64_t successes, std::uint64_t trials, double rate);

/// ln B(a, b) of the beta function, a, b > 0.
[[nodiscard]] double log_beta(double a, double b);

/// The two-sided p-value of a standard normal statistic: P(|Z| ≥ |z|).
[[nodiscard]] double two_sided_normal(double z);
/// The two-sided p-value of a t statistic.
[[nodiscard]] double two_sided_student_t(double t, double degrees);

}  // namespace assay
