#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/base/json.hpp"
#include "core/model/score.hpp"

namespace assay {

enum class GateOperator : std::uint8_t { greater_equal, greater, less_equal, less, equal };

[[nodiscard]] const char* to_string(GateOperator op);  ///< ">=", ">", "<=", "<", "="
[[nodiscard]] bool holds(double observed, GateOperator op, double threshold);

/// A pass/fail rule over a report.
struct Gate {
    std::string text;      ///< how it is shown: "exact_match >= 0.85"
    std::string score;     ///< a score or run score; "" when it is a measure
    std::string category;  ///< share of this category of a CATEGORICAL score; "" = the mean
    std::string measure;   ///< one of gate_measures(); "" when it is a score
    GateOperator op = GateOperator::greater_equal;
    double threshold = 0;
    std::string variant;  ///< "" = every variant
    Place place;          ///< in the spec, for annotations
};

/// cost_usd, coverage, error_rate, latency_p50_ms, latency_p95_ms, latency_p99_ms, tokens.
[[nodiscard]] const std::vector<std::string>& gate_measures();

/// Parses the short form, "exact_match >= 85%".
/// @error invalid_argument saying what is expected.
[[nodiscard]] Result<Gate> parse_gate(std::string_view text);

/// A score that the spec's evaluators produce, in the order of the spec.
struct ScoreColumn {
    std::string name;
    std::string evaluator;                   ///< the evaluator's name
    std::optional<ScoreDataType> data_type;  ///< when it is known before the run
    bool check = false;                      ///< a false value is a failed test case in JUnit
};

/// One entry of `run_evaluators`: a statistic over all items of a variant.
struct RunEvaluator {
    std::string name;
    std::string type;     ///< one of run_evaluator_types() in runner/report/report.hpp
    Json parameters;      ///< an object: "score" or "predicted", and what the type needs
    std::string pointer;  ///< into the spec, for messages; not stored
};

/// The names of the scores that it gives: its own, or those that a program declares under `scores`.
[[nodiscard]] std::vector<std::string> run_score_names(const RunEvaluator& evaluator);

/// What a report over a run shows and decides. Stored with the run, so that a report made at any
/// later time says the same.
struct ReportPlan {
    std::vector<ScoreColumn> scores;
    std::vector<RunEvaluator> run_evaluators;
    std::vector<Gate> gates;
    double min_coverage = 0.95;
};

[[nodiscard]] Json to_json(const ReportPlan& plan);
/// @error data_loss when the JSON is no report plan.
[[nodiscard]] Result<ReportPlan> report_plan_from_json(const Json& json);

}  // namespace assay
