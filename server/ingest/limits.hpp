#pragma once

#include <cstddef>
#include <cstdint>

/// The bounds of single messages, besides those of what is stored (server/tracing/limits.hpp).
namespace assay::limits {

inline constexpr std::size_t k_batch_body_bytes_max = 10U << 20U;  ///< as it is sent
inline constexpr std::size_t k_tags_max = 1000;                    ///< of one message
inline constexpr std::size_t k_usage_types_max = 1000;             ///< of one observation
/// So large that nobody used so much, so small that no sum of them is beyond 64 bits.
inline constexpr std::int64_t k_usage_units_max = 1'000'000'000'000;
inline constexpr double k_client_cost_usd_max = 1'000'000;  ///< of one usage type: the same
inline constexpr std::size_t k_score_text_characters_max = 500;

// Of OpenTelemetry, besides k_ingested_events_max spans a request.
inline constexpr std::size_t k_otlp_value_depth_max = 24;    ///< lists and maps in an attribute
inline constexpr std::size_t k_otlp_values_max = 1'000'000;  ///< of all attributes of a request
inline constexpr std::size_t k_otlp_key_parts_max = 16;      ///< "a.0.b" is an object in a list
inline constexpr std::size_t k_otlp_notes_max = 20;          ///< in one answer

}  // namespace assay::limits
