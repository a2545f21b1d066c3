#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "core/base/json.hpp"

namespace assay {

/// The tracing backend's score types that a run can produce.
enum class ScoreDataType : std::uint8_t { numeric, categorical, boolean };

[[nodiscard]] const char* to_string(ScoreDataType type);  ///< "NUMERIC", "CATEGORICAL", "BOOLEAN"
[[nodiscard]] Result<ScoreDataType> parse_score_data_type(std::string_view text);

/// double: NUMERIC, string: CATEGORICAL, bool: BOOLEAN. A double is always finite.
using ScoreValue = std::variant<double, std::string, bool>;

/// A named value on a trace. An evaluator leaves `name` empty to mean "my own name".
struct Score {
    std::string name;
    ScoreValue value = false;
    std::string comment;
};

[[nodiscard]] ScoreDataType data_type_of(const ScoreValue& value);
/// 1 and 0 for a BOOLEAN, the number for a NUMERIC; a CATEGORICAL has none and asserts.
[[nodiscard]] double as_number(const ScoreValue& value);
/// A JSON number, string or true/false.
[[nodiscard]] Json to_json(const ScoreValue& value);
/// @error invalid_argument for null, arrays, objects and numbers that are not finite.
[[nodiscard]] Result<ScoreValue> score_value_from_json(const Json& value);

}  // namespace assay
