#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/count_range.hpp"
#include "evaluators/tokens.hpp"

namespace assay {
namespace {

std::size_t count_words(std::string_view text) {
    std::size_t words = 0;
    bool inside = false;
    for (const char32_t c : to_code_points(text)) {
        if (is_unspaced(c)) {
            ++words;
            inside = false;
        } else if (is_separator(c) || is_unspaced_punctuation(c)) {
            inside = false;
        } else {
            if (!inside) ++words;
            inside = true;
        }
    }
    return words;
}

Result<std::unique_ptr<Evaluator>> make_word_count(const Json& parameters) {
    return make_count_range(parameters, "words", count_in_text(&count_words));
}

}  // namespace

/// Thai, Lao and Khmer have no spaces between words either, and no rule as simple: their words are
/// counted by the spaces there are.
const EvaluatorDefinition word_count_definition{
    .id = "word_count",
    .version = 2,
    .summary =
        "How many words the output has; with min or max: true when it has that many. Words stand "
        "between white space; each Chinese or Japanese character counts as one.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "min": {"type": "integer", "minimum": 0,
                    "description": "the least number of words that is true"},
            "max": {"type": "integer", "minimum": 0,
                    "description": "the greatest number of words that is true"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "To be, or not to be", "score": 6},
        {"output": "東京は夜の七時。", "score": 7},
        {"output": "", "score": 0},
        {"parameters": {"max": 5}, "output": "short and clear", "score": true,
         "comment": "3 words"},
        {"parameters": {"min": 5}, "output": "too short", "score": false,
         "comment": "2 words, fewer than 5"}
    ])",
    .make = &make_word_count,
    .data_type_for = &count_range_type};

}  // namespace assay
