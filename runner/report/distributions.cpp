#include "runner/report/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runner/report/bins.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr std::size_t k_bins = 20;
/// A score of at most so many different whole numbers (marks from 1 to 5) has a bar for each.
constexpr std::size_t k_single_values_max = 12;
constexpr std::size_t k_categories_max = 12;

bool are_marks(const std::set<double>& values) {
    const auto is_whole = [](double value) { return std::floor(value) == value; };
    return values.size() <= k_single_values_max && std::ranges::all_of(values, is_whole);
}

/// Equal bins from the least to the greatest value; all of 0 to 1 when the values lie in it, so
/// that plots of such scores compare at a glance.
std::vector<double> edges_between(double low, double high) {
    if (low >= 0 && high <= 1) {
        low = 0;
        high = 1;
    } else if (low == high) {
        constexpr double k_max = std::numeric_limits<double>::max();
        const double half = std::max(std::abs(low) / 4, 0.5);
        low = std::max(low - half, -k_max);
        high = std::min(high + half, k_max);
    }
    return equal_edges(low, high, k_bins);
}

}  // namespace

Distributions::Distributions(const Report& report) {
    for (const VariantSummary& variant : report.variants) variants_.push_back(variant.name);
    for (const std::string& name : score_names(report)) {
        for (const VariantSummary& variant : report.variants) {
            const ScoreSummary* score = find_score(variant, name);
            if (score == nullptr || score->count == 0 || !score->data_type) continue;
            Distribution& distribution = distributions_.emplace_back();
            distribution.score = name;
            distribution.data_type = *score->data_type;
            distribution.counts.resize(variants_.size());
            if (distribution.data_type == ScoreDataType::boolean) {
                distribution.names = {"true", "false"};
            } else if (distribution.data_type == ScoreDataType::categorical) {
                add_categories(report, distribution);
            }
            break;
        }
    }
}

/// The counts of categories are complete in the report.
void Distributions::add_categories(const Report& report, Distribution& distribution) const {
    std::vector<std::string> names = categories_of(report, distribution.score);
    const bool too_many = names.size() > k_categories_max;
    if (too_many) names.resize(k_categories_max - 1);
    for (std::size_t i = 0; i < variants_.size(); ++i) {
        const ScoreSummary* score = find_score(report.variants[i], distribution.score);
        std::uint64_t left = score == nullptr ? 0 : score->count;
        for (const std::string& name : names) {
            const bool has = score != nullptr && score->categories.contains(name);
            const std::uint64_t count = has ? score->categories.at(name) : 0;
            distribution.counts[i].push_back(count);
            left -= count;
        }
        if (too_many) distribution.counts[i].push_back(left);
    }
    if (too_many) names.emplace_back("all others");
    distribution.names = std::move(names);
}

/// The one that a score is counted in here; nullptr for categories, which the report has counted.
Distributions::Distribution* Distributions::find(const Score& score) {
    if (data_type_of(score.value) == ScoreDataType::categorical) return nullptr;
    for (Distribution& distribution : distributions_) {
        if (distribution.score != score.name) continue;
        return distribution.data_type == ScoreDataType::categorical ? nullptr : &distribution;
    }
    return nullptr;
}

void Distributions::look(const UnitResult& unit) {
    for (const Evaluation& evaluation : unit.evaluations) {
        for (const Score& score : evaluation.scores) {
            Distribution* distribution = find(score);
            if (distribution == nullptr) continue;
            const double value = as_number(score.value);
            std::set<double>& values = distribution->values;
            if (values.empty()) distribution->low = distribution->high = value;
            distribution->low = std::min(distribution->low, value);
            distribution->high = std::max(distribution->high, value);
            if (values.size() <= k_single_values_max) values.insert(value);
        }
    }
}

void Distributions::settle() {
    for (Distribution& distribution : distributions_) {
        if (distribution.data_type == ScoreDataType::categorical) continue;
        if (distribution.data_type == ScoreDataType::numeric) {
            if (are_marks(distribution.values)) {
                for (const double value : distribution.values) {
                    distribution.names.push_back(format_exact(value));
                }
            } else {
                distribution.edges = edges_between(distribution.low, distribution.high);
            }
        }
        const std::size_t bars = distribution.edges.empty() ? distribution.names.size() : k_bins;
        for (auto& counts : distribution.counts) counts.resize(bars);
    }
}

std::optional<std::size_t> Distributions::Distribution::bar_of(double value) const {
    if (data_type == ScoreDataType::boolean) return value == 0 ? 1 : 0;
    if (!edges.empty()) return bin_of(edges, value);
    const auto found = values.find(value);
    if (found == values.end()) return std::nullopt;
    return static_cast<std::size_t>(std::distance(values.begin(), found));
}

void Distributions::count(const UnitResult& unit) {
    const auto variant = std::ranges::find(variants_, unit.variant) - variants_.begin();
    for (const Evaluation& evaluation : unit.evaluations) {
        for (const Score& score : evaluation.scores) {
            Distribution* distribution = find(score);
            if (distribution == nullptr) continue;
            const std::optional<std::size_t> bar = distribution->bar_of(as_number(score.value));
            if (bar) ++distribution->counts.at(static_cast<std::size_t>(variant)).at(*bar);
        }
    }
}

OrderedJson Distributions::to_json() const {
    OrderedJson array = OrderedJson::array();
    for (const Distribution& distribution : distributions_) {
        OrderedJson json = {{"score", distribution.score},
                            {"data_type", to_string(distribution.data_type)}};
        if (distribution.edges.empty()) {
            json["categories"] = distribution.names;
        } else {
            json["edges"] = distribution.edges;
        }
        json["variants"] = OrderedJson::array();
        for (std::size_t i = 0; i < variants_.size(); ++i) {
            json["variants"].push_back(
                {{"variant", variants_[i]}, {"counts", distribution.counts[i]}});
        }
        array.push_back(std::move(json));
    }
    return array;
}

}  // namespace assay
