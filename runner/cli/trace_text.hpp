#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/tracing/records.hpp"

// Traces as lines for a terminal. What clients sent of names and texts comes out neutralised.

namespace assay {

/// A trace with what is told of it.
struct StoredTrace {
    TraceRecord record{};
    std::vector<ObservationRecord> observations{};  ///< in start order
    std::vector<ScoreRecord> scores{};              ///< of it and of its observations

    /// From the first start to the last end.
    [[nodiscard]] double latency_seconds() const;
    [[nodiscard]] std::string latency() const;  ///< the same for people; "" without observations
    /// None when that of no observation is known.
    [[nodiscard]] std::optional<double> cost_usd() const;
};

/// A line for each, below one of headers. Ids are cut to what tells those of the list apart unless
/// there is room for all of them; users and sessions are told where there is room as well.
[[nodiscard]] std::vector<std::string> trace_table(std::span<const StoredTrace> traces,
                                                   std::size_t columns);
/// The observations as a tree below a line of headers: each with its level, if it is not the usual
/// one, and its scores. Whatever its parents are, each comes exactly once.
[[nodiscard]] std::vector<std::string> observation_tree(const StoredTrace& trace,
                                                        std::size_t columns);
/// "accuracy 0.9: why".
[[nodiscard]] std::string score_text(const ScoreRecord& score);
/// "$0.0213"; nothing when it is not known.
[[nodiscard]] std::string cost_text(std::optional<double> usd);
/// "2026-11-01 09:30".
[[nodiscard]] std::string minute_text(Time time);

}  // namespace assay
