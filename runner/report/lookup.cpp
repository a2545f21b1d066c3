#include "runner/report/lookup.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace assay {

std::vector<std::string> score_names(const Report& report) {
    std::vector<std::string> names;
    for (const VariantSummary& variant : report.variants) {
        for (const ScoreSummary& score : variant.scores) {
            if (std::ranges::find(names, score.name) == names.end()) names.push_back(score.name);
        }
    }
    return names;
}

const ScoreSummary* find_score(const VariantSummary& variant, const std::string& name) {
    for (const ScoreSummary& score : variant.scores) {
        if (score.name == name) return &score;
    }
    return nullptr;
}

std::optional<double> share_of(const ScoreSummary& score, const std::string& category) {
    if (score.count == 0) return std::nullopt;
    const auto found = score.categories.find(category);
    const std::uint64_t count = found == score.categories.end() ? 0 : found->second;
    return static_cast<double>(count) / static_cast<double>(score.count);
}

std::vector<std::string> categories_of(const Report& report, const std::string& score) {
    std::map<std::string, std::uint64_t> counts;
    for (const VariantSummary& variant : report.variants) {
        const ScoreSummary* found = find_score(variant, score);
        if (found == nullptr) continue;
        for (const auto& [category, count] : found->categories) counts[category] += count;
    }
    std::vector<std::string> categories;
    for (const auto& [category, count] : counts) categories.push_back(category);
    std::ranges::sort(categories, [&](const std::string& a, const std::string& b) {
        return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
    });
    return categories;
}

}  // namespace assay
