#pragma once

#include <span>
#include <string>
#include <vector>

namespace assay {

/// How many samples must have a phrase for it to be kept.
inline constexpr std::size_t k_samples_sharing = 8;

/// What the samples have in common: of each its phrases of a few words that k_samples_sharing of
/// them have. What is learnt from that holds nothing that only a few documents say, and so nothing
/// that is still there when these are deleted.
[[nodiscard]] std::vector<std::string> keep_shared_text(std::span<const std::string> samples);

}  // namespace assay
