#pragma once

#include <algorithm>
#include <optional>
#include <string>

#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/tracing/records.hpp"

namespace assay {

/// What a text that a client sent says: the value it is the JSON of, else itself.
[[nodiscard]] OrderedJson content_json(const std::optional<std::string>& text);
/// Metadata, each text of which is taken as JSON where it is any.
[[nodiscard]] OrderedJson parsed_metadata(const Json& metadata);
/// From one time to the other, in seconds.
[[nodiscard]] double seconds_between(Time from, Time to);

/// What the observations of a trace add up to.
struct TraceTotals {
    Time first = Time::max();
    Time last = Time::min();
    double cost = 0;  ///< US dollars

    void add(Time start, Time end, double cost_usd) {
        first = std::min(first, start);
        last = std::max(last, end);
        cost += cost_usd;
    }
    void add(const ObservationRecord& observation) {
        add(observation.start, observation.end.value_or(observation.start),
            observation.total_cost.value_or(0));
    }
    /// In seconds. Without any observation it is 0.
    [[nodiscard]] double latency() const { return first > last ? 0 : seconds_between(first, last); }
};

enum class TraceContent : std::uint8_t { left_out, given };
/// A trace without what comes of its observations and scores. Without its content it has no input
/// and output, and empty metadata.
[[nodiscard]] OrderedJson trace_v1_json(const ProjectId& project, const TraceRecord& trace,
                                        TraceContent content = TraceContent::given);

}  // namespace assay
