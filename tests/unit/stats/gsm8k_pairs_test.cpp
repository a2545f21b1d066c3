#include <fmt/format.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/files.hpp"
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/stats/multiplicity.hpp"
#include "core/stats/paired.hpp"

namespace assay {
namespace {

constexpr std::array<const char*, 4> k_systems = {"6b_finetuning", "6b_verification",
                                                  "175b_finetuning", "175b_verification"};

/// The published verdicts on four systems' solutions to the 1,319 test questions of GSM8K. The data
/// is not part of the repository.
std::filesystem::path solutions_file() {
    const char* const shared = std::getenv("ASSAY_SHARED");
    const std::filesystem::path folder =
        shared != nullptr ? std::filesystem::path(shared)
                          : std::filesystem::path(ASSAY_SOURCE_DIR) / ".." / "shared";
    return folder / "data" / "gsm8k" / "example_model_solutions.jsonl";
}

using Scores = std::array<std::vector<double>, k_systems.size()>;

Scores read_scores() {
    Scores scores;
    auto reader = LineReader::open(solutions_file(), limits::k_dataset_row_bytes_max);
    REQUIRE(reader.has_value());
    while (true) {
        const auto line = reader->next();
        REQUIRE(line.has_value());
        if (!line->has_value()) return scores;
        const Json row = parse_json((*line)->text).value();
        for (std::size_t i = 0; i < k_systems.size(); ++i) {
            scores[i].push_back(row.at(k_systems[i]).at("is_correct").get<bool>() ? 1 : 0);
        }
    }
}

struct Comparison {
    std::size_t a;
    std::size_t b;
    PairCounts counts;
};

std::vector<Comparison> all_pairs(const Scores& scores) {
    std::vector<Comparison> comparisons;
    for (std::size_t a = 0; a < k_systems.size(); ++a) {
        for (std::size_t b = a + 1; b < k_systems.size(); ++b)
            comparisons.push_back({a, b, count_pairs(scores[a], scores[b]).value()});
    }
    return comparisons;
}

/// One row of the table of docs/statistics.md; gsm8k_pairs_test.py computes it by another path.
std::string row_of(const Comparison& comparison, double p, double adjusted) {
    const auto& [a, b, counts] = comparison;
    const Interval interval = tango(counts, 0.95).value();
    const double difference =
        (static_cast<double>(counts.b_better) - static_cast<double>(counts.a_better)) /
        static_cast<double>(counts.pairs);
    return fmt::format("| {} | {} | {} | {} | {:+.3f} | {:+.3f} to {:+.3f} | {:.3e} | {:.3e} |",
                       k_systems[a], k_systems[b], counts.b_better, counts.a_better,
                       100 * difference, 100 * interval.low, 100 * interval.high, p, adjusted);
}

TEST_CASE("gsm8k: the six comparisons of four systems are those of the documentation", "[gsm8k]") {
    if (!std::filesystem::exists(solutions_file())) {
        WARN("skipped: no " << solutions_file() << " (set ASSAY_SHARED to the folder with data/)");
        SUCCEED();
        return;
    }
    const std::vector<Comparison> comparisons = all_pairs(read_scores());
    std::vector<double> p_values;
    for (const Comparison& comparison : comparisons) {
        CHECK(comparison.counts.pairs == 1319);
        p_values.push_back(mcnemar(comparison.counts).value());
    }
    const std::vector<double> adjusted = holm(p_values).value();
    const std::string page =
        read_file(std::filesystem::path(ASSAY_SOURCE_DIR) / "docs" / "statistics.md",
                  limits::k_dataset_row_bytes_max)
            .value();
    for (std::size_t i = 0; i < comparisons.size(); ++i) {
        const std::string row = row_of(comparisons[i], p_values[i], adjusted[i]);
        INFO(row);
        CHECK(page.find(row + '\n') != std::string::npos);
    }
}

}  // namespace
}  // namespace assay
