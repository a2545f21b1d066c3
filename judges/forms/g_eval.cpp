#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "core/base/wakeup.hpp"
#include "judges/builtin.hpp"
#include "judges/forms/form_prompt.hpp"

// G-Eval: criteria become steps, the steps are followed to a score. Source: Liu, Iter, Xu, Wang,
// Xu, Zhu, "G-Eval: NLG Evaluation using GPT-4 with Better Human Alignment", EMNLP 2023. The paper
// weighs the scores by the probabilities of their tokens, which most APIs do not tell;
// `repetitions` with a `temperature` above 0 estimate the same mean.

namespace assay {
namespace {

constexpr std::string_view k_system =
    "You judge one output of a system. Follow the evaluation steps one after the other and say "
    "what each finds; then give the score that follows from them.";

constexpr std::string_view k_user =
    "The criteria:\n{}\n\n"
    "The input that the system was given:\n{{{{input | default('')}}}}\n\n"
    "The output to be judged:\n{{{{output}}}}";

constexpr std::string_view k_steps_system =
    "You prepare the evaluation of outputs of a system. From the criteria, write the steps that a "
    "careful judge follows for every output, three to seven, each one sentence that says what to "
    "look for. They are used as they are for all outputs, so they name none.";

Json steps_schema() {
    return {{"type", "object"},
            {"properties",
             {{"steps",
               {{"type", "array"},
                {"items", {{"type", "string"}}},
                {"minItems", 1},
                {"maxItems", 20}}}}},
            {"required", {"steps"}},
            {"additionalProperties", false}};
}

std::string steps_text(const Json& steps) {
    std::string text = "The evaluation steps:";
    std::size_t number = 0;
    for (const Json& step : steps) {
        text += fmt::format("\n{}. {}", ++number, step.get_ref<const std::string&>());
    }
    return text;
}

class GEval final : public PromptedJudge {
  public:
    /// @param steps  null = the judge writes them, once for all outputs.
    struct Parts {
        JudgePrompt prompt;
        JsonSchema schema;
        JudgeModel model;
        std::string criteria;
        Json steps;
    };
    GEval(Parts parts, const Json& parameters, const EvaluatorEnvironment& environment)
        : PromptedJudge(std::move(parts.prompt), std::move(parts.schema), std::move(parts.model),
                        parameters, environment),
          criteria_(std::move(parts.criteria)),
          steps_(std::move(parts.steps)) {}

    std::string fingerprint() const override {
        return PromptedJudge::fingerprint() + fingerprint_of({}, k_steps_system);
    }
    Result<Json> preview(const EvaluationRequest& request) const override;

  protected:
    Task<std::string> instructions(EvaluationContext context, JudgeRecord& record) override;
    std::uint64_t questions_a_run() const override { return steps_.is_null() ? 1 : 0; }

  private:
    [[nodiscard]] std::vector<ChatMessage> steps_question() const;
    [[nodiscard]] Task<Json> write_steps(EvaluationContext context, JudgeRecord& record);
    [[nodiscard]] Task<bool> steps_known(Deadline deadline);

    std::string criteria_;
    Json steps_;
    bool is_writing_ = false;
    std::vector<Wakeup*> waiting_;
};

std::vector<ChatMessage> GEval::steps_question() const {
    return {{.role = "system",
             .content = fmt::format("{}\n\n{}", k_steps_system, reply_instruction(steps_schema()))},
            {.role = "user", .content = fmt::format("The criteria:\n{}", criteria_)}};
}

Task<Json> GEval::write_steps(EvaluationContext context, JudgeRecord& record) {
    const Json schema = steps_schema();
    JudgeQuestion question{.name = "steps", .messages = steps_question(), .schema = &schema};
    ASSAY_CO_TRY(Json reply, co_await ask_judge(model(), std::move(question), context, record));
    co_return std::move(reply.at("steps"));
}

/// Waits while another evaluation has them written; false when none does (any more).
Task<bool> GEval::steps_known(Deadline deadline) {
    while (steps_.is_null() && is_writing_) {
        Wakeup wakeup(co_await boost::asio::this_coro::executor);
        waiting_.push_back(&wakeup);
        const Wakeup::Cause cause = co_await wakeup.wait(deadline);
        std::erase(waiting_, &wakeup);
        if (cause == Wakeup::Cause::cancelled) {
            co_return failure(ErrorCode::cancelled, "cancelled while waiting for the steps");
        }
        if (cause == Wakeup::Cause::deadline) {
            co_return failure(ErrorCode::deadline_exceeded,
                              "the judge's evaluation steps did not come in time");
        }
    }
    co_return !steps_.is_null();
}

Task<std::string> GEval::instructions(EvaluationContext context, JudgeRecord& record) {
    ASSAY_CO_TRY(const bool known, co_await steps_known(context.deadline));
    if (!known) {
        is_writing_ = true;
        auto steps = co_await write_steps(context, record);
        is_writing_ = false;
        if (steps) steps_ = std::move(*steps);
        for (Wakeup* const wakeup : waiting_) wakeup->notify();
        if (!steps) co_return std::unexpected(std::move(steps.error()));
    }
    record.metadata["steps"] = steps_;
    co_return steps_text(steps_);
}

Result<Json> GEval::preview(const EvaluationRequest& request) const {
    Json lists = Json::array();
    if (steps_.is_null()) lists.push_back(messages_to_json(steps_question()));
    const std::string steps = steps_.is_null()
                                  ? "The evaluation steps:\n(those that the judge answers first)"
                                  : steps_text(steps_);
    ASSAY_TRY(const std::vector<ChatMessage> messages, render(request, steps));
    lists.push_back(messages_to_json(messages));
    return lists;
}

Result<VerdictScale> read_range(const Json& parameters) {
    return parse_verdict_scale({{"type", "NUMERIC"},
                                {"min", parameters.value("min", 1.0)},
                                {"max", parameters.value("max", 5.0)},
                                {"integer", parameters.value("integer", true)}},
                               "max");
}

std::vector<DeclaredScore> g_eval_scores(const Json& parameters) {
    return repeated_scores(parameters, ScoreDataType::numeric);
}

Result<std::unique_ptr<AsyncEvaluator>> make_g_eval(const Json& parameters,
                                                    const EvaluatorEnvironment& environment) {
    JudgePrompt prompt;
    ASSAY_TRY(prompt.scale, read_range(parameters));
    ASSAY_TRY(std::string criteria, read_criteria(parameters));
    ASSAY_TRY(prompt.messages,
              form_messages(k_system, fmt::format(fmt::runtime(k_user), criteria)));
    ASSAY_TRY(JsonSchema schema, JsonSchema::compile(prompt.scale.schema()));
    ASSAY_TRY(JudgeModel model, read_judge_model(parameters, environment));
    return std::make_unique<GEval>(GEval::Parts{.prompt = std::move(prompt),
                                                .schema = std::move(schema),
                                                .model = std::move(model),
                                                .criteria = std::move(criteria),
                                                .steps = parameters.value("steps", Json())},
                                   parameters, environment);
}

}  // namespace

const EvaluatorDefinition g_eval_definition{
    .id = "g_eval",
    .version = 1,
    .summary =
        "A model turns criteria into evaluation steps once, then follows them for each "
        "output to a number in a range (G-Eval).",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {)" ASSAY_JUDGE_PARAMETERS "," ASSAY_CRITERIA_PARAMETER R"(,
            "steps": {"type": "array", "minItems": 1, "maxItems": 20,
                      "items": {"type": "string", "minLength": 1},
                      "description": "the evaluation steps; default: the judge writes them once"},
            "min": {"type": "number", "default": 1},
            "max": {"type": "number", "default": 5},
            "integer": {"type": "boolean", "default": true}
        },
        "required": ["provider", "criteria"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_g_eval,
    .takes_mapping = true,
    .scores_for = &g_eval_scores};

}  // namespace assay
