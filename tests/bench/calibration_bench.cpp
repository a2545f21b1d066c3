#include <fmt/format.h>

#include <array>
#include <cmath>
#include <vector>

#include "core/stats/agreement.hpp"
#include "core/stats/corrected.hpp"
#include "core/stats/random.hpp"
#include "tests/support/coverage.hpp"

// What corrections by a judge's calibration hold, and how many labels they take, as the tables of
// docs/statistics.md and docs/calibration.md:
//
//   calibration_bench coverage | labels
//
// Takes a minute; the figures are the same on every machine.

namespace assay {
namespace {

constexpr double k_confidence = 0.95;
constexpr std::uint64_t k_seed = 1;
constexpr int k_rounds = 10'000;

void print(const std::string& line) { fmt::print("{}\n", line); }

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

struct Judge {
    double sensitivity;
    double specificity;
};

/// Counts of items that are true and false, each with what the judge calls true.
struct Counts {
    std::uint64_t true_items = 0;
    std::uint64_t false_items = 0;
    std::uint64_t true_called_true = 0;
    std::uint64_t false_called_true = 0;

    [[nodiscard]] std::uint64_t called_true() const { return true_called_true + false_called_true; }
    [[nodiscard]] JudgeAccuracy accuracy() const {
        return {{true_called_true, true_items}, {false_items - false_called_true, false_items}};
    }
};

Counts draw(Rng& random, std::uint64_t items, double rate, const Judge& judge) {
    Counts counts;
    counts.true_items = random_binomial(random, items, rate);
    counts.false_items = items - counts.true_items;
    counts.true_called_true = random_binomial(random, counts.true_items, judge.sensitivity);
    counts.false_called_true = random_binomial(random, counts.false_items, 1 - judge.specificity);
    return counts;
}

struct Held {
    int rounds = 0;
    int refused = 0;  ///< the judge cannot tell, or no label of one kind
    int held = 0;
    int raw_held = 0;
    double width = 0;

    [[nodiscard]] double share() const { return share_of(held); }
    [[nodiscard]] double raw_share() const {
        return static_cast<double>(raw_held) / std::max(1, rounds);
    }
    [[nodiscard]] double mean_width() const { return width / std::max(1, rounds - refused); }

  private:
    [[nodiscard]] double share_of(int count) const {
        return static_cast<double>(count) / std::max(1, rounds - refused);
    }
};

/// @param within  the labelled items are some of those that the rate is of.
Held rate_coverage(double rate, const Judge& judge, std::uint64_t labels, std::uint64_t items,
                   bool within) {
    Held result;
    for (int round = 0; round < k_rounds; ++round) {
        Rng random = random_stream(k_seed, static_cast<std::uint64_t>(round));
        const Counts labelled = draw(random, labels, rate, judge);
        const Counts others = draw(random, within ? items - labels : items, rate, judge);
        const Proportion apparent{others.called_true() + (within ? labelled.called_true() : 0),
                                  items};
        ++result.rounds;
        result.raw_held += test::holds(wilson(apparent, k_confidence).value(), rate) ? 1 : 0;
        const auto corrected = rogan_gladen(
            {.rate = static_cast<double>(apparent.successes) / static_cast<double>(apparent.trials),
             .items = static_cast<double>(items)},
            labelled.accuracy(), k_confidence);
        if (!corrected) {
            ++result.refused;
            continue;
        }
        result.held += test::holds(corrected->interval, rate) ? 1 : 0;
        result.width += corrected->interval.high - corrected->interval.low;
    }
    return result;
}

constexpr std::array k_judges = {Judge{0.95, 0.9}, Judge{0.8, 0.8}, Judge{0.7, 0.95}};

void print_rates() {
    print(
        "Rogan–Gladen with Lang and Reiczigel's interval, 1,000 judged items, 10,000 samples "
        "each:");
    print("the labels are of other items, of some of the same ones, and what the judge's own rate");
    print("(Wilson) holds. \"Refused\": the labels do not show that the judge can tell.\n");
    print(
        "| true rate | sensitivity, specificity | labels | other items | the same items | raw | "
        "refused |");
    print("|---|---|---|---|---|---|---|");
    for (const double rate : {0.1, 0.5, 0.9}) {
        for (const Judge& judge : k_judges) {
            for (const std::uint64_t labels : {50U, 100U, 200U, 500U}) {
                const Held other = rate_coverage(rate, judge, labels, 1'000, false);
                const Held same = rate_coverage(rate, judge, labels, 1'000, true);
                print(fmt::format("| {} | {}, {} | {} | {} | {} | {} | {} |", rate,
                                  judge.sensitivity, judge.specificity, labels,
                                  percent(other.share()), percent(same.share()),
                                  percent(other.raw_share()),
                                  percent(static_cast<double>(other.refused) / k_rounds)));
            }
        }
    }
    print("");
}

/// People's value of an item and the judge's, which goes with it and errs to one side.
struct Pair {
    double label;
    double judged;
};

Pair draw_pair(Rng& random, double correlation, bool skewed) {
    const double label = test::random_normal(random);
    const double noise = test::random_normal(random);
    const double judged = correlation * label + std::sqrt(1 - correlation * correlation) * noise;
    return skewed ? Pair{std::exp(label), std::exp(judged) + 0.5} : Pair{label, judged + 0.5};
}

struct MeanHeld {
    double held = 0;
    double raw_held = 0;
    double width = 0;         ///< of the corrected interval
    double labels_width = 0;  ///< of that of the labels alone
};

MeanHeld mean_coverage(double correlation, bool skewed, std::size_t labels, std::size_t items) {
    const double truth = skewed ? std::exp(0.5) : 0;
    MeanHeld result;
    for (int round = 0; round < k_rounds; ++round) {
        Rng random = random_stream(k_seed, static_cast<std::uint64_t>(round));
        std::vector<double> of_people;
        std::vector<double> judged;
        std::vector<double> all;
        std::vector<double> others;
        for (std::size_t i = 0; i < items; ++i) {
            const auto [label, said] = draw_pair(random, correlation, skewed);
            all.push_back(said);
            if (i < labels) {
                of_people.push_back(label);
                judged.push_back(said);
            } else {
                others.push_back(said);
            }
        }
        const auto mean =
            prediction_powered_mean({.labels = of_people, .judged = judged, .unlabelled = others});
        const Interval interval = corrected_mean(mean.value(), k_confidence)->interval;
        const Interval alone = student_t_interval(of_people, k_confidence).value();
        result.held += test::holds(interval, truth) ? 1 : 0;
        result.raw_held +=
            test::holds(student_t_interval(all, k_confidence).value(), truth) ? 1 : 0;
        result.width += interval.high - interval.low;
        result.labels_width += alone.high - alone.low;
    }
    for (double* const sum :
         {&result.held, &result.raw_held, &result.width, &result.labels_width}) {
        *sum /= k_rounds;
    }
    return result;
}

void print_means() {
    print(
        "Prediction-powered means of 1,000 judged items of which some are labelled, lambda tuned,");
    print(
        "10,000 samples each. The judge's values correlate with people's and lie half a standard");
    print(
        "deviation too high. \"Width\" is that of the interval as a share of what the labels "
        "alone");
    print("give.\n");
    print("| values | correlation | labels | held | raw | width |");
    print("|---|---|---|---|---|---|");
    for (const bool skewed : {false, true}) {
        for (const double correlation : {0.5, 0.9}) {
            for (const std::size_t labels : {20U, 50U, 100U, 200U}) {
                const MeanHeld held = mean_coverage(correlation, skewed, labels, 1'000);
                print(fmt::format("| {} | {} | {} | {} | {} | {} |",
                                  skewed ? "lognormal, σ = 1" : "normal", correlation, labels,
                                  percent(held.held), percent(held.raw_held),
                                  percent(held.width / held.labels_width)));
            }
        }
    }
}

/// Half the width of the interval of kappa, and how often its lower bound reaches 0.6, with half of
/// the labels true.
struct KappaPower {
    double half_width = 0;
    double reached = 0;
};

KappaPower kappa_power(double kappa, std::uint64_t labels) {
    constexpr int k_kappa_rounds = 1'000;
    // With shares of one half on both sides the agreement is (1 + kappa) / 2.
    const Judge judge{(1 + kappa) / 2, (1 + kappa) / 2};
    KappaPower power;
    for (int round = 0; round < k_kappa_rounds; ++round) {
        Rng random = random_stream(k_seed, static_cast<std::uint64_t>(round));
        const Counts counts = draw(random, labels, 0.5, judge);
        const ConfusionMatrix matrix{
            .labels = {"false", "true"},
            .counts = {{counts.false_items - counts.false_called_true, counts.false_called_true},
                       {counts.true_items - counts.true_called_true, counts.true_called_true}}};
        const auto estimate =
            estimate_matrix(matrix, [](const auto& drawn) { return cohen_kappa(drawn); },
                            {.confidence = k_confidence, .resamples = 500, .seed = random.next()});
        if (!estimate || !estimate->interval) continue;
        power.half_width += (estimate->interval->high - estimate->interval->low) / 2;
        power.reached += estimate->interval->low >= 0.6 ? 1 : 0;
    }
    power.half_width /= k_kappa_rounds;
    power.reached /= k_kappa_rounds;
    return power;
}

void print_labels() {
    print("Half the width of 95 % intervals, half of the labels true:\n");
    print(
        "| labels | sensitivity or specificity of 0.9 | kappa of 0.7 | kappa of 0.8 | corrected "
        "rate "
        "of 0.5, judge right 9 times in 10 | the same, 8 times in 10 |");
    print("|---|---|---|---|---|---|");
    for (const std::uint64_t labels : {25U, 50U, 100U, 200U, 400U, 800U}) {
        const std::uint64_t half = labels / 2;
        const Interval of_rate = wilson({half * 9 / 10, half}, k_confidence).value();
        const double good = rate_coverage(0.5, {0.9, 0.9}, labels, 1'000, false).mean_width() / 2;
        const double fair = rate_coverage(0.5, {0.8, 0.8}, labels, 1'000, false).mean_width() / 2;
        print(fmt::format("| {} | ± {:.3f} | ± {:.2f} | ± {:.2f} | ± {:.3f} | ± {:.3f} |", labels,
                          (of_rate.high - of_rate.low) / 2, kappa_power(0.7, labels).half_width,
                          kappa_power(0.8, labels).half_width, good, fair));
    }
    print(
        "\nHow often the lower bound of kappa reaches 0.6, which `kappa: 0.6, lower_bound: true`");
    print("asks for. Of a judge whose kappa is 0.6 it should in one of 40:\n");
    print("| labels | true kappa 0.6 | 0.65 | 0.7 | 0.75 | 0.8 | 0.85 | 0.9 |");
    print("|---|---|---|---|---|---|---|---|");
    for (const std::uint64_t labels : {50U, 100U, 200U, 400U, 800U}) {
        std::string row = fmt::format("| {} |", labels);
        for (const double kappa : {0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9}) {
            row += fmt::format(" {:.0f} % |", 100 * kappa_power(kappa, labels).reached);
        }
        print(row);
    }
}

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "coverage") {
        assay::print_rates();
        assay::print_means();
        return 0;
    }
    if (what == "labels") {
        assay::print_labels();
        return 0;
    }
    fmt::print(stderr, "calibration_bench coverage | labels\n");
    return 2;
}
