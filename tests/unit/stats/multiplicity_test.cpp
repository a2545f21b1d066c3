#include "core/stats/multiplicity.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;

std::ptrdiff_t rejected(const Values& adjusted, double level) {
    return std::ranges::count_if(adjusted, [&](double p) { return p <= level; });
}

TEST_CASE("multiplicity: the thrombolysis example of Benjamini and Hochberg") {
    // JRSS B 57 (1995), section 4.2: at 0.05 their method rejects four hypotheses, Bonferroni's
    // and so Holm's three.
    const Values p = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
                      0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000};
    CHECK(rejected(benjamini_hochberg(p).value(), 0.05) == 4);
    CHECK(rejected(holm(p).value(), 0.05) == 3);
}

/// Whether Holm's procedure as he states it rejects p[i]: going up, each p-value is at or under
/// level / (number of hypotheses left).
bool holm_rejects(Values p, double value, double level) {
    std::ranges::sort(p);
    for (std::size_t i = 0; i < p.size() && p[i] * static_cast<double>(p.size() - i) <= level; ++i)
        if (p[i] >= value) return true;
    return false;
}

/// Whether Benjamini and Hochberg's procedure as they state it rejects: at or under the largest
/// p_(k) that is at or under k / m · level.
bool benjamini_hochberg_rejects(Values p, double value, double level) {
    std::ranges::sort(p);
    double bound = -1;
    for (std::size_t i = 0; i < p.size(); ++i) {
        const auto rank = static_cast<double>(i + 1);
        if (static_cast<double>(p.size()) / rank * p[i] <= level) bound = p[i];
    }
    return value <= bound;
}

TEST_CASE("multiplicity: adjusted values reject what the procedures reject at every level") {
    const std::uint64_t seed = test::seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng random(seed);
    for (int round = 0; round < 500; ++round) {
        Values p(1 + random.next_below(12));
        for (double& one : p) one = static_cast<double>(random.next_below(41)) / 40;
        const double level = 0.9 * random.next_unit();
        const Values by_holm = holm(p).value();
        const Values by_rate = benjamini_hochberg(p).value();
        for (std::size_t i = 0; i < p.size(); ++i) {
            CHECK((by_holm[i] <= level) == holm_rejects(p, p[i], level));
            CHECK((by_rate[i] <= level) == benjamini_hochberg_rejects(p, p[i], level));
            CHECK(by_holm[i] >= by_rate[i]);
            CHECK(by_rate[i] >= p[i]);
        }
    }
}

TEST_CASE("multiplicity: nothing stays nothing and what is no p-value is an error") {
    CHECK(holm({})->empty());
    CHECK(benjamini_hochberg({})->empty());
    CHECK(holm(Values{0.03}).value() == Values{0.03});
    for (const double bad : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK_FALSE(holm(Values{0.5, bad}).has_value());
        CHECK_FALSE(benjamini_hochberg(Values{0.5, bad}).has_value());
    }
}

}  // namespace
}  // namespace assay
