#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/model/score.hpp"

namespace assay {

/// What an evaluator sees of a unit. `output` and `expected` are already selected (`on`, `value`)
/// and cut out (`extract`, `expected_extract`, `strip`); see evaluators/evaluation.hpp.
struct EvaluationInput {
    const Json& output;
    const Json* expected = nullptr;  ///< nullptr: the unit has none and the spec gives none
    const Json& input;
    const Json& metadata;
};

/// A pure function from an evaluation input to scores.
class Evaluator {
  public:
    virtual ~Evaluator() = default;

    /// One score per value; a score without a name gets the evaluator's. An output that is wrong
    /// is a low score with the reason as its comment; an expected value that cannot be read, or
    /// anything that keeps the evaluator from judging, is an error and never a score.
    [[nodiscard]] virtual Result<std::vector<Score>> evaluate(
        const EvaluationInput& input) const = 0;
};

/// Everything there is to know about one kind of evaluator. It feeds spec validation,
/// `assay evaluators`, the published schema, the docs and the test that runs its examples.
struct EvaluatorDefinition {
    std::string_view id;
    int version = 1;  ///< raised whenever a result changes for any input
    std::string_view summary;
    ScoreDataType data_type = ScoreDataType::boolean;
    bool needs_expected = true;  ///< false: works without an expected value
    /// JSON Schema of its own parameters (the common keys of SPEC 1.6 are checked elsewhere).
    std::string_view parameters_schema;
    /// JSON: [{"parameters": {}, "output": ..., "expected": ..., "score": ..., "comment"?: ...}]
    std::string_view examples;
    /// `parameters` obeys the schema. @error invalid_argument, e.g. for a bad pattern.
    Result<std::unique_ptr<Evaluator>> (*make)(const Json& parameters);
};

/// The built-in evaluators, sorted by id: the list is evaluators/builtin.def.
[[nodiscard]] const std::vector<const EvaluatorDefinition*>& builtin_evaluators();
/// nullptr when there is none of that name.
[[nodiscard]] const EvaluatorDefinition* find_evaluator(std::string_view id);

/// The usual answers of an evaluator.
[[nodiscard]] inline std::vector<Score> one_score(ScoreValue value, std::string comment = {}) {
    std::vector<Score> scores;
    scores.push_back(Score{.name = {}, .value = std::move(value), .comment = std::move(comment)});
    return scores;
}

}  // namespace assay
