#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "configs/spec_parts.hpp"

namespace assay {
namespace {

/// The common keys of SPEC 1.6; all others are the evaluator's own parameters.
const std::vector<std::string>& common_keys() {
    static const std::vector<std::string> k_keys = {
        "check", "expected_extract", "extract", "ignore_case", "mapping", "needs", "not", "on",
        "strip", "threshold",        "value",   "when"};
    return k_keys;
}

/// An item has no score over its scores that a weight could count in, and none is made up.
void refuse_weight(const SpecReader& weight) {
    weight.mistake_at_key(
        fmt::format("{} has no use: scores are not added up. Write a gate for each score, ask a "
                    "`checklist`, whose questions have a `weight`, or compute the sum in a run "
                    "evaluator of the type `code`",
                    weight.title()));
}

bool is_among(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

/// The ids of a variant's steps; nothing when they could not be read.
std::optional<std::vector<std::string>> step_ids(const VariantSpec& variant) {
    const TaskSpec& task = variant.task;
    const bool broken =
        task.pointer.empty() || (task.form == TaskForm::steps && task.steps.empty());
    if (broken) return std::nullopt;
    std::vector<std::string> ids;
    for (const StepSpec& step : task.steps) ids.push_back(step.id);
    return ids;
}

/// An evaluator judges all variants, so each must have the step.
void check_step(const SpecReader& on, const std::string& id,
                const std::vector<VariantSpec>& variants) {
    for (const VariantSpec& variant : variants) {
        const auto ids = step_ids(variant);
        if (!ids || is_among(*ids, id)) continue;
        const std::string whose =
            variants.size() == 1 ? "the task" : fmt::format("the variant \"{}\"", variant.name);
        on.mistake(fmt::format("{}: {} has no step \"{}\"{}", on.title(), whose, id,
                               did_you_mean(id, *ids)));
    }
}

void check_on(const SpecReader& on, const std::vector<VariantSpec>& variants) {
    const auto text = on.text();
    if (!text) return;
    if (*text == "trace") {
        on.mistake(
            fmt::format("{}: \"trace\" is not available yet; a JSONPath into the output, "
                        "`input` or `steps.ID.output` is",
                        on.title()));
    }
    constexpr std::string_view k_before = "steps.";
    constexpr std::string_view k_after = ".output";
    const bool names_step = text->starts_with(k_before) && text->ends_with(k_after) &&
                            text->size() > k_before.size() + k_after.size();
    if (!names_step) return;
    const std::size_t length = text->size() - k_before.size() - k_after.size();
    check_step(on, text->substr(k_before.size(), length), variants);
}

void split_keys(const SpecReader& entry, const std::vector<VariantSpec>& variants, SpecFiles& files,
                EvaluatorSpec& evaluator) {
    for (const auto& [key, member] : entry.members()) {
        if (key == "name" || key == "type") continue;
        if (key == "weight") {
            refuse_weight(member);
        } else if (is_among(common_keys(), key)) {
            evaluator.common[key] = member.value();
        } else {
            evaluator.parameters[key] = member.value();
        }
    }
    if (const auto on = entry.find("on")) check_on(*on, variants);
    const auto schema = entry.find("schema");
    if (evaluator.type == "json_schema" && schema) {
        evaluator.parameters["schema"] = files.schema_or_file(*schema).value_or(true);
    }
}

/// Refuses a name that is taken, or that a gate could not tell from a measure.
void check_name(const SpecReader& where, const std::string& name, std::set<std::string>& taken) {
    if (name.empty()) return;
    if (is_among(gate_measures(), name)) {
        where.mistake(
            fmt::format("\"{}\" is the name of a measure, so a score cannot have it; "
                        "give another `name`",
                        name));
    } else if (!taken.insert(name).second) {
        where.mistake(
            fmt::format("the name \"{}\" is taken by an entry above; give another `name`", name));
    }
}

/// Name and type of an entry that is a name alone or a map with `type`; the place of the name.
SpecReader read_name_and_type(const SpecReader& entry, std::string& name, std::string& type) {
    if (entry.value().is_string()) {
        type = entry.text().value_or("");
        name = type;
        return entry;
    }
    if (!entry.value().is_object()) {
        entry.wrong_type("a name or a map with the key `type`");
        return entry;
    }
    if (entry.require("type")) read_text(entry, "type", type);
    name = type;
    read_text(entry, "name", name);
    return entry.find("name").value_or(entry);
}

}  // namespace

std::vector<EvaluatorSpec> read_evaluators(const SpecReader& evaluators,
                                           const std::vector<VariantSpec>& variants,
                                           SpecFiles& files) {
    std::vector<EvaluatorSpec> read;
    std::set<std::string> taken;
    if (!evaluators.expect_list()) return read;
    for (const SpecReader& entry : evaluators.items()) {
        EvaluatorSpec evaluator{
            .parameters = Json::object(), .common = Json::object(), .pointer = entry.pointer()};
        const SpecReader name = read_name_and_type(entry, evaluator.name, evaluator.type);
        check_name(name, evaluator.name, taken);
        split_keys(entry, variants, files, evaluator);
        if (!evaluator.type.empty()) read.push_back(std::move(evaluator));
    }
    return read;
}

std::vector<RunEvaluator> read_run_evaluators(const SpecReader& evaluators) {
    static const KnownNames k_types = {
        .names = {"mean", "median", "min", "max", "stddev", "percentile", "pass_rate", "accuracy",
                  "precision", "recall", "f1", "confusion_matrix", "pass_at_k", "pass_hat_k",
                  "code"},
        .later = {}};
    std::vector<RunEvaluator> read;
    std::set<std::string> taken;
    if (!evaluators.expect_list()) return read;
    for (const SpecReader& entry : evaluators.items()) {
        RunEvaluator evaluator{.parameters = Json::object(), .pointer = entry.pointer()};
        const SpecReader name = read_name_and_type(entry, evaluator.name, evaluator.type);
        const SpecReader type = entry.find("type").value_or(entry);
        if (!evaluator.type.empty()) {
            (void)type.expect_name("run evaluator", evaluator.type, k_types);
        }
        check_name(name, evaluator.name, taken);
        for (const auto& [key, member] : entry.members()) {
            if (key != "name" && key != "type") evaluator.parameters[key] = member.value();
        }
        read.push_back(std::move(evaluator));
    }
    return read;
}

}  // namespace assay
