#include "server/ingest/otlp_io.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "server/ingest/fields.hpp"
#include "server/ingest/otlp_messages.hpp"

namespace assay {
namespace {

using Found = std::optional<OtlpIo>;

/// The attributes of one convention; of each list the first that says something counts.
struct IoKeys {
    std::string_view scope;  ///< only of this library, unless it is empty
    std::array<std::string_view, 4> inputs;
    std::array<std::string_view, 4> outputs;
};

// In the order of the contract, around what needs more than two keys (k_sources).
constexpr std::array k_own_keys = {
    IoKeys{"", {"langfuse.observation.input"}, {"langfuse.observation.output"}},
    IoKeys{"", {"genkit:input"}, {"genkit:output"}},
};
constexpr std::array k_flue_keys = {
    IoKeys{"", {"flue.turn.input"}, {"flue.turn.output"}},
    IoKeys{"", {"flue.tool.arguments"}, {"flue.tool.result"}},
    IoKeys{"", {"flue.task.prompt"}, {"flue.task.result"}},
    IoKeys{"", {"flue.workflow.payload"}, {"flue.workflow.result"}},
    IoKeys{"", {}, {"flue.operation.result"}},
};
constexpr std::array k_framework_keys = {
    IoKeys{"",
           {"gcp.vertex.agent.llm_request", "gcp.vertex.agent.tool_call_args"},
           {"gcp.vertex.agent.llm_response", "gcp.vertex.agent.tool_response"}},
    IoKeys{"", {"prompt"}, {"all_messages_events"}},
    IoKeys{"",
           {"lk.input_text", "lk.user_transcript", "lk.chat_ctx", "lk.user_input"},
           {"lk.function_tool.output", "lk.response.text"}},
};
constexpr std::array k_later_keys = {
    IoKeys{"", {"mlflow.spanInputs"}, {"mlflow.spanOutputs"}},
    IoKeys{"", {"traceloop.entity.input"}, {"traceloop.entity.output"}},
    IoKeys{"", {"input.value"}, {"output.value"}},
    IoKeys{"", {"input"}, {"output"}},
};
constexpr std::array k_pydantic_keys = {
    IoKeys{"pydantic-ai", {"pydantic_ai.all_messages", "raw_input"}, {"final_result"}},
};
constexpr std::array k_argument_keys = {
    IoKeys{"", {"tool_arguments"}, {"tool_response"}},
};
constexpr std::array k_tool_keys = {
    IoKeys{"", {"gen_ai.tool.call.arguments"}, {"gen_ai.tool.call.result"}},
};

constexpr std::array<std::string_view, 5> k_ai_inputs = {
    "ai.prompt.messages", "ai.prompt", "ai.toolCall.args", "ai.value", "ai.values"};
constexpr std::array<std::string_view, 9> k_ai_outputs = {
    "ai.response.text",    "ai.result.text",   "ai.toolCall.result",
    "ai.response.object",  "ai.result.object", "ai.response.toolCalls",
    "ai.result.toolCalls", "ai.embedding",     "ai.embeddings"};

// Besides those of the tables.
constexpr std::array<std::string_view, 6> k_other_keys = {
    "langfuse.trace.input",  "langfuse.trace.output",  "events",
    "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions"};
constexpr std::array<std::string_view, 4> k_prefixes = {
    "gen_ai.prompt", "gen_ai.completion", "llm.input_messages", "llm.output_messages"};

/// The first that says something; an empty object says nothing here, as Google's library sends one
/// where it has nothing.
Json first_said(const Json& attributes, OtlpKeys keys) {
    for (const std::string_view key : keys) {
        const Json* const value = key.empty() ? nullptr : find_attribute(attributes, key);
        if (value != nullptr && !says_nothing(*value) && *value != "{}") return *value;
    }
    return nullptr;
}

Found found_if_any(Json input, Json output) {
    if (input.is_null() && output.is_null()) return std::nullopt;
    return OtlpIo{std::move(input), std::move(output)};
}

Found by_keys(const OtlpView& view, std::span<const IoKeys> table) {
    for (const IoKeys& keys : table) {
        if (!keys.scope.empty() && view.scope.name != keys.scope) continue;
        auto found = found_if_any(first_said(view.span.attributes, keys.inputs),
                                  first_said(view.span.attributes, keys.outputs));
        if (found) return found;
    }
    return std::nullopt;
}

/// What the SDKs of Langfuse say counts as it is: an empty object is one.
Found by_own_keys(const OtlpView& view) {
    const auto said = [&](std::string_view key) {
        const Json* const value = find_said(view.span.attributes, std::array{key});
        return value == nullptr ? Json(nullptr) : *value;
    };
    auto found =
        found_if_any(said("langfuse.observation.input"), said("langfuse.observation.output"));
    return found ? found : by_keys(view, k_own_keys);
}

Found by_ai_sdk(const OtlpView& view) {
    if (!view.is_ai_sdk()) return std::nullopt;
    const Json& attributes = view.span.attributes;
    Json output = first_said(attributes, k_ai_outputs);
    const Json text = first_said(attributes, std::array<std::string_view, 1>{"ai.response.text"});
    const Json calls =
        first_said(attributes, std::array<std::string_view, 1>{"ai.response.toolCalls"});
    if (!text.is_null() && !calls.is_null()) {
        output = {{"role", "assistant"}, {"content", text}, {"tool_calls", unpacked(calls)}};
    }
    return found_if_any(first_said(attributes, k_ai_inputs), std::move(output));
}

Found by_flue(const OtlpView& view) { return by_keys(view, k_flue_keys); }

Found by_operation_event(const OtlpView& view) {
    const auto event = std::ranges::find(
        view.span.events, "gen_ai.client.inference.operation.details", &OtlpEvent::name);
    if (event == view.span.events.end()) return std::nullopt;
    return found_if_any(messages_in(event->attributes), messages_out(event->attributes));
}

Found by_message_events(const OtlpView& view) {
    return found_if_any(message_events_in(view.span.events), message_events_out(view.span.events));
}

/// The events of Semantic Kernel and of early conventions.
Found by_content_events(const OtlpView& view) {
    const auto content = [&](std::string_view name, std::string_view prefix) -> Json {
        const auto event = std::ranges::find(view.span.events, name, &OtlpEvent::name);
        if (event == view.span.events.end() || event->attributes.empty()) return nullptr;
        Json value = nested_members(event->attributes, prefix);
        return value.is_null() ? event->attributes : std::move(value);
    };
    return found_if_any(content("gen_ai.content.prompt", "gen_ai.prompt"),
                        content("gen_ai.content.completion", "gen_ai.completion"));
}

Found by_frameworks(const OtlpView& view) { return by_keys(view, k_framework_keys); }

Found by_event_list(const OtlpView& view) {
    const Json* const events = find_attribute(view.span.attributes, "events");
    if (events == nullptr) return std::nullopt;
    const Json list = unpacked(*events);
    if (!list.is_array()) return std::nullopt;
    return found_if_any(listed_events_in(list), listed_events_out(list));
}

Found by_later_keys(const OtlpView& view) { return by_keys(view, k_later_keys); }

Found by_pydantic(const OtlpView& view) {
    auto found = by_keys(view, k_pydantic_keys);
    if (found) found->input = with_instructions(view.span.attributes, std::move(found->input));
    return found;
}

Found by_arguments(const OtlpView& view) { return by_keys(view, k_argument_keys); }

Found by_numbered_keys(const OtlpView& view) {
    const Json& attributes = view.span.attributes;
    auto found = found_if_any(nested_members(attributes, "gen_ai.prompt"),
                              nested_members(attributes, "gen_ai.completion"));
    if (found) return found;
    return found_if_any(nested_members(attributes, "llm.input_messages"),
                        nested_members(attributes, "llm.output_messages"));
}

/// The texts of OpenInference's embeddings, one for each vector.
Found by_embeddings(const OtlpView& view) {
    const Json elements = nested_members(view.span.attributes, "embedding.embeddings");
    if (!elements.is_array()) return std::nullopt;
    Json texts = Json::array();
    for (const Json& element : elements) {
        const Json said = element.is_object() ? element.value("embedding", Json()) : Json();
        if (said.is_object() && said.contains("text")) texts.push_back(said.at("text"));
    }
    return found_if_any(texts.empty() ? Json() : std::move(texts), nullptr);
}

Found by_messages(const OtlpView& view) {
    return found_if_any(messages_in(view.span.attributes), messages_out(view.span.attributes));
}

Found by_tool_call(const OtlpView& view) { return by_keys(view, k_tool_keys); }

constexpr std::array k_sources = {
    by_own_keys,       by_ai_sdk,        by_flue,       by_operation_event, by_message_events,
    by_content_events, by_frameworks,    by_event_list, by_later_keys,      by_pydantic,
    by_arguments,      by_numbered_keys, by_embeddings, by_messages,        by_tool_call};

bool has_key(OtlpKeys keys, std::string_view key) {
    return std::ranges::find(keys, key) != keys.end();
}

bool has_key(std::span<const IoKeys> table, std::string_view key) {
    return std::ranges::any_of(table, [&](const IoKeys& keys) {
        return has_key(OtlpKeys(keys.inputs), key) || has_key(OtlpKeys(keys.outputs), key);
    });
}

}  // namespace

OtlpIo otlp_io(const OtlpView& view) {
    for (const auto source : k_sources) {
        if (auto found = source(view)) return std::move(*found);
    }
    return {};
}

bool is_io_attribute(std::string_view key) {
    using Table = std::span<const IoKeys>;
    static constexpr std::array<Table, 7> k_tables = {
        k_own_keys,      k_flue_keys,     k_framework_keys, k_later_keys,
        k_pydantic_keys, k_argument_keys, k_tool_keys};
    static constexpr std::array<OtlpKeys, 3> k_lists = {k_ai_inputs, k_ai_outputs, k_other_keys};
    return std::ranges::any_of(k_tables, [&](Table table) { return has_key(table, key); }) ||
           std::ranges::any_of(k_lists, [&](OtlpKeys keys) { return has_key(keys, key); }) ||
           std::ranges::any_of(k_prefixes, [&](auto prefix) { return key.starts_with(prefix); });
}

}  // namespace assay
