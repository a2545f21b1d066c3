#include "runner/report/calibration.hpp"

#include <fmt/format.h>
#include <oneapi/tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/stats/agreement.hpp"
#include "core/stats/correlation.hpp"

namespace assay {
namespace {

/// Of so many different values at most, all of them whole, numbers are a scale with steps.
constexpr std::size_t k_scale_steps_max = 20;

constexpr const char* k_true = "true";
constexpr const char* k_false = "false";

std::string label_of(const ScoreValue& value) {
    if (const auto* const text = std::get_if<std::string>(&value)) return *text;
    if (const auto* const truth = std::get_if<bool>(&value)) return *truth ? k_true : k_false;
    return fmt::format("{}", std::get<double>(value) + 0.0);  // −0 is 0
}

/// The outputs by index: those of a slice, or all.
using Rows = std::vector<std::size_t>;

/// Computes the figures of some of the outputs.
class Agreeing {
  public:
    Agreeing(const CalibrationFacts& facts, const std::vector<LabelledOutput>& outputs,
             const Rows& rows)
        : facts_(facts) {
        agreement_.outputs = rows.size();
        for (const std::size_t row : rows) {
            const LabelledOutput& output = outputs[row];
            if (facts.data_type == ScoreDataType::numeric) {
                people_.push_back(as_number(output.label));
                judge_.push_back(as_number(output.judged));
            }
            people_say_.push_back(label_of(output.label));
            judge_says_.push_back(label_of(output.judged));
        }
    }

    Agreement figures() {
        switch (facts_.data_type) {
            case ScoreDataType::boolean: add_truths(); break;
            case ScoreDataType::categorical: add_categories(); break;
            case ScoreDataType::numeric: add_numbers(); break;
        }
        return std::move(agreement_);
    }

  private:
    [[nodiscard]] StatisticOptions options() const {
        return {.confidence = k_calibration_confidence,
                .seed = facts_.seed,
                .parallel = [](std::size_t blocks, const auto& work) {
                    oneapi::tbb::parallel_for(std::size_t{0}, blocks, work);
                }};
    }

    void add_rate(const std::string& name, const Proportion& rate) {
        if (rate.trials == 0) return;
        const bool rare = std::min(rate.successes, rate.trials - rate.successes) < k_rare_outcomes;
        const auto interval = rare ? clopper_pearson(rate, k_calibration_confidence)
                                   : wilson(rate, k_calibration_confidence);
        ASSAY_ASSERT(interval.has_value(), "there are trials");
        agreement_.figures[name] = {
            .value = static_cast<double>(rate.successes) / static_cast<double>(rate.trials),
            .interval = ReportedInterval{interval->low, interval->high, k_calibration_confidence,
                                         rare ? "Clopper-Pearson" : "Wilson"}};
    }

    void add(const std::string& name, const Result<StatisticEstimate>& estimate) {
        if (!estimate) return;  // e.g. one of the two never varies
        AgreementFigure& figure = agreement_.figures[name];
        figure.value = estimate->value;
        if (!estimate->interval) return;
        figure.interval = ReportedInterval{estimate->interval->low, estimate->interval->high,
                                           k_calibration_confidence, "percentile bootstrap"};
    }

    /// The shares of labels that are on the diagonal, and kappa.
    void add_matrix(const std::vector<std::string>& levels, KappaWeights weights) {
        auto matrix = confusion_matrix(people_say_, judge_says_, levels);
        if (!matrix) return;  // too few outputs, or too many labels
        Proportion agreeing;
        for (std::size_t i = 0; i < matrix->labels.size(); ++i) {
            agreeing.successes += matrix->counts[i][i];
            agreeing.trials += std::reduce(matrix->counts[i].begin(), matrix->counts[i].end());
        }
        add_rate("accuracy", agreeing);
        add("kappa",
            estimate_matrix(
                *matrix,
                [weights](const ConfusionMatrix& drawn) { return cohen_kappa(drawn, weights); },
                options()));
        if (agreeing.successes == agreeing.trials) bound_perfect_kappa(*matrix, weights);
        agreement_.matrix = std::move(*matrix);
    }

    /// Drawing from labels that all agree gives the same again and again, and says nothing. What
    /// the disagreement is at most, each as bad as can be, of what chance gives these labels, says
    /// something.
    void bound_perfect_kappa(const ConfusionMatrix& matrix, KappaWeights weights) {
        const auto kappa = agreement_.figures.find("kappa");
        if (kappa == agreement_.figures.end()) return;
        const std::size_t labels = matrix.labels.size();
        const auto outputs = static_cast<double>(agreement_.outputs);
        double by_chance = 0;
        for (std::size_t a = 0; a < labels; ++a) {
            for (std::size_t b = 0; b < labels; ++b) {
                const double steps = static_cast<double>(a > b ? a - b : b - a);
                const double widest = static_cast<double>(labels - 1);
                const double badness = weights == KappaWeights::none
                                           ? (a == b ? 0 : 1)
                                           : steps * steps / (widest * widest);
                by_chance += badness * static_cast<double>(matrix.counts[a][a]) / outputs *
                             static_cast<double>(matrix.counts[b][b]) / outputs;
            }
        }
        const double at_most = 1 - agreement_.figures.at("accuracy").interval->low;
        kappa->second.interval =
            ReportedInterval{std::max(-1.0, 1 - at_most / by_chance), 1, k_calibration_confidence,
                             "Clopper-Pearson of the agreement"};
    }

    void add_truths() {
        const std::vector<std::string> levels = {k_false, k_true};
        add_matrix(levels, KappaWeights::none);
        if (!agreement_.matrix) return;
        const auto& counts = agreement_.matrix->counts;
        add_rate("sensitivity", {.successes = counts[1][1], .trials = counts[1][0] + counts[1][1]});
        add_rate("specificity", {.successes = counts[0][0], .trials = counts[0][0] + counts[0][1]});
    }

    void add_categories() {
        add_matrix(facts_.order,
                   facts_.order.empty() ? KappaWeights::none : KappaWeights::quadratic);
        if (!agreement_.matrix) return;
        const ConfusionMatrix& matrix = *agreement_.matrix;
        for (std::size_t i = 0; i < matrix.labels.size(); ++i) {
            add_rate("recall." + matrix.labels[i],
                     {.successes = matrix.counts[i][i],
                      .trials = std::reduce(matrix.counts[i].begin(), matrix.counts[i].end())});
        }
    }

    void add_numbers() {
        add("pearson", estimate_pairs(people_, judge_, &pearson, options()));
        add("spearman", estimate_pairs(people_, judge_, &spearman, options()));
        add("mean_absolute_error",
            estimate_pairs(people_, judge_, &mean_absolute_error, options()));
        std::vector<Ratings> ratings;
        std::vector<double> differences;
        for (std::size_t i = 0; i < people_.size(); ++i) {
            ratings.push_back({people_[i], judge_[i]});
            differences.push_back(judge_[i] - people_[i]);
        }
        add("alpha", estimate_alpha(ratings, RatingScale::interval, options()));
        add_bias(std::move(differences));
        const std::vector<std::string> steps = scale_steps();
        if (!steps.empty()) add_matrix(steps, KappaWeights::quadratic);
    }

    void add_bias(std::vector<double> differences) {
        const auto estimate = mean_estimate({.values = std::move(differences), .clusters = {}},
                                            {.seed = facts_.seed});
        if (!estimate) return;
        AgreementFigure& bias = agreement_.figures["bias"];
        bias.value = estimate->value;
        const auto interval = estimate->interval(k_calibration_confidence);
        if (interval) bias.interval = *interval;
    }

    /// The values in order when they are few and whole; else none.
    [[nodiscard]] std::vector<std::string> scale_steps() const {
        std::set<double> steps(people_.begin(), people_.end());
        steps.insert(judge_.begin(), judge_.end());
        const bool whole =
            std::ranges::all_of(steps, [](double value) { return std::trunc(value) == value; });
        std::vector<std::string> labels;
        if (!whole || steps.size() > k_scale_steps_max) return labels;
        for (const double step : steps) labels.push_back(label_of(step));
        return labels;
    }

    const CalibrationFacts& facts_;
    std::vector<double> people_;
    std::vector<double> judge_;
    std::vector<std::string> people_say_;
    std::vector<std::string> judge_says_;
    Agreement agreement_;
};

/// How far apart the two are, for the order in which disagreements are shown.
double distance_of(const LabelledOutput& output) {
    if (std::holds_alternative<double>(output.label)) {
        return std::abs(as_number(output.judged) - as_number(output.label));
    }
    return agree(output) ? 0 : 1;
}

Rows rows_of(const std::vector<LabelledOutput>& outputs, std::size_t path,
             const std::string& value) {
    Rows rows;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
        if (outputs[i].slices[path] == value) rows.push_back(i);
    }
    return rows;
}

Result<std::vector<SliceAgreement>> agreement_by_slice(const CalibrationFacts& facts,
                                                       const std::vector<LabelledOutput>& outputs) {
    std::vector<SliceAgreement> slices;
    for (std::size_t path = 0; path < facts.slices.size(); ++path) {
        std::set<std::string> values;
        for (const LabelledOutput& output : outputs) values.insert(output.slices[path]);
        if (values.size() > limits::k_slices_max) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("{} has {} values, and at most {} slices are told apart",
                                       facts.slices[path], values.size(), limits::k_slices_max));
        }
        for (const std::string& value : values) {
            Agreeing agreeing(facts, outputs, rows_of(outputs, path, value));
            slices.push_back({facts.slices[path], value, agreeing.figures()});
        }
    }
    return slices;
}

}  // namespace

std::string output_digest(const Json& output) { return sha256_hex(to_text(output)).substr(0, 16); }

bool agree(const LabelledOutput& output) { return output.label == output.judged; }

const AgreementFigure* Agreement::find(const std::string& figure) const {
    const auto found = figures.find(figure);
    return found == figures.end() ? nullptr : &found->second;
}

JudgeAccuracy Calibration::accuracy() const {
    JudgeAccuracy accuracy;
    for (const LabelledOutput& output : outputs) {
        const bool is_true = std::get<bool>(output.label);
        Proportion& rate = is_true ? accuracy.sensitivity : accuracy.specificity;
        ++rate.trials;
        if (agree(output)) ++rate.successes;
    }
    return accuracy;
}

Result<Calibration> calibrate(CalibrationFacts facts, std::vector<LabelledOutput> outputs) {
    if (outputs.size() < 2) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("2 outputs that are labelled and judged are needed, and there "
                                   "{} {}",
                                   outputs.size() == 1 ? "is" : "are", outputs.size()));
    }
    if (outputs.size() > limits::k_labels_max) {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("{} labels: at most {} are compared", outputs.size(),
                                   limits::k_labels_max));
    }
    std::ranges::sort(outputs, [](const LabelledOutput& a, const LabelledOutput& b) {
        const double of_a = distance_of(a);
        const double of_b = distance_of(b);
        if (of_a != of_b) return of_a > of_b;
        return std::tie(a.item_id, a.output) < std::tie(b.item_id, b.output);
    });
    Calibration calibration;
    Rows all(outputs.size());
    std::iota(all.begin(), all.end(), 0U);
    calibration.whole = Agreeing(facts, outputs, all).figures();
    ASSAY_TRY(calibration.slices, agreement_by_slice(facts, outputs));
    calibration.disagreements =
        static_cast<std::uint64_t>(std::ranges::count_if(outputs, std::not_fn(&agree)));
    calibration.facts = std::move(facts);
    calibration.outputs = std::move(outputs);
    return calibration;
}

}  // namespace assay
