#pragma once

#include <string_view>

#include "core/base/json.hpp"

namespace assay::json_schema {

/// The published schema of schemas at this address (without "#"), or nullptr: draft 7, and 2020-12
/// with its vocabularies. The only documents a `$ref` reaches besides its own.
[[nodiscard]] const Json* find_metaschema(std::string_view uri);

}  // namespace assay::json_schema
