#include "judges/calls/reply_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/base64.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

/// Part of what is hashed: raised when another version would read another reply out of the same
/// answer, so that old files are not taken for new ones.
constexpr int k_request_format = 1;
constexpr int k_file_format = 1;
/// A file nests what was within bounds by itself.
constexpr JsonLimits k_file_limits{.depth_max = limits::k_json_depth_max + 16,
                                   .allow_duplicate_keys = false};

/// Takes the values of the environment out of a text, as they are and as JSON and URLs write
/// them. One pass, the longest first: however they overlap, no part of one is left and what
/// replaces one is not searched again.
class SecretFilter {
  public:
    explicit SecretFilter(const std::vector<Secret>& secrets) {
        for (const Secret& secret : secrets) {
            if (secret.empty()) continue;
            const std::string quoted = to_text(Json(secret.reveal()));
            forms_.emplace_back(secret.reveal());
            forms_.emplace_back(quoted.substr(1, quoted.size() - 2));
            forms_.emplace_back(percent_encode(secret.reveal()));
        }
        std::ranges::sort(forms_, std::ranges::greater(),
                          [](const Secret& form) { return form.reveal().size(); });
    }

    [[nodiscard]] std::string operator()(std::string_view text) const {
        if (forms_.empty()) return std::string(text);
        std::string filtered;
        while (!text.empty()) {
            const auto found = std::ranges::find_if(
                forms_, [&](const Secret& form) { return text.starts_with(form.reveal()); });
            const bool is_secret = found != forms_.end();
            if (is_secret) {
                filtered += "[redacted]";
            } else {
                filtered += text.front();
            }
            text.remove_prefix(is_secret ? found->reveal().size() : 1);
        }
        return filtered;
    }

  private:
    std::vector<Secret> forms_;
};

/// What is sent as JSON is valid UTF-8 by then; a text of a service's own may be anything.
Json canonical_body(const std::string& body) {
    if (find_invalid_utf8(body) == std::string::npos) return body;
    return {{"base64", to_base64(body)}};
}

Json canonical_service(const ServiceRequest& service) {
    const SecretFilter filter(service.secrets);
    std::vector<std::pair<std::string, std::string>> headers;
    for (const HttpHeader& header : service.http.headers) {
        // A value may be a key that is written out in the spec, so it is not shown either.
        headers.emplace_back(to_lower_ascii(header.name),
                             sha256_hex(filter(header.value.reveal())));
    }
    std::ranges::sort(headers);
    return {{"method", service.http.method},
            {"url", filter(service.http.url)},
            {"headers", headers},
            {"body", canonical_body(filter(service.http.body))},
            {"output", service.output ? Json(service.output->text()) : Json()}};
}

Json messages_to_json(const std::vector<ChatMessage>& messages) {
    Json array = Json::array();
    for (const ChatMessage& message : messages) {
        array.push_back({{"role", message.role}, {"content", message.content}});
    }
    return array;
}

Json reply_to_json(const ProviderReply& reply) {
    Json json = {{"output", reply.output},
                 {"model", reply.model},
                 {"finish_reason", reply.finish_reason},
                 {"usage", reply.usage},
                 {"cost_usd_nanos", reply.cost ? Json(*reply.cost) : Json()},
                 {"log", reply.log}};
    if (!reply.refusal.empty()) json["refusal"] = reply.refusal;
    if (!reply.reasoning.empty()) json["reasoning"] = reply.reasoning;
    return json;
}

/// The checksum was right, so a member that is missing or of another type is a bug or a forgery:
/// the library's exception is enough, and caught by read_reply_file.
ProviderReply reply_from_json(const Json& json) {
    ProviderReply reply;
    reply.output = json.at("output");
    reply.model = json.at("model").get<std::string>();
    reply.finish_reason = json.at("finish_reason").get<std::string>();
    reply.usage = json.at("usage").get<UsageDetails>();
    const Json& cost = json.at("cost_usd_nanos");
    if (!cost.is_null()) reply.cost = cost.get<NanoUsd>();
    reply.log = json.at("log").get<std::string>();
    reply.refusal = json.value("refusal", std::string());
    reply.reasoning = json.value("reasoning", std::string());
    return reply;
}

std::unexpected<Error> damaged(std::string how) {
    return failure(ErrorCode::data_loss, std::move(how));
}

}  // namespace

std::optional<Json> canonical_request(const Provider& provider, const ProviderRequest& request) {
    Json identity = provider.identity();
    if (identity.is_null()) return std::nullopt;
    Json canonical = {{"assay_request", k_request_format},
                      {"provider", std::move(identity)},
                      {"repetition", request.repetition}};
    if (request.service) {
        canonical["service"] = canonical_service(*request.service);
        return canonical;
    }
    canonical["model"] = request.model;
    canonical["messages"] = messages_to_json(request.messages);
    canonical["parameters"] = request.parameters;
    canonical["tools"] = request.tools;
    canonical["response_schema"] = request.response_schema;
    if (!request.texts.empty()) canonical["texts"] = request.texts;
    return canonical;
}

std::string key_of_request(const Json& canonical) { return sha256_hex(to_text(canonical)); }

std::string write_reply_file(const RecordedReply& recorded) {
    Json file = {{"assay_reply", k_file_format},
                 {"key", recorded.key},
                 {"request", recorded.request},
                 {"reply", reply_to_json(recorded.reply)}};
    file["sha256"] = sha256_hex(to_text(file));
    return to_pretty_text(file);
}

Result<RecordedReply> read_reply_file(std::string_view text) {
    auto parsed = parse_json(text, k_file_limits);
    if (!parsed) return damaged(fmt::format("it is no JSON: {}", parsed.error().message));
    Json& file = *parsed;
    if (!file.is_object() || !file.contains("assay_reply")) {
        return damaged("it is no reply of the cache");
    }
    if (file["assay_reply"] != k_file_format) {
        return damaged(fmt::format("its format {} is not known to this version",
                                   to_text(file["assay_reply"]).substr(0, 20)));
    }
    const Json checksum = file.value("sha256", Json());
    file.erase("sha256");
    if (checksum != sha256_hex(to_text(file))) {
        return damaged("it was changed after it was written: its checksum does not fit");
    }
    try {
        RecordedReply recorded{.key = file.at("key").get<std::string>(),
                               .request = std::move(file.at("request")),
                               .reply = reply_from_json(file.at("reply"))};
        if (!recorded.request.is_object() || recorded.key != key_of_request(recorded.request)) {
            return damaged("its key is not that of its request");
        }
        return recorded;
    } catch (const Json::exception& /*error*/) {
        return damaged("a part of it is missing or of another type");
    }
}

}  // namespace assay
