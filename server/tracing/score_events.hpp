#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/tracing/entity_event.hpp"
#include "server/tracing/records.hpp"

// A score that is sent more than once is merged as traces are: what counts is when its messages
// were sent, not when they came. Most scores are sent once, so only of the others the messages are
// kept.

namespace assay {

/// Subject, timestamp and environment are the first message's, metadata are merged, and of the rest
/// the latest message that says it counts; a value with its name, type and source is one thing.
[[nodiscard]] FieldRule score_field_rule(const std::string& name);

/// What a message says of a score; sent at its timestamp.
[[nodiscard]] EntityEvent event_of(const ScoreRecord& score);
/// What messages say together. @param events  as reduce_events() left them.
/// @error data_loss when they are not what event_of() gave.
[[nodiscard]] Result<ScoreRecord> score_of(const ScoreId& id,
                                           const std::vector<EntityEvent>& events);

/// The messages as they are stored.
[[nodiscard]] std::string stored_events(const std::vector<EntityEvent>& events);
/// @error data_loss
[[nodiscard]] Result<std::vector<EntityEvent>> parse_events(std::string_view stored);

}  // namespace assay
