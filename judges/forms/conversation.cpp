#include <fmt/format.h>

#include <utility>

#include "core/model/json_value.hpp"
#include "judges/builtin.hpp"
#include "judges/forms/form_prompt.hpp"
#include "judges/judging/prompted_judge.hpp"

namespace assay {
namespace {

/// The messages in a value: a list of objects with a role, or under `messages`; nullptr for all
/// else.
const Json* find_messages(const Json& value) {
    const Json* const inner = find_member(value, "messages");
    const Json& list = inner == nullptr ? value : *inner;
    const bool is_list = list.is_array() && !list.empty() && find_member(list.front(), "role");
    return is_list ? &list : nullptr;
}

/// What a message says: its text, the texts of its parts, and the tools that it calls.
std::string text_of_message(const Json& message) {
    const Json* const content = find_member(message, "content");
    std::string text;
    if (content != nullptr && content->is_array()) {
        for (const Json& part : *content) {
            const Json* const words = find_member(part, "text");
            text += words != nullptr ? as_text(*words) : to_text(part);
        }
    } else if (content != nullptr && !content->is_null()) {
        text = as_text(*content);
    }
    const Json* const calls = find_member(message, "tool_calls");
    if (calls != nullptr && !calls->empty()) {
        text += fmt::format("{}calls {}", text.empty() ? "" : "\n", to_text(*calls));
    }
    return text;
}

class Transcript {
  public:
    void add(std::string_view role, std::string_view text) {
        ++turns_;
        text_ += fmt::format("{}[{}] {}: {}", text_.empty() ? "" : "\n\n", turns_, role, text);
    }
    void add_all(const Json& messages) {
        for (const Json& message : messages) {
            const Json* const role = find_member(message, "role");
            add(role == nullptr ? std::string("unknown") : as_text(*role),
                text_of_message(message));
        }
    }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::size_t turns_ = 0;
    std::string text_;
};

/// The whole conversation: the messages of the input, then those of the output. An output that
/// begins with all messages of the input is the conversation by itself.
std::string transcript_of(const EvaluationRequest& request) {
    const Json* const before = find_messages(request.input);
    const Json* const after = find_messages(request.output);
    const bool repeats = before != nullptr && after != nullptr && after->size() >= before->size() &&
                         std::equal(before->begin(), before->end(), after->begin());
    Transcript transcript;
    if (before != nullptr && !repeats) transcript.add_all(*before);
    if (before == nullptr && !request.input.is_null() && after == nullptr) {
        transcript.add("user", as_text(request.input));
    }
    if (after != nullptr) {
        transcript.add_all(*after);
    } else {
        transcript.add("assistant", as_text(request.output));
    }
    return transcript.text();
}

/// A judge that is shown the conversation as one text.
class Conversation final : public PromptedJudge {
  public:
    using PromptedJudge::PromptedJudge;

    Task<EvaluationReply> evaluate(EvaluationRequest request, EvaluationContext context) override {
        request.vars["transcript"] = transcript_of(request);
        co_return co_await PromptedJudge::evaluate(std::move(request), context);
    }
    Result<Json> preview(const EvaluationRequest& request) const override {
        EvaluationRequest shown = request;
        shown.vars["transcript"] = transcript_of(request);
        return PromptedJudge::preview(shown);
    }
    std::vector<std::string> variables() const override {
        std::vector<std::string> names = PromptedJudge::variables();
        std::erase(names, "transcript");
        return names;
    }
};

constexpr std::string_view k_task =
    "You judge a conversation as a whole, from its first turn to its last, by these criteria:\n\n";
constexpr std::string_view k_manner =
    "\n\nLook at how it develops: what is understood, remembered, contradicted, left open. Name "
    "the "
    "turns that decide it, by their numbers, in `reasoning` before you give the verdict.";

Result<std::unique_ptr<AsyncEvaluator>> make_conversation(const Json& parameters,
                                                          const EvaluatorEnvironment& environment) {
    ASSAY_TRY(const std::string criteria, read_criteria(parameters));
    auto system = judge_message("system", fmt::format("{}{}{}", k_task, criteria, k_manner));
    if (!system) {
        return failure(ErrorCode::invalid_argument, "\"criteria\": " + system.error().message);
    }
    ASSAY_TRY(JudgePrompt::Message user, judge_message("user", "Conversation:\n{{transcript}}"));
    JudgePrompt prompt;
    prompt.messages = {std::move(*system), std::move(user)};
    ASSAY_TRY(prompt.scale, read_result(parameters));
    ASSAY_TRY(JudgeModel model, read_judge_model(parameters, environment));
    ASSAY_TRY(JsonSchema schema, JsonSchema::compile(prompt.scale.schema()));
    return std::make_unique<Conversation>(std::move(prompt), std::move(schema), std::move(model),
                                          parameters, environment);
}

std::vector<DeclaredScore> conversation_scores(const Json& parameters) {
    const auto scale = read_result(parameters);
    return prompted_judge_scores(parameters, scale.value_or(VerdictScale()));
}

}  // namespace

const EvaluatorDefinition conversation_definition{
    .id = "conversation",
    .version = 1,
    .summary =
        "A judge's verdict on a whole conversation: the messages of the input and the output.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {)" ASSAY_JUDGE_PARAMETERS "," ASSAY_CRITERIA_PARAMETER
                         "," ASSAY_RESULT_PARAMETER R"(
        },
        "required": ["provider", "criteria"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_conversation,
    .takes_mapping = true,
    .scores_for = &conversation_scores};

}  // namespace assay
