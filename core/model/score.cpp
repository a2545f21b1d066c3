#include "core/model/score.hpp"

#include <fmt/format.h>

#include <cmath>

namespace assay {

const char* to_string(ScoreDataType type) {
    switch (type) {
        case ScoreDataType::numeric: return "NUMERIC";
        case ScoreDataType::categorical: return "CATEGORICAL";
        case ScoreDataType::boolean: return "BOOLEAN";
    }
    std::unreachable();
}

Result<ScoreDataType> parse_score_data_type(std::string_view text) {
    for (const auto type :
         {ScoreDataType::numeric, ScoreDataType::categorical, ScoreDataType::boolean}) {
        if (text == to_string(type)) return type;
    }
    return failure(ErrorCode::invalid_argument, fmt::format("\"{}\" is no score type", text));
}

ScoreDataType data_type_of(const ScoreValue& value) {
    if (std::holds_alternative<double>(value)) return ScoreDataType::numeric;
    if (std::holds_alternative<bool>(value)) return ScoreDataType::boolean;
    return ScoreDataType::categorical;
}

double as_number(const ScoreValue& value) {
    if (const bool* flag = std::get_if<bool>(&value)) return *flag ? 1.0 : 0.0;
    const double* number = std::get_if<double>(&value);
    ASSAY_ASSERT(number != nullptr, "a categorical score has no number");
    return *number;
}

Json to_json(const ScoreValue& value) {
    return std::visit([](const auto& held) { return Json(held); }, value);
}

Result<ScoreValue> score_value_from_json(const Json& value) {
    if (value.is_boolean()) return ScoreValue(value.get<bool>());
    if (value.is_string()) return ScoreValue(value.get<std::string>());
    if (value.is_number() && std::isfinite(value.get<double>())) {
        return ScoreValue(value.get<double>());
    }
    return failure(ErrorCode::invalid_argument,
                   fmt::format("a score must be a finite number, a string or true/false, not {}",
                               type_phrase(value)));
}

}  // namespace assay
