#include "runner/report/score_table.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/text.hpp"

namespace assay {
namespace {

/// The first 16 digits of a content hash as a number; 0 when there is none.
std::uint64_t content_of(const std::string& hash) {
    std::uint64_t content = 0;
    const std::size_t digits = std::min<std::size_t>(hash.size(), 16);
    std::from_chars(hash.data(), hash.data() + digits, content, 16);
    return content;
}

/// The number of a text, given out in order of appearance.
std::uint32_t number_of(const std::string& text, std::map<std::string, std::uint32_t>& known) {
    return known.try_emplace(text, static_cast<std::uint32_t>(known.size())).first->second;
}

const Json* part_of(const DatasetItem& item, std::string_view name) {
    if (name == "input") return &item.input;
    if (name == "expected_output") return &item.expected_output;
    if (name == "metadata") return &item.metadata;
    return nullptr;
}

}  // namespace

std::vector<double> ScoreSeries::shares_of(const std::string& category) const {
    const auto found = std::ranges::find(categories, category);
    const auto wanted = static_cast<std::uint32_t>(found - categories.begin());
    std::vector<double> shares(counts.size());
    auto label = labels.begin();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const auto end = label + counts[i];
        const auto hits = std::count(label, end, wanted);
        if (counts[i] > 0) shares[i] = static_cast<double>(hits) / counts[i];
        label = end;
    }
    return shares;
}

const ScoreSeries* ScoreTable::find(const std::string& score) const {
    const auto found = std::ranges::find(scores, score, &ScoreSeries::name);
    return found == scores.end() ? nullptr : &*found;
}

const SliceColumn* ScoreTable::find_slice(const std::string& path) const {
    const auto found = std::ranges::find(slices, path, &SliceColumn::path);
    return found == slices.end() ? nullptr : &*found;
}

std::string slice_value(const DatasetItem& item, const std::string& path) {
    const std::size_t dot = path.find('.');
    const Json* value = part_of(item, std::string_view(path).substr(0, dot));
    for (std::size_t at = dot; value != nullptr && at != std::string::npos;) {
        const std::size_t next = path.find('.', at + 1);
        const std::string key = path.substr(at + 1, next - at - 1);
        const auto member = value->is_object() ? value->find(key) : value->end();
        value = value->is_object() && member != value->end() ? &*member : nullptr;
        at = next;
    }
    if (value == nullptr || value->is_null()) return "(none)";
    return value->is_string() ? value->get<std::string>() : to_text(*value);
}

ScoreTableBuilder::ScoreTableBuilder(std::string variant, std::vector<std::string> slices) {
    table_.variant = std::move(variant);
    slice_value_of_.resize(slices.size());
    for (std::string& path : slices) {
        table_.slices.push_back({.path = std::move(path), .values = {}, .of_item = {}});
    }
}

void ScoreTableBuilder::begin_item(const DatasetItem& item) {
    end_item();
    table_.items.push_back(item.id);
    table_.contents.push_back(content_of(item.content_hash));
    table_.broken.push_back(0);
    add_cluster(item);
    for (std::size_t i = 0; i < table_.slices.size(); ++i) {
        SliceColumn& slice = table_.slices[i];
        slice.of_item.push_back(number_of(slice_value(item, slice.path), slice_value_of_[i]));
    }
}

/// Named clusters have even numbers and items without one odd numbers, each its own.
void ScoreTableBuilder::add_cluster(const DatasetItem& item) {
    const auto position = static_cast<std::uint32_t>(table_.items.size() - 1);
    clustered_ |= !item.cluster.empty();
    table_.clusters.push_back(item.cluster.empty() ? 2 * position + 1
                                                   : 2 * number_of(item.cluster, cluster_of_));
}

void ScoreTableBuilder::add(const std::string& score, ScoreDataType type, const ScoreValue& value) {
    OpenSeries& open = open_series(score, type);
    ++open.values;
    if (type == ScoreDataType::categorical) {
        open.series.labels.push_back(number_of(std::get<std::string>(value), open.label_of));
    } else {
        open.sum += as_number(value);
    }
}

void ScoreTableBuilder::add_broken() { ++table_.broken.back(); }

ScoreTableBuilder::OpenSeries& ScoreTableBuilder::open_series(const std::string& score,
                                                              ScoreDataType type) {
    for (OpenSeries& known : series_) {
        if (known.series.name == score) return known;
    }
    OpenSeries& open = series_.emplace_back();
    open.series.name = score;
    open.series.data_type = type;
    return open;
}

void ScoreTableBuilder::end_item() {
    for (OpenSeries& open : series_) {
        if (table_.items.empty()) continue;
        ScoreSeries& series = open.series;
        series.counts.resize(table_.items.size() - 1);  // items before its first value have none
        series.counts.push_back(open.values);
        if (series.data_type != ScoreDataType::categorical) {
            series.means.resize(table_.items.size() - 1);
            series.means.push_back(open.values == 0 ? 0 : open.sum / open.values);
        }
        open.sum = 0;
        open.values = 0;
    }
}

ScoreTable ScoreTableBuilder::finish() {
    end_item();
    if (!clustered_) table_.clusters.clear();
    for (std::size_t i = 0; i < table_.slices.size(); ++i) {
        table_.slices[i].values.resize(slice_value_of_[i].size());
        for (const auto& [value, number] : slice_value_of_[i]) {
            table_.slices[i].values[number] = value;
        }
    }
    for (OpenSeries& open : series_) {
        open.series.categories.resize(open.label_of.size());
        for (const auto& [label, number] : open.label_of) open.series.categories[number] = label;
        table_.scores.push_back(std::move(open.series));
    }
    return std::move(table_);
}

}  // namespace assay
