#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "evaluators/evaluator.hpp"

namespace assay {

/// What an evaluator counts or measures. @error why there is nothing to count.
using Count = std::function<Result<double>(const EvaluationInput& input)>;

/// A count of something in the output's text.
[[nodiscard]] Count count_in_text(std::size_t (*count)(std::string_view text));

/// An evaluator with the parameters `min` and `max`: with one of them it says whether the count
/// lies between them, without it gives the count itself.
/// @param unit  names in comments what is counted: "words".
/// @error invalid_argument when no count could lie between them.
[[nodiscard]] Result<std::unique_ptr<Evaluator>> make_count_range(const Json& parameters,
                                                                  std::string unit, Count count);

/// BOOLEAN with a bound, else NUMERIC.
[[nodiscard]] ScoreDataType count_range_type(const Json& parameters);

}  // namespace assay
