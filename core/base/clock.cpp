#include "core/base/clock.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "core/base/text.hpp"

namespace assay {
namespace {

/// Reads exactly `digits` digits at `at`; -1 when they are not there.
int read_digits(std::string_view text, std::size_t at, std::size_t digits) {
    if (at + digits > text.size()) return -1;
    int value = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

struct Offset {
    std::chrono::minutes minutes{0};
    bool valid = false;
};

Offset read_offset(std::string_view text) {
    if (text == "Z" || text == "z") return {std::chrono::minutes{0}, true};
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return {};
    const int hours = read_digits(text, 1, 2);
    const int minutes = read_digits(text, 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return {};
    const int total = (hours * 60 + minutes) * (text[0] == '-' ? -1 : 1);
    return {std::chrono::minutes{total}, true};
}

}  // namespace

Time SystemClock::now() const {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

MonotonicTime SystemClock::monotonic() const { return std::chrono::steady_clock::now(); }

std::string to_rfc3339(Time time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(floor<milliseconds>(time - day));
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

Result<Time> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    const auto refuse = [&] {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" is no time; write it as 2026-11-01T09:30:00Z", text));
    };
    const int y = read_digits(text, 0, 4);
    const int mo = read_digits(text, 5, 2);
    const int d = read_digits(text, 8, 2);
    const int h = read_digits(text, 11, 2);
    const int mi = read_digits(text, 14, 2);
    const int s = read_digits(text, 17, 2);
    if (y < 0 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60) {
        return refuse();
    }
    const bool separators = text[4] == '-' && text[7] == '-' && text[13] == ':' &&
                            text[16] == ':' &&
                            (text[10] == 'T' || text[10] == 't' || text[10] == ' ');
    const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                              std::chrono::day{static_cast<unsigned>(d)}};
    // Nanoseconds in 64 bits reach from 1677-09-21 to 2262-04-11; two days less on both ends leave
    // room for the offset.
    const bool representable = date > year{1677} / 9 / 22 && date < year{2262} / 4 / 10;
    if (!separators || !date.ok() || !representable) return refuse();

    std::string_view rest = text.substr(19);
    nanoseconds fraction{0};
    if (!rest.empty() && rest.front() == '.') {
        rest.remove_prefix(1);
        std::int64_t unit = 100'000'000;
        std::size_t digits = 0;
        for (; digits < rest.size() && rest[digits] >= '0' && rest[digits] <= '9'; ++digits) {
            fraction += nanoseconds((rest[digits] - '0') * unit);
            unit /= 10;
        }
        if (digits == 0) return refuse();
        rest.remove_prefix(digits);
    }
    const Offset offset = read_offset(rest);
    if (!offset.valid) return refuse();
    return sys_days(date) + hours(h) + minutes(mi) + seconds(s) + fraction - offset.minutes;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
    const std::string_view trimmed = trim(text);
    double value = 0;
    const auto [end, error] =
        std::from_chars(trimmed.data(), trimmed.data() + trimmed.size(), value);
    const std::string_view unit(end,
                                static_cast<std::size_t>(trimmed.data() + trimmed.size() - end));
    double factor = 0;
    if (unit.empty() || unit == "s") factor = 1000;
    if (unit == "ms") factor = 1;
    if (unit == "m") factor = 60'000;
    if (unit == "h") factor = 3'600'000;
    const double milliseconds = value * factor;
    const bool usable = error == std::errc() && factor > 0 && std::isfinite(milliseconds) &&
                        milliseconds >= 1 && milliseconds <= 1e12;
    if (!usable) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"{}\" is no duration; write 250ms, 60s, 10m or 2h", text));
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
}

Result<std::chrono::milliseconds> parse_age(std::string_view text) {
    if (text.ends_with('d')) {
        const auto days = parse_duration(std::string(text.substr(0, text.size() - 1)) + "h");
        if (days) return *days * 24;
    } else if (const auto age = parse_duration(text)) {
        return *age;
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("\"{}\" is no age; write 90m, 12h or 30d", text));
}

}  // namespace assay
