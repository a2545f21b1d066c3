#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "core/base/random.hpp"
#include "runner/report/comparison.hpp"

// How long comparing two runs of 100,000 items with 10 scores takes once their units are read, with
// 10,000 bootstrap resamples for every score that is no rate:
//
//   compare_bench

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t k_items = 100'000;
constexpr std::size_t k_scores = 10;

double uniform(Rng& random) { return static_cast<double>(random.next() >> 11U) * 0x1p-53; }

/// @param rates  how many of the scores are right or wrong; the others are any numbers.
ScoreTable table_of(std::size_t rates, std::uint64_t seed) {
    Rng random(seed);
    ScoreTable table;
    table.variant = "default";
    for (std::size_t i = 0; i < k_items; ++i) {
        table.items.emplace_back(fmt::format("item-{}", i));
        table.contents.push_back(i + 1);
        table.broken.push_back(0);
    }
    for (std::size_t s = 0; s < k_scores; ++s) {
        ScoreSeries series;
        series.name = fmt::format("score-{}", s);
        series.data_type = s < rates ? ScoreDataType::boolean : ScoreDataType::numeric;
        series.counts.assign(k_items, 1);
        for (std::size_t i = 0; i < k_items; ++i) {
            const double value = uniform(random);
            series.means.push_back(s < rates ? std::floor(value + 0.7) : value);
        }
        table.scores.push_back(std::move(series));
    }
    return table;
}

void measure(const char* name, std::size_t rates, IntervalMethod method) {
    const ScoreTable a = table_of(rates, 1);
    const ScoreTable b = table_of(rates, 2);
    const auto start = Clock::now();
    const std::vector<Comparison> comparisons =
        compare_tables(a, b, {.a = "a", .b = "b", .method = method});
    const std::chrono::duration<double> took = Clock::now() - start;
    const bool whole = comparisons.size() == k_scores && comparisons.back().interval.has_value();
    fmt::print("{:<44} {:6.2f} s{}\n", name, took.count(), whole ? "" : "  (incomplete)");
}

}  // namespace
}  // namespace assay

int main() {
    using namespace assay;
    measure("10 numbers, bootstrap (--method bca)", 0, IntervalMethod::bca);
    measure("10 rates, bootstrap (--method bca)", 10, IntervalMethod::bca);
    measure("5 rates and 5 numbers, automatic", 5, IntervalMethod::automatic);
}
