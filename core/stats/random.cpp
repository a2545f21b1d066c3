#include "core/stats/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/error.hpp"

namespace assay {
namespace {

/// Walks up from no success until the probabilities reach a uniform number. For few successes.
std::uint64_t by_inversion(Rng& random, double trials, double rate) {
    const double odds = rate / (1 - rate);
    const double none = std::exp(trials * std::log1p(-rate));
    const double expected = trials * rate;
    // Beyond this the probabilities are lost in the rounding of those below, so that a uniform
    // number that is not reached by then is drawn again.
    const double bound = std::min(trials, expected + 10 * std::sqrt(expected + 1));
    while (true) {
        double left = random.next_unit();
        double probability = none;
        double successes = 0;
        while (left >= probability && successes <= bound) {
            left -= probability;
            ++successes;
            probability *= odds * (trials - successes + 1) / successes;
        }
        if (successes <= bound) return static_cast<std::uint64_t>(successes);
    }
}

/// What Stirling's formula leaves of ln k!.
double stirling_rest(double k) {
    constexpr std::array<double, 10> k_first = {
        0.0810614667953272,  0.0413406959554092,  0.0276779256849983, 0.02079067210376509,
        0.0166446911898211,  0.0138761288230707,  0.0118967099458917, 0.0104112652619720,
        0.00925546218271273, 0.00833056343336287,
    };
    if (k < 10) return k_first[static_cast<std::size_t>(k)];
    const double square = (k + 1) * (k + 1);
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

/// Algorithm BTRS with the names of its publication: for rates up to 1/2 with at least 10 expected
/// successes.
std::uint64_t by_rejection(Rng& random, double trials, double rate) {
    const double deviation = std::sqrt(trials * rate * (1 - rate));
    const double b = 1.15 + 2.53 * deviation;
    const double a = -0.0873 + 0.0248 * b + 0.01 * rate;
    const double c = trials * rate + 0.5;
    const double v_r = 0.92 - 4.2 / b;
    const double odds = rate / (1 - rate);
    const double alpha = (2.83 + 5.1 / b) * deviation;
    const double m = std::floor((trials + 1) * rate);
    while (true) {
        const double u = random.next_unit() - 0.5;
        const double v = random.next_unit();
        const double us = 0.5 - std::abs(u);
        const double k = std::floor((2 * a / us + b) * u + c);
        if (us >= 0.07 && v <= v_r) return static_cast<std::uint64_t>(k);
        if (!(k >= 0 && k <= trials)) continue;
        const double height = std::log(v * alpha / (a / (us * us) + b));
        const double log_density = (m + 0.5) * std::log((m + 1) / (odds * (trials - m + 1))) +
                                   (trials + 1) * std::log((trials - m + 1) / (trials - k + 1)) +
                                   (k + 0.5) * std::log(odds * (trials - k + 1) / (k + 1)) +
                                   stirling_rest(m) + stirling_rest(trials - m) - stirling_rest(k) -
                                   stirling_rest(trials - k);
        if (height <= log_density) return static_cast<std::uint64_t>(k);
    }
}

}  // namespace

std::uint64_t random_binomial(Rng& random, std::uint64_t trials, double rate) {
    ASSAY_ASSERT(rate >= 0 && rate <= 1, "a rate is a probability");
    if (trials == 0 || rate == 0) return 0;
    if (rate == 1) return trials;
    if (rate > 0.5) return trials - random_binomial(random, trials, 1 - rate);
    const auto count = static_cast<double>(trials);
    return count * rate < 10 ? by_inversion(random, count, rate)
                             : by_rejection(random, count, rate);
}

}  // namespace assay
