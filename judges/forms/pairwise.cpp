#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "core/base/task_group.hpp"
#include "core/stats/summary.hpp"
#include "judges/builtin.hpp"
#include "judges/judging/fence.hpp"
#include "judges/judging/judge_record.hpp"
#include "judges/judging/model_judge.hpp"
#include "judges/judging/prompted_judge.hpp"

namespace assay {
namespace {

/// Whom the output is compared with.
struct Opponent {
    enum class Kind : std::uint8_t { expected_output, variant, run };
    Kind kind = Kind::expected_output;
    std::string name;  ///< of the variant or the run
};

Opponent read_opponent(const Json& parameters) {
    const Json against = parameters.value("against", Json("expected_output"));
    if (against.is_string()) return {};
    if (against.contains("variant")) {
        return {Opponent::Kind::variant, against.at("variant").get<std::string>()};
    }
    return {Opponent::Kind::run, against.at("run").get<std::string>()};
}

constexpr std::string_view k_default_criteria =
    "The better answer is the one that serves whoever asked better: correct first, then complete, "
    "then clear. Length by itself is no merit.";

constexpr std::string_view k_task =
    "You compare two answers to the same request and say which one is better.\n\n";
constexpr std::string_view k_manner =
    "\n\nCompare them point by point in `reasoning` before you give the verdict. The order in "
    "which they stand means nothing. The verdict is \"A\", \"B\", or \"tie\" when neither is "
    "better in "
    "anything that matters.";
constexpr std::string_view k_question =
    "Request:\n{{input | default('(none)')}}\n\nAnswer A:\n{{answer_a}}\n\nAnswer B:\n{{answer_b}}";

/// What a judge said of one order of the two answers.
enum class Preference : std::uint8_t { output, other, tie };

/// The order in which they stand: whether the output is answer A.
struct Order {
    std::string_view name;
    bool output_first = true;
};
constexpr std::array<Order, 2> k_orders = {{{"output_first", true}, {"output_second", false}}};

const Json& reply_schema() {
    static const Json k_schema = {
        {"type", "object"},
        {"properties",
         {{"reasoning",
           {{"type", "string"}, {"description", "why, with the differences that decide it"}}},
          {"verdict", {{"enum", {"A", "B", "tie"}}}}}},
        {"required", {"reasoning", "verdict"}},
        {"additionalProperties", false}};
    return k_schema;
}

class Pairwise final : public ModelJudge {
  public:
    struct Parts {
        std::vector<JudgePrompt::Message> messages;
        Opponent opponent;
        bool both_orders = true;
        std::vector<std::string> variables;  ///< of the criteria
    };
    Pairwise(JudgeModel judge, Parts parts, const Json& parameters,
             const EvaluatorEnvironment& environment)
        : ModelJudge(std::move(judge), parameters, environment), parts_(std::move(parts)) {}

    Task<EvaluationReply> evaluate(EvaluationRequest request, EvaluationContext context) override;
    std::vector<std::string> variables() const override { return parts_.variables; }
    std::string fingerprint() const override {
        return fingerprint_of(parts_.messages, reply_instruction(reply_schema()));
    }
    std::vector<std::string> compares_with() const override {
        return compared(Opponent::Kind::variant);
    }
    std::vector<std::string> compares_with_runs() const override {
        return compared(Opponent::Kind::run);
    }
    Result<Json> preview(const EvaluationRequest& request) const override;

  protected:
    std::uint64_t questions_a_repetition() const override { return orders(); }

  private:
    /// One question and what came of it.
    struct Answered {
        Order order;
        int repetition = 0;
        JudgeRecord record;
        Result<Json> reply = Json();
    };

    [[nodiscard]] std::vector<std::string> compared(Opponent::Kind kind) const {
        if (parts_.opponent.kind != kind) return {};
        return {parts_.opponent.name};
    }
    [[nodiscard]] std::size_t orders() const { return parts_.both_orders ? k_orders.size() : 1; }
    [[nodiscard]] Task<Json> other_output(EvaluationRequest request,
                                          EvaluationContext context) const;
    [[nodiscard]] Result<std::vector<ChatMessage>> messages(const EvaluationRequest& request,
                                                            const Json& other,
                                                            const Order& order) const;
    [[nodiscard]] boost::asio::awaitable<void> ask(std::vector<ChatMessage> messages, int draw,
                                                   EvaluationContext context,
                                                   Answered& answered) const;
    [[nodiscard]] std::vector<Score> scores_of(const std::vector<Answered>& answers) const;

    Parts parts_;
};

/// @error invalid_argument when there is nothing to compare with; what OtherOutputs says.
Task<Json> Pairwise::other_output(EvaluationRequest request, EvaluationContext context) const {
    const Opponent& opponent = parts_.opponent;
    const bool is_elsewhere = opponent.kind != Opponent::Kind::expected_output;
    if (is_elsewhere && context.others == nullptr) {
        co_return failure(ErrorCode::invalid_argument,
                          fmt::format("the output of \"{}\" is not known here", opponent.name));
    }
    if (opponent.kind == Opponent::Kind::variant) {
        co_return co_await context.others->of_variant(opponent.name, request.position,
                                                      request.repetition, context.deadline);
    }
    if (opponent.kind == Opponent::Kind::run) {
        co_return context.others->of_run(opponent.name, request.item_id, request.repetition);
    }
    if (request.expected_output.is_null()) {
        co_return failure(ErrorCode::invalid_argument,
                          "the item has no expected_output to compare with");
    }
    co_return std::move(request.expected_output);
}

Result<std::vector<ChatMessage>> Pairwise::messages(const EvaluationRequest& request,
                                                    const Json& other, const Order& order) const {
    Json vars = request.vars;
    vars["answer_a"] = order.output_first ? request.output : other;
    vars["answer_b"] = order.output_first ? other : request.output;
    TemplateScope scope = scope_of(request);
    scope.mapped = &vars;
    return render_fenced(parts_.messages, scope, Fence(scope, seed()),
                         reply_instruction(reply_schema()));
}

Result<Json> Pairwise::preview(const EvaluationRequest& request) const {
    Json other = "(the other answer, which is not known before the run)";
    if (parts_.opponent.kind == Opponent::Kind::expected_output) other = request.expected_output;
    Json questions = Json::array();
    for (std::size_t order = 0; order < orders(); ++order) {
        ASSAY_TRY(const auto rendered, messages(request, other, k_orders[order]));
        questions.push_back(messages_to_json(rendered));
    }
    return questions;
}

boost::asio::awaitable<void> Pairwise::ask(std::vector<ChatMessage> messages, int draw,
                                           EvaluationContext context, Answered& answered) const {
    JudgeQuestion question{.name = fmt::format("{}:{}", answered.order.name, answered.repetition),
                           .messages = std::move(messages),
                           .schema = &reply_schema(),
                           .repetition = draw};
    answered.record = start_judge_record(context);
    answered.reply = co_await ask_judge(model(), std::move(question), context, answered.record);
}

Preference preference_of(const Json& reply, const Order& order) {
    const Json& verdict = reply.at("verdict");
    if (verdict == "tie") return Preference::tie;
    return (verdict == "A") == order.output_first ? Preference::output : Preference::other;
}

double value_of(Preference preference) {
    if (preference == Preference::tie) return 0.5;
    return preference == Preference::output ? 1 : 0;
}

const char* outcome_of(double value) {
    if (value == 0.5) return "tie";
    return value > 0.5 ? "win" : "loss";
}

/// How one question came out, in words.
std::string comment_of(const Json& reply, const Order& order) {
    return fmt::format("as answer {}: {}. {}", order.output_first ? "A" : "B",
                       outcome_of(value_of(preference_of(reply, order))),
                       reply.at("reasoning").get<std::string>());
}

/// @param answers  the orders of the first repetition, then those of the next.
std::vector<Score> Pairwise::scores_of(const std::vector<Answered>& answers) const {
    std::vector<double> values;
    std::vector<std::string> comments;
    bool consistent = true;
    double first = 0;  // how often the answer that stands first is preferred; a tie counts half
    for (std::size_t at = 0; at < answers.size(); at += orders()) {
        const Preference preference = preference_of(*answers[at].reply, answers[at].order);
        bool agree = true;
        for (std::size_t i = at; i < at + orders(); ++i) {
            const Json& reply = *answers[i].reply;
            const double in_this_order = value_of(preference_of(reply, answers[i].order));
            first += answers[i].order.output_first ? in_this_order : 1 - in_this_order;
            agree = agree && in_this_order == value_of(preference);
            comments.push_back(comment_of(reply, answers[i].order));
        }
        consistent = consistent && agree;
        values.push_back(agree ? value_of(preference) : value_of(Preference::tie));
    }
    if (!consistent) comments.insert(comments.begin(), "The two orders disagree, which is a tie.");
    const double value = mean(values).value_or(0.5);
    std::vector<Score> scores;
    const auto add = [&](std::string_view suffix, ScoreValue score, std::string comment = {}) {
        scores.push_back({.name = fmt::format("{}{}", name(), suffix),
                          .value = std::move(score),
                          .comment = std::move(comment)});
    };
    add("", value, fmt::format("{}", fmt::join(comments, "\n\n")));
    add("_outcome", std::string(outcome_of(value)));
    if (parts_.both_orders) {
        add("_consistent", consistent);
        add("_first_preferred", first / static_cast<double>(answers.size()));
    }
    if (model().repetitions > 1) add("_spread", sample_stddev(values).value_or(0));
    return scores;
}

Task<EvaluationReply> Pairwise::evaluate(EvaluationRequest request, EvaluationContext context) {
    ASSAY_CO_TRY(const Json other, co_await other_output(request, context));
    std::vector<Answered> answers;
    for (int repetition = 0; repetition < model().repetitions; ++repetition) {
        for (std::size_t order = 0; order < orders(); ++order) {
            answers.push_back({.order = k_orders[order], .repetition = repetition});
        }
    }
    std::vector<std::vector<ChatMessage>> questions;
    for (const Answered& answered : answers) {
        ASSAY_CO_TRY(auto rendered, messages(request, other, answered.order));
        questions.push_back(std::move(rendered));
    }
    TaskGroup group(co_await boost::asio::this_coro::executor);
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const int draw = ModelJudge::draw(request, answers[i].repetition);
        group.spawn(ask(std::move(questions[i]), draw, context, answers[i]));
    }
    while (co_await group.next()) {
    }
    JudgeRecord record = start_judge_record(context);
    for (Answered& answered : answers) absorb(record, std::move(answered.record), {});
    for (Answered& answered : answers) {
        if (answered.reply) continue;
        co_return without_scores(std::move(answered.reply.error()), std::move(record));
    }
    co_return EvaluationReply{.scores = scores_of(answers), .judge = std::move(record)};
}

Result<std::unique_ptr<AsyncEvaluator>> make_pairwise(const Json& parameters,
                                                      const EvaluatorEnvironment& environment) {
    ASSAY_TRY(JudgeModel judge, read_judge_model(parameters, environment));
    const std::string criteria = parameters.value("criteria", std::string(k_default_criteria));
    auto system = judge_message("system", fmt::format("{}{}{}", k_task, criteria, k_manner));
    if (!system) {
        return failure(ErrorCode::invalid_argument, "\"criteria\": " + system.error().message);
    }
    ASSAY_TRY(JudgePrompt::Message user, judge_message("user", k_question));
    Pairwise::Parts parts{.opponent = read_opponent(parameters),
                          .both_orders = parameters.value("orders", "both") == "both",
                          .variables = system->content.variables()};
    parts.messages = {std::move(*system), std::move(user)};
    return std::make_unique<Pairwise>(std::move(judge), std::move(parts), parameters, environment);
}

std::vector<DeclaredScore> pairwise_scores(const Json& parameters) {
    std::vector<DeclaredScore> scores = {
        {.data_type = ScoreDataType::numeric},
        {.data_type = ScoreDataType::categorical, .suffix = "_outcome"}};
    if (parameters.value("orders", "both") == "both") {
        scores.push_back({.data_type = ScoreDataType::boolean, .suffix = "_consistent"});
        scores.push_back({.data_type = ScoreDataType::numeric, .suffix = "_first_preferred"});
    }
    if (parameters.value("repetitions", 1) > 1) {
        scores.push_back({.data_type = ScoreDataType::numeric, .suffix = "_spread"});
    }
    return scores;
}

bool pairwise_needs_expected(const Json& parameters) {
    return read_opponent(parameters).kind == Opponent::Kind::expected_output;
}

}  // namespace

const EvaluatorDefinition pairwise_definition{
    .id = "pairwise",
    .version = 1,
    .summary =
        "Whether a judge prefers the output to another answer: 1, 0, or 0.5 for a tie. Asked in "
        "both orders; when they disagree, it is a tie.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "against": {
                "description":
                "the other answer: expected_output, {variant: NAME} of this run, or {run: RUN}",
                "default": "expected_output",
                "anyOf": [
                    {"const": "expected_output"},
                    {"type": "object",
                     "properties": {"variant": {"type": "string", "minLength": 1}},
                     "required": ["variant"], "additionalProperties": false},
                    {"type": "object", "properties": {"run": {"type": "string", "minLength": 1}},
                     "required": ["run"], "additionalProperties": false}]},
            "criteria": {"type": "string", "minLength": 1,
                         "description": "what makes an answer the better one; may hold {{...}}"},
            "orders": {"enum": ["both", "first"], "default": "both",
                       "description": "first: asked once, with the output as answer A"},
            )" ASSAY_JUDGE_PARAMETERS R"(
        },
        "required": ["provider"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .needs_expected_for = &pairwise_needs_expected,
    .make_async = &make_pairwise,
    .takes_mapping = true,
    .scores_for = &pairwise_scores};

}  // namespace assay
