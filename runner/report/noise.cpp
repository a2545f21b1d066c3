#include "runner/report/noise.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace assay {
namespace {

std::unexpected<Error> refused(std::string why) {
    return failure(ErrorCode::invalid_argument, std::move(why));
}

/// Where the labels of each item begin, and at the end of the list where the last ones end.
std::vector<std::size_t> label_places(const ScoreSeries& series) {
    std::vector<std::size_t> places(series.counts.size() + 1);
    std::partial_sum(series.counts.begin(), series.counts.end(), places.begin() + 1,
                     [](std::size_t sum, std::uint32_t count) { return sum + count; });
    return places;
}

/// In alphabetical order: which repetition gave which label does not matter.
std::string labels_text(const ScoreSeries& series, std::size_t begin, std::size_t end) {
    std::vector<std::string_view> labels;
    for (std::size_t i = begin; i < end; ++i) {
        labels.push_back(series.categories[series.labels[i]]);
    }
    std::ranges::sort(labels);
    return fmt::format("{}", fmt::join(labels, ", "));
}

std::string number_text(const ScoreSeries& series, std::size_t row) {
    const double value = series.means[row];
    const bool is_truth = series.data_type == ScoreDataType::boolean && series.counts[row] == 1;
    if (is_truth) return value == 1 ? "true" : "false";
    return fmt::format("{:.6g}", value);
}

constexpr const char* k_no_value = "–";

/// The items that all runs have, with their row in each.
struct CommonItems {
    std::vector<std::vector<std::uint32_t>> rows;  ///< item, run
};

CommonItems common_items(const std::vector<const ScoreTable*>& tables) {
    std::vector<std::unordered_map<std::string_view, std::uint32_t>> row_of(tables.size());
    for (std::size_t run = 1; run < tables.size(); ++run) {
        for (std::uint32_t row = 0; row < tables[run]->items.size(); ++row) {
            row_of[run].emplace(tables[run]->items[row].value(), row);
        }
    }
    CommonItems common;
    for (std::uint32_t row = 0; row < tables.front()->items.size(); ++row) {
        std::vector<std::uint32_t> rows = {row};
        for (std::size_t run = 1; run < tables.size(); ++run) {
            const auto found = row_of[run].find(tables.front()->items[row].value());
            if (found != row_of[run].end()) rows.push_back(found->second);
        }
        if (rows.size() == tables.size()) common.rows.push_back(std::move(rows));
    }
    return common;
}

/// One score of one variant in all runs.
class ScoreInRuns {
  public:
    ScoreInRuns(std::vector<const ScoreTable*> tables, const CommonItems& items, std::string score)
        : tables_(std::move(tables)), items_(items), score_(std::move(score)) {
        for (const ScoreTable* const table : tables_) {
            series_.push_back(table->find(score_));
            places_.push_back(series_.back() != nullptr ? label_places(*series_.back())
                                                        : std::vector<std::size_t>());
        }
        const auto first = std::ranges::find_if(series_, [](const auto* each) { return each; });
        if (first != series_.end()) data_type_ = (*first)->data_type;
    }

    /// The score itself, with the items that flip.
    [[nodiscard]] ScoreNoise measure(std::vector<FlippedItem>& flipped) const {
        ScoreNoise noise = measure_share("");
        for (const std::vector<std::uint32_t>& rows : items_.rows) {
            if (!has_any_value(rows)) continue;
            ++noise.items;
            if (is_same(rows)) continue;
            ++noise.flipped;
            flipped.push_back(describe(rows));
        }
        return noise;
    }

    /// The mean of the score or the share of a category.
    [[nodiscard]] ScoreNoise measure_share(const std::string& category) const {
        ScoreNoise noise{.variant = tables_.front()->variant,
                         .score = score_,
                         .category = category,
                         .data_type = data_type_,
                         .means = {},
                         .floor = std::nullopt,
                         .no_floor = {}};
        const bool categorical = data_type_ == ScoreDataType::categorical;
        if (categorical == category.empty()) {
            noise.no_floor = categorical ? "labels have no mean" : "it has no categories";
            return noise;
        }
        std::vector<std::vector<double>> values(tables_.size());
        std::vector<std::uint32_t> clusters;
        const std::vector<std::vector<double>> shares = shares_of(category);
        for (const std::vector<std::uint32_t>& rows : items_.rows) {
            if (!has_all_values(rows)) continue;
            for (std::size_t run = 0; run < rows.size(); ++run) {
                values[run].push_back(categorical ? shares[run][rows[run]]
                                                  : series_[run]->means[rows[run]]);
            }
            const auto& of_item = tables_.front()->clusters;
            if (!of_item.empty()) clusters.push_back(of_item[rows.front()]);
        }
        const auto floor = noise_floor(values, clusters, k_noise_confidence);
        if (!floor) {
            noise.no_floor = floor.error().message;
            return noise;
        }
        noise.floor = *floor;
        for (const std::vector<double>& run : values) {
            noise.means.push_back(std::accumulate(run.begin(), run.end(), 0.0) /
                                  static_cast<double>(run.size()));
        }
        return noise;
    }

  private:
    [[nodiscard]] bool has_value(std::size_t run, std::uint32_t row) const {
        return series_[run] != nullptr && series_[run]->counts[row] > 0;
    }
    [[nodiscard]] bool has_all_values(const std::vector<std::uint32_t>& rows) const {
        for (std::size_t run = 0; run < rows.size(); ++run) {
            if (!has_value(run, rows[run])) return false;
        }
        return true;
    }
    [[nodiscard]] bool has_any_value(const std::vector<std::uint32_t>& rows) const {
        for (std::size_t run = 0; run < rows.size(); ++run) {
            if (has_value(run, rows[run])) return true;
        }
        return false;
    }

    [[nodiscard]] std::vector<std::vector<double>> shares_of(const std::string& category) const {
        std::vector<std::vector<double>> shares;
        if (category.empty()) return shares;
        for (const ScoreSeries* const series : series_) {
            shares.push_back(series != nullptr ? series->shares_of(category)
                                               : std::vector<double>());
        }
        return shares;
    }

    [[nodiscard]] bool is_same(const std::vector<std::uint32_t>& rows) const {
        for (std::size_t run = 1; run < rows.size(); ++run) {
            if (!is_same(rows, 0, run)) return false;
        }
        return true;
    }
    [[nodiscard]] bool is_same(const std::vector<std::uint32_t>& rows, std::size_t a,
                               std::size_t b) const {
        if (!has_value(a, rows[a]) || !has_value(b, rows[b])) {
            return has_value(a, rows[a]) == has_value(b, rows[b]);
        }
        if (data_type_ == ScoreDataType::categorical) return text(a, rows[a]) == text(b, rows[b]);
        return series_[a]->means[rows[a]] == series_[b]->means[rows[b]];
    }

    [[nodiscard]] std::string text(std::size_t run, std::uint32_t row) const {
        if (!has_value(run, row)) return k_no_value;
        const ScoreSeries& series = *series_[run];
        if (series.data_type != ScoreDataType::categorical) return number_text(series, row);
        return labels_text(series, places_[run][row], places_[run][row + 1]);
    }

    [[nodiscard]] FlippedItem describe(const std::vector<std::uint32_t>& rows) const {
        FlippedItem item{.item = tables_.front()->items[rows.front()],
                         .variant = tables_.front()->variant,
                         .score = score_,
                         .values = {}};
        for (std::size_t run = 0; run < rows.size(); ++run) {
            item.values.push_back(text(run, rows[run]));
        }
        std::size_t differing = 0;
        for (std::size_t a = 0; a < rows.size(); ++a) {
            for (std::size_t b = a + 1; b < rows.size(); ++b) {
                if (!is_same(rows, a, b)) ++differing;
            }
        }
        const std::size_t pairs = rows.size() * (rows.size() - 1) / 2;
        item.flip_rate = static_cast<double>(differing) / static_cast<double>(pairs);
        return item;
    }

    std::vector<const ScoreTable*> tables_;
    const CommonItems& items_;
    std::string score_;
    std::vector<const ScoreSeries*> series_;  ///< nullptr where a run does not have it
    std::vector<std::vector<std::size_t>> places_;
    std::optional<ScoreDataType> data_type_;
};

/// The scores that any of the runs has, in the order of the first that has them.
std::vector<std::string> scores_of(const std::vector<const ScoreTable*>& tables) {
    std::vector<std::string> names;
    for (const ScoreTable* const table : tables) {
        for (const ScoreSeries& series : table->scores) {
            if (std::ranges::find(names, series.name) == names.end()) names.push_back(series.name);
        }
    }
    return names;
}

/// Of whose shares gates ask.
std::set<std::string> categories_of(const ReportPlan& plan, const std::string& score) {
    std::set<std::string> categories;
    for (const Gate& gate : plan.gates) {
        if (gate.score == score && !gate.category.empty()) categories.insert(gate.category);
    }
    return categories;
}

void measure_variant(std::span<const Report> runs, std::size_t variant, Noise& noise) {
    std::vector<const ScoreTable*> tables;
    for (const Report& run : runs) tables.push_back(&run.tables[variant]);
    const CommonItems items = common_items(tables);
    for (const std::string& score : scores_of(tables)) {
        const ScoreInRuns in_runs(tables, items, score);
        noise.scores.push_back(in_runs.measure(noise.flipped));
        for (const std::string& category : categories_of(runs.back().run.report_plan, score)) {
            noise.scores.push_back(in_runs.measure_share(category));
        }
    }
}

void count_verdicts(std::span<const Report> runs, Noise& noise) {
    const auto is_of = [](const GateNoise& counts, const GateVerdict& verdict) {
        return counts.gate == verdict.gate.text && counts.variant == verdict.variant &&
               counts.slice == verdict.slice;
    };
    for (const Report& run : runs) {
        for (const GateVerdict& verdict : run.gates) {
            auto counts = std::ranges::find_if(
                noise.gates, [&](const GateNoise& each) { return is_of(each, verdict); });
            if (counts == noise.gates.end()) {
                noise.gates.push_back({.gate = verdict.gate.text,
                                       .variant = verdict.variant,
                                       .slice = verdict.slice});
                counts = std::prev(noise.gates.end());
            }
            switch (verdict.status) {
                case GateStatus::passed: ++counts->passed; break;
                case GateStatus::failed: ++counts->failed; break;
                case GateStatus::inconclusive: ++counts->undecided; break;
            }
        }
    }
}

}  // namespace

Result<Noise> measure_noise(std::span<const Report> runs) {
    if (runs.size() < 2) return refused("noise shows between runs, and there are fewer than two");
    Noise noise{.experiment = runs.front().run.experiment,
                .repetitions = runs.front().run.repetitions};
    for (const Report& report : runs) {
        if (report.run.plan_sha256 != runs.front().run.plan_sha256 ||
            report.tables.size() != runs.front().tables.size()) {
            return refused(fmt::format("runs {} and {} are not of one plan: their input differs",
                                       runs.front().run.id.value(), report.run.id.value()));
        }
        noise.runs.push_back(report.run.id.value());
    }
    for (std::size_t variant = 0; variant < runs.front().tables.size(); ++variant) {
        measure_variant(runs, variant, noise);
    }
    count_verdicts(runs, noise);
    std::ranges::sort(noise.flipped, [](const FlippedItem& a, const FlippedItem& b) {
        if (a.flip_rate != b.flip_rate) return a.flip_rate > b.flip_rate;
        return std::tie(a.item.value(), a.variant, a.score) <
               std::tie(b.item.value(), b.variant, b.score);
    });
    return noise;
}

}  // namespace assay
