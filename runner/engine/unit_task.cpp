#include "runner/engine/unit_task.hpp"

#include <fmt/format.h>

#include "core/base/hash.hpp"
#include "evaluators/json_schema_validator.hpp"
#include "runner/engine/service_request.hpp"

namespace assay {

namespace asio = boost::asio;

TemplateScope scope_of(const DatasetItem& item, const Json* steps) {
    return {.input = &item.input,
            .expected_output = &item.expected_output,
            .metadata = &item.metadata,
            .steps = steps};
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

namespace {

// ---- recorded ---------------------------------------------------------------------------------

class RecordedTask final : public UnitTask {
  public:
    explicit RecordedTask(const TaskSpec& spec)
        : path_(*spec.recorded), fingerprint_(fingerprint_of(spec)) {}

    asio::awaitable<TaskOutcome> run(UnitContext unit) const override {
        TaskOutcome outcome;
        outcome.cost = 0;  // nothing is called
        outcome.paid = 0;
        const bool is_step = unit.steps != nullptr;
        Observation observation{.name = is_step ? std::string(unit.step) : "recorded",
                                .start = unit.clock.now()};
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
        const auto found = known_output(item);
        return found ? to_text(*found) : std::string();
    }

    std::optional<Json> known_output(const DatasetItem& item) const override {
        Json scratch;
        const auto found = path_.value(item.row, scratch);
        if (!found || *found == nullptr) return std::nullopt;
        return **found;
    }

  private:
    JsonPath path_;
    std::string fingerprint_;
};

// ---- models, programs and services ------------------------------------------------------------

/// The unit as programs and, unless a body is given, services get it (SPEC 1.4).
Json unit_for_program(const TaskInput& unit) {
    Json json = {
        {"id", fmt::format("{}/{}/{}", unit.item.id.value(), unit.variant, unit.repetition)},
        {"input", unit.item.input},
        {"expected_output", unit.item.expected_output},
        {"metadata", unit.item.metadata},
        {"variant", unit.variant},
        {"repetition", unit.repetition}};
    if (unit.steps != nullptr) json["steps"] = *unit.steps;
    return json;
}

class ProviderTask final : public UnitTask {
  public:
    ProviderTask(TaskSpec spec, TaskProvider answers, std::optional<JsonSchema> response_schema)
        : spec_(std::move(spec)),
          provider_(std::move(answers.provider)),
          target_{.provider = provider_.get(),
                  .lane = {.provider = spec_.provider, .model = spec_.model},
                  .is_limited = spec_.form != TaskForm::command,
                  .prices = answers.prices,
                  .timeout = spec_.timeout,
                  .retries = answers.retries},
          fingerprint_(fingerprint_of(spec_)),
          tools_(normalized_tools(spec_.tools)),
          response_schema_(std::move(response_schema)) {
        if (spec_.form == TaskForm::http) target_.lane.provider = "http";
    }

    asio::awaitable<TaskOutcome> run(UnitContext unit) const override;
    const std::string& fingerprint() const override { return fingerprint_; }

    std::string check(const DatasetItem& item) const override {
        if (spec_.http) return check_service_request(*spec_.http, scope_of(item));
        if (!spec_.prompt) return {};
        const auto rendered = render_prompt(*spec_.prompt, scope_of(item));
        return rendered ? std::string() : rendered.error().message;
    }

    std::string row_fingerprint(const DatasetItem& item) const override {
        return spec_.prompt ? fingerprint_of_files(*spec_.prompt, scope_of(item)) : std::string();
    }

    std::vector<PlannedCall> calls(const TaskInput& input) const override {
        auto request = request_for(input);
        PlannedCall call{.target = &target_};
        if (request) call.request = std::move(*request);
        return {std::move(call)};
    }

  private:
    [[nodiscard]] Result<ProviderRequest> request_for(const TaskInput& unit) const;
    [[nodiscard]] Observation start_observation(const UnitContext& unit,
                                                const ProviderRequest& request) const;
    /// What the reply breaks the schema with; "" = nothing.
    [[nodiscard]] std::string violation_of(const ProviderReply& reply) const;

    TaskSpec spec_;
    std::shared_ptr<Provider> provider_;  // shared by the variants that use the same provider
    CallTarget target_;
    std::string fingerprint_;
    Json tools_;  ///< as providers know them; the fingerprint is of those that are written
    std::optional<JsonSchema> response_schema_;
};

bool holds_tool_calls(const ProviderReply& reply) {
    return reply.output.is_object() && reply.output.size() == 2 &&
           reply.output.contains("content") && reply.output.contains("tool_calls");
}

TaskInput input_of(const UnitContext& unit) {
    return {.item = unit.item,
            .variant = unit.variant,
            .repetition = unit.repetition,
            .steps = unit.steps};
}

Result<ProviderRequest> ProviderTask::request_for(const TaskInput& unit) const {
    ProviderRequest request;
    request.repetition = unit.repetition;
    const TemplateScope scope = scope_of(unit.item, unit.steps);
    if (spec_.form == TaskForm::command) {
        request.unit = unit_for_program(unit);
        return request;
    }
    if (spec_.form == TaskForm::http) {
        ASSAY_TRY(request.service,
                  render_service_request(*spec_.http, scope, unit_for_program(unit)));
        return request;
    }
    request.model = spec_.model;
    request.parameters = spec_.parameters;
    request.tools = tools_;
    request.response_schema = spec_.response_schema;
    ASSAY_TRY(request.messages, render_prompt(*spec_.prompt, scope));
    return request;
}

Observation ProviderTask::start_observation(const UnitContext& unit,
                                            const ProviderRequest& request) const {
    Observation observation{.name = std::string(unit.step), .start = unit.clock.now()};
    if (spec_.form == TaskForm::command) {
        observation.input = unit.item.input;
        return observation;
    }
    if (spec_.form == TaskForm::http) {
        // What could be rendered for the service can be for people.
        observation.input = describe_service_request(*spec_.http, scope_of(unit.item, unit.steps),
                                                     unit_for_program(input_of(unit)))
                                .value_or(unit.item.input);
        return observation;
    }
    observation.type = ObservationType::generation;
    observation.model = spec_.model;
    observation.model_parameters = spec_.parameters;
    if (spec_.prompt->version) {
        observation.prompt_name = spec_.prompt->name;
        observation.prompt_version = *spec_.prompt->version;
    }
    observation.input = describe_messages(request.messages);
    return observation;
}

std::string ProviderTask::violation_of(const ProviderReply& reply) const {
    // A refusal, a call of a tool and what was cut are no attempt at the schema.
    const bool is_attempt = reply.refusal.empty() && !reply.truncated && !holds_tool_calls(reply);
    if (!response_schema_ || !is_attempt) return {};
    const auto violations = response_schema_->validate(reply.output, 1);
    if (!violations) return violations.error().message;
    return violations->empty() ? std::string() : to_string(violations->front());
}

void warn(Observation& observation, std::string message) {
    observation.level = ObservationLevel::warning;
    observation.status_message = std::move(message);
}

void record_reply(TaskOutcome& outcome, Observation& observation, ProviderReply reply) {
    // A model that says why it will not answer has answered.
    if (reply.output.is_null() && !reply.refusal.empty()) reply.output = reply.refusal;
    observation.output = reply.output;
    observation.usage = reply.usage;
    observation.cost = reply.cost;
    if (!reply.model.empty()) observation.model = reply.model;
    if (!reply.finish_reason.empty()) observation.metadata["finish_reason"] = reply.finish_reason;
    if (reply.time_to_first_token) {
        observation.metadata["time_to_first_token_ms"] = to_ms(*reply.time_to_first_token);
    }
    if (!reply.reasoning.empty()) observation.metadata["reasoning"] = reply.reasoning;
    if (!reply.refusal.empty()) {
        observation.metadata["refusal"] = reply.refusal;
        warn(observation, "the model refused to answer");
    }
    if (reply.truncated) warn(observation, "the reply was cut at the length limit");
    outcome.output = std::move(reply.output);
    outcome.cost = reply.cost;
    outcome.time_to_first_token = reply.time_to_first_token;
    outcome.usage = std::move(reply.usage);
    outcome.log += reply.log;
    if (outcome.output.is_null()) outcome.error = "the task gave no output";
}

void record_error(TaskOutcome& outcome, Error error) {
    outcome.error = std::move(error.message);
    outcome.cancelled = error.code == ErrorCode::cancelled;
    outcome.cost = 0;  // providers do not charge for calls that fail
}

/// Retries are attempts on one unit: its observation tells of them.
void record_attempts(Observation& observation, std::vector<std::string> failed_attempts) {
    for (std::string& why : failed_attempts) {
        observation.metadata["failed_attempts"].push_back(std::move(why));
    }
}

asio::awaitable<TaskOutcome> ProviderTask::run(UnitContext unit) const {
    TaskOutcome outcome;
    auto request = request_for(input_of(unit));
    if (!request) {
        outcome.error = request.error().message;
        outcome.cost = 0;
        outcome.paid = 0;
        co_return outcome;
    }
    Observation observation = start_observation(unit, *request);
    const MonotonicTime began = unit.clock.monotonic();
    CallOutcome call = co_await unit.caller.call(target_, std::move(*request), unit.deadline);
    observation.duration = unit.clock.monotonic() - began;
    outcome.calls = call.calls;
    outcome.retries = call.retries;
    outcome.over_budget = call.over_budget;
    outcome.latency = call.latency;
    record_attempts(observation, std::move(call.failed_attempts));
    if (call.reply) {
        // A program or service that reports no cost of its own has none.
        if (spec_.form != TaskForm::provider && !call.reply->cost) call.reply->cost = 0;
        const std::string violation = violation_of(*call.reply);
        record_reply(outcome, observation, std::move(*call.reply));
        if (!violation.empty()) {
            warn(observation, fmt::format("the reply breaks `response_schema`: {}", violation));
        }
    } else {
        record_error(outcome, std::move(call.reply.error()));
    }
    outcome.paid = outcome.cost;
    if (call.is_cached) {
        outcome.cached = 1;
        outcome.paid = 0;
        observation.metadata["cached"] = true;
    }
    if (!outcome.error.empty()) {
        if (outcome.latency.count() == 0) outcome.latency = observation.duration;
        observation.level = ObservationLevel::error;
        observation.status_message = outcome.error;
    }
    outcome.observations.push_back(std::move(observation));
    co_return outcome;
}

}  // namespace

std::unique_ptr<UnitTask> make_recorded_task(const TaskSpec& spec) {
    return std::make_unique<RecordedTask>(spec);
}

Result<std::unique_ptr<UnitTask>> make_provider_task(TaskSpec spec, TaskProvider answers) {
    std::optional<JsonSchema> schema;
    if (!spec.response_schema.is_null()) {
        auto compiled = JsonSchema::compile(spec.response_schema);
        if (!compiled) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("`response_schema`: {}", compiled.error().message));
        }
        schema.emplace(std::move(*compiled));
    }
    return std::make_unique<ProviderTask>(std::move(spec), std::move(answers), std::move(schema));
}

}  // namespace assay
