#include "server/store/metadata_tokens.hpp"

#include <array>

#include "server/store/document.hpp"

namespace assay {
namespace {

constexpr std::size_t k_token_digits = 16;

/// Formatting by a pattern takes longer than the hash does.
void append_hex(std::uint64_t value, std::string& text) {
    std::array<char, k_token_digits> digits;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, value >>= 4U) {
        *digit = "0123456789abcdef"[value & 15U];
    }
    text.append(digits.data(), digits.size());
}

}  // namespace

std::string metadata_tokens(const ProjectId& project, const Json& metadata) {
    constexpr std::string_view k_separator("\0", 1);
    std::string tokens;
    if (!metadata.is_object()) return tokens;
    const std::uint64_t start = fnv1a(k_separator, fnv1a(project.value()));
    tokens.reserve(metadata.size() * (k_token_digits + 1));
    for (const auto& [key, value] : metadata.get_ref<const Json::object_t&>()) {
        if (value.is_structured()) continue;
        const std::uint64_t of_key = fnv1a(k_separator, fnv1a(key, start));
        const std::uint64_t token = value.is_string()
                                        ? fnv1a(value.get_ref<const std::string&>(), of_key)
                                        : fnv1a(to_text(value), of_key);
        if (!tokens.empty()) tokens += ' ';
        append_hex(token, tokens);
    }
    return tokens;
}

}  // namespace assay
