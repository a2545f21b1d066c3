#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/judge_template.hpp"
#include "core/model/template.hpp"
#include "evaluators/json_schema_validator.hpp"
#include "judges/judging/fence.hpp"
#include "judges/judging/model_judge.hpp"
#include "judges/judging/verdict.hpp"

namespace assay {

/// A judge that is asked one question and gives one score: what most forms and all templates are.
struct JudgePrompt {
    using Message = JudgeTemplate::Message;
    /// `{{input}}`, `{{output}}`, `{{expected_output}}` and what `mapping` names; each value that
    /// is inserted is fenced.
    std::vector<Message> messages;
    VerdictScale scale;
    /// What besides the evaluator's parameters it was made from, such as a template's file.
    std::string fingerprint;
};

/// What templates of judges can reach, of a request that outlives the scope. What `mapping` names
/// comes first, then `input`, `output`, `expected_output`, `metadata`, `steps`, then the members of
/// the input.
[[nodiscard]] TemplateScope scope_of(const EvaluationRequest& request);

/// Messages with everything that they insert fenced, and `instructions`, which are no template, and
/// the fence's explanation at the end of the system message; there is one then.
/// @error invalid_argument: a variable that has no value here.
[[nodiscard]] Result<std::vector<ChatMessage>> render_fenced(
    const std::vector<JudgePrompt::Message>& messages, const TemplateScope& scope,
    const Fence& fence, std::string_view instructions);

/// "judge", "judge:2", ...: the name of a repeated question, from 0.
[[nodiscard]] std::string question_name(int repetition);

/// The variables of such messages, as written.
[[nodiscard]] std::vector<std::string> variables_of(
    const std::vector<JudgePrompt::Message>& messages);

/// SHA-256 over all that such messages say besides what they insert.
[[nodiscard]] std::string fingerprint_of(const std::vector<JudgePrompt::Message>& messages,
                                         std::string_view instructions);

/// A message whose text is a template. @error invalid_argument with the place inside the text.
[[nodiscard]] Result<JudgePrompt::Message> judge_message(std::string role, std::string_view text);

/// The evaluator of a prompt. Scores: its own; with repetitions what combine() makes of them, and
/// NAME_spread.
class PromptedJudge : public ModelJudge {
  public:
    /// @param schema  of the prompt's scale, compiled.
    PromptedJudge(JudgePrompt prompt, JsonSchema schema, JudgeModel model, const Json& parameters,
                  const EvaluatorEnvironment& environment);

    [[nodiscard]] Task<EvaluationReply> evaluate(EvaluationRequest request,
                                                 EvaluationContext context) override;
    [[nodiscard]] std::string fingerprint() const override { return fingerprint_; }
    [[nodiscard]] std::vector<std::string> variables() const override {
        return variables_of(prompt_.messages);
    }
    [[nodiscard]] Json possible_verdicts() const override;
    [[nodiscard]] Result<Json> preview(const EvaluationRequest& request) const override;

  protected:
    /// More for the system message, found out before the question is asked; it is no template.
    [[nodiscard]] virtual Task<std::string> instructions(EvaluationContext context,
                                                         JudgeRecord& record);
    /// What is asked of one output: fenced, the scale and the form of the reply explained.
    /// @param more  for the system message; it is no template.
    [[nodiscard]] Result<std::vector<ChatMessage>> render(const EvaluationRequest& request,
                                                          std::string_view more) const;

  private:
    [[nodiscard]] Task<std::vector<Verdict>> ask(EvaluationRequest request,
                                                 EvaluationContext context, JudgeRecord& record);

    JudgePrompt prompt_;
    JsonSchema compiled_schema_;
    Json schema_;
    std::string instructions_;  ///< the scale and the form of the reply
    std::string fingerprint_;
};

/// Makes the evaluator of such a prompt.
/// @error invalid_argument: as read_judge_model(), and a prompt without a variable, for its judge
///        would see nothing of what it judges.
[[nodiscard]] Result<std::unique_ptr<AsyncEvaluator>> make_prompted_judge(
    JudgePrompt prompt, const Json& parameters, const EvaluatorEnvironment& environment);

/// The scores that such a judge declares, from its parameters and scale.
[[nodiscard]] std::vector<DeclaredScore> prompted_judge_scores(const Json& parameters,
                                                               const VerdictScale& scale);
/// The same of another type, nothing = unknown before the run.
[[nodiscard]] std::vector<DeclaredScore> repeated_scores(const Json& parameters,
                                                         std::optional<ScoreDataType> type);

}  // namespace assay
