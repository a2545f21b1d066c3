#include "core/stats/repetitions.hpp"

#include <bit>
#include <catch2/catch.hpp>

namespace assay {
namespace {

/// Counts every subset of k of n trials, of which the first c passed: how many have a pass, and
/// how many nothing else.
struct Subsets {
    int all = 0;
    int with_a_pass = 0;
    int only_passes = 0;
};

Subsets enumerate(unsigned n, unsigned c, unsigned k) {
    Subsets subsets;
    const unsigned passes = (1U << c) - 1;
    for (unsigned subset = 0; subset < 1U << n; ++subset) {
        if (std::popcount(subset) != static_cast<int>(k)) continue;
        ++subsets.all;
        subsets.with_a_pass += (subset & passes) != 0 ? 1 : 0;
        subsets.only_passes += (subset & ~passes) == 0 ? 1 : 0;
    }
    return subsets;
}

TEST_CASE("repetitions: both estimators are the share of all subsets of k trials") {
    for (unsigned n = 1; n <= 9; ++n) {
        for (unsigned c = 0; c <= n; ++c) {
            for (unsigned k = 1; k <= n; ++k) {
                CAPTURE(n, c, k);
                const Subsets subsets = enumerate(n, c, k);
                const Trials trials{.count = n, .passed = c};
                const double all = subsets.all;
                CHECK(pass_at_k(trials, k).value() ==
                      Approx(subsets.with_a_pass / all).margin(1e-15));
                CHECK(pass_hat_k(trials, k).value() ==
                      Approx(subsets.only_passes / all).margin(1e-15));
            }
        }
    }
}

TEST_CASE("repetitions: the ends are exact") {
    for (const std::uint64_t k : {1U, 7U, 100U}) {
        CHECK(pass_at_k({.count = 100, .passed = 0}, k).value() == 0);
        CHECK(pass_hat_k({.count = 100, .passed = 0}, k).value() == 0);
        CHECK(pass_at_k({.count = 100, .passed = 100}, k).value() == 1);
        CHECK(pass_hat_k({.count = 100, .passed = 100}, k).value() == 1);
    }
    CHECK(pass_at_k({.count = 4, .passed = 1}, 1).value() == 0.25);
    CHECK(pass_hat_k({.count = 4, .passed = 1}, 1).value() == 0.25);
}

TEST_CASE("repetitions: binomials beyond a double do not overflow") {
    // C(4000, 2000) has 1203 digits. 1 − C(3999, 2000) / C(4000, 2000) = 2000 / 4000.
    CHECK(pass_at_k({.count = 4000, .passed = 1}, 2000).value() == Approx(0.5).epsilon(1e-12));
    CHECK(pass_hat_k({.count = 4000, .passed = 3999}, 2000).value() == Approx(0.5).epsilon(1e-12));
}

TEST_CASE("repetitions: k must be from 1 to the number of trials") {
    for (const std::uint64_t k : {0U, 4U}) {
        const Trials trials{.count = 3, .passed = 1};
        REQUIRE_FALSE(pass_at_k(trials, k).has_value());
        REQUIRE_FALSE(pass_hat_k(trials, k).has_value());
        CHECK(pass_at_k(trials, k).error().code == ErrorCode::invalid_argument);
    }
    CHECK(pass_at_k({.count = 3, .passed = 1}, 4).error().message ==
          "k is 4, and there are 3 trials");
    CHECK_FALSE(pass_at_k({}, 1).has_value());
}

}  // namespace
}  // namespace assay
