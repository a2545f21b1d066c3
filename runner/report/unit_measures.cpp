#include "runner/report/unit_measures.hpp"

#include <algorithm>
#include <string_view>

#include "runner/report/bins.hpp"
#include "runner/report/write_formats.hpp"

namespace assay {
namespace {

constexpr std::size_t k_bins = 24;
/// Beyond this the smaller of the values would all be in the first of equal bins.
constexpr double k_ratio_max = 30;

/// Whose times count: the same units as in LatencySummary.
bool answered_now(const UnitResult& unit) {
    const bool answered = unit.status == UnitStatus::scored || unit.status == UnitStatus::unscored;
    return answered && unit.cached == 0;
}

std::optional<double> latency_of(const UnitResult& unit) {
    return answered_now(unit) ? measured_latency_ms(unit) : std::nullopt;
}

std::optional<double> first_token_of(const UnitResult& unit) {
    if (!answered_now(unit) || !unit.time_to_first_token) return std::nullopt;
    return to_ms(*unit.time_to_first_token);
}

std::optional<double> cost_of(const UnitResult& unit) {
    return unit.cost ? std::optional(to_usd(*unit.cost)) : std::nullopt;
}

bool has_unknown_price(const UnitResult& unit) {
    return !unit.cost && unit.calls + unit.cached > 0;
}

}  // namespace

UnitMeasures::UnitMeasures(const Report& report) {
    for (const VariantSummary& variant : report.variants) variants_.push_back(variant.name);
    measures_ = {{.name = "latency_ms", .value_of = &latency_of, .edges = {}, .variants = {}},
                 {.name = "time_to_first_token_ms",
                  .value_of = &first_token_of,
                  .edges = {},
                  .variants = {}},
                 {.name = "cost_usd", .value_of = &cost_of, .edges = {}, .variants = {}}};
}

void UnitMeasures::look(const UnitResult& unit) {
    for (Measure& measure : measures_) {
        const std::optional<double> value = measure.value_of(unit);
        if (!value) continue;
        measure.low = measure.is_seen ? std::min(measure.low, *value) : *value;
        measure.high = measure.is_seen ? std::max(measure.high, *value) : *value;
        measure.is_seen = true;
    }
}

bool UnitMeasures::is_logarithmic(const Measure& measure) {
    return measure.low > 0 && measure.high > k_ratio_max * measure.low;
}

void UnitMeasures::settle() {
    for (Measure& measure : measures_) {
        if (measure.high <= 0) continue;
        // Equal bins begin at 0, so that the length of a time or a price can be seen.
        measure.edges = is_logarithmic(measure) ? ratio_edges(measure.low, measure.high, k_bins)
                                                : equal_edges(0, measure.high, k_bins);
        measure.variants.assign(variants_.size(),
                                {.counts = std::vector<std::uint64_t>(k_bins), .sum = 0});
    }
}

void UnitMeasures::count(const UnitResult& unit) {
    const auto variant =
        static_cast<std::size_t>(std::ranges::find(variants_, unit.variant) - variants_.begin());
    for (Measure& measure : measures_) {
        if (measure.edges.empty()) continue;
        OfVariant& of_variant = measure.variants.at(variant);
        const std::optional<double> value = measure.value_of(unit);
        if (!value) {
            if (measure.value_of == &cost_of && has_unknown_price(unit)) ++of_variant.unknown;
            continue;
        }
        // A run that is still going on may bring a value that was not there before.
        if (*value < measure.edges.front() || *value > measure.edges.back()) continue;
        ++of_variant.counts[bin_of(measure.edges, *value)];
        of_variant.sum += *value;
        ++of_variant.values;
    }
}

OrderedJson UnitMeasures::to_json() const {
    OrderedJson array = OrderedJson::array();
    for (const Measure& measure : measures_) {
        if (measure.edges.empty()) continue;
        OrderedJson json = {{"measure", measure.name},
                            {"scale", is_logarithmic(measure) ? "log" : "linear"},
                            {"edges", measure.edges},
                            {"variants", OrderedJson::array()}};
        for (std::size_t i = 0; i < variants_.size(); ++i) {
            const auto& [counts, sum, values, unknown] = measure.variants[i];
            const OrderedJson mean =
                values > 0 ? OrderedJson(sum / static_cast<double>(values)) : OrderedJson(nullptr);
            json["variants"].push_back({{"variant", variants_[i]},
                                        {"counts", counts},
                                        {"mean", mean},
                                        {"unknown", unknown}});
        }
        array.push_back(std::move(json));
    }
    return array;
}

}  // namespace assay
