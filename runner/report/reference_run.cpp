#include "runner/report/reference_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/base/text.hpp"
#include "runner/report/json_fields.hpp"
#include "runner/report/reference_files.hpp"
#include "runner/report/variant_tally.hpp"

namespace assay {
namespace {

std::unexpected<Error> wrong(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

/// The paths by which the run's gates tell items apart, and those that somebody asks for.
std::vector<std::string> slices_of(const RunRecord& run, std::vector<std::string> paths) {
    for (const Gate& gate : run.report_plan.gates) {
        const bool known = std::ranges::find(paths, gate.slice) != paths.end();
        if (!gate.slice.empty() && !known) paths.push_back(gate.slice);
    }
    return paths;
}

}  // namespace

Result<ReferenceRun> reference_from_units(const RunRecord& run, const UnitStream& units,
                                          std::vector<std::string> slices) {
    ReferenceRun reference{.name = run.id.value(),
                           .run_id = run.id.value(),
                           .partial = run.partial,
                           .manifest = run.manifest,
                           .tables = {},
                           .summaries = {}};
    slices = slices_of(run, std::move(slices));
    std::map<std::string, VariantTally> tallies;
    for (const VariantRecord& variant : run.variants) {
        tallies.try_emplace(variant.name, variant, run.report_plan, run.repetitions, slices);
    }
    ASSAY_CHECK(units([&](const UnitResult& unit) -> Result<void> {
        const auto tally = tallies.find(unit.variant);
        if (tally == tallies.end()) {
            return failure(ErrorCode::data_loss,
                           fmt::format("run {} holds a unit of variant \"{}\" that it does not "
                                       "have",
                                       run.id.value(), unit.variant));
        }
        tally->second.add(unit);
        return {};
    }));
    for (const VariantRecord& variant : run.variants) {
        VariantTally& tally = tallies.at(variant.name);
        (void)tally.finish();  // ends the last item; the summary is made anew for each report
        reference.tables.push_back(tally.take_table());
    }
    return reference;
}

namespace {

/// Folds the units of one variant into its table, as their lines come.
class TableReader {
  public:
    explicit TableReader(std::string variant) : builder_(std::move(variant), {}) {}

    void begin_unit(const DatasetItem& item, UnitStatus status) {
        if (item_ != item.id) builder_.begin_item(item);
        item_ = item.id;
        if (status == UnitStatus::failed || status == UnitStatus::unscored) builder_.add_broken();
    }

    /// @return whether the value is of the score's type.
    [[nodiscard]] bool add(const std::string& score, const ScoreValue& value) {
        const ScoreDataType type = types_.try_emplace(score, data_type_of(value)).first->second;
        if (type != data_type_of(value)) return false;
        builder_.add(score, type, value);
        return true;
    }

    [[nodiscard]] ScoreTable finish() { return builder_.finish(); }

  private:
    ScoreTableBuilder builder_;
    std::map<std::string, ScoreDataType> types_;
    std::optional<DatasetItemId> item_;
};

/// The units of exported lines, variant after variant and item after item.
class ExportedUnits {
  public:
    Result<void> add(const Json& line);
    [[nodiscard]] std::vector<ScoreTable> finish();

  private:
    Result<void> open(const std::string& variant, const std::string& item);

    std::vector<ScoreTable> tables_;
    std::optional<TableReader> reader_;
    std::string variant_;
    std::string item_;
    std::set<std::string> variants_;
    std::set<std::string> items_;
};

Result<void> ExportedUnits::open(const std::string& variant, const std::string& item) {
    if (reader_ && variant == variant_ && item == item_) return {};
    if (!reader_ || variant != variant_) {
        if (!variants_.insert(variant).second) {
            return wrong(
                fmt::format("the lines of variant \"{}\" do not follow each other; export "
                            "the run again",
                            variant));
        }
        if (reader_) tables_.push_back(reader_->finish());
        reader_.emplace(variant);
        items_.clear();
    }
    if (!items_.insert(item).second) {
        return wrong(
            fmt::format("the lines of item \"{}\" do not follow each other; export the "
                        "run again",
                        item));
    }
    variant_ = variant;
    item_ = item;
    return {};
}

Result<void> ExportedUnits::add(const Json& line) {
    ASSAY_TRY(const std::string variant, text_at(line, "variant"));
    ASSAY_TRY(const std::string item, text_at(line, "item_id"));
    ASSAY_TRY(const std::string status_text, text_at(line, "status"));
    ASSAY_TRY(const UnitStatus status, parse_unit_status(status_text));
    ASSAY_TRY(const Json* scores, object_at(line, "scores"));
    ASSAY_CHECK(open(variant, item));
    DatasetItem known;
    known.id = DatasetItemId(item);
    reader_->begin_unit(known, status);
    for (const auto& [name, score] : scores->items()) {
        const auto value = score.is_object() ? score.find("value") : score.end();
        if (!score.is_object() || value == score.end()) {
            return wrong(fmt::format("score \"{}\": `value` is missing", name));
        }
        const auto read = score_value_from_json(*value);
        if (!read) return at_place(fmt::format("score \"{}\"", name), read.error());
        if (!reader_->add(name, *read)) {
            return wrong(fmt::format("score \"{}\" has a value of another type elsewhere", name));
        }
    }
    return {};
}

std::vector<ScoreTable> ExportedUnits::finish() {
    if (reader_) tables_.push_back(reader_->finish());
    return std::move(tables_);
}

/// Whether the first line is a unit of its own: only exported units begin so.
bool begins_with_unit(std::string_view text) {
    const auto first = parse_json(text.substr(0, text.find('\n')));
    return first && first->is_object() && first->contains("item_id");
}

Result<ReferenceRun> read_document(std::string_view text) {
    if (begins_with_unit(text)) return read_exported_units(text);
    ASSAY_TRY(const Json document, parse_json(text));
    if (document.is_object() && document.contains("assay_baseline")) {
        return read_baseline_document(document);
    }
    if (document.is_object() && document.contains("assay_report")) {
        return read_report_document(document);
    }
    return wrong(
        "this is neither a baseline (`assay baseline set NAME RUN --out FILE`) nor a report "
        "(.json) nor exported units (.jsonl)");
}

}  // namespace

Result<ReferenceRun> read_exported_units(std::string_view text) {
    ExportedUnits units;
    std::uint64_t number = 0;
    for (const std::string_view line : split(text, '\n')) {
        ++number;
        if (trim(line).empty()) continue;
        const auto json = parse_json_part(line);
        if (!json) {
            return wrong(fmt::format("line {}, column {}: {}", number, json.error().column,
                                     json.error().message));
        }
        const auto added = units.add(*json);
        if (!added) return at_place(fmt::format("line {}", number), added.error());
    }
    ReferenceRun reference;
    reference.tables = units.finish();
    return reference;
}

Result<ReferenceRun> reference_from_text(std::string_view text, const std::string& name) {
    auto reference = read_document(text);
    if (!reference) return at_place(name, reference.error());
    if (reference->name.empty()) reference->name = name;
    return reference;
}

}  // namespace assay
