#pragma once

#include <cstdint>

#include "core/base/clock.hpp"
#include "server/store/database.hpp"

namespace assay {

/// From a time to a time, both among them.
struct TimeRange {
    Time first = Time::min();
    Time last = Time::max();
};

/// How many traces of that time are listed, in far less time than it takes to count them: the
/// store keeps the number of each period of five hours.
[[nodiscard]] Result<std::int64_t> count_traces(Session& session, std::int64_t project,
                                                const TimeRange& range);

}  // namespace assay
