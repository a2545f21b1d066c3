#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/json.hpp"

// Traces, as TraceSource gives them, as lines for a terminal. What clients and servers say of names
// and texts comes out neutralised.

namespace assay {

/// A line for each trace, listed or whole, below one of headers. Ids are cut to what tells those of
/// the list apart unless there is room for all of them; users and sessions are told where there is
/// room as well.
[[nodiscard]] std::vector<std::string> trace_table(std::span<const OrderedJson> traces,
                                                   std::size_t columns);
/// The observations of a whole trace as a tree below a line of headers: each with its level, if it
/// is not the usual one, and its scores. Whatever its parents are, each comes exactly once.
[[nodiscard]] std::vector<std::string> observation_tree(const OrderedJson& trace,
                                                        std::size_t columns);
/// "accuracy 0.9: why".
[[nodiscard]] std::string score_text(const OrderedJson& score);
/// From the first start to the last end: "1.5 s"; "" without observations.
[[nodiscard]] std::string latency_of(const OrderedJson& trace);
/// "$0.0213"; "" when it is not known.
[[nodiscard]] std::string cost_of(const OrderedJson& trace);

}  // namespace assay
