// The file form of a baseline, described in docs/baselines.md.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <set>

#include "runner/report/json_fields.hpp"
#include "runner/report/reference_files.hpp"
#include "runner/report/reference_run.hpp"

namespace assay {
namespace {

constexpr double k_exact_integers = 9007199254740992;  // 2^53

std::unexpected<Error> wrong(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

/// Whole numbers without a decimal point: most values are 0 or 1.
OrderedJson number(double value) {
    if (std::trunc(value) == value && std::abs(value) < k_exact_integers) {
        return static_cast<std::int64_t>(value);
    }
    return value;
}

/// What one score says of one item: null, the value, or several values.
class ScoreColumnWriter {
  public:
    explicit ScoreColumnWriter(const ScoreSeries& series) : series_(series) {}

    OrderedJson of_item(std::size_t item) {
        const std::uint32_t count = series_.counts[item];
        if (count == 0) return nullptr;
        if (series_.data_type == ScoreDataType::categorical) return labels(count);
        const OrderedJson mean = number(series_.means[item]);
        return count == 1 ? mean : OrderedJson::array({mean, count});
    }

  private:
    OrderedJson labels(std::uint32_t count) {
        OrderedJson texts = OrderedJson::array();
        for (std::uint32_t i = 0; i < count; ++i) {
            texts.push_back(series_.categories[series_.labels[next_label_++]]);
        }
        return count == 1 ? texts.front() : texts;
    }

    const ScoreSeries& series_;
    std::size_t next_label_ = 0;
};

OrderedJson variant_header(const ScoreTable& table) {
    OrderedJson scores = OrderedJson::array();
    for (const ScoreSeries& series : table.scores) {
        const ScoreDataType type = series.data_type.value_or(ScoreDataType::numeric);
        scores.push_back({{"name", series.name}, {"data_type", to_string(type)}});
    }
    OrderedJson slices = OrderedJson::array();
    for (const SliceColumn& slice : table.slices) slices.push_back(slice.path);
    return {{"name", table.variant}, {"scores", std::move(scores)}, {"slices", std::move(slices)}};
}

OrderedJson item_of(const ScoreTable& table, std::size_t item,
                    std::vector<ScoreColumnWriter>& columns) {
    OrderedJson json = {{"id", table.items[item].value()}};
    if (table.contents[item] != 0) json["content"] = fmt::format("{:016x}", table.contents[item]);
    if (!table.clusters.empty()) json["cluster"] = table.clusters[item];
    if (table.broken[item] != 0) json["broken"] = table.broken[item];
    if (!table.slices.empty()) {
        OrderedJson values = OrderedJson::array();
        for (const SliceColumn& slice : table.slices) {
            values.push_back(slice.values[slice.of_item[item]]);
        }
        json["slices"] = std::move(values);
    }
    json["scores"] = OrderedJson::array();
    for (ScoreColumnWriter& column : columns) json["scores"].push_back(column.of_item(item));
    return json;
}

/// One line a item, so that version control shows which ones changed.
void append_variant(const ScoreTable& table, std::string& text) {
    std::string header = to_text(variant_header(table));
    header.pop_back();  // the closing brace: the items follow
    text += header + ",\"items\":[";
    std::vector<ScoreColumnWriter> columns(table.scores.begin(), table.scores.end());
    for (std::size_t i = 0; i < table.items.size(); ++i) {
        text += (i == 0 ? "\n" : ",\n") + to_text(item_of(table, i, columns));
    }
    text += "\n]}";
}

OrderedJson run_header(const RunRecord& run) {
    return {{"id", run.id.value()},
            {"name", run.name},
            {"experiment", run.experiment},
            {"started_at", to_rfc3339(run.started)},
            {"finished_at",
             run.finished ? OrderedJson(to_rfc3339(*run.finished)) : OrderedJson(nullptr)},
            {"partial", run.partial},
            {"repetitions", run.repetitions}};
}

/// Reads one variant item by item.
class VariantReader {
  public:
    /// What comes before the items.
    Result<void> begin(const Json& variant);
    Result<void> add(const Json& item);
    Result<ScoreTable> finish();

  private:
    Result<void> add_scores(const Json& scores);
    Result<void> add_numbers(ScoreSeries& series, const Json& value);
    Result<void> add_labels(std::size_t score, const Json& value);
    Result<void> add_slices(const Json& item);

    ScoreTable table_;
    std::set<std::string> ids_;
    std::vector<std::map<std::string, std::uint32_t>> label_of_;
    std::vector<std::map<std::string, std::uint32_t>> value_of_;
};

std::uint32_t number_of(const std::string& text, std::map<std::string, std::uint32_t>& known,
                        std::vector<std::string>& texts) {
    const auto [found, fresh] = known.try_emplace(text, static_cast<std::uint32_t>(texts.size()));
    if (fresh) texts.push_back(text);
    return found->second;
}

Result<void> VariantReader::begin(const Json& variant) {
    ASSAY_TRY(table_.variant, text_at(variant, "name"));
    ASSAY_TRY(const Json* scores, array_at(variant, "scores"));
    for (const Json& score : *scores) {
        ScoreSeries& series = table_.scores.emplace_back();
        ASSAY_TRY(series.name, text_at(score, "name"));
        ASSAY_TRY(const std::string type, text_at(score, "data_type"));
        ASSAY_TRY(series.data_type, parse_score_data_type(type));
    }
    label_of_.resize(scores->size());
    if (!variant.contains("slices")) return {};
    ASSAY_TRY(const Json* slices, array_at(variant, "slices"));
    for (const Json& path : *slices) {
        if (!path.is_string()) return wrong("`slices` holds something that is no string");
        table_.slices.push_back({.path = path, .values = {}, .of_item = {}});
    }
    value_of_.resize(slices->size());
    return {};
}

Result<std::uint64_t> content_at(const Json& item) {
    ASSAY_TRY(const std::string digits, optional_text_at(item, "content"));
    std::uint64_t content = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), content, 16);
    const bool whole = error == std::errc() && end == digits.data() + digits.size();
    if (digits.empty() || (whole && digits.size() == 16)) return content;
    return wrong("`content` is not 16 hexadecimal digits");
}

Result<std::uint32_t> small_count_at(const Json& item, const char* key) {
    ASSAY_TRY(const std::uint64_t count, count_at(item, key));
    if (count <= UINT32_MAX) return static_cast<std::uint32_t>(count);
    return wrong(fmt::format("`{}` is too large", key));
}

Result<void> VariantReader::add(const Json& item) {
    ASSAY_TRY(std::string id, text_at(item, "id"));
    if (!ids_.insert(id).second) return wrong(fmt::format("the item \"{}\" is there twice", id));
    const bool first = table_.items.empty();
    const bool clustered = item.contains("cluster");
    if (!first && clustered == table_.clusters.empty()) {
        return wrong("either all items of a variant have a `cluster` or none has");
    }
    table_.items.emplace_back(std::move(id));
    ASSAY_TRY(const std::uint64_t content, content_at(item));
    table_.contents.push_back(content);
    if (clustered) {
        ASSAY_TRY(const std::uint32_t cluster, small_count_at(item, "cluster"));
        table_.clusters.push_back(cluster);
    }
    std::uint32_t broken = 0;
    if (item.contains("broken")) {
        ASSAY_TRY(broken, small_count_at(item, "broken"));
    }
    table_.broken.push_back(broken);
    ASSAY_CHECK(add_slices(item));
    ASSAY_TRY(const Json* scores, array_at(item, "scores"));
    return add_scores(*scores);
}

Result<void> VariantReader::add_slices(const Json& item) {
    if (table_.slices.empty()) return {};
    ASSAY_TRY(const Json* values, array_at(item, "slices"));
    if (values->size() != table_.slices.size()) {
        return wrong(fmt::format("`slices` has {} values for {} paths", values->size(),
                                 table_.slices.size()));
    }
    for (std::size_t i = 0; i < values->size(); ++i) {
        const Json& value = (*values)[i];
        if (!value.is_string()) return wrong("`slices` holds something that is no string");
        SliceColumn& slice = table_.slices[i];
        slice.of_item.push_back(number_of(value, value_of_[i], slice.values));
    }
    return {};
}

Result<void> VariantReader::add_scores(const Json& scores) {
    if (scores.size() != table_.scores.size()) {
        return wrong(fmt::format("`scores` has {} values for the variant's {} scores",
                                 scores.size(), table_.scores.size()));
    }
    for (std::size_t i = 0; i < scores.size(); ++i) {
        ScoreSeries& series = table_.scores[i];
        const bool categorical = series.data_type == ScoreDataType::categorical;
        const auto added = categorical ? add_labels(i, scores[i]) : add_numbers(series, scores[i]);
        if (!added) return at_place(fmt::format("score \"{}\"", series.name), added.error());
    }
    return {};
}

Result<void> VariantReader::add_numbers(ScoreSeries& series, const Json& value) {
    const bool several = value.is_array();
    if (several && (value.size() != 2 || !value[1].is_number_unsigned() || value[1] == 0U ||
                    value[1] > UINT32_MAX)) {
        return wrong("several values are written as [mean, how many]");
    }
    const Json& mean = several ? value[0] : value;
    if (!mean.is_number() && !value.is_null()) {
        return wrong(fmt::format("{} where a number belongs", type_phrase(mean)));
    }
    const double number = value.is_null() ? 0 : mean.get<double>();
    if (series.data_type == ScoreDataType::boolean && (number < 0 || number > 1)) {
        return wrong("the mean of a BOOLEAN score is from 0 to 1");
    }
    series.means.push_back(number);
    series.counts.push_back(value.is_null() ? 0 : several ? value[1].get<std::uint32_t>() : 1);
    return {};
}

Result<void> VariantReader::add_labels(std::size_t score, const Json& value) {
    ScoreSeries& series = table_.scores[score];
    const Json labels = value.is_array()  ? value
                        : value.is_null() ? Json::array()
                                          : Json::array({value});
    for (const Json& label : labels) {
        if (!label.is_string()) {
            return wrong(fmt::format("{} where a category belongs", type_phrase(label)));
        }
        series.labels.push_back(number_of(label, label_of_[score], series.categories));
    }
    series.counts.push_back(static_cast<std::uint32_t>(labels.size()));
    return {};
}

Result<ScoreTable> VariantReader::finish() { return std::move(table_); }

Result<ScoreTable> read_variant(const Json& variant) {
    VariantReader reader;
    ASSAY_CHECK(reader.begin(variant));
    ASSAY_TRY(const Json* items, array_at(variant, "items"));
    for (std::size_t i = 0; i < items->size(); ++i) {
        const auto added = reader.add((*items)[i]);
        if (!added) return at_place(fmt::format("items[{}]", i), added.error());
    }
    return reader.finish();
}

}  // namespace

std::string baseline_document(const BaselineFacts& facts, const RunRecord& run,
                              const ReferenceRun& reference) {
    const auto line = [](const char* key, const OrderedJson& value) {
        return fmt::format("\"{}\":{},\n", key, to_text(value));
    };
    std::string text = "{\"assay_baseline\":1,\n";
    text += line("name", facts.name);
    text += line("created_at", to_rfc3339(facts.created));
    text += line("created_by", facts.created_by);
    text += line("reason", facts.reason);
    text += line("run", run_header(run));
    text += "\"manifest\":{";
    std::string_view separator = "\n";
    for (const auto& [key, value] : run.manifest.items()) {
        text += fmt::format("{}{}:{}", separator, to_text(Json(key)), to_text(value));
        separator = ",\n";
    }
    text += "\n},\n\"variants\":[";
    separator = "\n";
    for (const ScoreTable& table : reference.tables) {
        text += separator;
        append_variant(table, text);
        separator = ",\n";
    }
    text += "\n]}\n";
    return text;
}

Result<ReferenceRun> read_baseline_document(const Json& document) {
    ASSAY_TRY(const std::uint64_t version, count_at(document, "assay_baseline"));
    if (version != 1) {
        return wrong(
            fmt::format("was written by a newer assay (format {}, this one knows 1); use "
                        "that version",
                        version));
    }
    ReferenceRun reference;
    ASSAY_TRY(reference.name, text_at(document, "name"));
    ASSAY_TRY(const Json* run, object_at(document, "run"));
    const auto read_run = [&]() -> Result<void> {
        ASSAY_TRY(reference.run_id, text_at(*run, "id"));
        const auto partial = run->find("partial");
        reference.partial = partial != run->end() && *partial == true;
        return {};
    };
    if (const auto read = read_run(); !read) return at_place("run", read.error());
    ASSAY_TRY(const Json* manifest, object_at(document, "manifest"));
    reference.manifest = *manifest;
    ASSAY_TRY(const Json* variants, array_at(document, "variants"));
    for (std::size_t i = 0; i < variants->size(); ++i) {
        auto table = read_variant((*variants)[i]);
        if (!table) return at_place(fmt::format("variants[{}]", i), table.error());
        reference.tables.push_back(std::move(*table));
    }
    return reference;
}

}  // namespace assay
