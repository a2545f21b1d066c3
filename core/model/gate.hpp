#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/base/json.hpp"

namespace assay {

enum class GateOperator : std::uint8_t { greater_equal, greater, less_equal, less, equal };

[[nodiscard]] const char* to_string(GateOperator op);  ///< ">=", ">", "<=", "<", "="
[[nodiscard]] bool holds(double observed, GateOperator op, double threshold);

/// What the threshold of a gate bounds.
enum class GateForm : std::uint8_t {
    value,       ///< the score or measure itself
    difference,  ///< how much it is above the reference: value − reference
    relative,    ///< the same as a share of the reference: (value − reference) / reference
};

/// What a gate can do to the exit code.
enum class GateTier : std::uint8_t {
    critical,    ///< FAIL is 1, CANNOT TELL is 3
    supporting,  ///< FAIL is 1; CANNOT TELL is said and changes nothing
    advisory,    ///< shown, and changes nothing
};

/// What becomes of an interval that lies on both sides of the threshold. Missing data is always
/// CANNOT TELL.
enum class OnInconclusive : std::uint8_t { cannot_tell, fail, pass, warn };

/// How FAIL verdicts of several gates are kept from adding up their chances of error.
enum class Correction : std::uint8_t { none, holm, bh };

/// How the interval of a mean or a difference is made.
enum class IntervalMethod : std::uint8_t {
    automatic,        ///< by data type and size, see docs/statistics.md
    wilson,           ///< rates
    clopper_pearson,  ///< rates
    student_t,
    bca,  ///< bootstrap, bias-corrected and accelerated
};

/// What a calibration says of a judge, as far as gates may ask for it.
enum class JudgeStatistic : std::uint8_t { kappa, accuracy, sensitivity, specificity, correlation };

[[nodiscard]] const char* to_string(GateForm form);
[[nodiscard]] const char* to_string(GateTier tier);
[[nodiscard]] const char* to_string(OnInconclusive rule);
[[nodiscard]] const char* to_string(Correction correction);
[[nodiscard]] const char* to_string(IntervalMethod method);
[[nodiscard]] const char* to_string(JudgeStatistic statistic);
// The words of a spec, which are also those of to_string. Nothing when it is none of them.
[[nodiscard]] const std::vector<std::string>& gate_tiers();
[[nodiscard]] const std::vector<std::string>& inconclusive_rules();
[[nodiscard]] const std::vector<std::string>& corrections();
[[nodiscard]] const std::vector<std::string>& interval_methods();
[[nodiscard]] const std::vector<std::string>& judge_statistics();
[[nodiscard]] std::optional<GateTier> parse_gate_tier(std::string_view text);
[[nodiscard]] std::optional<OnInconclusive> parse_on_inconclusive(std::string_view text);
[[nodiscard]] std::optional<Correction> parse_correction(std::string_view text);
[[nodiscard]] std::optional<IntervalMethod> parse_interval_method(std::string_view text);
[[nodiscard]] std::optional<JudgeStatistic> parse_judge_statistic(std::string_view text);

/// How far a judge must agree with people for a gate to be decided at all (docs/calibration.md).
struct JudgeRequirement {
    struct Minimum {
        JudgeStatistic statistic = JudgeStatistic::kappa;
        double value = 0;
    };
    std::string judge;  ///< an evaluator of the spec
    std::vector<Minimum> minimums;
    /// The lower bound of the statistic's interval has to reach the minimum, not only its value.
    bool lower_bound = false;
    std::string calibration;  ///< a file to go by; "" = the newest one that the store has
};

/// A pass/fail rule over a report.
struct Gate {
    std::string text;      ///< how it is shown: "exact_match >= 0.85"
    std::string score;     ///< a score or run score; "" when it is a measure
    std::string category;  ///< share of this category of a CATEGORICAL score; "" = the mean
    std::string measure;   ///< one of gate_measures(); "" when it is a score
    GateForm form = GateForm::value;
    GateOperator op = GateOperator::greater_equal;
    double threshold = 0;  ///< of `form`: max_drop 0.02 is difference >= -0.02
    std::string variant;   ///< "" = every variant
    std::string baseline;  ///< the reference: a baseline's name, a run or a file; "" = none
    std::string versus;    ///< the reference: another variant of the run; "" = none
    std::string slice;     ///< decided for each value of this path; "" = over all items
    std::optional<double> confidence;  ///< decided by the interval of this level
    IntervalMethod method = IntervalMethod::automatic;
    GateTier tier = GateTier::critical;
    OnInconclusive on_inconclusive = OnInconclusive::cannot_tell;
    Correction correction = Correction::holm;
    /// What may differ between the run and its baseline: "dataset", "evaluator".
    std::vector<std::string> allow_changed;
    std::optional<JudgeRequirement> requirement;
    Place place;  ///< in the spec, for annotations

    [[nodiscard]] bool is_comparison() const { return !baseline.empty() || !versus.empty(); }
};

/// cost_usd, coverage, error_rate, judge_cost_usd, judge_tokens, latency_p50_ms, latency_p95_ms,
/// latency_p99_ms, tokens.
[[nodiscard]] const std::vector<std::string>& gate_measures();

/// Parses the short form, "exact_match >= 85%".
/// @error invalid_argument saying what is expected.
[[nodiscard]] Result<Gate> parse_gate(std::string_view text);

[[nodiscard]] Json to_json(const Gate& gate);
/// What is missing has its default: gates of older runs know less.
/// @error data_loss when the JSON is no gate; may throw Json::exception.
[[nodiscard]] Result<Gate> gate_from_json(const Json& json);

}  // namespace assay
