#pragma once

#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "evaluators/json_schema/values.hpp"

namespace assay::json_schema {

// How messages name things.

/// A scalar as JSON, cut when long; "an object" or "an array" for those.
[[nodiscard]] std::string shown(const Json& value);
/// The same for a value of the schema, with arrays and objects as JSON too.
[[nodiscard]] std::string shown_whole(const Json& value);
/// "1 item", "3 items", "2 properties".
[[nodiscard]] std::string counted(std::size_t count, std::string_view singular);
/// "a string", "a string or null".
[[nodiscard]] std::string type_names(TypeSet types);

}  // namespace assay::json_schema
