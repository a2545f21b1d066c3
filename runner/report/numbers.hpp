#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/money.hpp"

namespace assay {

// How numbers look to people: in the table, the Markdown summary and the gates' sentences. Files
// for programs carry them in full.

/// Decimals that show about four digits of a value of this size.
[[nodiscard]] int decimals_for(double largest);
/// With exactly `decimals`, thousands separated: "1,234.50". Very large and very small values
/// come out as "1.23e+12".
[[nodiscard]] std::string format_number(double value, int decimals);
[[nodiscard]] std::string format_number(double value);
/// A value beside the threshold it is compared with: about `decimals`, but always enough that the
/// printed numbers compare as the exact ones do ("0.8499" and not "0.85 is below 0.85").
[[nodiscard]] std::string format_against(double value, double threshold, int decimals = 4);
/// As few digits as tell the value from all others: "0.85", "2,000,000".
[[nodiscard]] std::string format_exact(double value);

[[nodiscard]] std::string format_count(std::uint64_t count);  ///< "12,345"
/// "$12.50", "$0.0213", "$0.000096", "unknown".
[[nodiscard]] std::string format_cost(std::optional<NanoUsd> cost);
/// "0.42 ms", "812 ms", "12.3 s": latencies stay in milliseconds while they can be compared so.
[[nodiscard]] std::string format_ms(double milliseconds);
/// "412 ms", "9.0 s", "1 min 31 s", "2 h 5 min": how long a run took.
[[nodiscard]] std::string format_duration(double milliseconds);
/// "2 items", "1 item".
[[nodiscard]] std::string format_some(std::uint64_t count, const char* noun);

}  // namespace assay
