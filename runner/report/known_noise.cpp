#include "runner/report/known_noise.hpp"

#include <algorithm>
#include <cmath>

#include "core/model/json_value.hpp"

namespace assay {
namespace {

std::string text_at(const Json& object, const char* key) {
    const Json* const text = find_member(object, key);
    return text != nullptr && text->is_string() ? text->get<std::string>() : std::string();
}

std::optional<KnownNoise> find_noise(const Gate& gate, const std::string& variant,
                                     const Json& manifest) {
    const Json* const list = find_member(manifest, k_noise_key);
    if (list == nullptr || !list->is_array()) return std::nullopt;
    for (const Json& entry : *list) {
        const bool meant = text_at(entry, "variant") == variant &&
                           text_at(entry, "score") == gate.score &&
                           text_at(entry, "category") == gate.category;
        const Json* const floor = find_member(entry, "floor");
        const Json* const runs = find_member(entry, "runs");
        const bool usable =
            floor != nullptr && floor->is_number() && runs != nullptr && runs->is_number_unsigned();
        if (!meant || !usable) continue;
        return KnownNoise{.variant = variant,
                          .score = gate.score,
                          .category = gate.category,
                          .floor = floor->get<double>(),
                          .runs = runs->get<std::uint64_t>()};
    }
    return std::nullopt;
}

}  // namespace

Json to_json(const std::vector<KnownNoise>& noise) {
    Json list = Json::array();
    for (const KnownNoise& each : noise) {
        list.push_back({{"variant", each.variant},
                        {"score", each.score},
                        {"category", each.category.empty() ? Json(nullptr) : Json(each.category)},
                        {"floor", each.floor},
                        {"runs", each.runs}});
    }
    return list;
}

std::optional<KnownNoise> noise_of(const Gate& gate, const std::string& variant,
                                   const Json& manifest) {
    if (gate.score.empty() || !gate.slice.empty()) return std::nullopt;
    std::optional<KnownNoise> noise = find_noise(gate, variant, manifest);
    if (noise && !gate.versus.empty()) {
        const auto other = find_noise(gate, gate.versus, manifest);
        if (!other) return std::nullopt;
        // Each is of the difference of two runs, whose variances add up.
        noise->floor = std::hypot(noise->floor, other->floor) / std::sqrt(2.0);
        noise->runs = std::min(noise->runs, other->runs);
    }
    if (noise && noise->floor <= 0) return std::nullopt;
    return noise;
}

}  // namespace assay
