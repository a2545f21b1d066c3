#include "core/model/unit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace assay {
namespace {

template <class Enum>
Result<Enum> parse_name(std::string_view text, std::initializer_list<Enum> values,
                        std::string_view what) {
    for (const Enum value : values) {
        if (text == to_string(value)) return value;
    }
    return failure(ErrorCode::data_loss, fmt::format("\"{}\" is no {}", text, what));
}

}  // namespace

const char* to_string(ObservationType type) {
    switch (type) {
        case ObservationType::span: return "SPAN";
        case ObservationType::generation: return "GENERATION";
        case ObservationType::evaluator: return "EVALUATOR";
    }
    std::unreachable();
}

const char* to_string(ObservationLevel level) {
    switch (level) {
        case ObservationLevel::normal: return "DEFAULT";
        case ObservationLevel::warning: return "WARNING";
        case ObservationLevel::error: return "ERROR";
    }
    std::unreachable();
}

const char* to_string(EvaluationStatus status) {
    switch (status) {
        case EvaluationStatus::scored: return "scored";
        case EvaluationStatus::error: return "error";
        case EvaluationStatus::skipped: return "skipped";
    }
    std::unreachable();
}

const char* to_string(UnitStatus status) {
    switch (status) {
        case UnitStatus::scored: return "scored";
        case UnitStatus::failed: return "failed";
        case UnitStatus::unscored: return "unscored";
        case UnitStatus::skipped: return "skipped";
    }
    std::unreachable();
}

Result<ObservationType> parse_observation_type(std::string_view text) {
    using enum ObservationType;
    return parse_name(text, {span, generation, evaluator}, "observation type");
}

Result<ObservationLevel> parse_observation_level(std::string_view text) {
    using enum ObservationLevel;
    return parse_name(text, {normal, warning, error}, "observation level");
}

Result<EvaluationStatus> parse_evaluation_status(std::string_view text) {
    using enum EvaluationStatus;
    return parse_name(text, {scored, error, skipped}, "evaluation status");
}

Result<UnitStatus> parse_unit_status(std::string_view text) {
    using enum UnitStatus;
    return parse_name(text, {scored, failed, unscored, skipped}, "unit status");
}

UnitStatus status_from(const std::vector<Evaluation>& evaluations) {
    const bool broken = std::ranges::any_of(evaluations, [](const Evaluation& evaluation) {
        return evaluation.status == EvaluationStatus::error;
    });
    return broken ? UnitStatus::unscored : UnitStatus::scored;
}

bool is_failing(const UnitResult& unit) {
    if (unit.status == UnitStatus::failed || unit.status == UnitStatus::unscored) return true;
    return std::ranges::any_of(unit.evaluations, [](const Evaluation& evaluation) {
        return std::ranges::any_of(evaluation.scores, [](const Score& score) {
            const bool* const flag = std::get_if<bool>(&score.value);
            return flag != nullptr && !*flag;
        });
    });
}

}  // namespace assay
