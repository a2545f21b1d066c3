#include "judges/providers/model_service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "judges/providers/model_reply.hpp"
#include "judges/providers/redact.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

/// Whether a setting or variable of this name holds a secret and not where one is: AWS_REGION and
/// `token_url` are words that a message needs.
bool is_secret_name(std::string_view written) {
    const std::string name = to_lower_ascii(written);
    const auto holds = [&](std::string_view part) { return name.contains(part); };
    const auto ends = [&](std::string_view part) { return name.ends_with(part); };
    constexpr std::array k_secret = {"key", "secret", "token", "password", "credential"};
    constexpr std::array k_place = {"_file", "_path", "_url", "_uri", "_id", "credentials"};
    // The id of an access key is one half of a key.
    const bool is_place = std::ranges::any_of(k_place, ends) && !holds("access_key");
    return std::ranges::any_of(k_secret, holds) && !is_place;
}

/// Adds the texts below `value` that stand under the name of a secret.
void find_secrets(const Json& value, bool is_secret, std::vector<Secret>& secrets) {
    if (is_secret && value.is_string()) secrets.emplace_back(value.get<std::string>());
    if (!value.is_structured()) return;
    for (const auto& [name, part] : value.items()) {
        find_secrets(part, is_secret || (value.is_object() && is_secret_name(name)), secrets);
    }
}

/// All that the settings hold and nobody may read.
std::vector<Secret> secrets_of(const ProviderSettings& settings) {
    std::vector<Secret> secrets = {settings.api_key};
    for (const auto& [name, value] : settings.headers) secrets.push_back(value);
    for (const auto& [name, value] : settings.environment) {
        if (is_secret_name(name)) secrets.push_back(value);
    }
    find_secrets(settings.own, false, secrets);
    return secrets;
}

bool blot_out_all(std::string& text, const std::vector<Secret>& secrets,
                  std::size_t bytes_min = k_secret_bytes_min) {
    bool found = false;
    for (const Secret& secret : secrets) found |= blot_out(text, secret, bytes_min);
    return found;
}

/// An answer with how long its first piece took.
struct Answer {
    HttpResponse response;
    std::optional<std::chrono::nanoseconds> time_to_first_token;
};

class ModelService final : public Provider {
  public:
    ModelService(ModelServiceParts parts, std::unique_ptr<HttpTransport> own_transport)
        : settings_(std::move(parts.settings)),
          format_(std::move(parts.format)),
          credentials_(std::move(parts.credentials)),
          key_remedy_(parts.key_remedy),
          own_transport_(std::move(own_transport)),
          known_secrets_(secrets_of(settings_)) {
        if (!key_remedy_.empty()) return;
        key_remedy_ =
            parts.key_variable.empty()
                ? "set its `api_key` under `providers:`"
                : fmt::format("set {} or its `api_key` under `providers:`", parts.key_variable);
    }

    Task<ProviderReply> call(ProviderRequest request, Deadline deadline) override;
    [[nodiscard]] Json identity() const override;

  private:
    Task<Answer> ask(WireFormat::Call call, Deadline deadline);
    Task<Answer> send(HttpRequest http, Deadline deadline);
    [[nodiscard]] HttpRequest compose(const WireFormat::Call& call) const;
    [[nodiscard]] Result<ProviderReply> read(Answer answer, const ProviderRequest& request) const;
    [[nodiscard]] bool has_header(std::string_view name) const;
    [[nodiscard]] std::vector<Secret> secrets() const;
    /// Names the provider, for errors that come from elsewhere.
    [[nodiscard]] Error named(Error error) const;
    /// A server may repeat what it was sent; its words go into messages, our keys do not.
    [[nodiscard]] Error without_secrets(Error error) const;

    ProviderSettings settings_;
    std::unique_ptr<WireFormat> format_;
    std::unique_ptr<Credentials> credentials_;
    std::string key_remedy_;
    std::unique_ptr<HttpTransport> own_transport_;  ///< null when the settings brought one
    std::vector<Secret> known_secrets_;             ///< those of the settings
};

Task<ProviderReply> ModelService::call(ProviderRequest request, Deadline deadline) {
    auto written = format_->write(request);
    if (!written) co_return std::unexpected(without_secrets(named(std::move(written.error()))));
    auto answer = co_await ask(std::move(*written), deadline);
    if (!answer) co_return std::unexpected(without_secrets(named(std::move(answer.error()))));
    auto reply = read(std::move(*answer), request);
    if (!reply) co_return std::unexpected(without_secrets(std::move(reply.error())));
    co_return reply;
}

/// Sends a request, and once more with a new token when the one it had is no longer good.
Task<Answer> ModelService::ask(WireFormat::Call call, Deadline deadline) {
    constexpr int k_unauthorized = 401;
    auto answer = co_await send(compose(call), deadline);
    const bool is_refused = answer && answer->response.status == k_unauthorized;
    if (is_refused && credentials_->renew()) answer = co_await send(compose(call), deadline);
    co_return answer;
}

Task<Answer> ModelService::send(HttpRequest http, Deadline deadline) {
    ASSAY_CO_TRY(http, co_await credentials_->authorize(std::move(http), deadline));
    const auto stream = format_->stream(std::chrono::steady_clock::now());
    // What comes decides how it is read: a server may answer otherwise than it was asked to.
    http.on_body = [&stream](HttpResponse& so_far) { return stream->take(so_far); };
    auto response = stream->whole(co_await settings_.transport->send(std::move(http), deadline));
    if (!response) co_return std::unexpected(std::move(response.error()));
    co_return Answer{std::move(*response), stream->time_to_first_token()};
}

HttpRequest ModelService::compose(const WireFormat::Call& call) const {
    HttpRequest http{.url = call.url, .body = to_text(call.body)};
    const auto add = [&](std::string name, std::string value) {
        if (!has_header(name)) http.headers.push_back({std::move(name), Secret(std::move(value))});
    };
    add("Content-Type", "application/json");
    add("Accept", call.accepts);
    for (const HttpHeader& header : call.headers) add(header.name, header.value.reveal());
    for (const auto& [name, value] : settings_.headers) http.headers.push_back({name, value});
    return http;
}

Result<ProviderReply> ModelService::read(Answer answer, const ProviderRequest& request) const {
    const bool is_success = answer.response.status >= 200 && answer.response.status <= 299;
    const std::size_t bytes_min = is_success ? k_secret_in_output_bytes_min : k_secret_bytes_min;
    // Before anything is cut out of it, lest half a key be left.
    const bool repeats_key = blot_out_all(answer.response.body, secrets(), bytes_min);
    ASSAY_TRY(ProviderReply reply, read_model_reply(answer.response, {.provider = settings_.name,
                                                                      .key_remedy = key_remedy_,
                                                                      .format = *format_,
                                                                      .request = request}));
    if (repeats_key) reply.log = "the answer repeated a key, which was replaced by [redacted]\n";
    reply.time_to_first_token = answer.time_to_first_token;
    return reply;
}

/// Options and other settings may hold values of the environment, and those may be keys: both are
/// told as hashes, and without what is known to be a secret.
Json ModelService::identity() const {
    const auto hash = [this](const Json& settings) {
        std::string text = to_text(settings.is_object() ? settings : Json::object());
        (void)blot_out_all(text, known_secrets_);
        return sha256_hex(text);
    };
    std::vector<std::string> names;
    for (const auto& [name, value] : settings_.headers) names.push_back(to_lower_ascii(name));
    std::ranges::sort(names);
    const std::string address = format_->address();
    Json identity = {{"kind", format_->kind()},
                     {"url", printable_url(address.empty() ? settings_.base_url : address)},
                     {"headers", names},
                     {"options_sha256", hash(settings_.options)}};
    const bool has_own = settings_.own.is_object() && !settings_.own.empty();
    if (has_own) identity["own_sha256"] = hash(settings_.own);
    return identity;
}

bool ModelService::has_header(std::string_view name) const {
    const std::string wanted = to_lower_ascii(name);
    return std::ranges::any_of(settings_.headers, [&](const auto& header) {
        return to_lower_ascii(header.first) == wanted;
    });
}

std::vector<Secret> ModelService::secrets() const {
    std::vector<Secret> secrets = known_secrets_;
    for (Secret& secret : credentials_->secrets()) secrets.push_back(std::move(secret));
    return secrets;
}

Error ModelService::named(Error error) const {
    error.message = fmt::format("{}: {}", settings_.name, error.message);
    return error;
}

Error ModelService::without_secrets(Error error) const {
    (void)blot_out_all(error.message, secrets());
    return error;
}

/// A key in a header.
class HeaderKey final : public Credentials {
  public:
    HeaderKey(std::string_view header, Secret key) : header_(header), key_(std::move(key)) {}

    Task<HttpRequest> authorize(HttpRequest request, Deadline /*deadline*/) override {
        if (!key_.empty()) request.headers.push_back({header_, key_});
        co_return request;
    }
    [[nodiscard]] std::vector<Secret> secrets() const override { return {key_}; }

  private:
    std::string header_;
    Secret key_;  ///< "" = none is sent
};

std::unique_ptr<Credentials> key_in(std::string_view header, const ProviderSettings& settings,
                                    std::string_view before_key) {
    const bool is_given = std::ranges::any_of(settings.headers, [&](const auto& given) {
        const std::string name = to_lower_ascii(given.first);
        return name == "authorization" || name == to_lower_ascii(header);
    });
    const bool has_key = !settings.api_key.empty() && !is_given;
    Secret key(has_key ? std::string(before_key) + settings.api_key.reveal() : "");
    return std::make_unique<HeaderKey>(header, std::move(key));
}

}  // namespace

Result<std::unique_ptr<Provider>> make_model_service(ModelServiceParts parts) {
    ProviderSettings& settings = parts.settings;
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
        auto made = make_curl_transport({.proxy = settings.proxy, .ca_file = settings.ca_file});
        if (!made) {
            Error error = std::move(made.error());
            error.message = fmt::format("the provider \"{}\": {}", settings.name, error.message);
            return std::unexpected(std::move(error));
        }
        own_transport = std::move(*made);
        settings.transport = own_transport.get();
    }
    return std::make_unique<ModelService>(std::move(parts), std::move(own_transport));
}

std::unique_ptr<Credentials> bearer_key(const ProviderSettings& settings) {
    return key_in("Authorization", settings, "Bearer ");
}

std::unique_ptr<Credentials> header_key(const ProviderSettings& settings, std::string_view header) {
    return key_in(header, settings, "");
}

Json merged_parameters(const Json& options, const ProviderRequest& request) {
    Json merged = options.is_object() ? options : Json::object();
    if (request.parameters.is_object()) merged.update(request.parameters);
    return merged;
}

Result<bool> take_stream_flag(Json& parameters) {
    const auto stream = parameters.find("stream");
    if (stream == parameters.end()) return false;
    if (!stream->is_boolean()) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("the parameter `stream` is true or false, not {}", type_phrase(*stream)));
    }
    const bool streams = stream->get<bool>();
    parameters.erase(stream);
    return streams;
}

std::string join_url(std::string_view base_url, std::string_view path) {
    const std::size_t end = base_url.find_last_not_of('/');
    const std::string_view slash = path.starts_with('/') ? "" : "/";
    return fmt::format("{}{}{}", base_url.substr(0, end + 1), slash, path);
}

Json content_parts(const Json& content) {
    if (content.is_array()) return content;
    return Json::array({{{"type", "text"}, {"text", as_text(content)}}});
}

Json output_of(std::string text, Json tool_calls, bool output_is_json) {
    if (tool_calls.is_array() && !tool_calls.empty()) {
        return {{"content", text.empty() ? Json() : Json(std::move(text))},
                {"tool_calls", std::move(tool_calls)}};
    }
    return output_is_json ? json_or_text(std::move(text)) : Json(std::move(text));
}

Json tool_call_of(std::string id, std::string name, std::string arguments) {
    return {{"id", std::move(id)},
            {"name", std::move(name)},
            {"arguments", json_or_text(std::move(arguments))}};
}

std::string image_url_of(const Json& part) {
    const std::string& url = text_member(part, "url");
    if (!url.empty()) return url;
    return fmt::format("data:{};base64,{}", text_member(part, "media_type"),
                       text_member(part, "data"));
}

Complaint usual_complaint(const Json& body) {
    const Json& whole = body.is_array() && !body.empty() ? body.front() : body;
    const Json* const error = member(whole, "error");
    const Json& about = error == nullptr ? whole : *error;
    if (about.is_string()) return {.message = about.get<std::string>()};
    const auto text = [&](const char* name) {
        const Json* const value = member(about, name);
        return value == nullptr ? std::string() : as_text(*value);
    };
    Complaint complaint{.message = text("message"), .code = text("code"), .type = text("type")};
    if (complaint.message.empty()) complaint.message = text("detail");
    if (complaint.message.empty()) complaint.message = to_text(about);
    // "insufficient_quota", "insufficient_balance", "billing_hard_limit_reached".
    for (const std::string* name : {&complaint.code, &complaint.type}) {
        const bool is_spent = name->starts_with("insufficient_") || name->starts_with("billing_");
        complaint.quota_spent = complaint.quota_spent || is_spent;
    }
    complaint.prompt_too_long = complaint.code == "context_length_exceeded";
    return complaint;
}

void set_total(UsageDetails& usage) {
    usage.erase("total");
    std::int64_t total = 0;
    for (const auto& [name, count] : usage) total += count;
    usage["total"] = total;
}

}  // namespace assay
