#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <utility>

#include "core/base/text.hpp"
#include "judges/builtin.hpp"
#include "judges/forms/form_prompt.hpp"

namespace assay {
namespace {

constexpr std::string_view k_system =
    "You answer a checklist about one output of a system. Answer every question by itself, with "
    "true for yes and false for no: the answer to one question says nothing about another. Say "
    "first what in the output decides. What the output does not show is a no.";

constexpr std::string_view k_user =
    "The questions, each with its id:\n{}\n\n"
    "The input that the system was given:\n{{{{input | default('')}}}}\n\n"
    "The output to be judged:\n{{{{output}}}}";

struct Question {
    std::string id;
    std::string text;  ///< source of a template
    double weight = 1;
};

Result<std::vector<Question>> read_questions(const Json& parameters) {
    std::vector<Question> questions;
    std::set<std::string> ids;
    double weights = 0;
    for (const Json& entry : parameters.at("questions")) {
        Question question{.id = entry.at("id").get<std::string>(),
                          .text = std::string(trim(entry.at("question").get<std::string>())),
                          .weight = entry.value("weight", 1.0)};
        const auto refuse = [&question](std::string_view why) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("\"questions\": {}: {}", question.id, why));
        };
        if (!ids.insert(question.id).second) return refuse("another question has this id");
        if (question.id == "spread") return refuse("is the name of another score");
        if (const auto checked = TextTemplate::parse(question.text); !checked) {
            return refuse(checked.error().message);
        }
        weights += question.weight;
        questions.push_back(std::move(question));
    }
    if (!(weights > 0)) {
        return failure(ErrorCode::invalid_argument, "\"questions\": all of them weigh nothing");
    }
    return questions;
}

/// An object with a property for each question, so that the schema asks for all and for no other.
Json reply_schema(const std::vector<Question>& questions) {
    const Json answer = {
        {"type", "object"},
        {"properties", {{"reasoning", {{"type", "string"}}}, {"verdict", {{"type", "boolean"}}}}},
        {"required", {"reasoning", "verdict"}},
        {"additionalProperties", false}};
    Json answers = Json::object();
    Json ids = Json::array();
    for (const Question& question : questions) {
        answers[question.id] = answer;
        ids.push_back(question.id);
    }
    return {{"type", "object"},
            {"properties", std::move(answers)},
            {"required", std::move(ids)},
            {"additionalProperties", false}};
}

VerdictScale yes_or_no() { return {.type = ScoreDataType::boolean}; }

/// The answers of one reply, in the order of the questions.
Result<std::vector<Verdict>> read_answers(const Json& reply,
                                          const std::vector<Question>& questions) {
    std::vector<Verdict> answers;
    for (const Question& question : questions) {
        auto answer = verdict_in(reply.at(question.id), yes_or_no());
        if (!answer) {
            return failure(answer.error().code, fmt::format("{} (question \"{}\")",
                                                            answer.error().message, question.id));
        }
        answers.push_back(std::move(*answer));
    }
    return answers;
}

class Checklist final : public ModelJudge {
  public:
    Checklist(std::vector<Question> questions, std::vector<JudgePrompt::Message> messages,
              JsonSchema schema, JudgeModel model, const Json& parameters,
              const EvaluatorEnvironment& environment)
        : ModelJudge(std::move(model), parameters, environment),
          questions_(std::move(questions)),
          messages_(std::move(messages)),
          schema_(std::move(schema)),
          instructions_(reply_instruction(reply_schema(questions_))),
          fingerprint_(fingerprint_of(messages_, instructions_)) {}

    Task<EvaluationReply> evaluate(EvaluationRequest request, EvaluationContext context) override;
    std::string fingerprint() const override { return fingerprint_; }
    std::vector<std::string> variables() const override { return variables_of(messages_); }
    Result<Json> preview(const EvaluationRequest& request) const override {
        ASSAY_TRY(const std::vector<ChatMessage> messages, render(request));
        return Json::array({messages_to_json(messages)});
    }

  private:
    [[nodiscard]] Result<std::vector<ChatMessage>> render(const EvaluationRequest& request) const {
        const TemplateScope scope = scope_of(request);
        return render_fenced(messages_, scope, Fence(scope, seed()), instructions_);
    }
    /// One list of answers for each repetition.
    [[nodiscard]] Task<std::vector<std::vector<Verdict>>> ask(EvaluationRequest request,
                                                              EvaluationContext context,
                                                              JudgeRecord& record);
    [[nodiscard]] double share(const std::vector<Verdict>& answers) const;
    [[nodiscard]] Result<std::vector<Score>> scores(
        const std::vector<std::vector<Verdict>>& replies) const;

    std::vector<Question> questions_;
    std::vector<JudgePrompt::Message> messages_;
    JsonSchema schema_;
    std::string instructions_;
    std::string fingerprint_;
};

Task<EvaluationReply> Checklist::evaluate(EvaluationRequest request, EvaluationContext context) {
    JudgeRecord record = start_judge_record(context);
    auto replies = co_await ask(std::move(request), context, record);
    if (!replies) co_return without_scores(std::move(replies.error()), std::move(record));
    auto given = scores(*replies);
    if (!given) co_return without_scores(std::move(given.error()), std::move(record));
    EvaluationReply reply{.scores = std::move(*given)};
    reply.judge = std::move(record);
    co_return reply;
}

Task<std::vector<std::vector<Verdict>>> Checklist::ask(EvaluationRequest request,
                                                       EvaluationContext context,
                                                       JudgeRecord& record) {
    ASSAY_CO_TRY(const std::vector<ChatMessage> messages, render(request));
    const auto check = [this](const Json& reply) -> Result<void> {
        ASSAY_TRY([[maybe_unused]] const auto answers, read_answers(reply, questions_));
        return {};
    };
    const Json schema = reply_schema(questions_);
    std::vector<std::vector<Verdict>> replies;
    for (int repetition = 0; repetition < model().repetitions; ++repetition) {
        JudgeQuestion question{.name = question_name(repetition),
                               .messages = messages,
                               .schema = &schema,
                               .repetition = draw(request, repetition),
                               .check = check,
                               .compiled = &schema_};
        ASSAY_CO_TRY(const Json reply,
                     co_await ask_judge(model(), std::move(question), context, record));
        ASSAY_CO_TRY(std::vector<Verdict> answers, read_answers(reply, questions_));
        replies.push_back(std::move(answers));
    }
    co_return replies;
}

/// Of the weights, that of the questions which are answered with yes.
double Checklist::share(const std::vector<Verdict>& answers) const {
    double of_yes = 0;
    double all = 0;
    for (std::size_t i = 0; i < questions_.size(); ++i) {
        all += questions_[i].weight;
        if (std::get<bool>(answers[i].value)) of_yes += questions_[i].weight;
    }
    return of_yes / all;
}

Result<std::vector<Score>> Checklist::scores(
    const std::vector<std::vector<Verdict>>& replies) const {
    std::vector<Verdict> shares;
    for (const std::vector<Verdict>& answers : replies) shares.push_back({.value = share(answers)});
    ASSAY_TRY(const CombinedVerdict whole, combine(shares));
    std::vector<std::string> missed;
    std::vector<Score> scores(1);
    for (std::size_t i = 0; i < questions_.size(); ++i) {
        std::vector<Verdict> answers;
        for (const std::vector<Verdict>& reply : replies) answers.push_back(reply[i]);
        ASSAY_TRY(CombinedVerdict answer, combine(answers));
        if (!std::get<bool>(answer.value)) missed.push_back(questions_[i].id);
        scores.push_back({.name = fmt::format("{}_{}", name(), questions_[i].id),
                          .value = std::move(answer.value),
                          .comment = std::move(answer.comment)});
    }
    scores.front().value = whole.value;
    if (!missed.empty()) scores.front().comment = fmt::format("no: {}", fmt::join(missed, ", "));
    if (replies.size() > 1) {
        scores.push_back({.name = name() + "_spread", .value = whole.spread});
    }
    return scores;
}

std::vector<DeclaredScore> checklist_scores(const Json& parameters) {
    std::vector<DeclaredScore> scores = repeated_scores(parameters, ScoreDataType::numeric);
    for (const Json& question : parameters.at("questions")) {
        scores.push_back({.data_type = ScoreDataType::boolean,
                          .suffix = "_" + question.at("id").get<std::string>()});
    }
    return scores;
}

Result<std::unique_ptr<AsyncEvaluator>> make_checklist(const Json& parameters,
                                                       const EvaluatorEnvironment& environment) {
    ASSAY_TRY(std::vector<Question> questions, read_questions(parameters));
    ASSAY_TRY(JudgeModel model, read_judge_model(parameters, environment));
    ASSAY_TRY(JsonSchema schema, JsonSchema::compile(reply_schema(questions)));
    std::vector<std::string> lines;
    for (const Question& question : questions) {
        lines.push_back(fmt::format("- {}: {}", question.id, question.text));
    }
    ASSAY_TRY(std::vector<JudgePrompt::Message> messages,
              form_messages(k_system, fmt::format(fmt::runtime(k_user), fmt::join(lines, "\n"))));
    return std::make_unique<Checklist>(std::move(questions), std::move(messages), std::move(schema),
                                       std::move(model), parameters, environment);
}

}  // namespace

const EvaluatorDefinition checklist_definition{
    .id = "checklist",
    .version = 1,
    .summary =
        "A model answers yes-or-no questions about the output in one call: a score for "
        "each, and the weighted share of yes.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {)" ASSAY_JUDGE_PARAMETERS R"(,
            "questions": {
                "type": "array", "minItems": 1, "maxItems": 100,
                "description": "each gives the BOOLEAN score NAME_ID; may hold {{...}}",
                "items": {"type": "object",
                          "properties": {
                              "id": {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
                              "question": {"type": "string", "minLength": 1},
                              "weight": {"type": "number", "minimum": 0, "default": 1}},
                          "required": ["id", "question"], "additionalProperties": false}
            }
        },
        "required": ["provider", "questions"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_checklist,
    .takes_mapping = true,
    .scores_for = &checklist_scores};

}  // namespace assay
