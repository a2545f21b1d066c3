#include "core/stats/corrected.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "core/stats/random.hpp"
#include "tests/support/coverage.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

using Values = std::vector<double>;

constexpr double k_nan = std::numeric_limits<double>::quiet_NaN();
constexpr double k_infinity = std::numeric_limits<double>::infinity();

struct RateCase {
    Proportion apparent;
    JudgeAccuracy judge;
    double confidence;
    double mean;
    Interval interval;
    bool clamped;
};

ApparentRate apparent_of(const Proportion& rate) {
    return {.rate = static_cast<double>(rate.successes) / static_cast<double>(rate.trials),
            .items = static_cast<double>(rate.trials)};
}

TEST_CASE("corrected: a rate agrees with an independent computation") {
    // NumPy 1.24.2 and SciPy 1.10.1, from equations 2, 6, 7, 16 and 17 of Lang and Reiczigel, with
    // what is outside of [0, 1] moved to its edge.
    const std::vector<RateCase> cases = {
        {{259, 2971},
         {{178, 197}, {1591, 1673}},
         0.95,
         0.044658304193,
         {0.027982714742, 0.061704688419},
         false},
        {{50, 3330}, {{78, 85}, {30, 30}}, 0.95, 0.016362516363, {0, 0.044750275700}, true},
        {{50, 3330}, {{103, 122}, {399, 401}}, 0.95, 0.011947796209, {0, 0.020951210291}, true},
        {{790, 1319},
         {{95, 100}, {90, 100}},
         0.95,
         0.586986576283,
         {0.534338159283, 0.642556029754},
         false},
        {{790, 1319},
         {{95, 100}, {90, 100}},
         0.9,
         0.586986576283,
         {0.543288998010, 0.634119417144},
         false},
        {{3, 200}, {{45, 50}, {190, 200}}, 0.95, 0, {0, 0.007648647518}, true},
        {{980, 1000}, {{45, 50}, {48, 50}}, 0.99, 1, {0.987506119449, 1}, true},
    };
    for (const RateCase& one : cases) {
        CAPTURE(one.apparent.successes, one.apparent.trials, one.confidence);
        const auto corrected = rogan_gladen(apparent_of(one.apparent), one.judge, one.confidence);
        REQUIRE(corrected);
        CHECK(corrected->mean == Approx(one.mean).margin(1e-11));
        CHECK(corrected->interval.low == Approx(one.interval.low).margin(1e-11));
        CHECK(corrected->interval.high == Approx(one.interval.high).margin(1e-11));
        CHECK(corrected->clamped == one.clamped);
    }
}

TEST_CASE("corrected: a rate agrees with a worked example") {
    // The manual of epiR, epi.prev: of 150 cows 23 are positive to a test with a sensitivity of
    // 96 % and a specificity of 89 %; 5.1 in 100 have the disease.
    const auto corrected =
        rogan_gladen({.rate = 23.0 / 150, .items = 150}, {{96, 100}, {89, 100}}, 0.95);
    REQUIRE(corrected);
    CHECK(corrected->mean == Approx(0.051).margin(0.0005));
}

TEST_CASE("corrected: a perfect judge that was asked often leaves the rate as it is") {
    const auto corrected = rogan_gladen({.rate = 0.25, .items = 400},
                                        {{1'000'000, 1'000'000}, {1'000'000, 1'000'000}}, 0.95);
    REQUIRE(corrected);
    CHECK(corrected->mean == Approx(0.25).margin(1e-9));
    const Interval plain = wilson({100, 400}, 0.95).value();
    CHECK(corrected->interval.low == Approx(plain.low).margin(1e-3));
    CHECK(corrected->interval.high == Approx(plain.high).margin(1e-3));
}

TEST_CASE("corrected: the interval of a rate narrows with labels and with items") {
    const auto width = [](double items, std::uint64_t labels) {
        const auto corrected =
            rogan_gladen({.rate = 0.5, .items = items},
                         {{labels * 9 / 10, labels}, {labels * 9 / 10, labels}}, 0.95);
        return corrected->interval.high - corrected->interval.low;
    };
    CHECK(width(1000, 200) < width(1000, 50));
    CHECK(width(1000, 50) < width(100, 50));
    // Labels are a bound that items cannot make up for.
    CHECK(width(1e9, 50) > 0.8 * width(1000, 50));
}

TEST_CASE("corrected: a judge that may be guessing corrects nothing") {
    const ApparentRate half{.rate = 0.5, .items = 100};
    const std::vector<JudgeAccuracy> useless = {
        {{5, 10}, {5, 10}},   // says true as often of both
        {{2, 10}, {3, 10}},   // is wrong more often than right
        {{8, 10}, {6, 10}},   // better than chance in this sample only
        {{1, 1}, {1, 1}},     // too few to know
        {{0, 40}, {40, 40}},  // never says true
    };
    for (const JudgeAccuracy& judge : useless) {
        CAPTURE(judge.sensitivity.successes, judge.sensitivity.trials);
        const auto corrected = rogan_gladen(half, judge, 0.95);
        REQUIRE_FALSE(corrected);
        CHECK(corrected.error().code == ErrorCode::invalid_argument);
        CHECK(corrected.error().message.find("cannot tell") != std::string::npos);
    }
    CHECK(rogan_gladen(half, {{36, 40}, {36, 40}}, 0.95));
}

TEST_CASE("corrected: a rate that the judge cannot have come by is no rate") {
    // It calls one false item in two true, and here one item in a hundred.
    const auto corrected =
        rogan_gladen({.rate = 0.01, .items = 1000}, {{95, 100}, {500, 1000}}, 0.95);
    REQUIRE_FALSE(corrected);
    CHECK(corrected.error().message.find("errs otherwise here") != std::string::npos);
}

TEST_CASE("corrected: rates refuse input that is none") {
    const JudgeAccuracy good{{90, 100}, {90, 100}};
    const ApparentRate half{.rate = 0.5, .items = 100};
    for (const double rate : {-0.1, 1.1, k_nan, k_infinity}) {
        CHECK_FALSE(rogan_gladen({.rate = rate, .items = 100}, good, 0.95));
    }
    for (const double items : {0.0, -1.0, k_nan, k_infinity}) {
        CHECK_FALSE(rogan_gladen({.rate = 0.5, .items = items}, good, 0.95));
    }
    for (const double confidence : {0.0, 1.0, -1.0, k_nan}) {
        CHECK_FALSE(rogan_gladen(half, good, confidence));
    }
    CHECK_FALSE(rogan_gladen(half, {{0, 0}, {90, 100}}, 0.95));
    CHECK_FALSE(rogan_gladen(half, {{90, 100}, {0, 0}}, 0.95));
    CHECK_FALSE(rogan_gladen(half, {{101, 100}, {90, 100}}, 0.95));
    CHECK_FALSE(rogan_gladen(half, {{90, 100}, {101, 100}}, 0.95));
}

TEST_CASE("corrected: a rate and its interval are within range whatever was counted") {
    const std::uint64_t seed = test::seed_of_test();
    CAPTURE(seed);
    Rng random(seed);
    int given = 0;
    for (int round = 0; round < 20'000; ++round) {
        const auto proportion = [&] {
            const std::uint64_t trials = 1 + random_below(random, 60);
            return Proportion{random_below(random, static_cast<std::uint32_t>(trials) + 1), trials};
        };
        const Proportion apparent = proportion();
        const JudgeAccuracy judge{proportion(), proportion()};
        const double confidence = 0.5 + 0.499 * random.next_unit();
        const auto corrected = rogan_gladen(apparent_of(apparent), judge, confidence);
        if (!corrected) continue;
        ++given;
        CAPTURE(apparent.successes, apparent.trials, judge.sensitivity.successes,
                judge.sensitivity.trials, judge.specificity.successes, judge.specificity.trials,
                confidence);
        REQUIRE(corrected->interval.low >= 0);
        REQUIRE(corrected->interval.low <= corrected->mean);
        REQUIRE(corrected->mean <= corrected->interval.high);
        REQUIRE(corrected->interval.high <= 1);
    }
    CHECK(given > 2'000);
}

const Values k_labels = {3.1, 4.0, 2.2, 5.0, 4.4, 1.5, 3.3, 2.8, 4.9, 3.7};
const Values k_judged = {3.4, 4.2, 2.9, 4.8, 4.6, 2.0, 3.0, 3.3, 4.7, 4.1};
const Values k_unlabelled = {2.5, 3.8, 4.4, 4.9, 3.3, 2.7, 3.9, 4.6, 1.9, 3.1,
                             4.0, 3.6, 2.8, 4.2, 3.5, 4.8, 3.0, 2.2, 4.1, 3.7};
const LabelledSample k_sample{.labels = k_labels, .judged = k_judged, .unlabelled = k_unlabelled};

struct PoweredCase {
    std::optional<double> lambda;
    double chosen;
    MeanEstimate estimate;
    Interval at_95;
    Interval at_80;
};

TEST_CASE("corrected: a prediction-powered mean agrees with an independent computation") {
    // NumPy 1.24.2 and SciPy 1.10.1: lambda = cov(y, f) / ((1 + n / N) var(all f)), the mean
    // lambda * mean(u) + mean(y - lambda * f), the variance lambda^2 var(u) / N +
    // var(y - lambda * f) / n, Welch's degrees of freedom.
    const std::vector<PoweredCase> cases = {
        {std::nullopt,
         0.907765830346,
         {3.353835125448, 0.213144123851, 27.960868100274},
         {2.917201649900, 3.790468600996},
         {3.074068290854, 3.633601960042}},
        {1.0,
         1.0,
         {3.340000000000, 0.219323787986, 27.218723399296},
         {2.890153904649, 3.789846095351},
         {3.051931781961, 3.628068218039}},
        {0.5,
         0.5,
         {3.415000000000, 0.241846273246, 12.427612158123},
         {2.890066126332, 3.939933873668},
         {3.087659512015, 3.742340487985}},
    };
    for (const PoweredCase& one : cases) {
        CAPTURE(one.chosen);
        const auto mean = prediction_powered_mean(k_sample, one.lambda);
        REQUIRE(mean);
        CHECK(mean->lambda == Approx(one.chosen).margin(1e-11));
        CHECK(mean->estimate.mean == Approx(one.estimate.mean).margin(1e-11));
        CHECK(mean->estimate.standard_error == Approx(one.estimate.standard_error).margin(1e-11));
        CHECK(mean->estimate.degrees == Approx(one.estimate.degrees).epsilon(1e-11));
        const auto at_95 = corrected_mean(*mean, 0.95);
        CHECK(at_95->interval.low == Approx(one.at_95.low).margin(1e-10));
        CHECK(at_95->interval.high == Approx(one.at_95.high).margin(1e-10));
        CHECK_FALSE(at_95->clamped);
        const auto at_80 = corrected_mean(*mean, 0.8);
        CHECK(at_80->interval.low == Approx(one.at_80.low).margin(1e-10));
        CHECK(at_80->interval.high == Approx(one.at_80.high).margin(1e-10));
    }
}

TEST_CASE("corrected: lambda 0 and a sample without others are the mean of the labels") {
    const MeanEstimate plain = estimate_mean(k_labels).value();
    const Values one = {3.0};
    const Values equal(20, 3.0);
    const std::vector<PredictionPoweredMean> means = {
        prediction_powered_mean(k_sample, 0.0).value(),
        prediction_powered_mean({.labels = k_labels, .judged = k_judged, .unlabelled = {}}).value(),
        prediction_powered_mean({.labels = k_labels, .judged = k_judged, .unlabelled = one})
            .value(),
        // A judge that says the same of everything has nothing to add.
        prediction_powered_mean({.labels = k_labels,
                                 .judged = std::span(equal).first(k_labels.size()),
                                 .unlabelled = equal})
            .value(),
    };
    for (const PredictionPoweredMean& mean : means) {
        CHECK(mean.lambda == 0);
        CHECK(mean.estimate.mean == plain.mean);
        CHECK(mean.estimate.standard_error == plain.standard_error);
        CHECK(mean.estimate.degrees == plain.degrees);
    }
}

TEST_CASE("corrected: a judge that goes against people is not listened to") {
    Values against;
    for (const double label : k_labels) against.push_back(6 - label);
    const auto mean = prediction_powered_mean(
        {.labels = k_labels, .judged = against, .unlabelled = k_unlabelled});
    REQUIRE(mean);
    CHECK(mean->lambda == 0);
}

TEST_CASE("corrected: a constant error of the judge is taken out") {
    Values too_high;
    Values others;
    for (const double value : k_labels) too_high.push_back(value + 10);
    for (const double value : k_unlabelled) others.push_back(value + 10);
    const auto mean = prediction_powered_mean(
        {.labels = k_labels, .judged = too_high, .unlabelled = others}, 1.0);
    REQUIRE(mean);
    CHECK(mean->estimate.mean == Approx(estimate_mean(k_unlabelled)->mean).margin(1e-12));
}

TEST_CASE("corrected: a mean outside of what is possible is moved to its edge and says so") {
    const Values labels = {1, 1, 1, 0, 1};
    const Values judged = {1, 1, 0, 0, 1};
    const Values others = {1, 1, 1, 1, 1, 1, 1, 1, 0};
    const auto mean =
        prediction_powered_mean({.labels = labels, .judged = judged, .unlabelled = others}, 1.0);
    REQUIRE(mean);
    CHECK(mean->estimate.mean > 1);
    const auto rate = corrected_mean(*mean, 0.95, Interval{.low = 0, .high = 1});
    REQUIRE(rate);
    CHECK(rate->clamped);
    CHECK(rate->mean == 1);
    CHECK(rate->interval.high == 1);
    CHECK(rate->interval.low > 0);
    const auto impossible = corrected_mean(*mean, 0.95, Interval{.low = 5, .high = 6});
    REQUIRE_FALSE(impossible);
    CHECK(impossible.error().code == ErrorCode::invalid_argument);
}

TEST_CASE("corrected: prediction-powered means refuse input that is none") {
    const auto refuses = [](const Values& labels, const Values& judged, const Values& others,
                            std::optional<double> lambda = {}) {
        const auto mean = prediction_powered_mean(
            {.labels = labels, .judged = judged, .unlabelled = others}, lambda);
        return !mean && mean.error().code == ErrorCode::invalid_argument;
    };
    CHECK(refuses({}, {}, {1, 2}));
    CHECK(refuses({1}, {1}, {1, 2}));
    CHECK(refuses({1, 2}, {1}, {1, 2}));
    CHECK(refuses({1, k_nan}, {1, 2}, {1, 2}));
    CHECK(refuses({1, 2}, {1, k_infinity}, {1, 2}));
    CHECK(refuses({1, 2}, {1, 2}, {1, k_nan}));
    CHECK(refuses({1, 2}, {1, 2}, {1, 2}, -0.1));
    CHECK(refuses({1, 2}, {1, 2}, {1, 2}, 1.1));
    CHECK(refuses({1, 2}, {1, 2}, {1, 2}, k_nan));
    CHECK(refuses({1, 1}, {1, 1}, {1, 1}));  // nothing varies
    CHECK(refuses({-1e308, 1e308}, {-1e308, 1e308}, {1, 2}));
    CHECK_FALSE(corrected_mean(prediction_powered_mean(k_sample).value(), 1.0));
}

/// What a judge says of an item: true of true ones 95 times in 100, of false ones 10 times.
bool judged_true(Rng& random, bool is_true) { return random.next_unit() < (is_true ? 0.95 : 0.1); }

TEST_CASE("corrected: a rate is held as often as its interval says while the raw one is not") {
    const std::uint64_t seed = test::seed_of_test();
    CAPTURE(seed);
    Rng random(seed);
    constexpr double k_rate = 0.35;
    constexpr int k_rounds = 2'000;
    int held = 0;
    int raw_held = 0;
    for (int round = 0; round < k_rounds; ++round) {
        JudgeAccuracy judge{{0, 80}, {0, 120}};
        for (int i = 0; i < 80; ++i) judge.sensitivity.successes += judged_true(random, true);
        for (int i = 0; i < 120; ++i) judge.specificity.successes += !judged_true(random, false);
        Proportion apparent{0, 1319};
        for (int i = 0; i < 1319; ++i) {
            apparent.successes += judged_true(random, random.next_unit() < k_rate);
        }
        const auto corrected = rogan_gladen(apparent_of(apparent), judge, 0.95);
        REQUIRE(corrected);
        held += test::holds(corrected->interval, k_rate) ? 1 : 0;
        raw_held += test::holds(wilson(apparent, 0.95).value(), k_rate) ? 1 : 0;
    }
    // Five standard errors under 95 %.
    CHECK(held >= 1'850);
    CHECK(raw_held < 200);
}

}  // namespace
}  // namespace assay
