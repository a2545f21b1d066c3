#include "runner/report/numbers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace assay {
namespace {

constexpr int k_nano_decimals = 9;

std::string with_separators(std::string digits) {
    if (digits.find('e') != std::string::npos) return digits;
    const std::size_t begin = digits.starts_with('-') ? 1 : 0;
    std::size_t at = std::min(digits.find('.'), digits.size());
    while (at > begin + 3) {
        at -= 3;
        digits.insert(at, ",");
    }
    return digits;
}

/// Zero decimals at the end say nothing in a sentence.
std::string without_trailing_zeros(std::string digits) {
    if (digits.find('.') == std::string::npos) return digits;
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.ends_with('.')) digits.pop_back();
    return digits == "-0" ? "0" : digits;
}

int sign_of(double value) { return (value > 0 ? 1 : 0) - (value < 0 ? 1 : 0); }

double parse(std::string_view digits) {
    double value = 0;
    (void)std::from_chars(digits.data(), digits.data() + digits.size(), value);  // our own output
    return value;
}

}  // namespace

int decimals_for(double largest) {
    const double size = std::abs(largest);
    if (size < 10) return 4;
    if (size < 100) return 3;
    return size < 1000 ? 2 : 1;
}

std::string format_number(double value, int decimals) {
    const double size = std::abs(value);
    if (!std::isfinite(value) || size >= 1e12 || (size > 0 && size < 1e-4)) {
        return fmt::format("{:.3g}", value);
    }
    return with_separators(fmt::format("{:.{}f}", value, decimals));
}

std::string format_number(double value) { return format_number(value, decimals_for(value)); }

std::string format_against(double value, double threshold, int decimals) {
    constexpr int k_decimals_max = 12;
    for (; decimals <= k_decimals_max; ++decimals) {
        std::string digits = without_trailing_zeros(fmt::format("{:.{}f}", value, decimals));
        if (digits.size() > 20 || (value != 0 && digits == "0")) continue;
        if (sign_of(parse(digits) - threshold) == sign_of(value - threshold)) {
            return with_separators(std::move(digits));
        }
    }
    return format_exact(value);
}

std::string format_exact(double value) { return with_separators(fmt::format("{}", value)); }

std::string format_count(std::uint64_t count) { return with_separators(std::to_string(count)); }

std::string format_cost(std::optional<NanoUsd> cost) {
    if (!cost) return "unknown";
    const double usd = to_usd(*cost);
    if (usd == 0) return "$0";
    if (std::abs(usd) < 0.0001) {
        const int zeros = static_cast<int>(-std::floor(std::log10(std::abs(usd))));
        const int decimals = std::min(zeros + 1, k_nano_decimals);  // two digits that say something
        return "$" + without_trailing_zeros(fmt::format("{:.{}f}", usd, decimals));
    }
    return "$" + with_separators(fmt::format("{:.{}f}", usd, std::abs(usd) < 10 ? 4 : 2));
}

std::string format_ms(double milliseconds) {
    if (milliseconds < 10) return fmt::format("{:.2f} ms", milliseconds);
    if (milliseconds < 10'000) return fmt::format("{:.0f} ms", milliseconds);
    if (milliseconds < 600'000) return fmt::format("{:.1f} s", milliseconds / 1000);
    return fmt::format("{:.1f} min", milliseconds / 60'000);
}

std::string format_duration(double milliseconds) {
    const auto seconds = static_cast<std::int64_t>(std::round(milliseconds / 1000));
    if (milliseconds < 1000) return fmt::format("{:.0f} ms", milliseconds);
    if (seconds < 60) return fmt::format("{:.1f} s", milliseconds / 1000);
    if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
    return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
}

std::string format_some(std::uint64_t count, const char* noun) {
    return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

}  // namespace assay
