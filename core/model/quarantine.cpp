#include "core/model/quarantine.hpp"

#include <algorithm>

#include "core/model/json_value.hpp"

namespace assay {
namespace {

std::string text_at(const Json& object, const char* key) {
    const Json* const text = find_member(object, key);
    return text != nullptr && text->is_string() ? text->get<std::string>() : std::string();
}

}  // namespace

Quarantine::Quarantine(const Json& manifest) {
    const Json* const list = find_member(manifest, k_manifest_key);
    if (list == nullptr || !list->is_array()) return;
    for (const Json& entry : *list) {
        const std::string item = text_at(entry, "item");
        if (item.empty()) continue;
        items_.push_back({.item = DatasetItemId(item),
                          .score = text_at(entry, "score"),
                          .until = text_at(entry, "until"),
                          .by = text_at(entry, "by"),
                          .reason = text_at(entry, "reason")});
        scores_of_[item].push_back(items_.back().score);
    }
}

bool Quarantine::holds(const DatasetItemId& item, const std::string& score) const {
    if (items_.empty()) return false;
    const auto scores = scores_of_.find(item.value());
    if (scores == scores_of_.end()) return false;
    return std::ranges::any_of(
        scores->second, [&](const std::string& each) { return each.empty() || each == score; });
}

Json to_json(const std::vector<QuarantinedItem>& items) {
    Json list = Json::array();
    for (const QuarantinedItem& entry : items) {
        list.push_back({{"item", entry.item.value()},
                        {"score", entry.score.empty() ? Json(nullptr) : Json(entry.score)},
                        {"until", entry.until},
                        {"by", entry.by},
                        {"reason", entry.reason}});
    }
    return list;
}

}  // namespace assay
