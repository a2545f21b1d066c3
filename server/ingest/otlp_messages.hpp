#pragma once

#include <span>
#include <string_view>

#include "server/ingest/otlp_attributes.hpp"

// The messages of a conversation, in the forms that conventions have for them. Null: there are
// none.

namespace assay {

/// "<prefix>.0.role", "<prefix>.0.content": a list of objects, in the order of the numbers; without
/// numbers an object; "<prefix>" itself: its value.
[[nodiscard]] Json nested_members(const Json& attributes, std::string_view prefix);

/// Messages with gen_ai.system_instructions before them, unless they have a system's message.
[[nodiscard]] Json with_instructions(const Json& attributes, Json messages);
/// gen_ai.input.messages with the instructions.
[[nodiscard]] Json messages_in(const Json& attributes);
/// gen_ai.output.messages.
[[nodiscard]] Json messages_out(const Json& attributes);

/// The span events gen_ai.system.message, .user., .assistant., .tool.: each an object with its
/// role.
[[nodiscard]] Json message_events_in(std::span<const OtlpEvent> events);
/// The span events gen_ai.choice: the one, or a list of several.
[[nodiscard]] Json message_events_out(std::span<const OtlpEvent> events);

/// Logfire's list of events in an attribute: all but the choice.
[[nodiscard]] Json listed_events_in(const Json& events);
[[nodiscard]] Json listed_events_out(const Json& events);

}  // namespace assay
