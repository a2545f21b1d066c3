#include "runner/report/run_evaluators.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/stats/summary.hpp"
#include "runner/report/report.hpp"

namespace assay {
namespace {

using Means = std::span<const double>;

double number_or(const Json& parameters, const char* name, double otherwise) {
    const auto found = parameters.find(name);
    return found != parameters.end() && found->is_number() ? found->get<double>() : otherwise;
}

Result<double> pass_rate(Means means, const Json& parameters) {
    // Without a threshold the score is BOOLEAN, and the mean is the share of true.
    if (!parameters.contains("threshold")) return mean(means);
    if (means.empty()) return failure(ErrorCode::invalid_argument, "no values");
    const double threshold = number_or(parameters, "threshold", 0);
    const auto passed =
        std::ranges::count_if(means, [&](double value) { return value >= threshold; });
    return static_cast<double>(passed) / static_cast<double>(means.size());
}

struct RunEvaluatorType {
    const char* id;
    const char* summary;
    Result<double> (*compute)(Means means, const Json& parameters);
};

constexpr RunEvaluatorType k_types[] = {
    {"mean", "Mean over all items of a score.",
     [](Means means, const Json&) { return mean(means); }},
    {"median", "Median over all items of a score.",
     [](Means means, const Json&) { return median(means); }},
    {"min", "Smallest value of a score over all items.",
     [](Means means, const Json&) { return minimum(means); }},
    {"max", "Largest value of a score over all items.",
     [](Means means, const Json&) { return maximum(means); }},
    {"stddev", "Sample standard deviation (n - 1) of a score over all items.",
     [](Means means, const Json&) { return sample_stddev(means); }},
    {"percentile",
     "The `percentile` (0 to 100) of a score over all items, interpolated linearly (type 7).",
     [](Means means, const Json& parameters) {
         return percentile(means, number_or(parameters, "percentile", 50));
     }},
    {"pass_rate", "Share of items whose score is true; for a NUMERIC score, at least `threshold`.",
     &pass_rate},
};

const RunEvaluatorType* find_type(std::string_view id) {
    for (const RunEvaluatorType& type : k_types) {
        if (type.id == id) return &type;
    }
    return nullptr;
}

std::vector<std::string> parameters_of(std::string_view type) {
    std::vector<std::string> names = {"score"};
    if (type == "percentile") names.emplace_back("percentile");
    if (type == "pass_rate") names.emplace_back("threshold");
    return names;
}

std::string check_type(const RunEvaluator& evaluator) {
    if (find_type(evaluator.type) != nullptr) return {};
    std::vector<std::string> ids;
    for (const RunEvaluatorType& type : k_types) ids.emplace_back(type.id);
    const std::string hint = did_you_mean(evaluator.type, ids);
    return fmt::format(
        "unknown run evaluator \"{}\"{}", evaluator.type,
        hint.empty() ? "; there are " + fmt::format("{}", fmt::join(ids, ", ")) : hint);
}

std::string check_names(const RunEvaluator& evaluator) {
    const std::vector<std::string> known = parameters_of(evaluator.type);
    for (const auto& [name, value] : evaluator.parameters.items()) {
        if (std::ranges::find(known, name) != known.end()) continue;
        const std::string hint = did_you_mean(name, known);
        return fmt::format(
            "unknown parameter \"{}\" of the run evaluator {}{}", name, evaluator.type,
            hint.empty() ? fmt::format("; it has {}", fmt::join(known, ", ")) : hint);
    }
    return {};
}

std::string check_score(const RunEvaluator& evaluator, const std::vector<ScoreColumn>& scores,
                        const ScoreColumn*& column) {
    const auto named = evaluator.parameters.find("score");
    if (named == evaluator.parameters.end()) {
        return fmt::format("the run evaluator {} needs `score`, the name of the score it runs over",
                           evaluator.type);
    }
    if (!named->is_string()) {
        return fmt::format("`score` must be the name of a score, not {}", type_phrase(*named));
    }
    const auto& name = named->get_ref<const std::string&>();
    std::vector<std::string> names;
    for (const ScoreColumn& candidate : scores) {
        if (candidate.name == name) column = &candidate;
        names.push_back(candidate.name);
    }
    if (column != nullptr) return {};
    const std::string hint = did_you_mean(name, names);
    return fmt::format("no evaluator gives the score \"{}\"{}", name,
                       hint.empty() && !names.empty()
                           ? fmt::format("; there are {}", fmt::join(names, ", "))
                           : hint);
}

std::string check_parameters(const RunEvaluator& evaluator, const ScoreColumn& column) {
    const Json& parameters = evaluator.parameters;
    if (column.data_type == ScoreDataType::categorical) {
        return fmt::format("the score \"{}\" is CATEGORICAL; the run evaluator {} needs numbers",
                           column.name, evaluator.type);
    }
    if (evaluator.type == "percentile") {
        const double percent = number_or(parameters, "percentile", -1);
        if (!(percent >= 0 && percent <= 100)) {
            return "the run evaluator percentile needs `percentile`, a number from 0 to 100";
        }
    }
    if (evaluator.type == "pass_rate") {
        const bool given = parameters.contains("threshold");
        if (given && !parameters.at("threshold").is_number()) {
            return fmt::format("`threshold` must be a number, not {}",
                               type_phrase(parameters.at("threshold")));
        }
        if (!given && column.data_type == ScoreDataType::numeric) {
            return fmt::format(
                "pass_rate of the NUMERIC score \"{}\" needs `threshold`, the least "
                "value that passes",
                column.name);
        }
    }
    return {};
}

}  // namespace

std::optional<double> run_score(const RunEvaluator& evaluator, std::span<const double> item_means) {
    const RunEvaluatorType* type = find_type(evaluator.type);
    if (type == nullptr) return std::nullopt;
    const Result<double> value = type->compute(item_means, evaluator.parameters);
    return value ? std::optional(*value) : std::nullopt;
}

std::string check_run_evaluator(const RunEvaluator& evaluator,
                                const std::vector<ScoreColumn>& scores) {
    if (std::string mistake = check_type(evaluator); !mistake.empty()) return mistake;
    if (!evaluator.parameters.is_object()) {
        return fmt::format("the parameters of the run evaluator {} must be a map, not {}",
                           evaluator.type, type_phrase(evaluator.parameters));
    }
    if (std::string mistake = check_names(evaluator); !mistake.empty()) return mistake;
    const ScoreColumn* column = nullptr;
    if (std::string mistake = check_score(evaluator, scores, column); !mistake.empty()) {
        return mistake;
    }
    return check_parameters(evaluator, *column);
}

const std::vector<RunEvaluatorInfo>& run_evaluator_types() {
    static const std::vector<RunEvaluatorInfo> k_infos = [] {
        std::vector<RunEvaluatorInfo> infos;
        for (const RunEvaluatorType& type : k_types) infos.push_back({type.id, type.summary});
        return infos;
    }();
    return k_infos;
}

}  // namespace assay
