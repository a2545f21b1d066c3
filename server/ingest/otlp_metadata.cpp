#include "server/ingest/otlp_metadata.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "server/ingest/fields.hpp"
#include "server/ingest/otlp_io.hpp"

namespace assay {
namespace {

constexpr std::array<std::string_view, 2> k_observation_keys = {"langfuse.observation.metadata",
                                                                "langfuse.metadata"};
constexpr std::array<std::string_view, 3> k_observation_prefixes = {
    "langfuse.metadata.", "ai.telemetry.metadata.", "langfuse.observation.metadata."};
constexpr std::array<std::string_view, 1> k_trace_keys = {"langfuse.trace.metadata"};
constexpr std::array<std::string_view, 1> k_trace_prefixes = {"langfuse.trace.metadata."};
// What a process says of all that it sends.
constexpr std::array<std::string_view, 2> k_process_keys = {"langfuse.trace.metadata",
                                                            "langfuse.metadata"};
constexpr std::array<std::string_view, 2> k_process_prefixes = {"langfuse.metadata.",
                                                                "langfuse.trace.metadata."};

// Fields of their own, which the AI SDK has no other place for.
constexpr std::string_view k_ai_prefix = "ai.telemetry.metadata.";
constexpr std::array<std::string_view, 4> k_ai_fields = {"userId", "sessionId", "tags",
                                                         "langfusePrompt"};

bool is_field(std::string_view prefix, std::string_view name) {
    return prefix == k_ai_prefix && std::ranges::find(k_ai_fields, name) != k_ai_fields.end();
}

Json gather(const Json& attributes, OtlpKeys keys, OtlpKeys prefixes) {
    Json metadata = Json::object();
    if (const Json* const said = find_said(attributes, keys)) {
        Json whole = unpacked(*said);
        // As everywhere, what is no object becomes a member of one.
        if (!whole.is_object()) whole = Json::object({{"metadata", std::move(whole)}});
        metadata = std::move(whole);
    }
    for (const std::string_view prefix : prefixes) {
        each_with_prefix(attributes, prefix, [&](std::string_view name, const Json& value) {
            if (!is_field(prefix, name)) metadata[name] = unpacked(value);
        });
    }
    return metadata;
}

/// All attributes but inputs and outputs, as texts.
Json remaining_attributes(const Json& attributes) {
    Json remaining = Json::object();
    for (const auto& [key, value] : attributes.get_ref<const Json::object_t&>()) {
        if (!is_io_attribute(key)) remaining[key] = as_text(value);
    }
    return remaining;
}

}  // namespace

Json otlp_observation_metadata(const OtlpView& view) {
    Json metadata = gather(view.resource, k_process_keys, k_process_prefixes);
    metadata.update(gather(view.span.attributes, k_observation_keys, k_observation_prefixes));
    constexpr std::array<std::string_view, 1> k_tools = {"ai.prompt.tools"};
    const Json* const tools = find_said(view.span.attributes, k_tools);
    if (tools != nullptr) metadata.emplace("tools", *tools);
    return metadata;
}

Json otlp_trace_metadata(const Json& attributes) {
    return gather(attributes, k_trace_keys, k_trace_prefixes);
}

Json otlp_origin(const OtlpView& view) {
    Json scope = {{"attributes", view.scope.attributes}};
    if (!view.scope.name.empty()) scope["name"] = view.scope.name;
    if (!view.scope.version.empty()) scope["version"] = view.scope.version;
    Json origin = {{"resourceAttributes", view.resource}, {"scope", std::move(scope)}};
    if (!view.is_langfuse()) origin["attributes"] = remaining_attributes(view.span.attributes);
    return origin;
}

}  // namespace assay
