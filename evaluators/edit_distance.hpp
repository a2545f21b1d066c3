#pragma once

#include <cstddef>
#include <span>

namespace assay {

/// Levenshtein distance: the least number of insertions, deletions and replacements of one
/// character that turn one text into the other.
///
/// Source: Myers, "A fast bit-vector algorithm for approximate string matching based on dynamic
/// programming", J. ACM 46(3), 1999, in blocks as in Hyyrö, "A bit-vector algorithm for computing
/// Levenshtein and Damerau edit distances", Nordic J. of Computing 10, 2003.
/// Cost: O(⌈|a| / 64⌉ · |b|) time, O(|a| + |b|) memory.
[[nodiscard]] std::size_t edit_distance(std::span<const char32_t> a, std::span<const char32_t> b);

}  // namespace assay
