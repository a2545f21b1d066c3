#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/unit.hpp"
#include "runner/report/report.hpp"

namespace assay {

/// How the time and the cost of the units are distributed, for plots: counts by bin. Sees all units
/// twice, first to learn between what they lie, and keeps none of them.
class UnitMeasures {
  public:
    explicit UnitMeasures(const Report& report);

    void look(const UnitResult& unit);
    /// Ends the looking. Call once, before count().
    void settle();
    void count(const UnitResult& unit);

    /// [{"measure": "latency_ms", "time_to_first_token_ms" or "cost_usd", "scale": "linear" or
    /// "log", "edges", "variants": [{"variant", "counts", "mean", "unknown"}]}]. What no unit has,
    /// or costs nothing, is left out; `unknown` are answers without a price.
    [[nodiscard]] OrderedJson to_json() const;

  private:
    struct OfVariant {
        std::vector<std::uint64_t> counts;
        double sum = 0;
        std::uint64_t values = 0;
        std::uint64_t unknown = 0;
    };
    struct Measure {
        const char* name = "";
        std::optional<double> (*value_of)(const UnitResult&) = nullptr;
        double low = 0;
        double high = 0;
        bool is_seen = false;
        std::vector<double> edges;  ///< empty: not to be shown
        std::vector<OfVariant> variants;
    };

    [[nodiscard]] static bool is_logarithmic(const Measure& measure);

    std::vector<std::string> variants_;
    std::vector<Measure> measures_;
};

}  // namespace assay
