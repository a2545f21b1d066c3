#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/gate.hpp"
#include "core/model/ids.hpp"
#include "core/model/score.hpp"

namespace assay {

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

/// When a run ends before all its items are done: once the gates on a score are decided by an
/// interval that may be looked at after every item.
struct StopRule {
    std::string score;
    double confidence = 0.95;
    std::uint64_t min_items = 0;  ///< not before so many
};

/// What a report over a run shows and decides. Stored with the run, so that a report made at any
/// later time says the same.
struct ReportPlan {
    std::vector<ScoreColumn> scores;
    std::vector<RunEvaluator> run_evaluators;
    std::vector<Gate> gates;
    double min_coverage = 0.95;
    std::optional<StopRule> stop;
    std::uint64_t seed = 0;  ///< of resampling: the run's
};

/// Whether the gate is one of those that end the run: a bound on the score of `stop` over all
/// items.
[[nodiscard]] bool is_sequential(const Gate& gate, const ReportPlan& plan);

/// Where an item comes when they are taken in random order, smallest first: the first 16 digits of
/// the SHA-256 of "SEED LF ID". It depends on nothing that comes of the item.
[[nodiscard]] std::uint64_t random_rank(const DatasetItemId& item, std::uint64_t seed);

[[nodiscard]] Json to_json(const ReportPlan& plan);
/// @error data_loss when the JSON is no report plan.
[[nodiscard]] Result<ReportPlan> report_plan_from_json(const Json& json);

}  // namespace assay
