#include "judges/judging/judge_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/text.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/json_schema_validator.hpp"
#include "judges/judging/judge_record.hpp"
#include "judges/judging/verdict.hpp"

namespace assay {
namespace {

/// Of a reply that is shown to the judge again: enough to see what was wrong with it.
constexpr std::size_t k_repeated_bytes_max = 16U << 10U;

Result<void> read_temperature(const Json& parameters, Json& of_model) {
    const auto written = parameters.find("temperature");
    const bool is_written = written != parameters.end();
    if (is_written && of_model.contains("temperature")) {
        return failure(ErrorCode::invalid_argument,
                       "\"temperature\" also stands in `parameters`; say it once");
    }
    if (!is_written && !of_model.contains("temperature")) of_model["temperature"] = 0;
    if (is_written && !written->is_null()) of_model["temperature"] = *written;
    return {};
}

Observation observe_call(const ModelTarget& target, const ProviderRequest& request,
                         std::string name, Time start) {
    return {
        .name = std::move(name),
        .type = ObservationType::generation,
        .start = start,
        .input = request.texts.empty() ? messages_to_json(request.messages) : Json(request.texts),
        .metadata = {{k_asked_model,
                      fmt::format("{}:{}", target.call.lane.provider, target.model)}},
        .model = request.model,
        .model_parameters = request.parameters};
}

void observe_reply(const ProviderReply& reply, Observation& observation) {
    observation.output = reply.output;
    observation.usage = reply.usage;
    observation.cost = reply.cost;
    if (!reply.model.empty()) observation.model = reply.model;
    Json& metadata = observation.metadata;
    if (!reply.finish_reason.empty()) metadata["finish_reason"] = reply.finish_reason;
    if (!reply.refusal.empty()) metadata["refusal"] = reply.refusal;
    if (!reply.reasoning.empty()) metadata["reasoning"] = reply.reasoning;
    if (!reply.log.empty()) metadata["log"] = reply.log;
    if (reply.time_to_first_token) {
        metadata["time_to_first_token_ms"] = to_ms(*reply.time_to_first_token);
    }
}

void fail(Observation& observation, ObservationLevel level, std::string message) {
    observation.level = level;
    observation.status_message = std::move(message);
}

void add(std::optional<NanoUsd>& sum, std::optional<NanoUsd> cost) {
    // An unknown cost makes the sum unknown, which is not the same as free.
    sum = sum && cost ? std::optional(*sum + *cost) : std::nullopt;
}

/// Adds a call to the sums.
void count(const CallOutcome& call, JudgeRecord& record) {
    record.calls += call.calls;
    record.retries += call.retries;
    record.cached += call.is_cached ? 1 : 0;
    record.over_budget = record.over_budget || call.over_budget;
    if (!call.reply) return;  // providers do not charge for calls that fail
    for (const auto& [kind, tokens] : call.reply->usage) record.usage[kind] += tokens;
    add(record.cost, call.reply->cost);
    add(record.paid, call.is_cached ? NanoUsd(0) : call.reply->cost);
}

Result<Json> usable_reply(const ProviderReply& reply, const JudgeQuestion& question,
                          const JsonSchema& schema) {
    const auto unusable = [](std::string message) {
        return failure(ErrorCode::invalid_argument, std::move(message));
    };
    if (!reply.refusal.empty()) {
        return unusable(fmt::format("is a refusal: {}", quoted_excerpt(reply.refusal)));
    }
    if (reply.truncated) return unusable("was cut at the length limit");
    ASSAY_TRY(Json json, read_reply(reply.output));
    ASSAY_CHECK(check_reply(json, schema));
    if (question.check) ASSAY_CHECK(question.check(json));
    return json;
}

/// The judge's reply and what is wrong with it, as the next messages of the conversation.
void ask_again(const ProviderReply& reply, const std::string& problem, JudgeQuestion& question) {
    std::string said = reply.output.is_null() ? reply.refusal : as_text(reply.output);
    if (trim(said).empty()) said = "(nothing)";  // some APIs refuse a message without text
    if (said.size() > k_repeated_bytes_max) {
        said.resize(k_repeated_bytes_max);
        said = to_valid_utf8(said) + " ...";
    }
    question.messages.push_back({.role = "assistant", .content = std::move(said)});
    question.messages.push_back(
        {.role = "user",
         .content = fmt::format("Your reply cannot be used: it {}.\n\nAnswer what you were asked "
                                "again. {}",
                                problem, reply_instruction(*question.schema))});
}

}  // namespace

Json messages_to_json(const std::vector<ChatMessage>& messages) {
    Json json = Json::array();
    for (const ChatMessage& message : messages) {
        Json& shown = json.emplace_back(Json::object());  // a list in braces copies all twice
        shown["role"] = message.role;
        shown["content"] = message.content;
    }
    return json;
}

Result<JudgeModel> read_judge_model(const Json& parameters,
                                    const EvaluatorEnvironment& environment) {
    JudgeModel judge{.name = parameters.at("provider").get<std::string>()};
    if (environment.models == nullptr) {
        return failure(ErrorCode::invalid_argument, "\"provider\": there are no models here");
    }
    auto target = environment.models->find(judge.name);
    if (!target) {
        Error error = std::move(target.error());
        error.message = fmt::format("\"provider\": {}", error.message);
        return std::unexpected(std::move(error));
    }
    judge.target = std::move(*target);
    judge.parameters = parameters.value("parameters", Json::object());
    ASSAY_CHECK(read_temperature(parameters, judge.parameters));
    judge.repetitions = parameters.value("repetitions", 1);
    if (const auto timeout = parameters.find("timeout"); timeout != parameters.end()) {
        const auto read = parse_duration(as_text(*timeout));
        if (!read) {
            return failure(read.error().code, fmt::format("\"timeout\": {}", read.error().message));
        }
        judge.target.call.timeout = *read;
    }
    const auto allowed = parameters.find("allow_self_judging");
    if (allowed != parameters.end()) judge.allow_self_judging = allowed->get<bool>();
    return judge;
}

std::string reply_instruction(const Json& schema) {
    return fmt::format(
        "Reply with one JSON object that obeys this JSON Schema, and with nothing else: {}",
        to_text(schema));
}

JudgeRecord start_judge_record(const EvaluationContext& context) {
    ASSAY_ASSERT(context.clock != nullptr && context.caller != nullptr,
                 "who asks a judge gives it the way to models");
    return {.started = context.clock->now(), .cost = 0, .paid = 0, .metadata = Json::object()};
}

Task<ProviderReply> call_recorded(ModelTarget target, ProviderRequest request, std::string name,
                                  EvaluationContext context, JudgeRecord& record) {
    Observation observation = observe_call(target, request, std::move(name), context.clock->now());
    const MonotonicTime began = context.clock->monotonic();
    CallOutcome call =
        co_await context.caller->call(std::move(target.call), std::move(request), context.deadline);
    observation.duration = context.clock->monotonic() - began;
    count(call, record);
    if (call.is_cached) observation.metadata["cached"] = true;
    if (!call.failed_attempts.empty()) {
        observation.metadata["failed_attempts"] = std::move(call.failed_attempts);
    }
    if (call.reply) {
        observe_reply(*call.reply, observation);
    } else {
        observation.cost = 0;
        fail(observation, ObservationLevel::error, call.reply.error().message);
    }
    record.latency = std::max(record.latency, context.clock->now() - record.started);
    record.observations.push_back(std::move(observation));
    co_return std::move(call.reply);
}

Task<Json> ask_judge(const JudgeModel& judge, JudgeQuestion question, EvaluationContext context,
                     JudgeRecord& record) {
    std::optional<JsonSchema> own_schema;
    if (question.compiled == nullptr) {
        ASSAY_CO_TRY(own_schema, JsonSchema::compile(*question.schema));
        question.compiled = &*own_schema;
    }
    constexpr std::array<std::string_view, 2> k_suffixes = {"", ":again"};
    std::string problem;
    for (const std::string_view suffix : k_suffixes) {
        ProviderRequest request{.model = judge.target.model,
                                .messages = question.messages,
                                .parameters = judge.parameters,
                                .response_schema = *question.schema,
                                .repetition = question.repetition};
        std::string name = fmt::format("{}{}", question.name, suffix);
        ASSAY_CO_TRY(const ProviderReply reply,
                     co_await call_recorded(judge.target, std::move(request), std::move(name),
                                            context, record));
        auto usable = usable_reply(reply, question, *question.compiled);
        if (usable) co_return usable;
        problem = std::move(usable.error().message);
        fail(record.observations.back(), ObservationLevel::warning,
             fmt::format("the judge's reply {}", problem));
        ask_again(reply, problem, question);
    }
    record.observations.back().level = ObservationLevel::error;
    co_return failure(ErrorCode::invalid_argument,
                      fmt::format("the judge's reply {}; it was asked twice", problem));
}

Result<EvaluationReply> without_scores(Error error, JudgeRecord record) {
    if (error.code == ErrorCode::cancelled) return std::unexpected(std::move(error));
    EvaluationReply reply{.error = std::move(error.message)};
    reply.judge = std::move(record);
    return reply;
}

}  // namespace assay
