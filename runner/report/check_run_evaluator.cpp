// What can be told of a run evaluator before anything runs.
#include <fmt/format.h>

#include <algorithm>

#include "runner/report/report.hpp"
#include "runner/report/run_evaluators.hpp"

namespace assay {
namespace {

using Scores = std::vector<ScoreColumn>;

std::string or_list(std::string hint, const std::vector<std::string>& names,
                    std::string_view what) {
    if (!hint.empty() || names.empty()) return hint;
    return fmt::format("; {} {}", what, fmt::join(names, ", "));
}

std::string check_type(const RunEvaluator& evaluator) {
    if (find_run_evaluator_type(evaluator.type) != nullptr) return {};
    std::vector<std::string> ids;
    for (const RunEvaluatorType& type : all_run_evaluator_types()) ids.push_back(type.id);
    return fmt::format("unknown run evaluator \"{}\"{}", evaluator.type,
                       or_list(did_you_mean(evaluator.type, ids), ids, "there are"));
}

std::string check_names(const RunEvaluator& evaluator, const RunEvaluatorType& type) {
    for (const auto& [name, value] : evaluator.parameters.items()) {
        if (std::ranges::find(type.parameters, name) != type.parameters.end()) continue;
        return fmt::format("unknown parameter \"{}\" of the run evaluator {}{}", name, type.id,
                           or_list(did_you_mean(name, type.parameters), type.parameters, "it has"));
    }
    return {};
}

/// Finds the score that the parameter `key` names.
std::string find_column(const RunEvaluator& evaluator, const char* key, const Scores& scores,
                        const ScoreColumn*& column) {
    const Json& named = evaluator.parameters.at(key);
    if (!named.is_string()) {
        return fmt::format("`{}` must be the name of a score, not {}", key, type_phrase(named));
    }
    const auto& name = named.get_ref<const std::string&>();
    std::vector<std::string> names;
    for (const ScoreColumn& candidate : scores) {
        if (candidate.name == name) column = &candidate;
        names.push_back(candidate.name);
    }
    if (column != nullptr) return {};
    return fmt::format("no evaluator gives the score \"{}\"{}", name,
                       or_list(did_you_mean(name, names), names, "there are"));
}

std::string check_score(const RunEvaluator& evaluator, const Scores& scores,
                        const ScoreColumn*& column) {
    if (!evaluator.parameters.contains("score")) {
        return fmt::format("the run evaluator {} needs `score`, the name of the score it runs over",
                           evaluator.type);
    }
    std::string mistake = find_column(evaluator, "score", scores, column);
    if (!mistake.empty()) return mistake;
    if (column->data_type != ScoreDataType::categorical) return {};
    return fmt::format("the score \"{}\" is CATEGORICAL; the run evaluator {} needs numbers",
                       column->name, evaluator.type);
}

std::string check_threshold(const RunEvaluator& evaluator, const ScoreColumn& column) {
    const auto threshold = evaluator.parameters.find("threshold");
    if (threshold != evaluator.parameters.end() && !threshold->is_number()) {
        return fmt::format("`threshold` must be a number, not {}", type_phrase(*threshold));
    }
    const bool given = threshold != evaluator.parameters.end();
    if (given || column.data_type != ScoreDataType::numeric) return {};
    return fmt::format(
        "{} of the NUMERIC score \"{}\" needs `threshold`, the least value that passes",
        evaluator.type, column.name);
}

std::string check_statistic(const RunEvaluator& evaluator, const Scores& scores) {
    const ScoreColumn* column = nullptr;
    if (std::string mistake = check_score(evaluator, scores, column); !mistake.empty()) {
        return mistake;
    }
    if (evaluator.type == "pass_rate") return check_threshold(evaluator, *column);
    if (evaluator.type != "percentile") return {};
    const double percent = number_or(evaluator, "percentile", -1);
    if (percent >= 0 && percent <= 100) return {};
    return "the run evaluator percentile needs `percentile`, a number from 0 to 100";
}

std::string check_repetitions(const RunEvaluator& evaluator, const Scores& scores,
                              int repetitions) {
    const ScoreColumn* column = nullptr;
    if (std::string mistake = check_score(evaluator, scores, column); !mistake.empty()) {
        return mistake;
    }
    if (std::string mistake = check_threshold(evaluator, *column); !mistake.empty()) {
        return mistake;
    }
    const auto k = evaluator.parameters.find("k");
    if (k == evaluator.parameters.end()) return {};
    if (!k->is_number_integer() || *k < 1) return "`k` must be a whole number of at least 1";
    if (*k <= repetitions) return {};
    return fmt::format("`k` is {}, but an item has {} repetition{}; raise `repetitions`",
                       to_text(*k), repetitions, repetitions == 1 ? "" : "s");
}

std::string check_predicted(const RunEvaluator& evaluator, const Scores& scores) {
    const auto predicted = evaluator.parameters.find("predicted");
    if (predicted == evaluator.parameters.end() || *predicted == "output") return {};
    const ScoreColumn* column = nullptr;
    std::string mistake = find_column(evaluator, "predicted", scores, column);
    if (!mistake.empty()) return mistake;
    if (column->data_type != ScoreDataType::numeric) return {};
    return fmt::format(
        "the score \"{}\" is NUMERIC; labels come from a CATEGORICAL or BOOLEAN score, or from "
        "the output",
        column->name);
}

std::string check_average(const RunEvaluator& evaluator) {
    const Json& parameters = evaluator.parameters;
    const auto positive = parameters.find("positive");
    if (positive != parameters.end() && (positive->is_structured() || positive->is_null())) {
        return fmt::format("`positive` must be a label, not {}", type_phrase(*positive));
    }
    const auto average = parameters.find("average");
    if (average == parameters.end()) return {};
    static const std::vector<std::string> k_averages = {"micro", "macro", "weighted", "binary"};
    const std::string name = as_text(*average);
    if (std::ranges::find(k_averages, name) == k_averages.end()) {
        return fmt::format("unknown average \"{}\"{}", name,
                           or_list(did_you_mean(name, k_averages), k_averages, "there are"));
    }
    if (name == "binary" && positive == parameters.end()) {
        return "`average: binary` needs `positive`, the label that counts";
    }
    if (name != "binary" && positive != parameters.end()) {
        return fmt::format("`positive` goes with `average: binary`, not with {}", name);
    }
    return {};
}

std::string check_labels(const RunEvaluator& evaluator, const Scores& scores) {
    if (std::string mistake = check_predicted(evaluator, scores); !mistake.empty()) return mistake;
    for (const char* name : {"ignore_case", "strip"}) {
        const auto flag = evaluator.parameters.find(name);
        if (flag == evaluator.parameters.end() || flag->is_boolean()) continue;
        return fmt::format("`{}` must be true or false, not {}", name, type_phrase(*flag));
    }
    return check_average(evaluator);
}

/// What `command` and `sandbox` may be is for the evaluator `code` to say, which knows the sandbox.
std::string check_program(const RunEvaluator& evaluator) {
    const Json declared = evaluator.parameters.value("scores", Json::object());
    if (!declared.is_object()) {
        return fmt::format("`scores` must be a map of names to types, not {}",
                           type_phrase(declared));
    }
    for (const auto& [name, type] : declared.items()) {
        const auto& measures = gate_measures();
        if (std::ranges::find(measures, name) != measures.end()) {
            return fmt::format("\"{}\" is the name of a measure, so a score cannot have it", name);
        }
        if (type != "category") continue;
        return fmt::format(
            "the score \"{}\" is declared a category; the score of a whole run is a number or "
            "true/false",
            name);
    }
    return {};
}

}  // namespace

std::string check_run_evaluator(const RunEvaluator& evaluator, const Scores& scores,
                                int repetitions) {
    if (std::string mistake = check_type(evaluator); !mistake.empty()) return mistake;
    const RunEvaluatorType& type = *find_run_evaluator_type(evaluator.type);
    if (!evaluator.parameters.is_object()) {
        return fmt::format("the parameters of the run evaluator {} must be a map, not {}", type.id,
                           type_phrase(evaluator.parameters));
    }
    if (std::string mistake = check_names(evaluator, type); !mistake.empty()) return mistake;
    switch (type.family) {
        case RunEvaluatorFamily::statistic: return check_statistic(evaluator, scores);
        case RunEvaluatorFamily::labels: return check_labels(evaluator, scores);
        case RunEvaluatorFamily::repetitions:
            return check_repetitions(evaluator, scores, repetitions);
        case RunEvaluatorFamily::program: return check_program(evaluator);
    }
    std::unreachable();
}

namespace {

/// The evaluators of the spec, by their scores. @return what is wrong, or "".
std::string check_requirement(const Gate& gate, const ReportPlan& plan) {
    if (!gate.requirement) return {};
    std::vector<std::string> known;
    for (const ScoreColumn& column : plan.scores) known.push_back(column.evaluator);
    const std::string& judge = gate.requirement->judge;
    if (std::ranges::find(known, judge) != known.end()) return {};
    return fmt::format(
        "the gate \"{}\" requires the judge \"{}\", and the spec has no such "
        "evaluator{}",
        gate.text, judge, did_you_mean(judge, known));
}

}  // namespace

std::string check_gate(const Gate& gate, const ReportPlan& plan) {
    if (std::string wrong = check_requirement(gate, plan); !wrong.empty()) return wrong;
    const bool asks_items =
        gate.confidence || gate.is_comparison() || !gate.slice.empty() || !gate.category.empty();
    for (const RunEvaluator& evaluator : plan.run_evaluators) {
        const std::vector<std::string> names = run_score_names(evaluator);
        if (std::ranges::find(names, gate.score) == names.end()) continue;
        if (evaluator.type == k_confusion_matrix) {
            return fmt::format(
                "the gate \"{}\" needs a number, and \"{}\" is a confusion matrix; put a gate on "
                "accuracy, precision, recall or f1",
                gate.text, gate.score);
        }
        if (!asks_items) continue;
        return fmt::format(
            "the gate \"{}\" needs a value of every item, and \"{}\" is one number of the whole "
            "variant; `confidence`, `baseline`, `versus`, `slice` and `category` go with scores",
            gate.text, gate.score);
    }
    return {};
}

std::string check_stop(const ReportPlan& plan) {
    const StopRule& stop = *plan.stop;
    const auto column = std::ranges::find(plan.scores, stop.score, &ScoreColumn::name);
    if (column == plan.scores.end()) {
        std::vector<std::string> names;
        for (const ScoreColumn& known : plan.scores) names.push_back(known.name);
        return fmt::format("`stop` names the score \"{}\", which no evaluator produces{}",
                           stop.score, did_you_mean(stop.score, names));
    }
    if (column->data_type == ScoreDataType::categorical) {
        return fmt::format("`stop` needs a number between 0 and 1, and {} is CATEGORICAL",
                           stop.score);
    }
    const auto decides = [&plan](const Gate& gate) { return is_sequential(gate, plan); };
    if (std::ranges::any_of(plan.gates, decides)) return {};
    return fmt::format(
        "`stop` ends the run once the gates on {0} are decided, and there is none; "
        "add one such as \"{0} >= 0.8\"",
        stop.score);
}

}  // namespace assay
