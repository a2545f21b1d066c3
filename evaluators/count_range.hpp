#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/model/score.hpp"

namespace assay {

/// The parameters `min` and `max` of an evaluator that counts: with one of them it says whether the
/// count lies between them, without it gives the count itself.
class CountRange {
  public:
    /// @error invalid_argument when no count could lie between them.
    static Result<CountRange> from(const Json& parameters);
    /// BOOLEAN with a bound, else NUMERIC.
    static ScoreDataType data_type(const Json& parameters);

    /// `unit` names what was counted: "words".
    [[nodiscard]] std::vector<Score> judge(double count, std::string_view unit) const;

  private:
    std::optional<double> min_;
    std::optional<double> max_;
};

}  // namespace assay
