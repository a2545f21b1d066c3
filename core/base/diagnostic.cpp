#include "core/base/diagnostic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "core/base/limits.hpp"

namespace assay {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> previous(b.size() + 1);
    std::vector<std::size_t> current(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
        }
        before.swap(previous);
        previous.swap(current);
    }
    return previous[b.size()];
}

}  // namespace

std::string to_string(const Diagnostic& diagnostic) {
    const Place& place = diagnostic.place;
    if (place.file.empty()) return diagnostic.message;
    if (place.line == 0) return fmt::format("{}: {}", place.file, diagnostic.message);
    if (place.column == 0) {
        return fmt::format("{}:{}: {}", place.file, place.line, diagnostic.message);
    }
    return fmt::format("{}:{}:{}: {}", place.file, place.line, place.column, diagnostic.message);
}

std::string to_string(Diagnostics diagnostics) {
    const auto key = [](const Diagnostic& d) {
        return std::tie(d.place.file, d.place.line, d.place.column, d.message);
    };
    std::ranges::sort(diagnostics, {}, key);
    const auto repeats = std::ranges::unique(diagnostics, {}, key);
    diagnostics.erase(repeats.begin(), repeats.end());

    std::string text;
    std::size_t shown = 0;
    for (const Diagnostic& diagnostic : diagnostics) {
        if (shown == limits::k_diagnostics_max) {
            text += fmt::format("\n... and {} more", diagnostics.size() - shown);
            break;
        }
        if (shown++ > 0) text += '\n';
        text += to_string(diagnostic);
    }
    return text;
}

std::string nearest_name(std::string_view written, const std::vector<std::string>& known) {
    if (written.size() > 64) return {};
    std::string nearest;
    std::size_t nearest_distance = 0;
    for (const std::string& name : known) {
        const std::size_t distance = edit_distance(written, name);
        if (distance * 3 > std::max(written.size(), name.size())) continue;
        if (nearest.empty() || distance < nearest_distance) {
            nearest = name;
            nearest_distance = distance;
        }
    }
    return nearest;
}

std::string did_you_mean(std::string_view written, const std::vector<std::string>& known) {
    const std::string nearest = nearest_name(written, known);
    return nearest.empty() ? std::string() : fmt::format("; did you mean \"{}\"?", nearest);
}

}  // namespace assay
