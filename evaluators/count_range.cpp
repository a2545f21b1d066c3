#include "evaluators/count_range.hpp"

#include <fmt/format.h>

#include "evaluators/evaluator.hpp"

namespace assay {
namespace {

std::optional<double> bound(const Json& parameters, const char* key) {
    const auto found = parameters.find(key);
    if (found == parameters.end()) return std::nullopt;
    return found->get<double>();
}

}  // namespace

Result<CountRange> CountRange::from(const Json& parameters) {
    CountRange range;
    range.min_ = bound(parameters, "min");
    range.max_ = bound(parameters, "max");
    if (range.min_ && range.max_ && *range.min_ > *range.max_) {
        return failure(ErrorCode::invalid_argument,
                       "\"min\" is greater than \"max\": no output could have such a length");
    }
    return range;
}

ScoreDataType CountRange::data_type(const Json& parameters) {
    const bool bounded = parameters.contains("min") || parameters.contains("max");
    return bounded ? ScoreDataType::boolean : ScoreDataType::numeric;
}

std::vector<Score> CountRange::judge(double count, std::string_view unit) const {
    if (!min_ && !max_) return one_score(count);
    if (min_ && count < *min_) {
        return one_score(false, fmt::format("{} {}, fewer than {}", count, unit, *min_));
    }
    if (max_ && count > *max_) {
        return one_score(false, fmt::format("{} {}, more than {}", count, unit, *max_));
    }
    return one_score(true, fmt::format("{} {}", count, unit));
}

}  // namespace assay
