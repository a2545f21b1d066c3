#include "runner/engine/unit_task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "core/base/hash.hpp"
#include "runner/engine/service_request.hpp"

namespace assay {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds k_retry_delay_max{30};

TemplateScope scope_of(const DatasetItem& item) {
    return {
        .input = &item.input, .expected_output = &item.expected_output, .metadata = &item.metadata};
}

std::string fingerprint_of(const TaskSpec& spec) {
    Json material = {
        {"form", static_cast<int>(spec.form)},
        {"provider", spec.provider},
        {"model", spec.model},
        {"prompt", spec.prompt ? spec.prompt->sha256 : std::string()},
        {"parameters", spec.parameters},
        {"tools", spec.tools},
        {"response_schema", spec.response_schema},
        {"command", spec.command},
        {"once", spec.once},
        {"recorded", spec.recorded ? spec.recorded->text() : std::string()},
    };
    if (spec.http) material["http"] = spec.http->sha256;
    return sha256_hex(to_text(material));
}

// ---- recorded ---------------------------------------------------------------------------------

class RecordedTask final : public UnitTask {
  public:
    explicit RecordedTask(const TaskSpec& spec)
        : path_(*spec.recorded), fingerprint_(fingerprint_of(spec)) {}

    asio::awaitable<TaskOutcome> run(UnitContext unit) const override {
        TaskOutcome outcome;
        outcome.cost = 0;  // nothing is called
        Observation observation{.name = "recorded", .start = unit.clock.now()};
        observation.cost = 0;
        Json scratch;
        const auto found = path_.value(unit.item.row, scratch);
        if (!found) {
            outcome.error = found.error().message;
        } else if (*found == nullptr || (*found)->is_null()) {
            outcome.error = fmt::format("the row has no recorded output at {}", path_.text());
        } else {
            outcome.output = **found;
        }
        observation.input = unit.item.input;
        observation.output = outcome.output;
        if (!outcome.error.empty()) {
            observation.level = ObservationLevel::error;
            observation.status_message = outcome.error;
        }
        outcome.observations.push_back(std::move(observation));
        co_return outcome;
    }

    const std::string& fingerprint() const override { return fingerprint_; }

    std::string row_fingerprint(const DatasetItem& item) const override {
        Json scratch;
        const auto found = path_.value(item.row, scratch);
        return found && *found != nullptr ? to_text(**found) : std::string();
    }

  private:
    JsonPath path_;
    std::string fingerprint_;
};

// ---- models, programs and services ------------------------------------------------------------

/// The unit as programs and, unless a body is given, services get it (SPEC 1.4).
Json unit_for_program(const UnitContext& unit) {
    Json json = {
        {"id", fmt::format("{}/{}/{}", unit.item.id.value(), unit.variant, unit.repetition)},
        {"input", unit.item.input},
        {"expected_output", unit.item.expected_output},
        {"metadata", unit.item.metadata},
        {"variant", unit.variant},
        {"repetition", unit.repetition}};
    return json;
}

Json messages_to_json(const std::vector<ChatMessage>& messages) {
    Json json = Json::array();
    for (const ChatMessage& message : messages) {
        json.push_back({{"role", message.role}, {"content", message.content}});
    }
    return json;
}

void add_usage(UsageDetails& total, const UsageDetails& more) {
    for (const auto& [kind, tokens] : more) total[kind] += tokens;
}

class ProviderTask final : public UnitTask {
  public:
    ProviderTask(TaskSpec spec, std::shared_ptr<Provider> provider, int retries)
        : spec_(std::move(spec)),
          provider_(std::move(provider)),
          retries_(retries),
          fingerprint_(fingerprint_of(spec_)) {}

    asio::awaitable<TaskOutcome> run(UnitContext unit) const override;
    const std::string& fingerprint() const override { return fingerprint_; }

    std::string check(const DatasetItem& item) const override {
        if (spec_.http) return check_service_request(*spec_.http, scope_of(item));
        if (!spec_.prompt) return {};
        const auto rendered = render_prompt(*spec_.prompt, item);
        return rendered ? std::string() : rendered.error().message;
    }

  private:
    [[nodiscard]] Result<ProviderRequest> request_for(const UnitContext& unit) const;
    [[nodiscard]] Observation start_observation(const UnitContext& unit,
                                                const ProviderRequest& request) const;

    TaskSpec spec_;
    std::shared_ptr<Provider> provider_;  // shared by the variants that use the same provider
    int retries_;
    std::string fingerprint_;
};

Result<ProviderRequest> ProviderTask::request_for(const UnitContext& unit) const {
    ProviderRequest request;
    if (spec_.form == TaskForm::command) {
        request.unit = unit_for_program(unit);
        return request;
    }
    if (spec_.form == TaskForm::http) {
        ASSAY_TRY(request.service,
                  render_service_request(*spec_.http, scope_of(unit.item), unit_for_program(unit)));
        return request;
    }
    request.model = spec_.model;
    request.parameters = spec_.parameters;
    request.tools = spec_.tools;
    request.response_schema = spec_.response_schema;
    ASSAY_TRY(request.messages, render_prompt(*spec_.prompt, unit.item));
    return request;
}

Observation ProviderTask::start_observation(const UnitContext& unit,
                                            const ProviderRequest& request) const {
    Observation observation{.name = "task", .start = unit.clock.now()};
    if (spec_.form == TaskForm::command) {
        observation.input = unit.item.input;
        return observation;
    }
    if (spec_.form == TaskForm::http) {
        // What could be rendered for the service can be for people.
        observation.input =
            describe_service_request(*spec_.http, scope_of(unit.item), unit_for_program(unit))
                .value_or(unit.item.input);
        return observation;
    }
    observation.type = ObservationType::generation;
    observation.model = spec_.model;
    observation.model_parameters = spec_.parameters;
    observation.input = messages_to_json(request.messages);
    return observation;
}

/// Waits before the next attempt: exponential, with full jitter so that the units of a run do not
/// come back together. False when the deadline does not leave room for it.
asio::awaitable<bool> back_off(const UnitContext& unit, int attempt) {
    auto delay = unit.retry_delay * (1LL << std::min(attempt, 16));
    delay = std::min<std::chrono::milliseconds>(delay, k_retry_delay_max);
    const auto jittered = std::chrono::duration_cast<std::chrono::milliseconds>(
        delay * (0.5 + unit.rng.next_unit() / 2));
    if (unit.clock.monotonic() + jittered >= unit.deadline.at) co_return false;
    asio::steady_timer timer(co_await asio::this_coro::executor, jittered);
    co_await timer.async_wait(asio::use_awaitable);
    co_return true;
}

void record_reply(TaskOutcome& outcome, Observation& observation, ProviderReply reply) {
    observation.output = reply.output;
    observation.usage = reply.usage;
    observation.cost = reply.cost;
    if (!reply.model.empty()) observation.model = reply.model;
    if (!reply.finish_reason.empty()) observation.metadata["finish_reason"] = reply.finish_reason;
    if (reply.truncated) {
        observation.level = ObservationLevel::warning;
        observation.status_message = "the reply was cut at the length limit";
    }
    outcome.output = std::move(reply.output);
    outcome.cost = reply.cost;
    outcome.log += reply.log;
    add_usage(outcome.usage, reply.usage);
    if (outcome.output.is_null()) outcome.error = "the task gave no output";
}

asio::awaitable<TaskOutcome> ProviderTask::run(UnitContext unit) const {
    TaskOutcome outcome;
    auto request = request_for(unit);
    if (!request) {
        outcome.error = request.error().message;
        outcome.cost = 0;
        co_return outcome;
    }
    Observation observation = start_observation(unit, *request);
    const MonotonicTime began = unit.clock.monotonic();
    for (int attempt = 0;; ++attempt) {
        const MonotonicTime attempt_began = unit.clock.monotonic();
        const Deadline deadline = unit.deadline.earlier({attempt_began + spec_.timeout});
        auto reply = co_await provider_->call(*request, deadline);
        ++outcome.calls;
        if (reply) {
            outcome.latency = unit.clock.monotonic() - attempt_began;
            // A program or service that reports no cost of its own has none.
            if (spec_.form != TaskForm::provider && !reply->cost) reply->cost = 0;
            record_reply(outcome, observation, std::move(*reply));
            break;
        }
        outcome.error = reply.error().message;
        outcome.cancelled = reply.error().code == ErrorCode::cancelled;
        if (!reply.error().retryable || attempt >= retries_) break;
        const bool again = co_await back_off(unit, attempt);
        if (!again) break;
        observation.metadata["failed_attempts"].push_back(outcome.error);
        outcome.error.clear();
        ++outcome.retries;
    }
    observation.duration = unit.clock.monotonic() - began;
    if (!outcome.error.empty()) {
        if (outcome.latency.count() == 0) outcome.latency = observation.duration;
        if (!outcome.cost) outcome.cost = 0;  // providers do not charge for calls that fail
        observation.level = ObservationLevel::error;
        observation.status_message = outcome.error;
    }
    outcome.observations.push_back(std::move(observation));
    co_return outcome;
}

/// The messages that stand in the scope under a placeholder's name.
Result<void> append_placeholder(const std::string& name, const TemplateScope& scope,
                                std::vector<ChatMessage>& messages) {
    const Json* const history = find_in_scope(scope, {name});
    if (history == nullptr || !history->is_array()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the placeholder \"{}\" needs a list of messages under that "
                                   "name in the row's input",
                                   name));
    }
    for (const Json& message : *history) {
        const bool usable = message.is_object() && message.contains("role") &&
                            message["role"].is_string() && message.contains("content");
        if (!usable) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("the placeholder \"{}\" holds something that is no message "
                                       "with role and content",
                                       name));
        }
        messages.push_back({message["role"].get<std::string>(), message["content"]});
    }
    return {};
}

/// Content parts with the templates in their texts filled in.
Result<Json> render_parts(const Json& parts, const TemplateScope& scope) {
    Json rendered = parts;
    for (Json& part : rendered) {
        if (!part.is_object() || !part.contains("text") || !part["text"].is_string()) continue;
        ASSAY_TRY(const TextTemplate text, TextTemplate::parse(part["text"].get<std::string>()));
        ASSAY_TRY(part["text"], text.render(scope));
    }
    return rendered;
}

}  // namespace

Result<std::vector<ChatMessage>> render_prompt(const PromptSpec& prompt, const DatasetItem& item) {
    const TemplateScope scope = scope_of(item);
    std::vector<ChatMessage> messages;
    messages.reserve(prompt.messages.size());
    for (const PromptMessage& message : prompt.messages) {
        if (!message.placeholder.empty()) {
            ASSAY_CHECK(append_placeholder(message.placeholder, scope, messages));
            continue;
        }
        if (!message.parts.is_null()) {
            ASSAY_TRY(Json parts, render_parts(message.parts, scope));
            messages.push_back({message.role, std::move(parts)});
            continue;
        }
        ASSAY_TRY(std::string text, message.content.render(scope));
        messages.push_back({message.role, Json(std::move(text))});
    }
    return messages;
}

std::unique_ptr<UnitTask> make_recorded_task(const TaskSpec& spec) {
    return std::make_unique<RecordedTask>(spec);
}

std::unique_ptr<UnitTask> make_provider_task(TaskSpec spec, std::shared_ptr<Provider> provider,
                                             int retries) {
    return std::make_unique<ProviderTask>(std::move(spec), std::move(provider), retries);
}

}  // namespace assay
