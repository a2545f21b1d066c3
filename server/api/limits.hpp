#pragma once

#include <chrono>
#include <cstddef>

/// The bounds of the HTTP server. Each has a test on both sides (tests/unit/api).
namespace assay::limits {

inline constexpr std::size_t k_http_head_bytes_max = 16U << 10U;  ///< request line and headers
inline constexpr std::size_t k_http_target_bytes_max = 8U << 10U;
inline constexpr std::size_t k_http_body_bytes_default = 1U << 20U;  ///< of most routes, as sent
inline constexpr std::size_t k_otlp_body_bytes_max = 10U << 20U;     ///< of spans
inline constexpr std::size_t k_http_inflated_bytes_max = 50U << 20U;
/// Of all requests that are being read or answered, as far as they are received, or inflated.
inline constexpr std::size_t k_http_bodies_bytes_max = 192U << 20U;
inline constexpr std::size_t k_http_inflated_ratio_max = 100;
/// So much may come of any body, however small: the ratio is no danger below it.
inline constexpr std::size_t k_http_inflated_bytes_free = 1U << 20U;
inline constexpr std::size_t k_http_connections_max = 1024;
inline constexpr std::size_t k_http_connections_per_address_max = 128;

// Absolute: a byte now and then does not prolong them.
inline constexpr std::chrono::milliseconds k_http_header_time{10'000};
inline constexpr std::chrono::milliseconds k_http_body_time{30'000};
inline constexpr std::chrono::milliseconds k_http_idle_time{60'000};
inline constexpr std::chrono::milliseconds k_http_write_time{30'000};
inline constexpr std::chrono::milliseconds k_http_drain_time{10'000};

// What is still read of a request that was refused, so that its sender sees the answer.
inline constexpr std::chrono::milliseconds k_http_linger_time{1000};
inline constexpr std::size_t k_http_linger_bytes_max = 1U << 20U;

/// Of a key's time of last use.
inline constexpr std::chrono::seconds k_key_use_precision{60};
inline constexpr std::size_t k_key_note_bytes_max = 1000;
inline constexpr std::size_t k_project_metadata_bytes_max = 64U << 10U;

}  // namespace assay::limits
