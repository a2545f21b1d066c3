#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "core/stats/bootstrap.hpp"
#include "core/stats/random.hpp"

// How long the bootstrap of 10 scores of 100,000 items takes with 10,000 resamples, on one
// processor and on all:
//
//   bootstrap_bench

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t k_items = 100'000;
constexpr std::size_t k_columns = 10;

/// Columns of one kind of value, and which items have one.
struct Table {
    const char* name;
    std::vector<std::vector<double>> values;
    std::vector<std::vector<std::uint8_t>> present;

    Table(const char* title, double (*draw)(Rng&), bool gaps) : name(title), present(k_columns) {
        Rng random(1);
        values.assign(k_columns, std::vector<double>(k_items));
        for (auto& column : values) {
            for (double& value : column) value = draw(random);
        }
        for (auto& column : present) {
            for (std::size_t i = 0; gaps && i < k_items; ++i) {
                column.push_back(random.next_below(10) == 0 ? 0 : 1);
            }
        }
    }
    [[nodiscard]] std::vector<BootstrapColumn> columns() const {
        std::vector<BootstrapColumn> columns;
        for (std::size_t i = 0; i < k_columns; ++i) columns.push_back({values[i], present[i]});
        return columns;
    }
};

void on_all_processors(std::size_t blocks, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
        threads.emplace_back([&] {
            for (std::size_t block = next++; block < blocks; block = next++) work(block);
        });
    }
}

double seconds(const Table& table, const Parallel& parallel) {
    const auto start = Clock::now();
    const auto means = bootstrap_means(table.columns(), {.parallel = parallel});
    ASSAY_ASSERT(means.has_value(), "the columns can be resampled");
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void run() {
    const std::vector<Table> tables = {
        {"differences of rates", [](Rng& random) { return double(random.next_below(3)) - 1; },
         false},
        {"grades from 0 to 100", [](Rng& random) { return double(random.next_below(101)); }, false},
        {"numbers", [](Rng& random) { return random.next_unit(); }, false},
        {"numbers, each with gaps of its own", [](Rng& random) { return random.next_unit(); },
         true},
    };
    fmt::print("{} items, {} scores, 10,000 resamples\n{:<36} one processor  all {}\n", k_items,
               k_columns, "", std::thread::hardware_concurrency());
    for (const Table& table : tables) {
        fmt::print("{:<36} {:>11.2f} s {:>5.2f} s\n", table.name, seconds(table, serial),
                   seconds(table, on_all_processors));
    }
}

}  // namespace
}  // namespace assay

int main() {
    assay::run();
    return 0;
}
