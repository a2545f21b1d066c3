#include "server/client/api_answer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <string_view>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

// What a client sent may be nested as deep as the limit, and stands within an answer.
constexpr std::size_t k_answer_depth_max = limits::k_json_depth_max + 16;
constexpr std::size_t k_quoted_columns = 300;

/// How deep brackets are nested, whether they are JSON or not. What is built of nested values has
/// to be copied and destroyed again.
std::size_t nesting_of(std::string_view text) {
    std::size_t deepest = 0;
    std::size_t open = 0;
    bool in_text = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_text && c == '\\') ++i;
        if (c == '"') in_text = !in_text;
        if (in_text) continue;
        if (c == '{' || c == '[') deepest = std::max(deepest, ++open);
        if ((c == '}' || c == ']') && open > 0) --open;
    }
    return deepest;
}

std::optional<OrderedJson> parse_object(const std::string& text) {
    if (nesting_of(text) > k_answer_depth_max) return std::nullopt;
    OrderedJson value = OrderedJson::parse(text, nullptr, /*allow_exceptions=*/false);
    return value.is_object() ? std::optional(std::move(value)) : std::nullopt;
}

std::string header_of(const HttpResponse& response, const char* name) {
    const auto found = response.headers.find(name);
    return found == response.headers.end() ? std::string() : found->second;
}

bool is_web_page(const HttpResponse& response) {
    return trim(response.body).starts_with('<') ||
           header_of(response, "content-type").contains("text/html");
}

std::string text_member(const OrderedJson& object, const char* name) {
    const auto found = object.find(name);
    const bool is_text = found != object.end() && found->is_string();
    return is_text ? found->get<std::string>() : std::string();
}

/// The first fault of a list of them: "limit: too big".
std::string first_fault(const OrderedJson& faults) {
    if (!faults.is_array() || faults.empty() || !faults.front().is_object()) return {};
    const OrderedJson& fault = faults.front();
    std::string place;
    const auto path = fault.find("path");
    if (path != fault.end() && path->is_array()) {
        for (const OrderedJson& part : *path) {
            place += (place.empty() ? "" : ".") + as_text(Json(part));
        }
    }
    return fmt::format("{}{}{}", place, place.empty() ? "" : ": ", text_member(fault, "message"));
}

/// What the API says of a refusal: " (...)", or nothing.
std::string told_by(const HttpResponse& response) {
    const auto body = parse_object(response.body);
    if (!body) return {};
    std::string told = text_member(*body, "message");
    const auto faults = body->find("error");
    if (faults != body->end()) {
        const std::string fault =
            faults->is_string() && told.empty() ? faults->get<std::string>() : first_fault(*faults);
        if (!fault.empty()) told += (told.empty() ? "" : ": ") + fault;
    }
    if (told.empty()) return {};
    return fmt::format(" ({})", fit_width(terminal_safe(told), k_quoted_columns));
}

std::optional<std::chrono::milliseconds> retry_after(const HttpResponse& response) {
    const std::string text = header_of(response, "retry-after");
    std::int32_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    const bool is_count = error == std::errc() && end == text.data() + text.size() && seconds >= 0;
    return is_count ? std::optional(std::chrono::milliseconds(std::chrono::seconds(seconds)))
                    : std::nullopt;
}

Error no_api(const HttpResponse& response, const std::string& place) {
    return {ErrorCode::unavailable,
            fmt::format("{} answers {} with {}: it is no Langfuse-compatible server, or the "
                        "address lacks its base path",
                        place, response.status,
                        is_web_page(response) ? "a web page" : "something else than JSON")};
}

/// Overloaded, restarting, or broken for now.
Error passing(const HttpResponse& response, const std::string& place) {
    const bool is_refused = response.status == 429;
    return {.code = is_refused ? ErrorCode::resource_exhausted : ErrorCode::unavailable,
            .message = fmt::format("{} {} ({}){}", place,
                                   is_refused ? "takes no more requests for now" : "fails",
                                   response.status, told_by(response)),
            .retryable = true,
            .retry_after = retry_after(response)};
}

Error redirect(const HttpResponse& response, const std::string& place) {
    const std::string location = header_of(response, "location");
    return {ErrorCode::unavailable,
            fmt::format(
                "{} redirects ({}){}: name the address where the API is", place, response.status,
                location.empty() ? std::string()
                                 : " to " + fit_width(terminal_safe(printable_url(location)),
                                                      k_quoted_columns))};
}

Error refusal(const HttpResponse& response, const std::string& place) {
    const std::string told = told_by(response);
    switch (response.status) {
        case 401:
            return {ErrorCode::unauthenticated,
                    fmt::format("{} does not accept the key pair{}: LANGFUSE_PUBLIC_KEY and "
                                "LANGFUSE_SECRET_KEY must be those of a project there",
                                place, told)};
        case 403:
            return {ErrorCode::permission_denied,
                    fmt::format("{} does not let this key pair do that{}: it takes the key pair "
                                "of a project",
                                place, told)};
        case 404: return {ErrorCode::not_found, fmt::format("{} has no such thing{}", place, told)};
        case 422:
            return {ErrorCode::resource_exhausted,
                    fmt::format("{} finds that too much at once{}", place, told)};
        case 413:
        case 414:
        case 431:
            return {ErrorCode::invalid_argument,
                    fmt::format("{} finds the request too long ({}){}: shorten what is sent", place,
                                response.status, told)};
        default:
            return {ErrorCode::invalid_argument,
                    fmt::format("{} refuses the request ({}){}", place, response.status, told)};
    }
}

}  // namespace

Result<OrderedJson> read_answer(const HttpResponse& response, const std::string& place) {
    const int status = response.status;
    const bool is_passing = status == 408 || status == 429 || status >= 500;
    if (is_passing) return std::unexpected(passing(response, place));
    if (status >= 300 && status < 400) return std::unexpected(redirect(response, place));
    auto body = parse_object(response.body);
    const bool is_api = body && !is_web_page(response);
    if (status >= 200 && status < 300) {
        if (is_api) return std::move(*body);
        return std::unexpected(no_api(response, place));
    }
    const bool is_refused_by_proxy = !is_api && (status == 401 || status == 403);
    return std::unexpected(is_api || is_refused_by_proxy ? refusal(response, place)
                                                         : no_api(response, place));
}

}  // namespace assay
