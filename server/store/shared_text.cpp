#include "server/store/shared_text.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string_view>

namespace assay {
namespace {

/// Words and what stands between them: two words, each with what follows it.
constexpr std::size_t k_phrase_parts = 4;

bool is_of_word(char c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return is_letter || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

/// Where the parts of a text begin, and its end.
std::vector<std::size_t> bounds_of(std::string_view text) {
    std::vector<std::size_t> bounds;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i == 0 || is_of_word(text[i]) != is_of_word(text[i - 1])) bounds.push_back(i);
    }
    bounds.push_back(text.size());
    return bounds;
}

/// Of each phrase of a text, in their order.
std::vector<std::size_t> hashes_of_phrases(std::string_view text,
                                           std::span<const std::size_t> bounds) {
    std::vector<std::size_t> hashes;
    for (std::size_t i = 0; i + k_phrase_parts < bounds.size(); ++i) {
        const std::size_t bytes = bounds[i + k_phrase_parts] - bounds[i];
        hashes.push_back(std::hash<std::string_view>()(text.substr(bounds[i], bytes)));
    }
    return hashes;
}

void sort_distinct(std::vector<std::size_t>& hashes) {
    std::ranges::sort(hashes);
    const auto repeated = std::ranges::unique(hashes);
    hashes.erase(repeated.begin(), repeated.end());
}

/// Sorted: those that enough samples have.
std::vector<std::size_t> shared_phrases(std::span<const std::string> samples) {
    std::vector<std::size_t> all;
    for (const std::string& sample : samples) {
        std::vector<std::size_t> hashes = hashes_of_phrases(sample, bounds_of(sample));
        sort_distinct(hashes);
        all.insert(all.end(), hashes.begin(), hashes.end());
    }
    std::ranges::sort(all);
    std::vector<std::size_t> shared;
    for (std::size_t i = 0; i + k_samples_sharing <= all.size(); ++i) {
        if (all[i] == all[i + k_samples_sharing - 1]) shared.push_back(all[i]);
    }
    sort_distinct(shared);
    return shared;
}

std::string keep_phrases(std::string_view text, std::span<const std::size_t> phrases) {
    const std::vector<std::size_t> bounds = bounds_of(text);
    const std::vector<std::size_t> hashes = hashes_of_phrases(text, bounds);
    std::string kept;
    std::size_t end = 0;  // of what was kept, in parts: phrases overlap
    for (std::size_t i = 0; i < hashes.size(); ++i) {
        if (!std::ranges::binary_search(phrases, hashes[i])) continue;
        const std::size_t from = bounds[std::max(i, end)];
        end = i + k_phrase_parts;
        kept += text.substr(from, bounds[end] - from);
    }
    return kept;
}

}  // namespace

std::vector<std::string> keep_shared_text(std::span<const std::string> samples) {
    const std::vector<std::size_t> phrases = shared_phrases(samples);
    std::vector<std::string> kept;
    kept.reserve(samples.size());
    for (const std::string& sample : samples) kept.push_back(keep_phrases(sample, phrases));
    return kept;
}

}  // namespace assay
