#include "server/ingest/otlp_fields.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/base/text.hpp"
#include "server/ingest/fields.hpp"
#include "server/ingest/otlp_type.hpp"

namespace assay {
namespace {

constexpr std::array<std::string_view, 4> k_name_keys = {"gen_ai.tool.name", "genkit:name",
                                                         "logfire.msg", "ai.toolCall.name"};
constexpr std::array<std::string_view, 1> k_operation_keys = {"ai.operationId"};
constexpr std::array<std::string_view, 1> k_function_keys = {"ai.telemetry.functionId"};

constexpr std::array<std::string_view, 8> k_model_keys = {"langfuse.observation.model.name",
                                                          "gen_ai.response.model",
                                                          "ai.model.id",
                                                          "gen_ai.request.model",
                                                          "llm.response.model",
                                                          "llm.model_name",
                                                          "model",
                                                          "embedding.model_name"};

/// What clients call a level.
struct LevelName {
    std::string_view name;
    std::string_view level;
};
constexpr std::array k_levels = {
    LevelName{"DEBUG", "DEBUG"},     LevelName{"TRACE", "DEBUG"},
    LevelName{"VERBOSE", "DEBUG"},   LevelName{"DEFAULT", "DEFAULT"},
    LevelName{"INFO", "DEFAULT"},    LevelName{"LOG", "DEFAULT"},
    LevelName{"NOTICE", "DEFAULT"},  LevelName{"OK", "DEFAULT"},
    LevelName{"SUCCESS", "DEFAULT"}, LevelName{"WARN", "WARNING"},
    LevelName{"WARNING", "WARNING"}, LevelName{"ERROR", "ERROR"},
    LevelName{"FATAL", "ERROR"},     LevelName{"CRITICAL", "ERROR"},
};

// Spans that LiveKit's agents make by the hundred for each sentence.
constexpr std::array<std::string_view, 14> k_livekit_noise = {"user_speaking",
                                                              "eou_detection",
                                                              "llm_request_run",
                                                              "tts_node",
                                                              "tts_request",
                                                              "tts_request_run",
                                                              "agent_speaking",
                                                              "tts_stream_adapter",
                                                              "drain_agent_activity",
                                                              "on_exit",
                                                              "on_enter",
                                                              "llm_fallback_adapter",
                                                              "tts_fallback_adapter",
                                                              "start_agent_activity"};

/// A setting of a model call and where the AI SDK says it.
struct AiSetting {
    std::string_view name;
    std::array<std::string_view, 2> keys;
};
constexpr std::array k_ai_settings = {
    AiSetting{"maxTokens", {"gen_ai.request.max_tokens", "ai.settings.maxOutputTokens"}},
    AiSetting{"temperature", {"gen_ai.request.temperature"}},
    AiSetting{"topP", {"gen_ai.request.top_p"}},
    AiSetting{"topK", {"gen_ai.request.top_k"}},
    AiSetting{"frequencyPenalty", {"gen_ai.request.frequency_penalty"}},
    AiSetting{"presencePenalty", {"gen_ai.request.presence_penalty"}},
    AiSetting{"stopSequences", {"gen_ai.request.stop_sequences"}},
    AiSetting{"seed", {"gen_ai.request.seed"}},
    AiSetting{"service_tier", {"gen_ai.request.service_tier"}},
    AiSetting{"toolChoice", {"ai.prompt.toolChoice"}},
    AiSetting{"finishReason", {"gen_ai.response.finish_reasons", "gen_ai.finishReason"}},
    AiSetting{"system", {"gen_ai.system", "ai.model.provider"}},
};
constexpr std::string_view k_ai_prefix = "ai.settings.";
constexpr std::array<std::string_view, 2> k_parameter_prefixes = {"gen_ai.request.",
                                                                  "llm.invocation_parameters."};
constexpr std::array<std::string_view, 1> k_own_parameters = {
    "langfuse.observation.model.parameters"};
constexpr std::array<std::array<std::string_view, 1>, 2> k_parameter_objects = {
    {{"llm.invocation_parameters"}, {"model_config"}}};

constexpr std::array<std::string_view, 1> k_completion_keys = {
    "langfuse.observation.completion_start_time"};
constexpr std::array<std::string_view, 2> k_first_chunk_keys = {"ai.response.msToFirstChunk",
                                                                "ai.stream.msToFirstChunk"};

constexpr std::array<std::string_view, 2> k_prompt_name_keys = {"langfuse.observation.prompt.name",
                                                                "langfuse.prompt.name"};
constexpr std::array<std::string_view, 2> k_prompt_version_keys = {
    "langfuse.observation.prompt.version", "langfuse.prompt.version"};
constexpr std::array<std::string_view, 1> k_prompt_objects = {
    "ai.telemetry.metadata.langfusePrompt"};

/// A member of an experiment's description, and whether it holds JSON.
struct ExperimentField {
    std::string_view key;
    std::string_view name;
    bool holds_json = false;
};
constexpr std::array k_experiment_fields = {
    ExperimentField{"langfuse.experiment.id", "id"},
    ExperimentField{"langfuse.experiment.name", "name"},
    ExperimentField{"langfuse.experiment.description", "description"},
    ExperimentField{"langfuse.experiment.metadata", "metadata", true},
    ExperimentField{"langfuse.experiment.dataset.id", "datasetId"},
    ExperimentField{"langfuse.experiment.item.id", "itemId"},
    ExperimentField{"langfuse.experiment.item.version", "itemVersion"},
    ExperimentField{"langfuse.experiment.item.metadata", "itemMetadata", true},
    ExperimentField{"langfuse.experiment.item.expected_output", "itemExpectedOutput", true},
    ExperimentField{"langfuse.experiment.item.root_observation_id", "itemRootObservationId"},
};

constexpr std::array<std::string_view, 3> k_environment_keys = {
    "langfuse.environment", "deployment.environment.name", "deployment.environment"};

std::string to_upper_ascii(std::string text) {
    for (char& letter : text) {
        if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
    }
    return text;
}

/// A list as its elements: "stop" and not ["stop"].
std::string joined(const Json& value) {
    if (!value.is_array()) return as_text(value);
    std::string text;
    for (const Json& element : value) {
        if (!text.empty()) text += ',';
        text += as_text(element);
    }
    return text;
}

Json ai_sdk_parameters(const Json& attributes) {
    Json parameters = Json::object();
    each_with_prefix(attributes, k_ai_prefix, [&](std::string_view name, const Json& value) {
        parameters[name] = joined(value);
    });
    for (const auto& [name, keys] : k_ai_settings) {
        if (const Json* const value = find_said(attributes, keys)) {
            parameters[name] = joined(*value);
        }
    }
    return parameters;
}

/// What is neither a text nor a number becomes a text, but for a list of texts.
Json plain_parameters(Json object) {
    std::erase_if(object.get_ref<Json::object_t&>(),
                  [](const auto& member) { return member.second.is_null(); });
    for (auto& [name, value] : object.get_ref<Json::object_t&>()) {
        const bool is_texts =
            value.is_array() &&
            std::ranges::all_of(value, [](const Json& element) { return element.is_string(); });
        const bool is_plain = value.is_string() || value.is_number() || value.is_boolean();
        if (!is_plain && !is_texts) value = to_text(value);
    }
    return object;
}

/// A time that some SDKs put into quotes, and some of them twice.
std::optional<Time> quoted_time(const Json& value) {
    constexpr int k_quotes_max = 3;
    Json inner = value;
    for (int i = 0; i < k_quotes_max && inner.is_string(); ++i) {
        const auto time = parse_rfc3339(trim(inner.get_ref<const std::string&>()));
        if (time) return *time;
        Json next = unpacked(inner);
        if (next == inner) break;
        inner = std::move(next);
    }
    return std::nullopt;
}

std::optional<OtlpPrompt> make_prompt(std::optional<std::string> name,
                                      std::optional<std::int64_t> version) {
    if (!name || name->empty() || !version || *version < 1) return std::nullopt;
    return OtlpPrompt{std::move(*name), *version};
}

}  // namespace

std::string otlp_name(const OtlpView& view) {
    const Json& attributes = view.span.attributes;
    if (auto name = find_text(attributes, k_name_keys)) return std::move(*name);
    if (auto operation = find_text(attributes, k_operation_keys)) {
        const auto function = find_text(attributes, k_function_keys);
        return function ? *function + ":" + *operation : std::move(*operation);
    }
    return view.span.name;
}

std::string_view otlp_level(const OtlpView& view) {
    constexpr std::array<std::string_view, 1> k_keys = {"langfuse.observation.level"};
    constexpr std::int64_t k_status_error = 2;
    if (auto said = find_text(view.span.attributes, k_keys)) {
        const auto level =
            std::ranges::find(k_levels, to_upper_ascii(std::move(*said)), &LevelName::name);
        if (level != k_levels.end()) return level->level;
    }
    if (view.span.status_code == k_status_error) return "ERROR";
    const bool is_noise =
        view.scope.name == "livekit-agents" &&
        std::ranges::find(k_livekit_noise, view.span.name) != k_livekit_noise.end();
    return is_noise ? "DEBUG" : "DEFAULT";
}

std::optional<std::string> otlp_model(const OtlpView& view) {
    if (is_ai_sdk_agent(view)) return std::nullopt;
    constexpr std::array<std::string_view, 1> k_subtype = {"genkit:metadata:subtype"};
    constexpr std::array<std::string_view, 1> k_genkit_name = {"genkit:name"};
    const Json& attributes = view.span.attributes;
    if (auto model = find_text(attributes, k_model_keys)) return model;
    if (find_text(attributes, k_subtype) != "model") return std::nullopt;
    return find_text(attributes, k_genkit_name);
}

Json otlp_model_parameters(const OtlpView& view) {
    const Json& attributes = view.span.attributes;
    if (auto said = find_object(attributes, k_own_parameters)) {
        return plain_parameters(std::move(*said));
    }
    if (view.is_ai_sdk()) return ai_sdk_parameters(attributes);
    for (const OtlpKeys keys : k_parameter_objects) {
        if (auto said = find_object(attributes, keys)) return plain_parameters(std::move(*said));
    }
    Json parameters = Json::object();
    for (const std::string_view prefix : k_parameter_prefixes) {
        each_with_prefix(attributes, prefix, [&](std::string_view name, const Json& value) {
            if (name != "model") parameters[name] = as_text(value);
        });
    }
    return parameters;
}

std::optional<Time> otlp_completion_start(const OtlpView& view, Time start) {
    const Json& attributes = view.span.attributes;
    if (const Json* const said = find_said(attributes, k_completion_keys)) {
        if (const auto time = quoted_time(*said)) return time;
    }
    const Json* const said = find_said(attributes, k_first_chunk_keys);
    const Json waited = said == nullptr ? Json() : unpacked(*said);
    // More than a year is no time that a model takes.
    constexpr double k_wait_ms_max = 366.0 * 24 * 3600 * 1000;
    if (!waited.is_number()) return std::nullopt;
    const double ms = std::ceil(waited.get<double>());
    if (!(ms >= 0 && ms <= k_wait_ms_max)) return std::nullopt;
    return start + std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

std::optional<OtlpPrompt> otlp_prompt(const OtlpView& view) {
    constexpr std::array<std::string_view, 1> k_name = {"name"};
    constexpr std::array<std::string_view, 1> k_version = {"version"};
    const Json& attributes = view.span.attributes;
    auto prompt = make_prompt(find_text(attributes, k_prompt_name_keys),
                              find_integer(attributes, k_prompt_version_keys));
    if (prompt) return prompt;
    const auto object = find_object(attributes, k_prompt_objects);
    if (!object) return std::nullopt;
    return make_prompt(find_text(*object, k_name), find_integer(*object, k_version));
}

Json otlp_experiment(const OtlpView& view) {
    Json experiment = Json::object();
    for (const ExperimentField& field : k_experiment_fields) {
        const Json* const value = find_said(view.span.attributes, std::array{field.key});
        if (value == nullptr) continue;
        Json said = field.holds_json ? unpacked(*value) : Json(as_text(*value));
        if (!said.is_null()) experiment[field.name] = std::move(said);
    }
    return experiment;
}

std::optional<std::string> otlp_environment(const OtlpView& view) {
    for (const std::string_view key : k_environment_keys) {
        for (const Json* const attributes : {&view.span.attributes, &view.resource}) {
            if (const auto text = find_text(*attributes, std::array{key})) {
                return normal_environment(*text);
            }
        }
    }
    return std::nullopt;
}

}  // namespace assay
