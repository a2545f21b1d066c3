#include "runner/cli/score_history.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::size_t k_hash_digits_shown = 12;

/// A past score and what it belonged to: a unit, or with no item a whole variant.
struct ChangedScore {
    PastScore past;
    std::string variant;
    std::optional<DatasetItemId> item;
    int repetition = 0;

    /// Newest first, then as the units are ordered: by the number they were found with.
    std::size_t found = 0;
    [[nodiscard]] auto order() const {
        return std::tuple(-past.replaced.time_since_epoch(), found);
    }
};

Result<std::vector<ChangedScore>> changed_scores(const OpenRun& open) {
    std::vector<ChangedScore> changed;
    const auto add = [&](std::vector<PastScore> past, const ChangedScore& where) {
        for (PastScore& score : past) {
            ChangedScore& added = changed.emplace_back(where);
            added.past = std::move(score);
            added.found = changed.size();
        }
    };
    for (const VariantRecord& variant : open.run.variants) {
        ASSAY_TRY(auto past, open.store->run_score_history(variant.dataset_run_id));
        add(std::move(past), {.past = {}, .variant = variant.name, .item = {}});
    }
    ASSAY_CHECK(open.units()([&](const UnitResult& unit) -> Result<void> {
        ASSAY_TRY(auto past, open.store->score_history(unit.trace_id));
        add(std::move(past), {.past = {},
                              .variant = unit.variant,
                              .item = unit.item.id,
                              .repetition = unit.repetition});
        return {};
    }));
    std::ranges::sort(changed, {}, &ChangedScore::order);
    return changed;
}

OrderedJson listed(const ChangedScore& changed) {
    OrderedJson json = past_score_to_json(changed.past);
    json["variant"] = changed.variant;
    json["item_id"] = changed.item ? OrderedJson(changed.item->value()) : OrderedJson(nullptr);
    json["repetition"] = changed.item ? OrderedJson(changed.repetition) : OrderedJson(nullptr);
    return json;
}

void print(const ChangedScore& changed, int repetitions, const Console& console) {
    const auto& [stored, evaluator_hash, replaced] = changed.past;
    std::string where = changed.item ? changed.item->value() + " · " : "";
    where += changed.variant;
    if (changed.item && repetitions > 1) {
        where += fmt::format(" · repetition {}", changed.repetition + 1);
    }
    std::string when = to_rfc3339(replaced).substr(0, 19);
    when[10] = ' ';
    const std::string line =
        fmt::format("{}  {:<12} {} was {}  {}", when,
                    evaluator_hash.empty() ? "–" : evaluator_hash.substr(0, k_hash_digits_shown),
                    stored.score.name, as_text(to_json(stored.score.value)), where);
    print_out(fit_width(terminal_safe(line), console.columns) + "\n");
}

}  // namespace

OrderedJson past_score_to_json(const PastScore& past) {
    const auto& [stored, evaluator_hash, replaced] = past;
    return {{"id", stored.id.value()},
            {"name", stored.score.name},
            {"value", to_json(stored.score.value)},
            {"comment", stored.score.comment},
            {"given_at", to_rfc3339(stored.timestamp)},
            {"replaced_at", to_rfc3339(replaced)},
            {"evaluator_hash",
             evaluator_hash.empty() ? OrderedJson(nullptr) : OrderedJson(evaluator_hash)}};
}

Result<ExitCode> show_history(const OpenRun& open, const ShowArguments& arguments,
                              const Console& console) {
    ASSAY_TRY(const auto changed, changed_scores(open));
    if (arguments.json) {
        OrderedJson list = OrderedJson::array();
        for (const ChangedScore& score : changed) list.push_back(listed(score));
        print_out(to_pretty_text(list));
        return ExitCode::ok;
    }
    if (changed.empty()) {
        print_out("No score of this run was ever changed.\n");
        return ExitCode::ok;
    }
    print_out(fmt::format("{:<20} {:<12} {}\n", "REPLACED", "EVALUATOR", "SCORE"));
    for (const ChangedScore& score : changed) print(score, open.run.repetitions, console);
    return ExitCode::ok;
}

}  // namespace assay
