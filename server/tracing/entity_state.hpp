#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "server/store/database.hpp"
#include "server/store/document.hpp"
#include "server/tracing/entity_event.hpp"

// The stored form of what clients said of a trace or an observation: its events, as reduce_events()
// left them, and what was derived from them when they were written.

namespace assay {

struct EntityState {
    std::vector<EntityEvent> events;
    Json derived = Json::object();  ///< see k_derived_*
};

// Members of what was derived, of an observation but for the last.
inline constexpr const char* k_derived_usage = "usageDetails";
inline constexpr const char* k_derived_cost = "costDetails";
inline constexpr const char* k_derived_total_cost = "totalCost";
inline constexpr const char* k_derived_pricing = "pricing";
inline constexpr const char* k_derived_prompt_id = "promptId";
/// Of an observation whose trace nobody named, and of the trace that was made up for it.
inline constexpr const char* k_derived_made_up = "isTraceMadeUp";

enum class StateKind : std::uint8_t { trace, observation };

/// Nothing when no client ever said anything of it. @error data_loss when it is damaged.
[[nodiscard]] Result<std::optional<EntityState>> read_state(Session& session, StateKind kind,
                                                            std::int64_t row);
/// Replaces what is stored. Needs a transaction.
[[nodiscard]] Result<void> write_state(Session& writer, StateKind kind, std::int64_t project,
                                       std::int64_t row, const EntityState& state);
[[nodiscard]] Result<void> remove_state(Session& writer, StateKind kind, std::int64_t row);

}  // namespace assay
