#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "configs/spec.hpp"
#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/base/money.hpp"
#include "core/base/task.hpp"
#include "core/http/http_client.hpp"
#include "core/model/unit.hpp"

namespace assay {

/// One message, in one form for all providers; each adapter writes it as its API wants it.
struct ChatMessage {
    std::string role;  ///< "system", "developer", "user", "assistant" or "tool"
    /// A string, or an array of content parts:
    /// - {"type": "text", "text"}
    /// - {"type": "image", "media_type": "image/png", "data": base64} or {"type": "image", "url"}
    /// - {"type": "tool_call", "id", "name", "arguments"}, of an assistant
    /// - {"type": "tool_result", "id", "content"}, of a tool: `content` is text
    /// A part of another type is passed through as it is: it is the provider's own.
    Json content;
};

/// What a service under test is sent for one unit, and how its answer is read.
struct ServiceRequest {
    HttpRequest http;
    std::optional<JsonPath> output;  ///< where in the answer the output is; nothing = all of it
    std::vector<Secret> secrets;     ///< never in a message or an output, even when it repeats them
};

/// One question to a model, program or service.
struct ProviderRequest {
    std::string model;                  ///< "" for programs and services
    std::vector<ChatMessage> messages;  ///< rendered; empty for programs and services
    /// `temperature`, `top_p`, `max_tokens`, `stop`, `seed` and `stream` mean the same everywhere
    /// and are written as the API calls them; all others are passed through unchanged.
    Json parameters = Json::object();
    /// A list of {"name", "description"?, "parameters": JSON Schema}; null = none. One without
    /// "name" is the provider's own and passed through as it is.
    Json tools;
    Json response_schema;  ///< null = text
    /// Texts to embed: then this is no chat, `messages` is empty, and the reply's output is a list
    /// with a list of numbers for each of them.
    std::vector<std::string> texts;
    /// The unit as SPEC 1.4 describes it, for programs: {"id", "input", "expected_output", ...}.
    Json unit;
    std::optional<ServiceRequest> service;  ///< for services
    int repetition = 0;                     ///< of the unit; not sent, but keeps replies apart
};

/// What a provider said about its limits beside an answer. Nothing = not said.
struct RateLimitNews {
    std::optional<std::int64_t> requests_left;
    std::optional<std::int64_t> tokens_left;
    std::optional<std::chrono::milliseconds> requests_reset;  ///< until all are back
    std::optional<std::chrono::milliseconds> tokens_reset;    ///< until all are back
    std::optional<std::int64_t> requests_limit;               ///< left when all are back
    std::optional<std::int64_t> tokens_limit;                 ///< left when all are back
};

struct ProviderReply {
    /// The text; with a response_schema the JSON value, when the text is one; with tool calls
    /// {"content": text or null, "tool_calls": [{"id", "name", "arguments"}]}; or what the program
    /// answered.
    Json output;
    std::string model;          ///< the model that answered, as the provider names it
    std::string finish_reason;  ///< as the provider names it
    std::string refusal;        ///< why the model will not answer, "" = it did not refuse
    std::string reasoning;      ///< what a model showed of its thinking
    /// By the tracing backend's names, no token counted twice: cached ones are not in `input`,
    /// those of reasoning not in `output`; `total` is the sum of all others.
    UsageDetails usage;
    /// What the provider itself says it cost. Prices are not an adapter's affair: the caller puts
    /// the price of the usage here. Nothing = unknown.
    std::optional<NanoUsd> cost;
    std::string log;         ///< what a program wrote besides its answer
    bool truncated = false;  ///< the reply ended at a length limit
    RateLimitNews rate_limits;
    /// From the request to the first piece of the answer, when it was streamed.
    std::optional<std::chrono::nanoseconds> time_to_first_token;
};

/// A system that answers. The engine and the judges know this and no HTTP. Used from one thread,
/// by many coroutines at a time.
class Provider {
  public:
    virtual ~Provider() = default;

    /// One attempt. The caller retries errors that say `retryable`.
    /// @error deadline_exceeded, unavailable, unauthenticated, resource_exhausted (rate limit),
    ///        invalid_argument (the provider refuses the request), with what it said.
    ///        not_found and permission_denied when a program cannot be started.
    [[nodiscard]] virtual Task<ProviderReply> call(ProviderRequest request, Deadline deadline) = 0;

    /// What of the provider itself can change an answer (its kind, address, options), without
    /// secrets. Null: its answers must not be kept, for what makes them can change unseen.
    [[nodiscard]] virtual Json identity() const { return nullptr; }

    /// Ends what it holds (processes, connections). Returns at once; programs get a moment to end
    /// by themselves while the event loop runs on. Call it when the last call is over: until then
    /// a running program keeps the event loop at work. Safe to call twice.
    virtual void close() {}
};

/// What a provider is made from.
struct ProviderSettings {
    HttpTransport* transport = nullptr;  ///< the network; nullptr = one of the provider's own
    std::string proxy;    ///< for a transport of its own; "" = as the environment says
    std::string ca_file;  ///< the same: certificates to trust instead of the system's
    std::string name;     ///< for messages: "openai", "command"
    std::string base_url;
    Secret api_key;
    std::map<std::string, Secret> headers;
    Json options;  ///< merged into every request
    /// Its other keys under `providers:`, which obey the definition's `settings_schema`; values of
    /// the environment are filled in.
    Json own = Json::object();
    /// Variables of the environment that the definition names, those that are set.
    std::map<std::string, Secret, std::less<>> environment;
    std::vector<std::string> command;  ///< programs
    std::filesystem::path folder;      ///< programs run here
    bool once = false;
    int workers_max = 1;  ///< programs: processes at a time
};

/// Everything there is to know about one kind of provider; the list is
/// judges/providers/builtin.def.
struct ProviderDefinition {
    std::string_view id;
    std::string_view summary;
    std::string_view default_base_url;
    std::string_view api_key_variable;   ///< environment variable, "" = none
    std::string_view base_url_variable;  ///< environment variable, "" = none
    bool key_required = false;           ///< at the default base URL; others may need none
    /// Other variables that it reads, e.g. AWS_REGION.
    std::span<const std::string_view> variables;
    /// JSON Schema of its own keys under `providers:`; "" = none.
    std::string_view settings_schema;
    /// "" when the settings are enough for a call, else what is missing and the remedy, as the end
    /// of "the provider \"NAME\" needs ...". nullptr: `key_required` tells all.
    std::string (*missing)(const ProviderSettings& settings) = nullptr;
    bool is_model = true;  ///< false: programs and services, which have no model and no tokens
    bool embeds = false;   ///< whether it answers requests with `texts`
    /// What a page says of it: a model's name for examples, "" = none.
    std::string_view example_model;
    Result<std::unique_ptr<Provider>> (*make)(ProviderSettings settings);
};

/// The built-in providers, sorted by id: the list is judges/providers/builtin.def.
[[nodiscard]] const std::vector<const ProviderDefinition*>& builtin_providers();
/// nullptr when there is none of that id.
[[nodiscard]] const ProviderDefinition* find_provider(std::string_view id);

}  // namespace assay
