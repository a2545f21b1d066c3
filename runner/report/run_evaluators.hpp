#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/report_plan.hpp"
#include "core/stats/classification.hpp"

namespace assay {

/// What a run evaluator looks at.
enum class RunEvaluatorFamily : std::uint8_t {
    statistic,    ///< the item means of a score
    labels,       ///< the predicted and the expected label of every unit
    repetitions,  ///< how many repetitions of each item pass
    program,      ///< every unit, by a program of the user's
};

struct RunEvaluatorType {
    std::string id;
    RunEvaluatorFamily family = RunEvaluatorFamily::statistic;
    std::string summary;
    std::vector<std::string> parameters;
};

/// All of them, in the order in which they are listed.
[[nodiscard]] const std::vector<RunEvaluatorType>& all_run_evaluator_types();
/// nullptr when there is none of that name.
[[nodiscard]] const RunEvaluatorType* find_run_evaluator_type(std::string_view id);

/// The one that gives no number: its matrix is shown beside the run scores.
inline constexpr std::string_view k_confusion_matrix = "confusion_matrix";

/// A parameter that was checked, or what it is when it was not given.
[[nodiscard]] double number_or(const RunEvaluator& evaluator, const char* name, double otherwise);
[[nodiscard]] bool flag_of(const RunEvaluator& evaluator, const char* name);
[[nodiscard]] std::string text_or(const RunEvaluator& evaluator, const char* name,
                                  const char* otherwise);

/// The value of a statistic over the item means of its score.
/// @error invalid_argument when it is not defined for so few.
[[nodiscard]] Result<double> run_statistic(const RunEvaluator& evaluator,
                                           std::span<const double> item_means);

/// accuracy, precision, recall or f1 of the labels counted.
/// @param positive  the label named by `positive`, made comparable as the counted ones were.
/// @error invalid_argument when there are none, or none is the positive one.
[[nodiscard]] Result<double> run_classification(const RunEvaluator& evaluator,
                                                const ConfusionMatrix& matrix,
                                                std::string_view positive);

}  // namespace assay
