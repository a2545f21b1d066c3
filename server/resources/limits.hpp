#pragma once

#include <cstddef>

/// The bounds of what a project may keep of these things. Each has a test on both sides.
namespace assay::limits {

inline constexpr std::size_t k_models_max = 1000;  ///< definitions of one project
inline constexpr std::size_t k_price_tiers_max = 50;
inline constexpr std::size_t k_tier_conditions_max = 20;
inline constexpr std::size_t k_prices_max = 100;  ///< usage types of one tier
inline constexpr double k_unit_price_usd_max = 1e6;
inline constexpr double k_cost_usd_max = 9e9;  ///< of an observation: as nano-dollars 63 bits hold

inline constexpr std::size_t k_prompt_name_characters_max = 500;
inline constexpr std::size_t k_prompt_label_characters_max = 36;
inline constexpr std::size_t k_prompt_labels_max = 100;       ///< of one request
inline constexpr std::size_t k_prompt_tags_max = 100;         ///< the same
inline constexpr std::size_t k_prompt_references_max = 1000;  ///< that one prompt expands to
inline constexpr std::size_t k_prompt_depth_max = 5;          ///< in a chain of references
inline constexpr std::size_t k_prompt_bytes_max = 4U << 20U;  ///< with all that it refers to

}  // namespace assay::limits
