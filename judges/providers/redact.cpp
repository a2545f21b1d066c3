#include "judges/providers/redact.hpp"

#include <string_view>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

bool replace_all(std::string& text, std::string_view part) {
    constexpr std::string_view k_blot = "[redacted]";
    bool found = false;
    for (std::size_t at = text.find(part); at != std::string::npos;
         at = text.find(part, at + k_blot.size())) {
        text.replace(at, part.size(), k_blot);
        found = true;
    }
    return found;
}

}  // namespace

bool blot_out(std::string& text, const Secret& secret, std::size_t bytes_min) {
    const std::string& key = secret.reveal();
    if (key.size() < bytes_min) return false;
    const std::string quoted = to_text(Json(key));
    bool found = replace_all(text, key);
    found |= replace_all(text, std::string_view(quoted).substr(1, quoted.size() - 2));
    found |= replace_all(text, percent_encode(key));
    return found;
}

}  // namespace assay
