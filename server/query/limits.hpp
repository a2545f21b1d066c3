#pragma once

#include <cstddef>

/// The bounds of what a client may ask for in one query. Each has a test on both sides.
namespace assay::limits {

inline constexpr std::size_t k_filter_bytes_max = 256U
                                                  << 10U;  // a metrics query is a URL, a rule not
inline constexpr std::size_t k_filter_elements_max = 50;
inline constexpr std::size_t k_filter_options_max = 500;           // of one element
inline constexpr std::size_t k_filter_text_bytes_max = 8U << 10U;  // of a column, key or value

}  // namespace assay::limits
