#pragma once

#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/filter.hpp"
#include "runner/sources/trace_source.hpp"

namespace assay {

/// Which traces are wanted: what a source is asked for, and what is then left to look at.
struct TraceFilter {
    std::vector<FilterElement> elements = {};  ///< the source decides these
    std::vector<Filter> rest = {};             ///< all must hold of what it gives
    TraceDetail detail = TraceDetail::listed;  ///< that `rest` needs

    [[nodiscard]] bool passes(const OrderedJson& trace) const;
};

/// Reads `--filter`: a condition of the filter language (docs/filter-language.md), or, when it
/// begins with "[", the API's own list of conditions.
///
/// What `and` joins is put into the API's language where that says the same; all else is decided on
/// each trace. So a condition chooses the same traces of a store and of any server.
/// @error invalid_argument, one sentence: a syntax error, an unknown name with the nearest one, a
///        comparison that can never hold, or one that no side could decide.
[[nodiscard]] Result<TraceFilter> parse_trace_filter(std::string_view text);

}  // namespace assay
