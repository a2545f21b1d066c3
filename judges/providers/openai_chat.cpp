#include "judges/providers/openai_chat.hpp"

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "judges/providers/openai_reply.hpp"
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

  private:
    [[nodiscard]] Result<Json> body_of(const ProviderRequest& request) const;
    [[nodiscard]] std::vector<HttpHeader> headers() const;
    [[nodiscard]] Error without_secrets(Error error) const;

    ProviderSettings settings_;
    std::string key_variable_;
    std::unique_ptr<HttpTransport> own_transport_;  ///< null when the settings brought one
    std::string url_;
};

Task<ProviderReply> OpenAiChat::call(ProviderRequest request, Deadline deadline) {
    ASSAY_CO_TRY(const Json body, body_of(request));
    HttpRequest http{.url = url_, .headers = headers(), .body = to_text(body)};
    auto response = co_await settings_.transport->send(std::move(http), deadline);
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
    auto reply = read_chat_reply(*response, context);
    if (!reply) co_return std::unexpected(without_secrets(std::move(reply.error())));
    co_return reply;
}

Result<Json> OpenAiChat::body_of(const ProviderRequest& request) const {
    Json body = settings_.options.is_object() ? settings_.options : Json::object();
    if (request.parameters.is_object()) body.update(request.parameters);
    if (body.contains("stream") && body["stream"] != false) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{}: the parameter `stream` is not available: answers are read "
                                   "whole; leave it out",
                                   settings_.name));
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

std::vector<HttpHeader> OpenAiChat::headers() const {
    std::vector<HttpHeader> headers = {{"Content-Type", Secret("application/json")},
                                       {"Accept", Secret("application/json")}};
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
