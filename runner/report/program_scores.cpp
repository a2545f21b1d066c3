#include "runner/report/program_scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/text.hpp"
#include "runner/report/run_evaluators.hpp"

namespace assay {
namespace {

constexpr const char* k_errors_key = "run_evaluator_errors";  // variant -> evaluator -> message
constexpr std::size_t k_name_columns_max = 60;

/// The type declared for a score: "number", "boolean" or "any".
std::string declared_type(const RunEvaluator& evaluator, const std::string& score) {
    const auto scores = evaluator.parameters.find("scores");
    return scores == evaluator.parameters.end() ? "any" : scores->value(score, std::string("any"));
}

Result<void> check_value(const RunEvaluator& evaluator, const Score& score) {
    const ScoreDataType type = data_type_of(score.value);
    if (type == ScoreDataType::categorical) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the program gave the score \"{}\" a text; the score of a whole "
                                   "run is a number or true/false",
                                   score.name));
    }
    const std::string declared = declared_type(evaluator, score.name);
    const bool fits =
        declared == "any" || (declared == "boolean") == (type == ScoreDataType::boolean);
    if (fits) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("the score \"{}\" is {}, but the spec declares it \"{}\"",
                               score.name, to_string(type), declared));
}

/// The message kept for an evaluator and variant, or "".
std::string program_error(const RunRecord& run, const std::string& variant,
                          const std::string& evaluator) {
    const Json* at = &run.manifest;
    for (const std::string& key : {std::string(k_errors_key), variant, evaluator}) {
        const auto found = at->find(key);  // the end where it is no object
        if (found == at->end()) return {};
        at = &*found;
    }
    return at->is_string() ? at->get<std::string>() : std::string();
}

/// Nothing when there is none that is a number.
const Score* find_number(const std::vector<Score>& scores, const std::string& name) {
    const auto found = std::ranges::find(scores, name, &Score::name);
    const bool usable =
        found != scores.end() && data_type_of(found->value) != ScoreDataType::categorical;
    return usable ? &*found : nullptr;
}

}  // namespace

bool is_program(const RunEvaluator& evaluator) {
    const RunEvaluatorType* const type = find_run_evaluator_type(evaluator.type);
    return type != nullptr && type->family == RunEvaluatorFamily::program;
}

Result<std::vector<Score>> check_program_scores(const RunEvaluator& evaluator,
                                                std::vector<Score> scores) {
    const std::vector<std::string> names = run_score_names(evaluator);
    std::set<std::string_view> seen;
    for (Score& score : scores) {
        if (score.name.empty()) score.name = evaluator.name;
        const std::string shown = fit_width(terminal_safe(score.name), k_name_columns_max);
        if (std::ranges::find(names, score.name) == names.end()) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the program gave the score \"{}\", which the spec does not "
                                       "know; declare it under `scores`",
                                       shown));
        }
        if (!seen.insert(score.name).second) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the program gave the score \"{}\" twice", shown));
        }
        ASSAY_CHECK(check_value(evaluator, score));
    }
    return scores;
}

void keep_program_error(RunRecord& run, const std::string& variant, const std::string& evaluator,
                        const std::string& message) {
    run.manifest[k_errors_key][variant][evaluator] = message;
}

void forget_program(const RunEvaluator& evaluator, RunRecord& run, ProgramScores& scores) {
    const std::vector<std::string> names = run_score_names(evaluator);
    for (auto& [dataset_run, given] : scores) {
        std::erase_if(given, [&](const Score& score) {
            return std::ranges::find(names, score.name) != names.end();
        });
    }
    if (!run.manifest.is_object() || !run.manifest.contains(k_errors_key)) return;
    Json& variants = run.manifest[k_errors_key];
    for (auto errors = variants.begin(); errors != variants.end();) {
        if (errors->is_object()) errors->erase(evaluator.name);
        errors = errors->empty() ? variants.erase(errors) : std::next(errors);
    }
    if (variants.empty()) run.manifest.erase(k_errors_key);
}

void take_program_scores(const RunRecord& run, const ProgramScores& scores,
                         VariantSummary& summary) {
    const auto found = scores.find(summary.dataset_run_id);
    static const std::vector<Score> k_none;
    const std::vector<Score>& given = found == scores.end() ? k_none : found->second;
    for (const RunEvaluator& evaluator : run.report_plan.run_evaluators) {
        if (!is_program(evaluator)) continue;
        const std::vector<std::string> names = run_score_names(evaluator);
        const bool ran = std::ranges::any_of(
            names, [&](const std::string& name) { return find_number(given, name) != nullptr; });
        std::string why = program_error(run, summary.name, evaluator.name);
        const bool is_stale = !why.empty();  // what is stored was said before
        if (why.empty()) {
            why = ran ? "the program gave no such score" : "the program was not run for this run";
        }
        for (const std::string& name : names) {
            const auto place = std::ranges::find(summary.run_scores, name, &RunScore::name);
            ASSAY_ASSERT(place != summary.run_scores.end(), "the tally makes a place for each");
            const Score* const score = find_number(given, name);
            if (score != nullptr && !is_stale) {
                place->value = as_number(score->value);
                place->comment = score->comment;
            } else {
                place->value = failure(ErrorCode::not_found, why);
            }
        }
    }
}

}  // namespace assay
