#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/ids.hpp"

namespace assay {

/// An item whose values gates do not count until a day that was set with it.
struct QuarantinedItem {
    DatasetItemId item;
    std::string score;  ///< only this one; "" = all
    std::string until;  ///< RFC 3339
    std::string by;
    std::string reason;
};

/// The items that were in quarantine when a run began, as its manifest notes them. They keep being
/// run, scored and shown, and stay in every mean and count but those of gates.
class Quarantine {
  public:
    static constexpr const char* k_manifest_key = "quarantine";

    /// @param manifest  of a run. What in it is no such list is taken for nothing.
    explicit Quarantine(const Json& manifest);

    [[nodiscard]] const std::vector<QuarantinedItem>& items() const { return items_; }
    [[nodiscard]] bool holds(const DatasetItemId& item, const std::string& score) const;

  private:
    std::vector<QuarantinedItem> items_;
    std::unordered_map<std::string, std::vector<std::string>> scores_of_;  ///< by item
};

/// As it stands in a manifest.
[[nodiscard]] Json to_json(const std::vector<QuarantinedItem>& items);

}  // namespace assay
