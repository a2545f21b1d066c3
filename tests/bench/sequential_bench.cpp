#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>
#include <vector>

#include "core/stats/interval.hpp"
#include "core/stats/power.hpp"
#include "core/stats/random.hpp"
#include "core/stats/sequential.hpp"

// How often a run is stopped wrongly, and how early where there is something to find, as the
// tables of docs/statistics.md; the time that 10,000 values take goes to stderr:
//
//   sequential_bench

namespace assay {
namespace {

constexpr double k_confidence = 0.95;
constexpr std::size_t k_null_runs = 10'000;
constexpr std::size_t k_runs = 2'000;
constexpr std::uint64_t k_items_max = 5'000;

void print(const std::string& line) { fmt::print("{}\n", line); }

double share(std::size_t part, std::size_t whole) {
    return 100 * static_cast<double>(part) / static_cast<double>(whole);
}

BettingSequence started() { return BettingSequence::start(k_confidence).value(); }

bool decides(const Interval& interval, double threshold) {
    return interval.low >= threshold || interval.high <= threshold;
}

/// When a run of right and wrong answers whose rate is the threshold is stopped: the item, or
/// nothing at all.
struct Stops {
    std::uint64_t sequence = 0;
    std::uint64_t peeking = 0;  ///< looking at Wilson's interval after each of the items from 30
};

Stops null_run(Rng& random, double rate, std::uint64_t items) {
    BettingSequence sequence = started();
    Proportion seen;
    Stops stops;
    for (std::uint64_t item = 1; item <= items; ++item) {
        const bool right = random.next_unit() < rate;
        seen = {seen.successes + (right ? 1 : 0), item};
        if (stops.sequence == 0) {
            (void)sequence.add(right ? 1 : 0);  // 0 and 1 are values
            if (decides(sequence.interval(), rate)) stops.sequence = item;
        }
        if (stops.peeking == 0 && item >= 30) {
            if (decides(wilson(seen, k_confidence).value(), rate)) stops.peeking = item;
        }
    }
    return stops;
}

void print_null() {
    print(
        fmt::format("False stops: {} runs whose true rate is the threshold, looked at after every "
                    "item, at 95 %.\n",
                    k_null_runs));
    print("| rate | stopped within 100 items | 300 | 1,000 | Wilson after every item, 1,000 |");
    print("|---|---|---|---|---|");
    for (const double rate : {0.1, 0.5, 0.8, 0.95}) {
        std::size_t by_100 = 0;
        std::size_t by_300 = 0;
        std::size_t by_1000 = 0;
        std::size_t peeking = 0;
        for (std::size_t run = 0; run < k_null_runs; ++run) {
            Rng random = random_stream(static_cast<std::uint64_t>(100 * rate), run);
            const Stops stops = null_run(random, rate, 1'000);
            if (stops.sequence > 0) ++by_1000;
            if (stops.sequence > 0 && stops.sequence <= 300) ++by_300;
            if (stops.sequence > 0 && stops.sequence <= 100) ++by_100;
            if (stops.peeking > 0) ++peeking;
        }
        print(fmt::format("| {:.2f} | {:.2f} % | {:.2f} % | {:.2f} % | {:.1f} % |", rate,
                          share(by_100, k_null_runs), share(by_300, k_null_runs),
                          share(by_1000, k_null_runs), share(peeking, k_null_runs)));
    }
}

void print_difference(double threshold, double rate) {
    std::vector<std::uint64_t> items;
    std::size_t decided = 0;
    std::size_t wrong = 0;
    std::size_t by_fixed = 0;
    const OneRate design{threshold, rate > threshold ? Side::above : Side::below};
    const std::uint64_t fixed = *items_needed(design, std::abs(rate - threshold), {}).value();
    for (std::size_t run = 0; run < k_runs; ++run) {
        Rng random = random_stream(static_cast<std::uint64_t>(1'000 * rate), run);
        BettingSequence sequence = started();
        while (sequence.count() < k_items_max && !decides(sequence.interval(), threshold)) {
            (void)sequence.add(random.next_unit() < rate ? 1 : 0);  // 0 and 1 are values
        }
        items.push_back(sequence.count());
        const Interval interval = sequence.interval();
        if (!decides(interval, threshold)) continue;
        ++decided;
        if ((interval.low >= threshold) != (rate > threshold)) ++wrong;
        if (sequence.count() <= fixed) ++by_fixed;
    }
    std::ranges::sort(items);
    double mean = 0;
    for (const std::uint64_t count : items) mean += static_cast<double>(count) / k_runs;
    print(fmt::format("| {} | {} | {:.0f} | {} | {} | {:.1f} % | {:.2f} % | {} | {:.1f} % |",
                      threshold, rate, mean, items[k_runs / 2], items[k_runs * 9 / 10],
                      share(decided, k_runs), share(wrong, k_runs), fixed,
                      share(by_fixed, k_runs)));
}

void print_differences() {
    print(
        fmt::format("\nTrue differences, {} runs each, stopped at {} items at the latest. The "
                    "fixed design has so many items that Wilson's interval, looked at once, finds "
                    "the difference in 80 % of the runs.\n",
                    k_runs, k_items_max));
    print(
        "| threshold | true rate | items, mean | median | 9 of 10 runs within | decided | wrongly "
        "| fixed design | decided within its items |");
    print("|---|---|---|---|---|---|---|---|---|");
    print_difference(0.8, 0.95);
    print_difference(0.8, 0.9);
    print_difference(0.8, 0.85);
    print_difference(0.8, 0.75);
    print_difference(0.8, 0.7);
    print_difference(0.8, 0.6);
    print_difference(0.5, 0.6);
    print_difference(0.95, 0.99);
    print_difference(0.95, 0.9);
}

void time_values() {
    Rng random(1);
    BettingSequence sequence = started();
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < 10'000; ++i) (void)sequence.add(random.next_unit() < 0.8 ? 1 : 0);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    fmt::print(stderr, "10,000 values: {:.1f} ms\n", took.count());
}

}  // namespace
}  // namespace assay

int main() {
    assay::print_null();
    assay::print_differences();
    assay::time_values();
    return 0;
}
