#include "runner/cli/labelled_outputs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/base/diagnostic.hpp"
#include "runner/cli/run_reference.hpp"
#include "runner/report/calibration.hpp"

namespace assay {
namespace {

std::unexpected<Error> refused(std::string why) {
    return failure(ErrorCode::invalid_argument, std::move(why));
}

/// What is known of an item besides its label.
struct KnownItem {
    DatasetItem item;
    std::optional<Json> output;
};
using KnownItems = std::map<std::string, KnownItem>;

std::set<std::string> wanted_items(const LabelFile& labels) {
    std::set<std::string> wanted;
    for (const LabelRow& row : labels.rows) {
        if (!row.item_id.empty()) wanted.insert(row.item_id);
    }
    return wanted;
}

/// The first output of each item that somebody labelled.
Result<KnownItems> items_of_run(const std::string& written, const std::string& folder,
                                const std::set<std::string>& wanted) {
    ASSAY_TRY(const auto store, Store::open_existing(folder, default_project_id()));
    ASSAY_TRY(const RunReference reference, find_run_reference(written, *store));
    ASSAY_TRY(const VariantRecord* const variant, variant_of(reference, written));
    KnownItems known;
    const UnitVisitor take = [&](const UnitResult& unit) -> Result<void> {
        const std::string& id = unit.item.id.value();
        if (unit.variant != variant->name || !wanted.contains(id)) return {};
        KnownItem& item = known[id];
        if (item.output) return {};
        item.item = unit.item;
        if (!unit.output.is_null()) item.output = unit.output;
        return {};
    };
    ASSAY_CHECK(store->for_each_unit(reference.run, take));
    return known;
}

Result<KnownItems> items_of_dataset(const PreparedRun& whole, const std::set<std::string>& wanted) {
    KnownItems known;
    if (wanted.empty()) return known;
    const std::vector<VariantSpec>& variants = whole.experiment.spec.variants;
    const auto& recorded = variants.front().task.recorded;
    ASSAY_TRY(const auto items, whole.plan.dataset.items());
    while (true) {
        ASSAY_TRY(auto item, items->next());
        if (!item) return known;
        if (!wanted.contains(item->id.value())) continue;
        KnownItem& found = known[item->id.value()];
        if (recorded && variants.size() == 1) {
            Json scratch;
            const auto output = recorded->value(item->row, scratch);
            if (output && *output != nullptr && !(*output)->is_null()) found.output = **output;
        }
        found.item = std::move(*item);
    }
}

/// Puts labels and items together.
class Matching {
  public:
    Matching(const LabelFile& labels, const KnownItems& known, bool from_run)
        : labels_(labels), known_(known), from_run_(from_run) {}

    Result<LabelledItems> match() {
        for (const LabelRow& row : labels_.rows) ASSAY_CHECK(add(row));
        if (found_.items.size() >= 2) return std::move(found_);
        return refused(fmt::format("{}: 2 labelled outputs are needed, and there {} {}",
                                   labels_.name, found_.items.size() == 1 ? "is" : "are",
                                   found_.items.size()));
    }

  private:
    [[nodiscard]] std::string place_of(const LabelRow& row) const {
        return row.line == 0 ? labels_.name : fmt::format("{}:{}", labels_.name, row.line);
    }

    [[nodiscard]] Result<DatasetItem> item_of(const LabelRow& row) const {
        const auto known = known_.find(row.item_id);
        if (known != known_.end()) return known->second.item;
        if (row.input) {
            DatasetItem item;
            item.input = *row.input;
            item.expected_output = row.expected_output;
            item.metadata = row.metadata;
            item.id = DatasetItemId(row.item_id.empty() ? output_digest(*row.input) : row.item_id);
            return item;
        }
        std::vector<std::string> ids;
        for (const auto& [id, each] : known_) ids.push_back(id);
        return refused(fmt::format("{}: there is no item \"{}\" in the {}{}", place_of(row),
                                   row.item_id, from_run_ ? "run" : "dataset",
                                   did_you_mean(row.item_id, ids)));
    }

    Result<void> add(const LabelRow& row) {
        ASSAY_TRY(DatasetItem item, item_of(row));
        const auto known = known_.find(row.item_id);
        std::optional<Json> output = row.output;
        if (!output && known != known_.end()) output = known->second.output;
        if (!output && from_run_) {
            ++found_.no_output;
            return {};
        }
        if (!output) {
            return refused(
                fmt::format("{}: whose output is it? Give the `output`, or say by --run "
                            "which run it is from",
                            place_of(row)));
        }
        const std::string id = item.id.value();
        const auto [at, fresh] = places_.emplace(std::pair(id, output_digest(*output)), row.line);
        if (!fresh) {
            return refused(
                fmt::format("{}: this output of the item \"{}\" is labelled already, in "
                            "line {}; decide for one label",
                            place_of(row), id, at->second));
        }
        const std::size_t times = ++times_[id];
        found_.items.push_back({.row_id = times == 1 ? id : fmt::format("{} ({})", id, times),
                                .item = std::move(item),
                                .output = std::move(*output),
                                .label = row.label,
                                .place = place_of(row)});
        return {};
    }

    const LabelFile& labels_;
    const KnownItems& known_;
    bool from_run_;
    std::map<std::pair<std::string, std::string>, std::uint64_t> places_;  ///< of item and output
    std::map<std::string, std::size_t> times_;
    LabelledItems found_;
};

}  // namespace

Json LabelledItem::row() const {
    Json row = {{"id", row_id}, {"input", item.input}, {"output", output}};
    if (!item.expected_output.is_null()) row["expected_output"] = item.expected_output;
    if (!item.metadata.is_null()) row["metadata"] = item.metadata;
    return row;
}

Result<LabelledItems> find_labelled_items(const LabelFile& labels, const JudgeArguments& arguments,
                                          const PreparedRun& whole) {
    const std::set<std::string> wanted = wanted_items(labels);
    if (arguments.of.empty()) {
        ASSAY_TRY(const KnownItems known, items_of_dataset(whole, wanted));
        return Matching(labels, known, false).match();
    }
    ASSAY_TRY(const KnownItems known, items_of_run(arguments.of, arguments.run.store, wanted));
    return Matching(labels, known, true).match();
}

}  // namespace assay
