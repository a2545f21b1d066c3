#pragma once

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "evaluators/json_schema/node.hpp"

namespace assay::json_schema {

/// `document` must outlive the result and stay where it is.
/// @error invalid_argument with the place in the schema.
[[nodiscard]] Result<CompiledSchema> compile(const Json& document);

}  // namespace assay::json_schema
