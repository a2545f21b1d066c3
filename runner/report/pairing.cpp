// Which items of two tables belong together, and their scores side by side.
#include <fmt/format.h>

#include <string_view>
#include <unordered_map>

#include "runner/report/comparison.hpp"

namespace assay {
namespace {

/// Tells which rows of a table are in a slice.
class SliceRows {
  public:
    SliceRows(const ScoreTable& table, const SliceValue& slice) {
        if (slice.path.empty()) return;
        is_whole_ = false;
        column_ = table.find_slice(slice.path);
        if (column_ == nullptr) return;
        while (value_ < column_->values.size() && column_->values[value_] != slice.value) ++value_;
    }

    [[nodiscard]] bool contain(std::size_t row) const {
        if (is_whole_) return true;
        return column_ != nullptr && column_->of_item[row] == value_;
    }
    [[nodiscard]] bool are_all() const { return is_whole_; }

  private:
    bool is_whole_ = true;
    const SliceColumn* column_ = nullptr;
    std::size_t value_ = 0;
};

Result<const ScoreSeries*> series_of(const ScoreTable& table, const std::string& score,
                                     const std::string& category) {
    const ScoreSeries* const series = table.find(score);
    if (series == nullptr) {
        return failure(ErrorCode::not_found,
                       fmt::format("no item of {} has the score {}", table.variant, score));
    }
    const bool categorical = series->data_type == ScoreDataType::categorical;
    if (categorical == category.empty()) {
        return failure(
            ErrorCode::invalid_argument,
            categorical ? fmt::format("{} is CATEGORICAL and has no mean; name a category", score)
                        : fmt::format("{} is no CATEGORICAL and has no categories", score));
    }
    return series;
}

}  // namespace

PairedItems pair_items(const ScoreTable& a, const ScoreTable& b, const SliceValue& slice) {
    std::unordered_map<std::string_view, std::uint32_t> row_in_a;
    row_in_a.reserve(a.items.size());
    for (std::uint32_t row = 0; row < a.items.size(); ++row) {
        row_in_a.emplace(a.items[row].value(), row);
    }
    const SliceRows rows(b, slice);
    std::vector<bool> met(a.items.size());
    PairedItems pairs;
    for (std::uint32_t row = 0; row < b.items.size(); ++row) {
        if (!rows.contain(row)) continue;
        const auto found = row_in_a.find(b.items[row].value());
        if (found == row_in_a.end()) {
            pairs.unpaired.push_back(b.items[row]);
            continue;
        }
        met[found->second] = true;
        const std::uint64_t content_a = a.contents[found->second];
        const std::uint64_t content_b = b.contents[row];
        if (content_a != content_b && content_a != 0 && content_b != 0) {
            pairs.changed.push_back(b.items[row]);
            continue;
        }
        pairs.in_a.push_back(found->second);
        pairs.in_b.push_back(row);
    }
    // Which slice an item of a alone would be in is not known.
    for (std::size_t row = 0; rows.are_all() && row < met.size(); ++row) {
        if (!met[row]) pairs.unpaired.push_back(a.items[row]);
    }
    return pairs;
}

Sample sample_of(const ScoreTable& table, const ScoreSeries& series) {
    Sample sample{
        .values = {}, .clusters = {}, .is_share = series.data_type == ScoreDataType::boolean};
    for (std::size_t i = 0; i < series.counts.size(); ++i) {
        if (series.counts[i] == 0) continue;
        sample.values.push_back(series.means[i]);
        if (!table.clusters.empty()) sample.clusters.push_back(table.clusters[i]);
    }
    return sample;
}

Result<PairedScores> pair_scores(const ScoreTable& a, const ScoreTable& b, const PairedItems& pairs,
                                 const std::string& score, const std::string& category) {
    ASSAY_TRY(const ScoreSeries* const in_a, series_of(a, score, category));
    ASSAY_TRY(const ScoreSeries* const in_b, series_of(b, score, category));
    const std::vector<double> shares_a =
        category.empty() ? std::vector<double>() : in_a->shares_of(category);
    const std::vector<double> shares_b =
        category.empty() ? std::vector<double>() : in_b->shares_of(category);
    const std::vector<double>& values_a = category.empty() ? in_a->means : shares_a;
    const std::vector<double>& values_b = category.empty() ? in_b->means : shares_b;
    PairedScores paired;
    const auto is_share = [&](const ScoreSeries& series) {
        return !category.empty() || series.data_type == ScoreDataType::boolean;
    };
    paired.sample.is_share = is_share(*in_a) && is_share(*in_b);
    paired.unpaired = pairs.unpaired;
    paired.unpaired.insert(paired.unpaired.end(), pairs.changed.begin(), pairs.changed.end());
    for (std::size_t i = 0; i < pairs.in_a.size(); ++i) {
        const std::uint32_t row_a = pairs.in_a[i];
        const std::uint32_t row_b = pairs.in_b[i];
        const bool has_a = in_a->counts[row_a] > 0;
        const bool has_b = in_b->counts[row_b] > 0;
        if (!has_a || !has_b) {
            paired.unpaired.push_back(b.items[row_b]);
            if (has_a && b.broken[row_b] > 0) paired.newly_failed.push_back(b.items[row_b]);
            continue;
        }
        paired.items.push_back(b.items[row_b]);
        paired.sample.a.push_back(values_a[row_a]);
        paired.sample.b.push_back(values_b[row_b]);
        if (!b.clusters.empty()) paired.sample.clusters.push_back(b.clusters[row_b]);
    }
    return paired;
}

}  // namespace assay
