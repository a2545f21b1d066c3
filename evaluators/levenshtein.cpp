#include <fmt/format.h>

#include <algorithm>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/edit_distance.hpp"

namespace assay {
namespace {

class Levenshtein final : public Evaluator {
  public:
    explicit Levenshtein(bool ignore_case) : ignore_case_(ignore_case) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_TRY(const std::vector<char32_t> expected, read(*input.expected, "expected value"));
        ASSAY_TRY(const std::vector<char32_t> output, read(input.output, "output"));
        const std::size_t longer = std::max(output.size(), expected.size());
        if (longer == 0) return one_score(1.0, "edit distance 0");
        const std::size_t distance = edit_distance(output, expected);
        return one_score(1 - static_cast<double>(distance) / static_cast<double>(longer),
                         fmt::format("edit distance {}", distance));
    }

    Result<void> check_expected(const Json& expected) const override {
        ASSAY_CHECK(read(expected, "expected value"));
        return {};
    }

  private:
    /// The time grows with the product of both lengths, so they have a limit.
    [[nodiscard]] Result<std::vector<char32_t>> read(const Json& value,
                                                     std::string_view what) const {
        std::string scratch;
        const std::string_view text = as_text(value, scratch);
        const std::size_t characters = count_code_points(text);
        if (characters > limits::k_edit_distance_characters_max) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("the {} has {} characters; the edit distance is computed "
                                       "for texts of up to {}",
                                       what, characters, limits::k_edit_distance_characters_max));
        }
        return to_code_points(ignore_case_ ? fold_case(text) : text);
    }

    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_levenshtein(const Json& parameters) {
    return std::make_unique<Levenshtein>(parameters.value("ignore_case", false));
}

}  // namespace

/// 1 − distance / length of the longer text, both in code points, with the distance of
/// Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals", Soviet
/// Physics Doklady 10(8), 1966. Two empty texts are equal: 1.
const EvaluatorDefinition levenshtein_definition{
    .id = "levenshtein",
    .version = 1,
    .summary =
        "How similar the output is to the expected text, from 0 to 1: 1 minus the edit "
        "distance divided by the longer length.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "ignore_case": {"type": "boolean", "default": false,
                            "description": "upper and lower case letters are equal"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "kitten", "expected": "kitten", "score": 1.0, "comment": "edit distance 0"},
        {"output": "gumbo", "expected": "gambol", "score": 0.6666666666666667,
         "comment": "edit distance 2"},
        {"parameters": {"ignore_case": true}, "output": "PARIS", "expected": "Paris", "score": 1.0},
        {"output": "", "expected": "Paris", "score": 0.0}
    ])",
    .make = &make_levenshtein};

}  // namespace assay
