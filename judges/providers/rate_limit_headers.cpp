#include "judges/providers/rate_limit_headers.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>

#include "core/base/text.hpp"

namespace assay {
namespace {

using std::chrono::milliseconds;

/// Longer than anybody waits; what is longer is told as that.
constexpr std::chrono::hours k_wait_max{24 * 7};

struct Limit {
    std::optional<std::int64_t> limit;
    std::optional<std::int64_t> left;
    std::optional<milliseconds> reset;
};

std::optional<std::string_view> find_header(const HttpResponse& response, const std::string& name) {
    const auto found = response.headers.find(name);
    if (found == response.headers.end()) return std::nullopt;
    return trim(found->second);
}

bool has_header_with(const HttpResponse& response, const std::string& prefix) {
    const auto first = response.headers.lower_bound(prefix);
    return first != response.headers.end() && first->first.starts_with(prefix);
}

milliseconds bounded(double wait_ms) {
    const double most = std::chrono::duration<double, std::milli>(k_wait_max).count();
    return milliseconds(static_cast<std::int64_t>(std::ceil(std::clamp(wait_ms, 0.0, most))));
}

/// Takes a number without a sign off the beginning of the text.
std::optional<double> take_number(std::string_view& text) {
    // from_chars also reads a sign, "inf" and "nan".
    if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value, std::chars_format::fixed);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    return value;
}

/// "20" or "0.5", with what one of it is in milliseconds.
std::optional<milliseconds> parse_number_of(double unit_ms, std::string_view text) {
    const auto value = take_number(text);
    if (!value || !text.empty()) return std::nullopt;
    return bounded(*value * unit_ms);
}

std::optional<std::int64_t> parse_count(std::string_view text) {
    std::int64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, count);
    // Some servers say -1 for what they do not know.
    if (error != std::errc() || rest != end || count < 0) return std::nullopt;
    return count;
}

/// "6m0s", "1h30m", "59.5s", "12ms", as Go writes durations.
std::optional<milliseconds> parse_go_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        double ms;
    };
    // Longer names first where one begins with another.
    constexpr Unit k_units[] = {{"ms", 1},         {"us", 1e-3},     {"µs", 1e-3},  {"ns", 1e-6},
                                {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}};
    double total_ms = 0;
    do {
        const auto value = take_number(text);
        const auto* const unit = std::ranges::find_if(
            k_units, [&](const Unit& candidate) { return text.starts_with(candidate.name); });
        if (!value || unit == std::end(k_units)) return std::nullopt;
        text.remove_prefix(unit->name.size());
        total_ms += *value * unit->ms;
    } while (!text.empty());
    return bounded(total_ms);
}

/// A date in one of the three forms that RFC 9110 (5.6.7) wants to be understood.
std::optional<Time> parse_http_date(std::string_view text) {
    for (const char* const form :
         {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
        std::istringstream stream{std::string(text)};
        stream.imbue(std::locale::classic());
        std::tm parts{};
        stream >> std::get_time(&parts, form);
        // get_time also takes dates that end too early: what it read must be written the same.
        std::ostringstream written;
        written.imbue(std::locale::classic());
        written << std::put_time(&parts, form);
        if (!stream || written.view() != text) continue;
        const std::chrono::year_month_day date{
            std::chrono::year{parts.tm_year + 1900},
            std::chrono::month{static_cast<unsigned>(parts.tm_mon + 1)},
            std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
        // Nanoseconds in 64 bits reach to 2262.
        if (!date.ok() || date.year() < std::chrono::year{1970} ||
            date.year() > std::chrono::year{2200}) {
            return std::nullopt;
        }
        return std::chrono::sys_days(date) + std::chrono::hours(parts.tm_hour) +
               std::chrono::minutes(parts.tm_min) + std::chrono::seconds(parts.tm_sec);
    }
    return std::nullopt;
}

/// How far a time is from the answer's own, so that clocks that differ do no harm. Servers that do
/// not say the time are taken to have ours.
milliseconds until(Time time, const HttpResponse& response) {
    const auto date = find_header(response, "date");
    const auto answered = date ? parse_http_date(*date) : std::nullopt;
    return bounded(to_ms(time - answered.value_or(SystemClock().now())));
}

/// Until a limit is back: a duration, seconds, or a time (RFC 3339).
std::optional<milliseconds> parse_reset(std::string_view text, const HttpResponse& response) {
    if (const auto seconds = parse_number_of(1000, text)) return seconds;
    if (const auto duration = parse_go_duration(text)) return duration;
    if (const auto time = parse_rfc3339(text)) return until(*time, response);
    return std::nullopt;
}

struct LimitNames {
    std::string limit;
    std::string left;
    std::string reset;
};

Limit read_limit(const HttpResponse& response, const LimitNames& names) {
    const auto limit = find_header(response, names.limit);
    const auto left = find_header(response, names.left);
    const auto reset = find_header(response, names.reset);
    return {.limit = limit ? parse_count(*limit) : std::nullopt,
            .left = left ? parse_count(*left) : std::nullopt,
            .reset = reset ? parse_reset(*reset, response) : std::nullopt};
}

Limit read_openai(const HttpResponse& response, const std::string& what) {
    return read_limit(response, {.limit = "x-ratelimit-limit-" + what,
                                 .left = "x-ratelimit-remaining-" + what,
                                 .reset = "x-ratelimit-reset-" + what});
}

Limit read_anthropic(const HttpResponse& response, const std::string& what) {
    const std::string prefix = "anthropic-ratelimit-" + what;
    return read_limit(
        response,
        {.limit = prefix + "-limit", .left = prefix + "-remaining", .reset = prefix + "-reset"});
}

/// That of which less is left.
Limit tighter(const Limit& a, const Limit& b) {
    if (!a.left) return b;
    return b.left && *b.left < *a.left ? b : a;
}

RateLimitNews news_of(const Limit& requests, const Limit& tokens) {
    return {.requests_left = requests.left,
            .tokens_left = tokens.left,
            .requests_reset = requests.reset,
            .tokens_reset = tokens.reset,
            .requests_limit = requests.limit,
            .tokens_limit = tokens.limit};
}

}  // namespace

bool is_retryable_status(int status) {
    switch (status) {
        case 408:
        case 425:
        case 429:
        case 500:
        case 502:
        case 503:
        case 504:
        case 529: return true;
        default: return status >= 520 && status <= 524;
    }
}

std::optional<milliseconds> read_retry_after(const HttpResponse& response) {
    if (const auto text = find_header(response, "retry-after-ms")) {
        if (const auto wait = parse_number_of(1, *text)) return wait;
    }
    const auto text = find_header(response, "retry-after");
    if (!text) return std::nullopt;
    if (const auto wait = parse_number_of(1000, *text)) return wait;
    const auto time = parse_http_date(*text);
    if (!time) return std::nullopt;
    return until(*time, response);
}

RateLimitNews read_rate_limit_news(const HttpResponse& response) {
    if (has_header_with(response, "x-ratelimit-")) {
        return news_of(read_openai(response, "requests"), read_openai(response, "tokens"));
    }
    if (has_header_with(response, "anthropic-ratelimit-")) {
        const Limit apart = tighter(read_anthropic(response, "input-tokens"),
                                    read_anthropic(response, "output-tokens"));
        return news_of(read_anthropic(response, "requests"),
                       tighter(read_anthropic(response, "tokens"), apart));
    }
    return {};
}

}  // namespace assay
