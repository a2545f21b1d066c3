#pragma once

#include <cstddef>

/// The bounds of what clients may store, besides k_field_bytes_max (core/base/limits.hpp), which an
/// input, an output and metadata are cut at. Each has a test on both sides.
namespace assay::limits {

/// Of an entity, each of which knows something that no other does.
inline constexpr std::size_t k_entity_events_max = 64;
inline constexpr std::size_t k_entity_tags_max = 1000;
inline constexpr std::size_t k_entity_id_characters_max = 800;
inline constexpr std::size_t k_trace_name_characters_max = 1000;
inline constexpr std::size_t k_environment_characters_max = 40;
/// Of everything else that is a text.
inline constexpr std::size_t k_short_text_bytes_max = 64U << 10U;
inline constexpr std::size_t k_ingested_events_max = 10'000;  ///< of one request

}  // namespace assay::limits
