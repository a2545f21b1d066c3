#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/run.hpp"
#include "runner/report/report.hpp"

namespace assay {

/// How the values of each score are distributed, for plots: counts by value, or by bin where a
/// NUMERIC score has many values. Sees all units twice, first to learn which values there are, and
/// keeps none of them.
class Distributions {
  public:
    explicit Distributions(const Report& report);

    void look(const UnitResult& unit);
    /// Ends the looking. Call once, before count().
    void settle();
    void count(const UnitResult& unit);

    /// [{"score", "data_type", "categories" or "edges", "variants": [{"variant", "counts"}]}],
    /// where n bins have n + 1 edges; each bin but the last ends before its upper edge. Scores
    /// without values are left out.
    [[nodiscard]] OrderedJson to_json() const;

  private:
    struct Distribution {
        /// Nothing for a value that was not there when the bars were made: a run that is still
        /// going on may bring one.
        [[nodiscard]] std::optional<std::size_t> bar_of(double value) const;

        std::string score;
        ScoreDataType data_type = ScoreDataType::numeric;
        std::set<double> values;  ///< of a NUMERIC score, until there are too many
        double low = 0;
        double high = 0;
        std::vector<std::string> names;                  ///< one bar each, or
        std::vector<double> edges;                       ///< the bins
        std::vector<std::vector<std::uint64_t>> counts;  ///< by variant
    };

    [[nodiscard]] Distribution* find(const Score& score);
    void add_categories(const Report& report, Distribution& distribution) const;

    std::vector<std::string> variants_;
    std::vector<Distribution> distributions_;
};

}  // namespace assay
