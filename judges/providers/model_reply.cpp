#include "judges/providers/model_reply.hpp"

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "judges/providers/rate_limit_headers.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

constexpr std::size_t k_quoted_columns_max = 300;

bool is_success(const HttpResponse& response) {
    return response.status >= 200 && response.status <= 299;
}

bool is_html(const HttpResponse& response) {
    const auto type = response.headers.find("content-type");
    if (type != response.headers.end() && type->second.starts_with("text/html")) return true;
    return trim(response.body).starts_with('<');
}

/// The provider's words as the end of a sentence.
std::string quoted(const std::string& message) {
    if (message.empty()) return "";
    return fmt::format(": {}", fit_width(terminal_safe(message), k_quoted_columns_max));
}

Complaint read_complaint(const HttpResponse& response, const WireFormat& format) {
    if (const auto body = parse_json(response.body)) return format.read_complaint(*body);
    if (is_html(response)) return {};
    return {.message = std::string(trim(response.body))};
}

/// @param what  the end of a sentence that begins with the provider's name.
Error not_an_api(const ModelReplyContext& context, std::string_view what) {
    const std::string_view end = context.format.base_url_end();
    const std::string usual = end.empty() ? "" : fmt::format(" it usually ends in {}", end);
    return {ErrorCode::invalid_argument,
            fmt::format("{}: {}: is base_url right?{}", context.provider, what, usual)};
}

Error broken(const ModelReplyContext& context, std::string_view what) {
    return {ErrorCode::unavailable, fmt::format("{}: the answer {}", context.provider, what), true};
}

/// Words the error of one answer.
class StatusError {
  public:
    StatusError(const HttpResponse& response, const Complaint& complaint,
                const ModelReplyContext& context)
        : response_(response),
          context_(context),
          said_(quoted(complaint.message)),
          said_wait_(complaint.retry_after) {}

    [[nodiscard]] Error refused_key() const {
        return {ErrorCode::unauthenticated,
                fmt::format("{} does not accept the key ({}); {}{}", context_.provider,
                            response_.status, context_.key_remedy, said_)};
    }
    [[nodiscard]] Error lasting(ErrorCode code, std::string_view what) const {
        return {code,
                fmt::format("{} {} ({}){}", context_.provider, what, response_.status, said_)};
    }
    [[nodiscard]] Error passing(ErrorCode code, std::string what) const {
        const auto header_wait = read_retry_after(response_);
        const auto wait = header_wait ? header_wait : said_wait_;
        if (wait) what += fmt::format(" and asks to wait {:g} s", to_ms(*wait) / 1000);
        Error error = lasting(code, what);
        error.retryable = true;
        error.retry_after = wait;
        return error;
    }

  private:
    const HttpResponse& response_;
    const ModelReplyContext& context_;
    std::string said_;
    std::optional<std::chrono::milliseconds> said_wait_;
};

/// What the server's own words say more exactly than any status does.
std::optional<Error> said_error(int status, const Complaint& complaint, const StatusError& error) {
    using enum ErrorCode;
    if (complaint.filtered) {
        return error.lasting(invalid_argument, "refuses the prompt for its content");
    }
    if (status == 401 || status == 403 || complaint.key_refused) return error.refused_key();
    if (status == 413 || complaint.prompt_too_long) {
        return error.lasting(invalid_argument, "says the prompt is too long for the model");
    }
    if (status == 402 || complaint.quota_spent) {
        return error.lasting(resource_exhausted, "says the account's quota is spent");
    }
    if (status == 529 || complaint.overloaded) {
        return error.passing(resource_exhausted, "is overloaded");
    }
    return std::nullopt;
}

/// The error of an answer whose status is none of 2xx.
Error status_error(const HttpResponse& response, const ModelReplyContext& context) {
    using enum ErrorCode;
    const Complaint complaint = read_complaint(response, context.format);
    const StatusError error(response, complaint, context);
    const int status = response.status;
    if (status == 404 && is_html(response)) {
        return not_an_api(context, "the endpoint answered 404 with a page of HTML");
    }
    if (auto said = said_error(status, complaint, error)) return std::move(*said);
    if (status == 404) return error.lasting(invalid_argument, "knows no such model or address");
    if (status == 429) return error.passing(resource_exhausted, "limits the rate of requests");
    // 409: a lock that another request holds, as OpenAI uses it.
    const bool may_pass = is_retryable_status(status) || status == 409;
    if (may_pass) return error.passing(unavailable, "cannot answer now");
    if (status >= 500) return error.lasting(unavailable, "cannot answer this");
    if (status >= 300 && status < 400) {
        return error.lasting(invalid_argument,
                             "redirects elsewhere; set base_url to the final address");
    }
    return error.lasting(invalid_argument, "refuses the request");
}

/// Some gateways report failures with status 200, and a stream that began cannot take it back.
Error error_within(const Json& body, const HttpResponse& response,
                   const ModelReplyContext& context) {
    const Complaint complaint = context.format.read_complaint(body);
    const StatusError error(response, complaint, context);
    if (auto said = said_error(response.status, complaint, error)) return std::move(*said);
    return broken(context, fmt::format("is an error{}", quoted(complaint.message)));
}

}  // namespace

Result<ProviderReply> read_model_reply(const HttpResponse& response,
                                       const ModelReplyContext& context) {
    if (!is_success(response)) return std::unexpected(status_error(response, context));
    if (is_html(response)) {
        return std::unexpected(not_an_api(context, "the endpoint answered HTML, not JSON"));
    }
    const auto body = parse_json(response.body);
    if (!body) {
        const std::string what = fmt::format("is not valid JSON ({})", body.error().message);
        return std::unexpected(broken(context, what));
    }
    if (member(*body, "error") != nullptr) {
        return std::unexpected(error_within(*body, response, context));
    }
    auto reply = context.format.read(*body, context.request);
    if (reply) {
        reply->rate_limits = read_rate_limit_news(response);
        return reply;
    }
    Error& error = reply.error();
    if (error.code == ErrorCode::invalid_argument) {
        return std::unexpected(not_an_api(context, fmt::format("the answer {}", error.message)));
    }
    error.message = fmt::format("{}: the answer {}", context.provider, error.message);
    return reply;
}

}  // namespace assay
