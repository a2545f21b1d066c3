#include <algorithm>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/count_range.hpp"

namespace assay {
namespace {

using TextCount = std::size_t (*)(std::string_view text);

bool is_white_space(char c) { return trim({&c, 1}).empty(); }

std::size_t count_words(std::string_view text) {
    std::size_t words = 0;
    bool inside = false;
    for (const char c : text) {
        const bool space = is_white_space(c);
        if (!space && !inside) ++words;
        inside = !space;
    }
    return words;
}

std::size_t count_lines(std::string_view text) {
    const auto ends = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    const bool unfinished = !text.empty() && text.back() != '\n';
    return ends + (unfinished ? 1 : 0);
}

std::size_t count_bytes(std::string_view text) { return text.size(); }

TextCount counter_of(std::string_view unit) {
    if (unit == "words") return &count_words;
    if (unit == "lines") return &count_lines;
    if (unit == "bytes") return &count_bytes;
    return &count_code_points;
}

Result<std::unique_ptr<Evaluator>> make_length(const Json& parameters) {
    const std::string unit = parameters.value("unit", "characters");
    return make_count_range(parameters, unit, count_in_text(counter_of(unit)));
}

}  // namespace

const EvaluatorDefinition length_definition{
    .id = "length",
    .version = 1,
    .summary = "How long the output is; with min or max: true when it is that long.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "unit": {"enum": ["characters", "words", "lines", "bytes"], "default": "characters",
                     "description":
                     "characters are Unicode code points; words stand between white space"},
            "min": {"type": "integer", "minimum": 0,
                    "description": "the least length that is true"},
            "max": {"type": "integer", "minimum": 0,
                    "description": "the greatest length that is true"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "Grüße", "score": 5},
        {"parameters": {"unit": "bytes"}, "output": "Grüße", "score": 7},
        {"parameters": {"unit": "words"}, "output": "To be, or not to be", "score": 6},
        {"parameters": {"unit": "lines"}, "output": "one\ntwo\n", "score": 2},
        {"parameters": {"max": 10}, "output": "short", "score": true, "comment": "5 characters"},
        {"parameters": {"min": 3, "unit": "words"}, "output": "too short", "score": false,
         "comment": "2 words, fewer than 3"}
    ])",
    .make = &make_length,
    .data_type_for = &count_range_type};

}  // namespace assay
