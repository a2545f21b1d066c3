#include "judges/judging/prompted_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/hash.hpp"

namespace assay {
namespace {

constexpr std::string_view k_reasoning_first =
    "Write the reasoning before the verdict, so that the verdict follows from it.";

const Json* unless_null(const Json& value) { return value.is_null() ? nullptr : &value; }

/// The system message's text; there is one from now on, the first.
std::string& system_text(std::vector<ChatMessage>& messages) {
    if (messages.empty() || messages.front().role != "system") {
        messages.insert(messages.begin(), ChatMessage{.role = "system", .content = ""});
    }
    return messages.front().content.get_ref<std::string&>();
}

void add_paragraph(std::string& text, std::string_view paragraph) {
    if (paragraph.empty()) return;
    if (!text.empty()) text += "\n\n";
    text += paragraph;
}

Json said(const Verdict& verdict) {
    return verdict.label.empty() ? to_json(verdict.value) : Json(verdict.label);
}

bool inserts_nothing(const JudgePrompt& prompt) {
    return std::ranges::none_of(prompt.messages, [](const JudgePrompt::Message& message) {
        return message.content.has_variables();
    });
}

}  // namespace

TemplateScope scope_of(const EvaluationRequest& request) {
    return {.input = unless_null(request.input),
            .expected_output = unless_null(request.expected_output),
            .metadata = unless_null(request.metadata),
            .steps = unless_null(request.steps),
            .output = unless_null(request.output),
            .mapped = unless_null(request.vars),
            .own_names_first = true};
}

Result<JudgePrompt::Message> judge_message(std::string role, std::string_view text) {
    ASSAY_TRY(TextTemplate content, TextTemplate::parse(text));
    return JudgePrompt::Message{.role = std::move(role), .content = std::move(content)};
}

std::string question_name(int repetition) {
    return repetition == 0 ? "judge" : fmt::format("judge:{}", repetition + 1);
}

std::vector<std::string> variables_of(const std::vector<JudgePrompt::Message>& messages) {
    std::vector<std::string> names;
    for (const JudgePrompt::Message& message : messages) {
        std::ranges::move(message.content.variables(), std::back_inserter(names));
    }
    return names;
}

std::string fingerprint_of(const std::vector<JudgePrompt::Message>& messages,
                           std::string_view instructions) {
    Json material = Json::array();
    for (const JudgePrompt::Message& message : messages) {
        material.push_back({message.role, message.content.text()});
    }
    const Fence fence(Json(), 0);  // how values are fenced is a part of what is said
    material.push_back({instructions, fence.explanation(), fence.around("", "")});
    return sha256_hex(to_text(material));
}

Result<std::vector<ChatMessage>> render_fenced(const std::vector<JudgePrompt::Message>& messages,
                                               const TemplateScope& scope, const Fence& fence,
                                               std::string_view instructions) {
    std::vector<ChatMessage> rendered;
    for (const JudgePrompt::Message& message : messages) {
        ASSAY_TRY(std::string text, message.content.render(scope, fence.framer()));
        rendered.push_back({.role = message.role, .content = std::move(text)});
    }
    std::string& system = system_text(rendered);
    add_paragraph(system, instructions);
    add_paragraph(system, fence.explanation());
    return rendered;
}

PromptedJudge::PromptedJudge(JudgePrompt prompt, JsonSchema schema, JudgeModel model,
                             const Json& parameters, const EvaluatorEnvironment& environment)
    : ModelJudge(std::move(model), parameters, environment),
      prompt_(std::move(prompt)),
      compiled_schema_(std::move(schema)),
      schema_(prompt_.scale.schema()),
      instructions_(fmt::format("{}\n\n{}\n\n{}", prompt_.scale.describe(), k_reasoning_first,
                                reply_instruction(schema_))),
      fingerprint_(fingerprint_of(prompt_.messages, instructions_ + prompt_.fingerprint)) {}

Result<std::vector<ChatMessage>> PromptedJudge::render(const EvaluationRequest& request,
                                                       std::string_view more) const {
    const TemplateScope scope = scope_of(request);
    std::string instructions(more);
    add_paragraph(instructions, instructions_);
    return render_fenced(prompt_.messages, scope, Fence(scope, seed()), instructions);
}

Task<EvaluationReply> PromptedJudge::evaluate(EvaluationRequest request,
                                              EvaluationContext context) {
    JudgeRecord record = start_judge_record(context);
    auto verdicts = co_await ask(std::move(request), context, record);
    if (!verdicts) {
        co_return without_scores(std::move(verdicts.error()), std::move(record));
    }
    for (const Verdict& verdict : *verdicts) record.metadata["verdicts"].push_back(said(verdict));
    auto combined = combine(*verdicts);
    if (!combined) {
        co_return without_scores(std::move(combined.error()), std::move(record));
    }
    EvaluationReply reply;
    reply.scores = one_score(std::move(combined->value), std::move(combined->comment));
    if (model().repetitions > 1) {
        reply.scores.push_back({.name = name() + "_spread", .value = combined->spread});
    }
    reply.judge = std::move(record);
    co_return reply;
}

Task<std::vector<Verdict>> PromptedJudge::ask(EvaluationRequest request, EvaluationContext context,
                                              JudgeRecord& record) {
    ASSAY_CO_TRY(const std::string more, co_await instructions(context, record));
    ASSAY_CO_TRY(std::vector<ChatMessage> messages, render(request, more));
    const VerdictScale& scale = prompt_.scale;
    const auto check = [&scale](const Json& reply) -> Result<void> {
        ASSAY_TRY([[maybe_unused]] const Verdict verdict, verdict_in(reply, scale));
        return {};
    };
    std::vector<Verdict> verdicts;
    for (int repetition = 0; repetition < model().repetitions; ++repetition) {
        const bool is_last = repetition + 1 == model().repetitions;
        JudgeQuestion question{.name = question_name(repetition),
                               .messages = is_last ? std::move(messages) : messages,
                               .schema = &schema_,
                               .repetition = draw(request, repetition),
                               .check = check,
                               .compiled = &compiled_schema_};
        ASSAY_CO_TRY(const Json reply,
                     co_await ask_judge(model(), std::move(question), context, record));
        ASSAY_CO_TRY(Verdict verdict, verdict_in(reply, scale));
        verdicts.push_back(std::move(verdict));
    }
    co_return verdicts;
}

Task<std::string> PromptedJudge::instructions(EvaluationContext /*context*/,
                                              JudgeRecord& /*record*/) {
    co_return std::string();
}

Json PromptedJudge::possible_verdicts() const {
    const VerdictScale& scale = prompt_.scale;
    if (scale.type == ScoreDataType::boolean) return {true, false};
    if (scale.type == ScoreDataType::numeric) return {{"min", scale.min}, {"max", scale.max}};
    if (scale.scores_points) {
        const auto worst = std::ranges::min_element(scale.points, {}, &VerdictScale::Point::score);
        const auto best = std::ranges::max_element(scale.points, {}, &VerdictScale::Point::score);
        return {{"min", *worst->score}, {"max", *best->score}, {"best", best->label}};
    }
    Json labels = Json::array();
    for (const VerdictScale::Point& point : scale.points) labels.push_back(point.label);
    return labels;
}

Result<Json> PromptedJudge::preview(const EvaluationRequest& request) const {
    ASSAY_TRY(const std::vector<ChatMessage> messages, render(request, ""));
    return Json::array({messages_to_json(messages)});
}

Result<std::unique_ptr<AsyncEvaluator>> make_prompted_judge(
    JudgePrompt prompt, const Json& parameters, const EvaluatorEnvironment& environment) {
    if (inserts_nothing(prompt)) {
        return failure(ErrorCode::invalid_argument,
                       "the judge's prompt has no variable, so the judge would not see what it "
                       "judges; write {{output}} where the output shall stand");
    }
    ASSAY_TRY(JudgeModel model, read_judge_model(parameters, environment));
    ASSAY_TRY(JsonSchema schema, JsonSchema::compile(prompt.scale.schema()));
    return std::make_unique<PromptedJudge>(std::move(prompt), std::move(schema), std::move(model),
                                           parameters, environment);
}

std::vector<DeclaredScore> prompted_judge_scores(const Json& parameters,
                                                 const VerdictScale& scale) {
    return repeated_scores(parameters, scale.score_type());
}

std::vector<DeclaredScore> repeated_scores(const Json& parameters,
                                           std::optional<ScoreDataType> type) {
    std::vector<DeclaredScore> scores = {{.data_type = type}};
    if (parameters.value("repetitions", 1) > 1) {
        scores.push_back({.data_type = ScoreDataType::numeric, .suffix = "_spread"});
    }
    return scores;
}

}  // namespace assay
