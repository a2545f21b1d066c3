#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/base/task.hpp"
#include "core/model/score.hpp"
#include "core/model/unit.hpp"

namespace assay {

/// What an evaluator sees of a unit. `output` and `expected` are already selected (`on`, `value`)
/// and cut out (`extract`, `expected_extract`, `strip`); see evaluators/evaluation.hpp.
struct EvaluationInput {
    const Json& output;
    const Json* expected = nullptr;  ///< nullptr exactly when the definition needs none
    const Json& input;
    const Json& metadata;
    /// The unit that gave the output, with its latency, cost and tokens; nullptr where an output is
    /// judged that no task gave.
    const UnitResult* unit = nullptr;
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

    /// Whether `output` is of the kind that is judged at all, e.g. a number. What cannot be read
    /// is a wrong answer (SPEC 1.7), and `not` does not turn it into a right one.
    [[nodiscard]] virtual bool can_read(const Json& /*output*/) const { return true; }
    /// The error that evaluate() gives for this expected value whatever the output is, so that it
    /// is found in a spec before the run and where there is no output to judge.
    [[nodiscard]] virtual Result<void> check_expected(const Json& /*expected*/) const { return {}; }
};

/// What an evaluator that waits is asked: all by value, since it outlives a suspension.
struct EvaluationRequest {
    std::string item_id;
    Json input;
    Json expected_output;  ///< null when there is none
    Json output;
    Json metadata;
    std::string variant;
    int repetition = 0;
};

struct EvaluationReply {
    std::vector<Score> scores;
    std::string log;  ///< what a program wrote besides its answer
};

/// An evaluator that waits for something else to judge: a program, later a model. Used from the I/O
/// thread, by many coroutines at a time.
class AsyncEvaluator {
  public:
    virtual ~AsyncEvaluator() = default;
    /// As Evaluator::evaluate. @error cancelled besides.
    [[nodiscard]] virtual Task<EvaluationReply> evaluate(EvaluationRequest request,
                                                         Deadline deadline) = 0;
    /// Ends what it holds, as Provider::close does. Safe to call twice.
    virtual void close() {}
    /// What besides its parameters can change its scores, such as the content of a program's files;
    /// "" = nothing. The evaluator's hash covers it.
    [[nodiscard]] virtual std::string fingerprint() const { return {}; }
};

/// What an AsyncEvaluator works in.
struct EvaluatorEnvironment {
    std::filesystem::path folder;  ///< of the spec, absolute
    int workers_max = 1;
    bool will_run = true;  ///< false: the spec is only looked at, on a machine that may lack things
};

/// A score that an evaluator gives; "" is the evaluator's own name.
struct DeclaredScore {
    std::string name;
    std::optional<ScoreDataType> data_type;  ///< when it is known before the run
};

/// Everything there is to know about one kind of evaluator. It feeds spec validation,
/// `assay evaluators`, the published schema, the docs and the test that runs its examples.
struct EvaluatorDefinition {
    std::string_view id;
    int version = 1;  ///< raised whenever a result changes for any input
    std::string_view summary;
    ScoreDataType data_type = ScoreDataType::boolean;
    bool needs_expected =
        true;  ///< false: looks at the output alone and is given no expected value
    /// JSON Schema of its own parameters (the common keys of SPEC 1.6 are checked elsewhere).
    std::string_view parameters_schema;
    /// JSON: [{"parameters": {}, "output": ..., "expected": ..., "score": ..., "comment"?: ...}]
    std::string_view examples;
    /// `parameters` obeys the schema. @error invalid_argument, e.g. for a bad pattern; a message
    /// that begins with a parameter in quotes ("\"pattern\": ...") is shown at that parameter.
    /// nullptr exactly when there is a `make_async`.
    Result<std::unique_ptr<Evaluator>> (*make)(const Json& parameters) = nullptr;
    /// When the parameters decide the type; nullptr: it is always `data_type`.
    ScoreDataType (*data_type_for)(const Json& parameters) = nullptr;
    /// When the parameters decide whether it needs one; nullptr: it is always `needs_expected`.
    bool (*needs_expected_for)(const Json& parameters) = nullptr;
    /// For an evaluator that waits. It is made once and given the expected value where there is
    /// one, also when it does not need it; its texts are not rendered.
    Result<std::unique_ptr<AsyncEvaluator>> (*make_async)(
        const Json& parameters, const EvaluatorEnvironment& environment) = nullptr;
    /// When it gives other scores than one of its own name and `data_type`.
    std::vector<DeclaredScore> (*scores_for)(const Json& parameters) = nullptr;
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
