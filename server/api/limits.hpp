#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// The bounds of the HTTP server. Each has a test on both sides (tests/unit/api).
namespace assay::limits {

inline constexpr std::size_t k_http_head_bytes_max = 16U << 10U;  ///< request line and headers
inline constexpr std::size_t k_http_target_bytes_max = 8U << 10U;
inline constexpr std::size_t k_http_body_bytes_default = 1U << 20U;  ///< of most routes, as sent
inline constexpr std::size_t k_otlp_body_bytes_max = 10U << 20U;     ///< of spans
/// How many times what a route takes as sent a body may have once it is inflated, ...
inline constexpr std::size_t k_http_inflated_factor = 5;
/// ... which is this at most.
inline constexpr std::size_t k_http_inflated_bytes_max =
    k_http_inflated_factor * k_otlp_body_bytes_max;
/// Of all bodies that are decoded and not yet written, as they are held in memory: see
/// estimate_decoded_bytes(). One that is larger by itself is refused, others wait.
inline constexpr std::size_t k_decoded_bytes_max = 96U << 20U;
inline constexpr std::chrono::milliseconds k_decoding_wait_max{5'000};
/// Of an answer with a list: a page of 100 elements of 300 kB.
inline constexpr std::size_t k_answer_bytes_max = 32U << 20U;
/// Of all requests that are being read or answered, as far as they are received, or inflated.
inline constexpr std::size_t k_http_bodies_bytes_max = 128U << 20U;
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

// What is still read of a request that was refused, and dropped: most clients send all of a body
// before they look for an answer, and closing earlier would take it away from them.
inline constexpr std::chrono::milliseconds k_http_linger_time{5000};
inline constexpr std::size_t k_http_linger_bytes_max = 64U << 20U;

/// Of a key's time of last use.
inline constexpr std::chrono::seconds k_key_use_precision{60};
inline constexpr std::size_t k_key_note_bytes_max = 1000;
inline constexpr std::size_t k_project_metadata_bytes_max = 64U << 10U;
// 0 = for ever. So many days in nanoseconds are still a number.
inline constexpr int k_retention_days_min = 3;
inline constexpr int k_retention_days_max = 100'000;
[[nodiscard]] constexpr bool is_retention(std::int64_t days) {
    return days == 0 || (days >= k_retention_days_min && days <= k_retention_days_max);
}
inline constexpr std::size_t k_email_bytes_max = 254;
inline constexpr std::size_t k_password_characters_min = 8;
inline constexpr std::size_t k_password_bytes_max = 1000;

}  // namespace assay::limits
