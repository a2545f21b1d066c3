#pragma once

#include <span>
#include <string_view>

#include "core/base/json.hpp"
#include "server/api/route.hpp"

namespace assay {

/// Routes as an OpenAPI 3.1 document: their paths, parameters, keys and the shapes of what they
/// answer. What the bodies hold is not described beyond that they are objects.
/// @param base_path  that all of them are below; "" = none.
[[nodiscard]] OrderedJson describe_routes(std::span<const Route> table, std::string_view base_path);

}  // namespace assay
