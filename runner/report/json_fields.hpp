#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/json.hpp"

namespace assay {

// Members of an object that came from a file. Errors are invalid_argument and name the member, not
// the file: "`items` is missing", "`mean` is text where a number belongs".

[[nodiscard]] Result<std::string> text_at(const Json& object, const char* key);
/// The same, and "" when it is missing or null.
[[nodiscard]] Result<std::string> optional_text_at(const Json& object, const char* key);
[[nodiscard]] Result<std::uint64_t> count_at(const Json& object, const char* key);
/// A finite number; nothing when it is missing or null.
[[nodiscard]] Result<std::optional<double>> optional_number_at(const Json& object, const char* key);
[[nodiscard]] Result<const Json*> array_at(const Json& object, const char* key);
[[nodiscard]] Result<const Json*> object_at(const Json& object, const char* key);

/// The same failure with the place in front: "variants[0]: `name` is missing".
[[nodiscard]] std::unexpected<Error> at_place(const std::string& place, Error error);

}  // namespace assay
