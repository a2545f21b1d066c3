#include "evaluators/count_range.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "core/base/text.hpp"

namespace assay {
namespace {

std::optional<double> bound(const Json& parameters, const char* key) {
    const auto found = parameters.find(key);
    if (found == parameters.end()) return std::nullopt;
    return found->get<double>();
}

struct Bounds {
    std::optional<double> min;
    std::optional<double> max;
};

class CountRange final : public Evaluator {
  public:
    CountRange(Bounds bounds, std::string unit, Count count)
        : bounds_(bounds), unit_(std::move(unit)), count_(std::move(count)) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        const auto& [min, max] = bounds_;
        ASSAY_TRY(const double count, count_(input));
        if (!min && !max) return one_score(count);
        if (min && count < *min) {
            return one_score(false, fmt::format("{} {}, fewer than {}", count, unit_, *min));
        }
        if (max && count > *max) {
            return one_score(false, fmt::format("{} {}, more than {}", count, unit_, *max));
        }
        return one_score(true, fmt::format("{} {}", count, unit_));
    }

  private:
    Bounds bounds_;
    std::string unit_;
    Count count_;
};

}  // namespace

Count count_in_text(std::size_t (*count)(std::string_view text)) {
    return [count](const EvaluationInput& input) -> Result<double> {
        std::string scratch;
        return static_cast<double>(count(as_text(input.output, scratch)));
    };
}

Result<std::unique_ptr<Evaluator>> make_count_range(const Json& parameters, std::string unit,
                                                    Count count) {
    const Bounds bounds{.min = bound(parameters, "min"), .max = bound(parameters, "max")};
    if (bounds.min && bounds.max && *bounds.min > *bounds.max) {
        return failure(ErrorCode::invalid_argument,
                       "\"min\" is greater than \"max\": no output could have such a length");
    }
    return std::make_unique<CountRange>(bounds, std::move(unit), std::move(count));
}

ScoreDataType count_range_type(const Json& parameters) {
    const bool bounded = parameters.contains("min") || parameters.contains("max");
    return bounded ? ScoreDataType::boolean : ScoreDataType::numeric;
}

}  // namespace assay
