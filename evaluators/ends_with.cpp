#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/text_relation.hpp"

namespace assay {
namespace {

/// The last `bytes` of a text without a part of a character.
std::string_view end_of(std::string_view text, std::size_t bytes) {
    if (bytes < text.size()) text.remove_prefix(text.size() - bytes);
    while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0U) == 0x80U) {
        text.remove_prefix(1);
    }
    return text;
}

constexpr TextRelation k_relation{
    .holds = [](std::string_view output,
                std::string_view expected) { return output.ends_with(expected); },
    .difference =
        [](std::string_view output, std::string_view expected) {
            return fmt::format("the output ends with {}, not with {}",
                               quoted_excerpt(end_of(output, expected.size())),
                               quoted_excerpt(expected));
        },
    .when_empty = "every output ends with an empty text"};

Result<std::unique_ptr<Evaluator>> make_ends_with(const Json& parameters) {
    return make_text_relation(k_relation, parameters);
}

}  // namespace

const EvaluatorDefinition ends_with_definition{
    .id = "ends_with",
    .version = 1,
    .summary = "True when the output ends with the expected text.",
    .data_type = ScoreDataType::boolean,
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
        {"output": "..., and so it is 42.", "expected": "42.", "score": true},
        {"output": "... and so it is 42", "expected": "42.", "score": false,
         "comment": "the output ends with \" 42\", not with \"42.\""},
        {"parameters": {"ignore_case": true}, "output": "Good bye", "expected": "BYE",
         "score": true}
    ])",
    .make = &make_ends_with};

}  // namespace assay
