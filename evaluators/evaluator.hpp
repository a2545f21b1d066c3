#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
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

class Caller;          // judges/calls/caller.hpp: only evaluators that ask models look inside
class ModelDirectory;  // judges/calls/model_directory.hpp: the same

/// What an evaluator that waits is asked: all by value, since it outlives a suspension.
struct EvaluationRequest {
    std::string item_id;
    std::uint64_t position = 0;  ///< of the item in the run
    Json input;
    Json expected_output;  ///< null when there is none
    Json output;
    Json metadata;
    Json vars = Json::object();  ///< what `mapping` names; templates look here first
    Json steps;                  ///< {"ID": {"output": ...}}, null when the task has no steps
    std::string variant;
    int repetition = 0;
    TraceId trace_id;  ///< of the unit
};

struct EvaluationReply {
    std::vector<Score> scores;
    std::string log;  ///< what a program wrote besides its answer
    std::optional<JudgeRecord> judge;
    /// Why there are no scores, when there is something to keep besides the reason: a judge that
    /// was asked in vain has been paid. "" = the scores hold.
    std::string error;
};

/// Outputs that other variants of the run, or another run, gave for the same item.
class OtherOutputs {
  public:
    virtual ~OtherOutputs() = default;
    /// Waits until that unit of this run has ended its task.
    /// @error not_found when it gave no output; deadline_exceeded; cancelled.
    [[nodiscard]] virtual Task<Json> of_variant(std::string variant, std::uint64_t position,
                                                int repetition, Deadline deadline) = 0;
    /// @param run  as the spec names it: a run, RUN:VARIANT.
    /// @error not_found when the run has no output for the item.
    [[nodiscard]] virtual Result<Json> of_run(const std::string& run, const std::string& item_id,
                                              int repetition) = 0;
};

/// What an evaluator that waits may use, and until when. What it points to outlives the wait.
struct EvaluationContext {
    Deadline deadline;
    const Clock* clock = nullptr;
    Caller* caller = nullptr;        ///< the way to models
    OtherOutputs* others = nullptr;  ///< nullptr where only one output is known
};

/// How often a model is asked.
struct QuestionCount {
    std::uint64_t each_evaluation = 0;
    std::uint64_t once_a_run = 0;  ///< canaries, and what holds for all outputs
};

/// An evaluator that waits for something else to judge: a program, later a model. Used from the I/O
/// thread, by many coroutines at a time.
class AsyncEvaluator {
  public:
    virtual ~AsyncEvaluator() = default;
    /// As Evaluator::evaluate. @error cancelled besides.
    [[nodiscard]] virtual Task<EvaluationReply> evaluate(EvaluationRequest request,
                                                         EvaluationContext context) = 0;
    /// Ends what it holds, as Provider::close does. Safe to call twice.
    virtual void close() {}
    /// What besides its parameters can change its scores, such as the content of a program's files;
    /// "" = nothing. The evaluator's hash covers it.
    [[nodiscard]] virtual std::string fingerprint() const { return {}; }
    /// The variables of its templates, checked against the dataset before the run.
    [[nodiscard]] virtual std::vector<std::string> variables() const { return {}; }
    /// The models that it asks, as the spec names them: "openai:gpt-4.1". One of them may be the
    /// model under test.
    [[nodiscard]] virtual std::vector<std::string> models() const { return {}; }
    /// How many questions go to each of models() when every reply can be used at once.
    [[nodiscard]] virtual std::map<std::string, QuestionCount> questions() const { return {}; }
    /// What it was told of judging its own model: false = an error, true = nothing need be said;
    /// nothing = a warning.
    [[nodiscard]] virtual std::optional<bool> allows_self_judging() const { return std::nullopt; }
    /// The variants of the run whose outputs it compares with.
    [[nodiscard]] virtual std::vector<std::string> compares_with() const { return {}; }
    /// The other runs whose outputs it compares with, as the spec names them: RUN, RUN:VARIANT.
    /// They are found and noted in the manifest before the first call.
    [[nodiscard]] virtual std::vector<std::string> compares_with_runs() const { return {}; }
    /// What a model may answer: labels, the best first where that is known, or {"min", "max"} of a
    /// number, with the label that is worth most as "best" where labels are worth numbers.
    /// Null = that is not known.
    [[nodiscard]] virtual Json possible_verdicts() const { return nullptr; }
    /// Judges items whose verdict is known: who fails them is not to be believed.
    /// @return {"judged": n, "failed": [{"canary", "expected", "got"}...]}; null when it has none.
    [[nodiscard]] virtual Task<Json> judge_canaries(EvaluationContext /*context*/) {
        co_return Json();
    }
    /// The messages that evaluate() would send, without sending them: a list of lists of
    /// {"role", "content"}. Null when it asks no model.
    [[nodiscard]] virtual Result<Json> preview(const EvaluationRequest& /*request*/) const {
        return Json();
    }
};

/// What an AsyncEvaluator works in.
struct EvaluatorEnvironment {
    std::filesystem::path folder;  ///< of the spec, absolute
    int workers_max = 1;
    bool will_run = true;  ///< false: the spec is only looked at, on a machine that may lack things
    ModelDirectory* models = nullptr;  ///< for those that ask models; outlives what is made
    std::string name;                  ///< of the evaluator in the spec
    std::uint64_t seed = 0;
};

/// A score that an evaluator gives; the name "" is the evaluator's own.
struct DeclaredScore {
    std::string name;
    std::optional<ScoreDataType> data_type;  ///< when it is known before the run
    std::string suffix = {};  ///< with a name of "": behind the evaluator's own, as in NAME_spread
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
    /// JSON Schema of its own parameters (the common keys of SPEC 1.6 are checked elsewhere). One
    /// with "unscored": true cannot change a score, such as a time-out: the hash leaves it out.
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
    /// Whether its templates may use names that the common key `mapping` gives.
    bool takes_mapping = false;
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
