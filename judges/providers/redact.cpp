#include "judges/providers/redact.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

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

std::string in_json(const std::string& text) {
    const std::string quoted = to_text(Json(text));
    return quoted.substr(1, quoted.size() - 2);
}

/// JSON may write a slash as "\/", and some libraries do.
std::string with_escaped_slashes(std::string text) {
    for (std::size_t at = text.find('/'); at != std::string::npos; at = text.find('/', at + 2)) {
        text.insert(at, 1, '\\');
    }
    return text;
}

/// As it is and as JSON and URLs write it. A server that tells of a request often does so in JSON,
/// and its answer holds that JSON as a text: written once more, or twice.
std::vector<std::string> written_forms(const std::string& key) {
    std::vector<std::string> forms = {key, percent_encode(key)};
    const auto add = [&forms](std::string form) {
        const bool is_new = std::ranges::find(forms, form) == forms.end();
        if (is_new) forms.push_back(std::move(form));
    };
    std::string slashed = key;
    std::string plain = key;
    for (int depth = 0; depth < 3; ++depth) {
        slashed = depth == 0 ? with_escaped_slashes(in_json(slashed)) : in_json(slashed);
        plain = in_json(plain);
        add(plain);
        add(slashed);
    }
    return forms;
}

}  // namespace

bool blot_out(std::string& text, const Secret& secret, std::size_t bytes_min) {
    const std::string& key = secret.reveal();
    if (key.size() < bytes_min) return false;
    bool found = false;
    for (const std::string& form : written_forms(key)) found |= replace_all(text, form);
    return found;
}

}  // namespace assay
