#include "server/store/metadata_tokens.hpp"

#include <fmt/format.h>

#include "server/store/document.hpp"

namespace assay {

std::string metadata_tokens(const ProjectId& project, const Json& metadata) {
    constexpr std::string_view k_separator("\0", 1);
    std::string tokens;
    if (!metadata.is_object()) return tokens;
    const std::uint64_t start = fnv1a(k_separator, fnv1a(project.value()));
    for (const auto& [key, value] : metadata.get_ref<const Json::object_t&>()) {
        const std::uint64_t of_key = fnv1a(k_separator, fnv1a(key, start));
        const std::uint64_t token = value.is_string()
                                        ? fnv1a(value.get_ref<const std::string&>(), of_key)
                                        : fnv1a(to_text(value), of_key);
        fmt::format_to(std::back_inserter(tokens), "{}{:016x}", tokens.empty() ? "" : " ", token);
    }
    return tokens;
}

}  // namespace assay
