#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"

// Clients send what they know of a trace or an observation in pieces, in any order and more than
// once. What is stored is the pieces; what is read is what they say together. Which of two pieces
// counts is decided by their own times, so that the order in which they came does not matter.

namespace assay {

/// What one message of a client says of one trace or one observation.
struct EntityEvent {
    Time at;                 ///< the sender's time, which orders the events of an entity
    bool is_update = false;  ///< at the same time what creates comes before what updates
    /// As it was sent: a text as it is, anything else as JSON. Null, "", false and 0 say nothing.
    std::optional<std::string> input = std::nullopt;
    std::optional<std::string> output = std::nullopt;
    /// The rest, an object without nulls. Times are integers (nanoseconds since 1970), texts are
    /// valid UTF-8. Members: see trace_field_rule() and observation_field_rule().
    Json fields = Json::object();
};

/// How the pieces of one member become one.
enum class FieldRule : std::uint8_t {
    last,   ///< the latest that is said
    first,  ///< the earliest: it never changes again
    deep,   ///< objects are merged member by member, the latest of each
    all,    ///< a set of texts, sorted
};

/// The members of a trace's events: timestamp (integer), name, userId, sessionId, release, version,
/// environment (texts), public, bookmarked (true, false), tags (texts), metadata (object).
[[nodiscard]] FieldRule trace_field_rule(const std::string& name);
/// Of an observation's: startTime, endTime, completionStartTime (integers), type, updateType, name,
/// level, statusMessage, version, environment, parentObservationId, model, promptName (texts),
/// promptVersion (integer), modelParameters, usageDetails, costDetails, metadata, experiment
/// (objects), appRoot (true). `type` is what a creating event said; `updateType` what others did.
[[nodiscard]] FieldRule observation_field_rule(const std::string& name);

using FieldRules = FieldRule (*)(const std::string& name);

/// What all events of an entity say together.
struct MergedEntity {
    std::optional<std::string> input;
    std::optional<std::string> output;
    Json fields = Json::object();
    Time first;  ///< the time of the earliest event
};

/// Puts the events in order and takes out of each what others overrule for good, so that what is
/// left is small, and says the same with every event that may still come. Of equal times and kinds
/// the one that stands later in `events` counts.
/// More than limits::k_entity_events_max that remain (each knows something of its own) become
/// fewer: the oldest two are taken as one.
void reduce_events(std::vector<EntityEvent>& events, FieldRules rules);
/// @param events  as reduce_events() left them.
[[nodiscard]] MergedEntity merge_events(const std::vector<EntityEvent>& events, FieldRules rules);

}  // namespace assay
