#include "runner/report/estimate_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr int k_decimals_max = 9;

/// Decimals that show two digits of a number of this size.
int two_digits_of(double size) {
    if (!(size > 0)) return 4;
    const int magnitude = static_cast<int>(std::floor(std::log10(size)));
    return std::clamp(1 - magnitude, 0, k_decimals_max);
}

std::string with_minus_sign(std::string digits) {
    return digits.starts_with('-') ? "−" + digits.substr(1) : digits;
}

std::string between(const std::string& low, const std::string& high) {
    return fmt::format("[{}, {}]", with_minus_sign(low), with_minus_sign(high));
}

/// What rounds to zero is zero, without a sign and without an exponent.
double or_zero(double value, int decimals) {
    return std::abs(value) < std::pow(10.0, -decimals) / 2 ? 0 : value;
}

std::string rounded(double value, int decimals) {
    return format_number(or_zero(value, decimals), decimals);
}

}  // namespace

std::string format_interval(const ReportedInterval& interval) {
    const double size = std::max(std::abs(interval.low), std::abs(interval.high));
    const int decimals = std::max(two_digits_of(interval.high - interval.low), size < 10 ? 2 : 0);
    return between(rounded(interval.low, decimals), rounded(interval.high, decimals));
}

std::string format_interval_against(const ReportedInterval& interval, double threshold) {
    return between(format_against(interval.low, threshold),
                   format_against(interval.high, threshold));
}

std::string format_observed(double value, double threshold) {
    return with_minus_sign(format_against(value, threshold));
}

std::string format_half_width(const ReportedInterval& interval) {
    const double half = (interval.high - interval.low) / 2;
    return "± " + format_number(half, two_digits_of(half));
}

std::string format_difference(double difference) {
    const int decimals = decimals_for(difference);
    const std::string digits = rounded(difference, decimals);
    return or_zero(difference, decimals) > 0 ? "+" + digits : with_minus_sign(digits);
}

std::string format_p_value(double p_value) {
    constexpr double k_shown_min = 1e-4;
    if (p_value < k_shown_min) return "< 0.0001";
    return fmt::format("{:.2g}", p_value);
}

std::string format_percent(double share) {
    constexpr double k_hundredth = 100;
    const double percent = share * 100;
    const double rounded = std::round(percent * k_hundredth) / k_hundredth;
    const bool hides = (rounded == 100) != (percent == 100) || (rounded == 0) != (percent == 0);
    return format_exact(hides ? percent : rounded) + " %";
}

}  // namespace assay
