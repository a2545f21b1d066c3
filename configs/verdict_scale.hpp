#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/score.hpp"

namespace assay {

class SpecReader;

/// What a judge may answer, and what each answer is worth.
///
/// The reply is one JSON object: "reasoning" (text, first, so that the verdict follows from it)
/// and "verdict". schema() says so to the model, and read_verdict() (judges/judging/verdict.hpp)
/// holds the reply to it.
struct VerdictScale {
    struct Point {
        std::string label;            ///< "A", "yes", "3"
        std::string meaning;          ///< what it stands for, in words; may be ""
        std::optional<double> score;  ///< of a choice: its NUMERIC value
    };
    ScoreDataType type = ScoreDataType::numeric;
    double min = 0;  ///< numbers: the range, both ends included
    double max = 1;
    bool integer = false;  ///< numbers: whole ones only
    /// Categories: all of them. Numbers and booleans ("true", "false"): those that are explained;
    /// may be empty.
    std::vector<Point> points;
    /// Categories: whether the score is the point's number instead of its label.
    bool scores_points = false;

    /// Of the score that it gives.
    [[nodiscard]] ScoreDataType score_type() const;
    /// JSON Schema of the reply. All properties are required and no others allowed, as the APIs
    /// that can hold a model to a schema want it.
    [[nodiscard]] Json schema() const;
    /// For the prompt: what the verdict may be and what each point means.
    [[nodiscard]] std::string describe() const;
};

/// Reads `{type: NUMERIC|BOOLEAN|CATEGORICAL, min, max, integer, points}`, where `points` says of
/// each value what it means: `{good: a meaning, bad: {meaning: ..., score: 0}}` or, of categories
/// that need no words, a list. The order of a map is that of its keys; numbers are
/// sorted by value, points with a score from the highest to the lowest.
/// Nothing after a mistake, which is reported.
[[nodiscard]] std::optional<VerdictScale> read_verdict_scale(const SpecReader& output);

/// The same without places, for a value that stands in an evaluator's parameters.
/// @error invalid_argument with all mistakes, beginning with `"NAME": `.
[[nodiscard]] Result<VerdictScale> parse_verdict_scale(const Json& output, std::string_view name);

}  // namespace assay
