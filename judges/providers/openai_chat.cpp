#include "judges/providers/openai_chat.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "judges/providers/openai_reply.hpp"
#include "judges/providers/openai_stream.hpp"
#include "judges/providers/redact.hpp"

namespace assay {
namespace {

Json messages_to_json(const std::vector<ChatMessage>& messages) {
    Json array = Json::array();
    for (const ChatMessage& message : messages) {
        array.push_back({{"role", message.role}, {"content", message.content}});
    }
    return array;
}

class OpenAiChat final : public Provider {
  public:
    OpenAiChat(ProviderSettings settings, std::string_view key_variable,
               std::unique_ptr<HttpTransport> own_transport)
        : settings_(std::move(settings)),
          key_variable_(key_variable),
          own_transport_(std::move(own_transport)) {
        const std::string_view base = settings_.base_url;
        const std::size_t end = base.find_last_not_of('/');
        url_ = fmt::format("{}/chat/completions", base.substr(0, end + 1));
    }

    Task<ProviderReply> call(ProviderRequest request, Deadline deadline) override;
    [[nodiscard]] Json identity() const override;

  private:
    [[nodiscard]] Result<Json> body_of(const ProviderRequest& request) const;
    [[nodiscard]] std::vector<HttpHeader> headers(bool streams) const;
    [[nodiscard]] Error without_secrets(Error error) const;

    ProviderSettings settings_;
    std::string key_variable_;
    std::unique_ptr<HttpTransport> own_transport_;  ///< null when the settings brought one
    std::string url_;
};

Task<ProviderReply> OpenAiChat::call(ProviderRequest request, Deadline deadline) {
    ASSAY_CO_TRY(const Json body, body_of(request));
    const bool streams = body.value("stream", false);
    ChatStream stream(std::chrono::steady_clock::now());
    HttpRequest http{.url = url_, .headers = headers(streams), .body = to_text(body)};
    // What comes decides how it is read: a server may answer otherwise than it was asked to.
    http.on_body = [&stream](HttpResponse& so_far) { return stream.take(so_far); };
    auto response = stream.whole(co_await settings_.transport->send(std::move(http), deadline));
    if (!response) {
        Error error = std::move(response.error());
        error.message = fmt::format("{}: {}", settings_.name, error.message);
        co_return std::unexpected(without_secrets(std::move(error)));
    }
    const ChatReplyContext context{.provider = settings_.name,
                                   .key_variable = key_variable_,
                                   .price_input_usd = settings_.price_input_usd,
                                   .price_output_usd = settings_.price_output_usd,
                                   .output_is_json = !request.response_schema.is_null()};
    const bool repeats_key =
        blot_out(response->body, settings_.api_key, k_secret_in_output_bytes_min);
    auto reply = read_chat_reply(*response, context);
    if (!reply) co_return std::unexpected(without_secrets(std::move(reply.error())));
    if (repeats_key) reply->log = "the answer repeated a key, which was replaced by [redacted]\n";
    reply->time_to_first_token = stream.time_to_first_token();
    co_return reply;
}

/// Options may hold values of the environment, and those may be keys.
Json OpenAiChat::identity() const {
    std::string options =
        to_text(settings_.options.is_object() ? settings_.options : Json::object());
    std::vector<std::string> names;
    blot_out(options, settings_.api_key);
    for (const auto& [name, value] : settings_.headers) {
        blot_out(options, value);
        names.push_back(to_lower_ascii(name));
    }
    std::ranges::sort(names);
    return {{"kind", "openai_chat"},
            {"url", printable_url(url_)},
            {"headers", names},
            {"options_sha256", sha256_hex(options)}};
}

Result<Json> OpenAiChat::body_of(const ProviderRequest& request) const {
    Json body = settings_.options.is_object() ? settings_.options : Json::object();
    if (request.parameters.is_object()) body.update(request.parameters);
    const Json stream = body.value("stream", Json(false));
    if (!stream.is_boolean()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{}: the parameter `stream` is true or false, not {}",
                                   settings_.name, type_phrase(stream)));
    }
    // Without being asked most servers do not tell the usage of a stream.
    if (stream == true && !body.contains("stream_options")) {
        body["stream_options"] = {{"include_usage", true}};
    }
    body["model"] = request.model;
    body["messages"] = messages_to_json(request.messages);
    if (!request.tools.is_null()) body["tools"] = request.tools;
    if (!request.response_schema.is_null()) {
        body["response_format"] = {
            {"type", "json_schema"},
            {"json_schema",
             {{"name", "response"}, {"schema", request.response_schema}, {"strict", true}}}};
    }
    return body;
}

std::vector<HttpHeader> OpenAiChat::headers(bool streams) const {
    const char* const accepted =
        streams ? "text/event-stream, application/json" : "application/json";
    std::vector<HttpHeader> headers = {{"Content-Type", Secret("application/json")},
                                       {"Accept", Secret(accepted)}};
    bool is_authorized = settings_.api_key.empty();
    for (const auto& [name, value] : settings_.headers) {
        headers.push_back({name, value});
        if (to_lower_ascii(name) == "authorization") is_authorized = true;
    }
    if (!is_authorized) {
        headers.push_back({"Authorization", Secret("Bearer " + settings_.api_key.reveal())});
    }
    return headers;
}

/// A server may repeat what it was sent; its words go into messages, our keys do not.
Error OpenAiChat::without_secrets(Error error) const {
    blot_out(error.message, settings_.api_key);
    for (const auto& [name, value] : settings_.headers) blot_out(error.message, value);
    return error;
}

}  // namespace

Result<std::unique_ptr<Provider>> make_openai_chat(ProviderSettings settings,
                                                   std::string_view key_variable) {
    const std::string scheme =
        to_lower_ascii(settings.base_url.substr(0, settings.base_url.find("://")));
    if (scheme != "http" && scheme != "https") {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the provider \"{}\" needs a base_url that begins with http:// "
                                   "or https://, e.g. http://127.0.0.1:8000/v1",
                                   settings.name));
    }
    std::unique_ptr<HttpTransport> own_transport;
    if (settings.transport == nullptr) {
        ASSAY_TRY(own_transport, make_curl_transport());
        settings.transport = own_transport.get();
    }
    return std::make_unique<OpenAiChat>(std::move(settings), key_variable,
                                        std::move(own_transport));
}

}  // namespace assay
