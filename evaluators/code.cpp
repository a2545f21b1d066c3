#include <utility>

#include "core/base/random.hpp"
#include "core/process/line_workers.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/code_program.hpp"

namespace assay {
namespace {

constexpr int k_attempts = 2;  // the second when a program may have ended before it was asked

class CodeEvaluator final : public AsyncEvaluator {
  public:
    CodeEvaluator(CodeProgram code, bool once, std::string fingerprint)
        : wall_(code.wall),
          once_(once),
          fingerprint_(std::move(fingerprint)),
          workers_(std::move(code.program)) {}

    Task<EvaluationReply> evaluate(EvaluationRequest request, EvaluationContext context) override;
    void close() override { workers_.close(); }
    std::string fingerprint() const override { return fingerprint_; }

  private:
    Task<EvaluationReply> attempt(Json question, Deadline deadline);

    std::optional<std::chrono::milliseconds> wall_;
    bool once_;
    std::string fingerprint_;
    LineWorkers workers_;
};

Task<EvaluationReply> CodeEvaluator::evaluate(EvaluationRequest request,
                                              EvaluationContext context) {
    Json question = {{"input", std::move(request.input)},
                     {"expected_output", std::move(request.expected_output)},
                     {"output", std::move(request.output)},
                     {"metadata", std::move(request.metadata)},
                     {"variant", std::move(request.variant)},
                     {"repetition", request.repetition},
                     {"item_id", std::move(request.item_id)}};
    for (int attempts = 1;; ++attempts) {
        // What is judged may be printed by the program that judges it. Nobody can print a verdict
        // for an id that is not known yet.
        question["id"] = random_hex(16);
        auto reply = co_await attempt(question, context.deadline);
        if (reply || !reply.error().retryable || attempts == k_attempts) co_return reply;
    }
}

Task<EvaluationReply> CodeEvaluator::attempt(Json question, Deadline deadline) {
    ASSAY_CO_TRY(LineWorkers::Lease worker, co_await workers_.take(deadline));
    if (wall_) deadline = deadline.earlier({std::chrono::steady_clock::now() + *wall_});
    EvaluationReply reply;
    if (once_) {
        ASSAY_CO_TRY(const std::string answer,
                     co_await worker.ask_once(std::move(question), deadline));
        ASSAY_CO_TRY(reply.scores, parse_code_answer(answer));
    } else {
        ASSAY_CO_TRY(const Json answer, co_await worker.ask(std::move(question), deadline));
        ASSAY_CO_TRY(reply.scores, read_code_answer(answer));
    }
    reply.log = worker.take_log();
    if (!once_) worker.keep();
    co_return reply;
}

Result<std::unique_ptr<AsyncEvaluator>> make_code(const Json& parameters,
                                                  const EvaluatorEnvironment& environment) {
    ASSAY_TRY(CodeProgram code, make_code_program(parameters, environment));
    const bool once = parameters.value("mode", "persistent") == "once";
    std::string fingerprint = fingerprint_of_command(parameters.at("command"), environment.folder);
    return std::make_unique<CodeEvaluator>(std::move(code), once, std::move(fingerprint));
}

}  // namespace

const EvaluatorDefinition code_definition{
    .id = "code",
    .version = 1,
    .summary = "Scores of any type from a program of yours, in a sandbox.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "command": {"type": "array", "items": {"type": "string"}, "minItems": 1,
                        "description":
                        "the program and its arguments; it runs in the spec's folder"},
            "mode": {"enum": ["persistent", "once"], "default": "persistent",
                     "description": "once: one process an item, its whole stdout is the answer"},
            "scores": {"type": "object", "minProperties": 1, "maxProperties": 100,
                       "additionalProperties": {"enum": ["number", "boolean", "category", "any"]},
                       "description":
                       "names and types of its scores; default: one of the evaluator's name"},
            "sandbox": {
                "description": "what it may use, or none; see docs/sandbox.md",
                "anyOf": [
                    {"const": "none"},
                    {"type": "object",
                     "properties": {
                         "network": {"type": "boolean", "default": false},
                         "read": {"type": "array", "items": {"type": "string", "minLength": 1}},
                         "env": {"type": "array", "items": {"type": "string",
                                                            "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}},
                         "memory": {"type": ["string", "integer"], "default": "256MB"},
                         "cpu": {"type": ["string", "number"], "default": "2s"},
                         "wall": {"type": ["string", "number"], "default": "10s"},
                         "processes": {"type": "integer", "minimum": 1, "maximum": 1024,
                                       "default": 16},
                         "disk": {"type": ["string", "integer"], "default": "8MB"}
                     },
                     "additionalProperties": false}
                ]
            }
        },
        "required": ["command"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_code,
    .scores_for = &declared_code_scores};

}  // namespace assay
