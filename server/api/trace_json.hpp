#pragma once

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

enum class TraceContent : std::uint8_t { left_out, given };
/// A trace without what comes of its observations and scores. Without its content it has no input
/// and output, and empty metadata.
[[nodiscard]] OrderedJson trace_v1_json(const ProjectId& project, const TraceRecord& trace,
                                        TraceContent content = TraceContent::given);

}  // namespace assay
