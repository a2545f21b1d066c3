#include <fmt/format.h>

#include <algorithm>

#include "core/model/json_value.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/reference_run.hpp"

namespace assay {
namespace {

std::string text_at_path(const Json& value, const std::vector<std::string>& path) {
    const Json* const found = find_path(value, path);
    return found == nullptr || found->is_null() ? std::string() : as_text(*found);
}

bool is_among(const std::vector<std::string>& allowed, std::string_view what) {
    return std::ranges::find(allowed, what) != allowed.end();
}

std::string items_of(const Json& manifest) {
    const Json* const items = find_path(manifest, {"dataset", "items"});
    if (items == nullptr || !items->is_number_unsigned()) return "unknown items";
    return format_some(items->get<std::uint64_t>(), "item");
}

/// A run over a part of the dataset has another hash by its nature; its items are still those of
/// the dataset, and pairing looks at the content of each.
std::string why_data_differ(const RunRecord& run, const ReferenceRun& reference) {
    if (run.partial || reference.partial) return {};
    const std::string here = text_at_path(run.manifest, {"dataset", "sha256"});
    const std::string there = text_at_path(reference.manifest, {"dataset", "sha256"});
    if (here.empty() || there.empty() || here == there) return {};
    const std::string items_here = items_of(run.manifest);
    const std::string items_there = items_of(reference.manifest);
    const std::string sizes = items_here == items_there
                                  ? fmt::format("{} with other content", items_here)
                                  : fmt::format("{} instead of {}", items_here, items_there);
    return fmt::format(
        "the dataset is not that of {}: {}; set a new baseline, or compare the "
        "items that both have with `allow_changed: [dataset]`",
        reference.name, sizes);
}

/// What a manifest says of an evaluator; nullptr when it does not list it.
const Json* find_evaluator(const Json& manifest, const std::string& name) {
    const Json* const evaluators = find_path(manifest, {"evaluators"});
    if (evaluators == nullptr || !evaluators->is_array()) return nullptr;
    for (const Json& evaluator : *evaluators) {
        if (text_at_path(evaluator, {"name"}) == name) return &evaluator;
    }
    return nullptr;
}

/// The evaluators that may have given the score: the one the spec announced, else all of those
/// that announced nothing.
std::vector<std::string> evaluators_of(const RunRecord& run, const std::string& score) {
    const auto& columns = run.report_plan.scores;
    const auto column = std::ranges::find(columns, score, &ScoreColumn::name);
    if (column != columns.end()) return {column->evaluator};
    std::vector<std::string> names;
    const Json* const evaluators = find_path(run.manifest, {"evaluators"});
    if (evaluators == nullptr || !evaluators->is_array()) return names;
    for (const Json& evaluator : *evaluators) {
        const std::string name = text_at_path(evaluator, {"name"});
        const bool announces =
            std::ranges::find(columns, name, &ScoreColumn::evaluator) != columns.end();
        if (!announces) names.push_back(name);
    }
    return names;
}

std::string why_evaluator_differs(const RunRecord& run, const ReferenceRun& reference,
                                  const std::string& score) {
    for (const std::string& name : evaluators_of(run, score)) {
        const Json* const here = find_evaluator(run.manifest, name);
        const Json* const there = find_evaluator(reference.manifest, name);
        if (here == nullptr || there == nullptr) continue;
        if (text_at_path(*here, {"hash"}) == text_at_path(*there, {"hash"})) continue;
        const std::string type = text_at_path(*here, {"type"});
        const std::string version_here = text_at_path(*here, {"version"});
        const std::string version_there = text_at_path(*there, {"version"});
        const bool same_kind =
            type == text_at_path(*there, {"type"}) && version_here == version_there;
        const std::string change =
            same_kind ? "its parameters changed"
                      : fmt::format("{} version {} instead of {} version {}", type, version_here,
                                    text_at_path(*there, {"type"}), version_there);
        return fmt::format(
            "{} is not scored as in {}: the {} \"{}\" is another one ({}); score the baseline's "
            "run anew with `assay rescore RUN SPEC` and set it again, or compare all the same "
            "with `allow_changed: [evaluator]`",
            score, reference.name, type == "judge" ? "judge" : "evaluator", name, change);
    }
    return {};
}

}  // namespace

std::string why_unfit(const RunRecord& run, const ReferenceRun& reference, const std::string& score,
                      const std::vector<std::string>& allowed) {
    std::string why;
    if (!is_among(allowed, "dataset")) why = why_data_differ(run, reference);
    if (why.empty() && !is_among(allowed, "evaluator")) {
        why = why_evaluator_differs(run, reference, score);
    }
    return why;
}

}  // namespace assay
