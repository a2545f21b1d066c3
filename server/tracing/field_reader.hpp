#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.hpp"

namespace assay {

/// The members of merged events, as columns want them.
class FieldReader {
  public:
    explicit FieldReader(const Json& fields) : fields_(fields) {}

    [[nodiscard]] std::optional<std::string_view> text(const char* name) const {
        const auto found = fields_.find(name);
        if (found == fields_.end() || !found->is_string()) return std::nullopt;
        return std::string_view(found->get_ref<const std::string&>());
    }
    [[nodiscard]] std::optional<std::int64_t> integer(const char* name) const {
        const auto found = fields_.find(name);
        if (found == fields_.end() || !found->is_number_integer()) return std::nullopt;
        return found->get<std::int64_t>();
    }
    [[nodiscard]] std::int64_t flag(const char* name) const {
        const auto found = fields_.find(name);
        return found != fields_.end() && *found == true ? 1 : 0;
    }
    [[nodiscard]] const Json& object(const char* name) const {
        static const Json k_none = Json::object();
        const auto found = fields_.find(name);
        return found != fields_.end() && found->is_object() ? *found : k_none;
    }

  private:
    const Json& fields_;
};

}  // namespace assay
