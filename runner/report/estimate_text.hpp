#pragma once

#include <string>

#include "runner/report/estimate.hpp"

namespace assay {

// How uncertain numbers look to people. Minus signs of differences are "−".

/// "[0.31, 0.86]": two digits of the interval's width, and two decimals of small numbers.
[[nodiscard]] std::string format_interval(const ReportedInterval& interval);
/// The interval beside the threshold that it is compared with: its ends never seem to lie on the
/// other side.
[[nodiscard]] std::string format_interval_against(const ReportedInterval& interval,
                                                  double threshold);
/// format_against() with "−".
[[nodiscard]] std::string format_observed(double value, double threshold);
/// "± 0.28": half the interval's width, in two digits.
[[nodiscard]] std::string format_half_width(const ReportedInterval& interval);
/// "+0.0310", "−0.0310", "0.0000".
[[nodiscard]] std::string format_difference(double difference);
/// "0.031", "< 0.0001".
[[nodiscard]] std::string format_p_value(double p_value);
/// 0.95 is "95 %", 0.99545 is "99.55 %".
[[nodiscard]] std::string format_percent(double share);

}  // namespace assay
