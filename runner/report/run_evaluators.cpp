#include "runner/report/run_evaluators.hpp"

#include <algorithm>

#include "core/stats/summary.hpp"
#include "runner/report/report.hpp"

namespace assay {
namespace {

using Means = std::span<const double>;

Result<double> pass_rate(const RunEvaluator& evaluator, Means means) {
    // Without a threshold the score is BOOLEAN, and the mean is the share of true.
    if (!evaluator.parameters.contains("threshold")) return mean(means);
    ASSAY_CHECK(minimum(means));  // the same refusals as every other statistic
    const double threshold = number_or(evaluator, "threshold", 0);
    const auto passed =
        std::ranges::count_if(means, [&](double value) { return value >= threshold; });
    return static_cast<double>(passed) / static_cast<double>(means.size());
}

ClassAverage average_of(const RunEvaluator& evaluator) {
    const std::string average = text_or(evaluator, "average", "macro");
    if (average == "micro") return ClassAverage::micro;
    return average == "weighted" ? ClassAverage::weighted : ClassAverage::macro;
}

std::vector<RunEvaluatorType> make_types() {
    using enum RunEvaluatorFamily;
    const std::vector<std::string> of_score = {"score"};
    const std::vector<std::string> of_labels = {"predicted", "ignore_case", "strip"};
    const std::vector<std::string> averaged = {"predicted", "ignore_case", "strip", "average",
                                               "positive"};
    const std::vector<std::string> of_trials = {"score", "threshold", "k"};
    return {
        {"mean", statistic, "Mean over all items of a score.", of_score},
        {"median", statistic, "Median over all items of a score.", of_score},
        {"min", statistic, "Smallest value of a score over all items.", of_score},
        {"max", statistic, "Largest value of a score over all items.", of_score},
        {"stddev", statistic, "Sample standard deviation (n - 1) of a score over all items.",
         of_score},
        {"percentile",
         statistic,
         "The `percentile` (0 to 100) of a score over all items, interpolated linearly (type 7).",
         {"score", "percentile"}},
        {"pass_rate",
         statistic,
         "Share of items whose score is true; for a NUMERIC score, at least `threshold`.",
         {"score", "threshold"}},
        {"accuracy", labels,
         "Share of units whose predicted label (the output, or a score) is the expected output.",
         of_labels},
        {"precision", labels,
         "Share of the predictions of a label that are right, averaged over the labels.", averaged},
        {"recall", labels,
         "Share of the units of a label that are found, averaged over the labels.", averaged},
        {"f1", labels,
         "Harmonic mean of precision and recall of a label, averaged over the labels.", averaged},
        {std::string(k_confusion_matrix), labels,
         "How often each predicted label met each expected one: a table, not a number.", of_labels},
        {"pass_at_k", repetitions,
         "Probability that at least one of `k` repetitions of an item passes.", of_trials},
        {"pass_hat_k", repetitions, "Probability that all of `k` repetitions of an item pass.",
         of_trials},
        {"code",
         program,
         "Numbers from a program of yours that reads every unit of a variant, in a sandbox.",
         {"command", "sandbox", "scores"}},
    };
}

}  // namespace

const std::vector<RunEvaluatorType>& all_run_evaluator_types() {
    static const std::vector<RunEvaluatorType> k_types = make_types();
    return k_types;
}

const RunEvaluatorType* find_run_evaluator_type(std::string_view id) {
    const auto& types = all_run_evaluator_types();
    const auto found = std::ranges::find(types, id, &RunEvaluatorType::id);
    return found == types.end() ? nullptr : &*found;
}

double number_or(const RunEvaluator& evaluator, const char* name, double otherwise) {
    const auto found = evaluator.parameters.find(name);
    const bool usable = found != evaluator.parameters.end() && found->is_number();
    return usable ? found->get<double>() : otherwise;
}

bool flag_of(const RunEvaluator& evaluator, const char* name) {
    const auto found = evaluator.parameters.find(name);
    return found != evaluator.parameters.end() && *found == true;
}

std::string text_or(const RunEvaluator& evaluator, const char* name, const char* otherwise) {
    const auto found = evaluator.parameters.find(name);
    return found != evaluator.parameters.end() ? as_text(*found) : otherwise;
}

Result<double> run_statistic(const RunEvaluator& evaluator, Means item_means) {
    const std::string& type = evaluator.type;
    if (type == "mean") return mean(item_means);
    if (type == "median") return median(item_means);
    if (type == "min") return minimum(item_means);
    if (type == "max") return maximum(item_means);
    if (type == "stddev") return sample_stddev(item_means);
    if (type == "percentile") return percentile(item_means, number_or(evaluator, type.c_str(), 50));
    ASSAY_ASSERT(type == "pass_rate", "every statistic is computed above");
    return pass_rate(evaluator, item_means);
}

Result<double> run_classification(const RunEvaluator& evaluator, const ConfusionMatrix& matrix,
                                  std::string_view positive) {
    if (evaluator.type == "accuracy") return accuracy(matrix);
    const bool binary = evaluator.parameters.contains("positive");
    ASSAY_TRY(const ClassificationScores scores,
              binary ? classification_scores(matrix, positive)
                     : classification_scores(matrix, average_of(evaluator)));
    if (evaluator.type == "precision") return scores.precision;
    return evaluator.type == "recall" ? scores.recall : scores.f1;
}

const std::vector<RunEvaluatorInfo>& run_evaluator_types() {
    static const std::vector<RunEvaluatorInfo> k_infos = [] {
        std::vector<RunEvaluatorInfo> infos;
        for (const RunEvaluatorType& type : all_run_evaluator_types()) {
            infos.push_back({type.id, type.summary});
        }
        return infos;
    }();
    return k_infos;
}

}  // namespace assay
