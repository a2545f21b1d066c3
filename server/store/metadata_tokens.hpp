#pragma once

#include <string>

#include "core/base/json.hpp"
#include "core/model/ids.hpp"

namespace assay {

/// What the metadata index holds of an object: for each key whose value is no object and no list 16
/// hex digits, the FNV-1a hash of project, key and value (a string as it is, anything else as JSON
/// text), separated by zero bytes. Whoever finds a row by a token compares the metadata itself;
/// what is structured can only be looked for there. "" when there is nothing.
[[nodiscard]] std::string metadata_tokens(const ProjectId& project, const Json& metadata);

}  // namespace assay
