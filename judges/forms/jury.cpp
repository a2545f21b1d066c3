#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <boost/asio/this_coro.hpp>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "core/base/task_group.hpp"
#include "core/stats/summary.hpp"
#include "evaluators/json_schema_validator.hpp"
#include "judges/builtin.hpp"
#include "judges/judges.hpp"
#include "judges/judging/judge_model.hpp"
#include "judges/judging/judge_record.hpp"

namespace assay {
namespace {

enum class Vote : std::uint8_t { mean, median, majority, unanimity };

struct Juror {
    std::string name;
    double weight = 1;
    std::unique_ptr<AsyncEvaluator> judge;
};

/// The judges whose answer is one score; nullptr for all else.
const EvaluatorDefinition* find_question(std::string_view type) {
    static constexpr std::array<std::string_view, 6> k_types = {"choice", "closed_qa", "factuality",
                                                                "g_eval", "judge",     "rubric"};
    const bool is_question = std::ranges::find(k_types, type) != k_types.end();
    return is_question ? find_known_evaluator(type) : nullptr;
}

std::string provider_of(const Json& juror) {
    return juror.is_string() ? juror.get<std::string>() : juror.at("provider").get<std::string>();
}

/// By default a juror is called as its model is: "gpt-4.1" of "openai:gpt-4.1".
std::string name_of(const Json& juror) {
    if (juror.is_object() && juror.contains("name")) return juror.at("name").get<std::string>();
    const std::string provider = provider_of(juror);
    return provider.substr(provider.find(':') + 1);
}

double weight_of(const Json& juror) { return juror.is_object() ? juror.value("weight", 1.0) : 1.0; }

/// What each juror is asked: the parameters of a judge, without whom.
const Json& question_in(const Json& parameters) { return parameters.at("judge"); }

ScoreDataType type_of_question(const Json& parameters) {
    const Json& question = question_in(parameters);
    const EvaluatorDefinition* const definition = find_question(question.value("type", ""));
    if (definition == nullptr) return ScoreDataType::numeric;  // make() says what is wrong
    Json own = question;
    own.erase("type");
    if (definition->scores_for != nullptr) {
        return definition->scores_for(own).front().data_type.value_or(ScoreDataType::numeric);
    }
    return definition->data_type;
}

Vote vote_of(const Json& parameters) {
    const std::string vote = parameters.value("vote", "");
    if (vote == "mean") return Vote::mean;
    if (vote == "median") return Vote::median;
    if (vote == "majority") return Vote::majority;
    if (vote == "unanimity") return Vote::unanimity;
    const bool is_number = type_of_question(parameters) == ScoreDataType::numeric;
    return is_number ? Vote::mean : Vote::majority;
}

std::string label_of(const ScoreValue& value) { return as_text(to_json(value)); }

class Jury final : public AsyncEvaluator {
  public:
    struct Parts {
        std::string name;
        std::vector<Juror> jurors;
        Vote vote = Vote::mean;
        std::size_t quorum = 0;
        std::string fingerprint;
    };
    explicit Jury(Parts parts) : parts_(std::move(parts)) {}

    Task<EvaluationReply> evaluate(EvaluationRequest request, EvaluationContext context) override;
    void close() override {
        for (const Juror& juror : parts_.jurors) juror.judge->close();
    }
    std::string fingerprint() const override { return parts_.fingerprint; }
    std::vector<std::string> variables() const override {
        return parts_.jurors.front().judge->variables();
    }
    std::vector<std::string> models() const override;
    std::map<std::string, QuestionCount> questions() const override;
    std::optional<bool> allows_self_judging() const override {
        return parts_.jurors.front().judge->allows_self_judging();
    }
    Json possible_verdicts() const override {
        return parts_.jurors.front().judge->possible_verdicts();
    }
    Task<Json> judge_canaries(EvaluationContext context) override;
    Result<Json> preview(const EvaluationRequest& request) const override {
        return parts_.jurors.front().judge->preview(request);
    }

  private:
    struct Ballot {
        const Juror* juror = nullptr;
        Result<EvaluationReply> reply = EvaluationReply();
        std::optional<ScoreValue> value;  ///< nothing: the juror gave no verdict
        std::string comment;              ///< or why there is no value
    };

    static boost::asio::awaitable<void> ask(const Juror& juror, EvaluationRequest request,
                                            EvaluationContext context, Ballot& ballot);
    [[nodiscard]] Result<Score> decide(const std::vector<Ballot>& ballots) const;
    [[nodiscard]] Result<ScoreValue> majority(const std::vector<Ballot>& ballots) const;
    [[nodiscard]] static double disagreement(const std::vector<Ballot>& ballots);

    Parts parts_;
};

std::vector<std::string> Jury::models() const {
    std::vector<std::string> names;
    for (const Juror& juror : parts_.jurors) {
        for (std::string& name : juror.judge->models()) names.push_back(std::move(name));
    }
    return names;
}

std::map<std::string, QuestionCount> Jury::questions() const {
    std::map<std::string, QuestionCount> counts;
    for (const Juror& juror : parts_.jurors) {
        for (const auto& [model, own] : juror.judge->questions()) {
            counts[model].each_evaluation += own.each_evaluation;
            counts[model].once_a_run += own.once_a_run;
        }
    }
    return counts;
}

/// Each juror is held to them: a jury is worth what its members are.
Task<Json> Jury::judge_canaries(EvaluationContext context) {
    Json all;
    for (const Juror& juror : parts_.jurors) {
        ASSAY_CO_TRY(Json own, co_await juror.judge->judge_canaries(context));
        if (own.is_null()) continue;
        if (all.is_null()) all = {{"judged", 0}, {"failed", Json::array()}};
        all["judged"] = all["judged"].get<int>() + own.at("judged").get<int>();
        for (Json& failed : own.at("failed")) {
            failed["juror"] = juror.name;
            all["failed"].push_back(std::move(failed));
        }
    }
    co_return all;
}

boost::asio::awaitable<void> Jury::ask(const Juror& juror, EvaluationRequest request,
                                       EvaluationContext context, Ballot& ballot) {
    ballot.juror = &juror;
    ballot.reply = co_await juror.judge->evaluate(std::move(request), context);
    if (!ballot.reply) {
        ballot.comment = ballot.reply.error().message;
    } else if (!ballot.reply->error.empty()) {
        ballot.comment = ballot.reply->error;
    } else {
        // The first score is the judge's own; a spread may follow.
        Score& own = ballot.reply->scores.front();
        ballot.value = std::move(own.value);
        ballot.comment = std::move(own.comment);
    }
}

double sum_of_weights(const auto& ballots) {
    double sum = 0;
    for (const auto& ballot : ballots) sum += ballot.value ? ballot.juror->weight : 0;
    return sum;
}

/// The value that has more than half of the weight.
Result<ScoreValue> Jury::majority(const std::vector<Ballot>& ballots) const {
    std::map<std::string, double> weights;
    for (const Ballot& ballot : ballots) {
        if (ballot.value) weights[label_of(*ballot.value)] += ballot.juror->weight;
    }
    const auto most =
        std::ranges::max_element(weights, {}, [](const auto& entry) { return entry.second; });
    if (most->second * 2 <= sum_of_weights(ballots)) {
        std::vector<std::string> votes;
        for (const auto& [label, weight] : weights) {
            votes.push_back(fmt::format("{:g} for {}", weight, label));
        }
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the jury has no majority: {}", fmt::join(votes, ", ")));
    }
    const auto voter = std::ranges::find_if(ballots, [most](const Ballot& ballot) {
        return ballot.value && label_of(*ballot.value) == most->first;
    });
    return *voter->value;
}

Result<Score> Jury::decide(const std::vector<Ballot>& ballots) const {
    Score score{.name = parts_.name};
    std::vector<std::string> comments;
    std::vector<double> numbers;
    double weighted = 0;
    for (const Ballot& ballot : ballots) {
        const std::string said = ballot.value ? label_of(*ballot.value) : std::string("no verdict");
        comments.push_back(fmt::format("{}: {}. {}", ballot.juror->name, said, ballot.comment));
        if (!ballot.value || std::holds_alternative<std::string>(*ballot.value)) continue;
        numbers.push_back(as_number(*ballot.value));
        weighted += numbers.back() * ballot.juror->weight;
    }
    score.comment = fmt::format("{}", fmt::join(comments, "\n\n"));
    switch (parts_.vote) {
        case Vote::mean: score.value = weighted / sum_of_weights(ballots); break;
        case Vote::median: {
            ASSAY_TRY(score.value, median(numbers));
            break;
        }
        case Vote::majority: {
            ASSAY_TRY(score.value, majority(ballots));
            break;
        }
        case Vote::unanimity:
            score.value = std::ranges::all_of(numbers, [](double number) { return number == 1; });
            break;
    }
    return score;
}

/// Numbers: their standard deviation. True and false, categories: the share that differs from the
/// most frequent answer.
double Jury::disagreement(const std::vector<Ballot>& ballots) {
    std::vector<double> numbers;
    std::map<std::string, std::size_t> counts;
    std::size_t values = 0;
    for (const Ballot& ballot : ballots) {
        if (!ballot.value) continue;
        ++values;
        ++counts[label_of(*ballot.value)];
        if (const auto* const number = std::get_if<double>(&*ballot.value)) {
            numbers.push_back(*number);
        }
    }
    if (numbers.size() == values) return sample_stddev(numbers).value_or(0);
    std::size_t most = 0;
    for (const auto& [label, count] : counts) most = std::max(most, count);
    return static_cast<double>(values - most) / static_cast<double>(values);
}

Task<EvaluationReply> Jury::evaluate(EvaluationRequest request, EvaluationContext context) {
    std::vector<Ballot> ballots(parts_.jurors.size());
    TaskGroup group(co_await boost::asio::this_coro::executor);
    for (std::size_t i = 0; i < ballots.size(); ++i) {
        group.spawn(ask(parts_.jurors[i], request, context, ballots[i]));
    }
    while (co_await group.next()) {
    }
    EvaluationReply reply{.judge = start_judge_record(context)};
    std::size_t votes = 0;
    for (Ballot& ballot : ballots) {
        // What ends the run ends the jury: it is not a juror's failure.
        if (!ballot.reply) co_return std::unexpected(ballot.reply.error());
        if (ballot.reply->judge) {
            absorb(*reply.judge, std::move(*ballot.reply->judge), ballot.juror->name);
        }
        votes += ballot.value ? 1 : 0;
    }
    if (votes < parts_.quorum) {
        const auto silent =
            std::ranges::find_if(ballots, [](const Ballot& ballot) { return !ballot.value; });
        reply.error = fmt::format("{} of {} jurors gave a verdict; {}: {}", votes, ballots.size(),
                                  silent->juror->name, silent->comment);
        co_return reply;
    }
    auto decided = decide(ballots);
    if (!decided) {
        reply.error = std::move(decided.error().message);
        co_return reply;
    }
    reply.scores.push_back(std::move(*decided));
    reply.scores.push_back({.name = parts_.name + "_disagreement", .value = disagreement(ballots)});
    for (Ballot& ballot : ballots) {
        if (!ballot.value) continue;
        reply.scores.push_back({.name = fmt::format("{}_{}", parts_.name, ballot.juror->name),
                                .value = std::move(*ballot.value),
                                .comment = std::move(ballot.comment)});
    }
    co_return reply;
}

/// Says what the schema cannot. @error with the parameter in quotes.
Result<void> check_jury(const Json& parameters, Vote vote) {
    const ScoreDataType type = type_of_question(parameters);
    const bool counts_numbers = vote == Vote::mean || vote == Vote::median;
    if (counts_numbers && type != ScoreDataType::numeric) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"vote\": {} is for numbers, but the judge gives a {} score; "
                                   "majority is for those",
                                   parameters.value("vote", ""), to_string(type)));
    }
    if (vote == Vote::unanimity && type != ScoreDataType::boolean) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"vote\": unanimity is for true and false, but the judge "
                                   "gives a {} score",
                                   to_string(type)));
    }
    std::set<std::string> names;
    for (const Json& juror : parameters.at("jurors")) {
        if (names.insert(name_of(juror)).second) continue;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"jurors\": two are called \"{}\"; give one another `name`",
                                   name_of(juror)));
    }
    return {};
}

/// The question as one juror's judge; it obeys the schema of its type.
Result<Json> question_for(const Json& juror, const Json& parameters,
                          const EvaluatorDefinition& definition) {
    Json question = question_in(parameters);
    question.erase("type");
    question["provider"] = provider_of(juror);
    ASSAY_TRY(const Json schema_text, parse_json(definition.parameters_schema));
    ASSAY_TRY(const JsonSchema schema, JsonSchema::compile(schema_text));
    ASSAY_TRY(const auto violations, schema.validate(question));
    if (violations.empty()) return question;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"judge\": {}", to_string(violations.front())));
}

Result<std::unique_ptr<AsyncEvaluator>> make_jury(const Json& parameters,
                                                  const EvaluatorEnvironment& environment) {
    const std::string type = question_in(parameters).value("type", "");
    const EvaluatorDefinition* const definition = find_question(type);
    if (definition == nullptr) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"judge\": a jury cannot be asked a \"{}\"; its `type` is one "
                                   "of choice, closed_qa, factuality, g_eval, judge, rubric",
                                   type));
    }
    Jury::Parts parts{.name = environment.name, .vote = vote_of(parameters)};
    ASSAY_CHECK(check_jury(parameters, parts.vote));
    for (const Json& juror : parameters.at("jurors")) {
        ASSAY_TRY(const Json question, question_for(juror, parameters, *definition));
        ASSAY_TRY(std::unique_ptr<AsyncEvaluator> judge,
                  definition->make_async(question, environment));
        parts.fingerprint += judge->fingerprint();
        parts.jurors.push_back({name_of(juror), weight_of(juror), std::move(judge)});
    }
    parts.quorum = parameters.value("quorum", parts.jurors.size());
    if (parts.quorum > parts.jurors.size()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"quorum\": {} of {} jurors cannot give a verdict",
                                   parts.quorum, parts.jurors.size()));
    }
    return std::make_unique<Jury>(std::move(parts));
}

std::vector<DeclaredScore> jury_scores(const Json& parameters) {
    const Vote vote = vote_of(parameters);
    const ScoreDataType each = type_of_question(parameters);
    std::vector<DeclaredScore> scores = {
        {.data_type = vote == Vote::unanimity ? ScoreDataType::boolean : each},
        {.data_type = ScoreDataType::numeric, .suffix = "_disagreement"}};
    for (const Json& juror : parameters.at("jurors")) {
        scores.push_back({.data_type = each, .suffix = "_" + name_of(juror)});
    }
    return scores;
}

}  // namespace

const EvaluatorDefinition jury_definition{
    .id = "jury",
    .version = 1,
    .summary =
        "Asks several models the same and counts their votes; NAME_disagreement tells how far "
        "apart they are.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "jurors": {"type": "array", "minItems": 2, "maxItems": 15,
                       "description": "who is asked: provider:model, or {provider, name, weight}",
                       "items": {"anyOf": [
                           {"type": "string", "minLength": 1},
                           {"type": "object",
                            "properties": {
                                "provider": {"type": "string", "minLength": 1},
                                "name": {"type": "string", "minLength": 1},
                                "weight": {"type": "number", "exclusiveMinimum": 0, "default": 1}},
                            "required": ["provider"], "additionalProperties": false}]}},
            "judge": {"type": "object",
                      "description":
                      "what each is asked: a judge with its `type`, without `provider`",
                      "properties": {"type": {"type": "string"}}, "required": ["type"]},
            "vote": {"enum": ["mean", "median", "majority", "unanimity"],
                     "description":
                     "default: mean of numbers, majority of all else; unanimity: all say true"},
            "quorum": {"type": "integer", "minimum": 1,
                       "description": "how many must give a verdict; default: all"}
        },
        "required": ["jurors", "judge"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_jury,
    .takes_mapping = true,
    .scores_for = &jury_scores};

}  // namespace assay
