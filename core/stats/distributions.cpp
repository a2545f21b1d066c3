#include "core/stats/distributions.hpp"

// Overflow gives infinity and an argument outside the domain NaN, instead of an exception: the
// arguments are asserted below, so the policy only keeps Boost from throwing through our code.
#define BOOST_MATH_DOMAIN_ERROR_POLICY ignore_error
#define BOOST_MATH_POLE_ERROR_POLICY ignore_error
#define BOOST_MATH_OVERFLOW_ERROR_POLICY ignore_error
#define BOOST_MATH_EVALUATION_ERROR_POLICY ignore_error
#define BOOST_MATH_ROUNDING_ERROR_POLICY ignore_error
#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

namespace assay {
namespace {

namespace math = boost::math;

bool inside(double probability) { return probability > 0 && probability < 1; }

}  // namespace

double normal_cdf(double x) { return math::cdf(math::normal{}, x); }

double normal_quantile(double probability) {
    ASSAY_ASSERT(inside(probability), "a quantile is asked for inside (0, 1)");
    return math::quantile(math::normal{}, probability);
}

double student_t_cdf(double x, double degrees) {
    ASSAY_ASSERT(degrees > 0, "there are degrees of freedom");
    return math::cdf(math::students_t{degrees}, x);
}

double student_t_quantile(double probability, double degrees) {
    ASSAY_ASSERT(inside(probability), "a quantile is asked for inside (0, 1)");
    ASSAY_ASSERT(degrees > 0, "there are degrees of freedom");
    return math::quantile(math::students_t{degrees}, probability);
}

double chi_square_upper(double x, double degrees) {
    ASSAY_ASSERT(degrees > 0, "there are degrees of freedom");
    if (x <= 0) return 1;
    return math::cdf(math::complement(math::chi_squared{degrees}, x));
}

double beta_quantile(double probability, double a, double b) {
    ASSAY_ASSERT(a > 0 && b > 0, "the shapes of a beta distribution are positive");
    return math::quantile(math::beta_distribution<>{a, b}, probability);
}

double binomial_cdf(std::uint64_t successes, std::uint64_t trials, double rate) {
    ASSAY_ASSERT(successes <= trials, "no more successes than trials");
    const math::binomial distribution{static_cast<double>(trials), rate};
    return math::cdf(distribution, static_cast<double>(successes));
}

double binomial_pmf(std::uint64_t successes, std::uint64_t trials, double rate) {
    ASSAY_ASSERT(successes <= trials, "no more successes than trials");
    const math::binomial distribution{static_cast<double>(trials), rate};
    return math::pdf(distribution, static_cast<double>(successes));
}

double log_beta(double a, double b) {
    return math::lgamma(a) + math::lgamma(b) - math::lgamma(a + b);
}

double two_sided_normal(double z) {
    return 2 * math::cdf(math::complement(math::normal{}, std::abs(z)));
}

double two_sided_student_t(double t, double degrees) {
    ASSAY_ASSERT(degrees > 0, "there are degrees of freedom");
    if (std::isinf(t)) return 0;
    return 2 * math::cdf(math::complement(math::students_t{degrees}, std::abs(t)));
}

}  // namespace assay
