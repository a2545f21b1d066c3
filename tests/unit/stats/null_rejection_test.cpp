#include "tests/support/null_rejection.hpp"

#include <catch2/catch.hpp>

namespace assay {
namespace {

// Sums of chances carry rounding; a p-value that is exactly the level is a rejection.
constexpr double k_rounding = 1e-12;

TEST_CASE("null: McNemar's exact test rejects at no more than its level") {
    for (const double level : {0.001, 0.01, 0.05, 0.1}) {
        for (std::uint64_t differing = 1; differing <= 150; ++differing) {
            INFO(differing << ' ' << level);
            REQUIRE(test::mcnemar_rejects(differing, level) <= level + k_rounding);
        }
        // It comes close to the level, so that a test which never rejects would fail here.
        CHECK(test::mcnemar_rejects(2000, level) > 0.85 * level);
    }
}

TEST_CASE("null: Fisher's exact test rejects at no more than its level") {
    for (const double level : {0.01, 0.05, 0.1}) {
        for (const auto& [a, b] : {std::pair{5U, 5U}, std::pair{12U, 7U}, std::pair{25U, 20U}}) {
            INFO(a << ' ' << b << ' ' << level);
            CHECK(test::fisher_rejects(a, b, level) <= level + k_rounding);
        }
        CHECK(test::fisher_rejects(25, 20, level) > 0.3 * level);
    }
}

TEST_CASE("null: the exact sign flip rejects at no more than its level") {
    const test::PValue p_value = [](const auto& differences) {
        return test::p_of(sign_flip(differences, {}));
    };
    for (const double level : {0.01, 0.05, 0.1}) {
        for (const std::vector<double>& sizes : {std::vector<double>{1, 1, 1, 1, 1, 1, 1, 1},
                                                 {0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 30},
                                                 {1, 1, 2, 2, 2, 3, 5, 5},
                                                 {0, 0, 1, 2, 4, 8, 16, 32}}) {
            CHECK(test::rejects_over_signs(sizes, p_value, level) <= level + k_rounding);
        }
        const std::vector<double> many = {1, 1, 1, 1, 2, 2, 2, 3, 3};
        CHECK(test::rejects_over_signs(many, p_value, level) > 0.3 * level);
    }
}

TEST_CASE("null: the exact sign flip of clusters rejects at no more than its level") {
    // The signs of clusters are tossed, each of which has two pairs.
    const std::vector<std::uint32_t> clusters = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7};
    const test::PValue p_value = [&](const std::vector<double>& sums) {
        std::vector<double> differences;
        for (const double sum : sums) differences.insert(differences.end(), {2 * sum, -sum});
        return test::p_of(sign_flip(differences, {.clusters = clusters}));
    };
    for (const double level : {0.01, 0.05, 0.1}) {
        const double rejected = test::rejects_over_signs({1, 2, 2, 3, 3, 5, 6, 7}, p_value, level);
        CHECK(rejected <= level + k_rounding);
        CHECK(rejected > 0.3 * level);
    }
}

TEST_CASE("null: the exact rank tests reject at no more than their level") {
    const test::PValue p_value = [](const auto& differences) {
        return test::p_of(signed_rank(differences));
    };
    for (const double level : {0.02, 0.05, 0.1}) {
        for (const std::size_t count : {3U, 6U, 10U}) {
            std::vector<double> sizes(count);
            std::iota(sizes.begin(), sizes.end(), 1.0);
            const double rejected = test::rejects_over_signs(sizes, p_value, level);
            CHECK(rejected <= level + k_rounding);
            CHECK((count < 10 || rejected > 0.3 * level));
        }
        CHECK(test::mann_whitney_rejects(3, 7, level) <= level + k_rounding);
        CHECK(test::mann_whitney_rejects(5, 10, level) <= level + k_rounding);
        CHECK(test::mann_whitney_rejects(5, 10, level) > 0.3 * level);
    }
}

TEST_CASE("null: what is simulated rejects at no more than its level") {
    // Four standard deviations of a share of so many samples; the seed is fixed, so that the result
    // is the same each time. docs/statistics.md has the figures of many more samples.
    constexpr std::size_t k_rounds = 5000;
    const auto most = [](double level) {
        return level + 4 * std::sqrt(level * (1 - level) / k_rounds);
    };
    for (const test::NullCase& null : test::null_cases()) {
        INFO(null.test << ": " << null.data);
        const test::Rejections rejections = test::simulate(null, k_rounds);
        CHECK(rejections.at_5 <= most(0.05));
        CHECK(rejections.at_1 <= most(0.01));
        CHECK(rejections.at_5 > 0.02);
    }
}

}  // namespace
}  // namespace assay
