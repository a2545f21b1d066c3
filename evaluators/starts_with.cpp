#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/text_relation.hpp"

namespace assay {
namespace {

constexpr TextRelation k_relation{
    .holds = [](std::string_view output,
                std::string_view expected) { return output.starts_with(expected); },
    .difference =
        [](std::string_view output, std::string_view expected) {
            return fmt::format("{} does not begin with {}", quoted_excerpt(output),
                               quoted_excerpt(expected));
        },
    .when_empty = "every output begins with an empty text"};

Result<std::unique_ptr<Evaluator>> make_starts_with(const Json& parameters) {
    return make_text_relation(k_relation, parameters);
}

}  // namespace

const EvaluatorDefinition starts_with_definition{
    .id = "starts_with",
    .version = 1,
    .summary = "True when the output begins with the expected text.",
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
        {"output": "Dear Ms Smith, ...", "expected": "Dear", "score": true},
        {"output": "Hello Ms Smith, ...", "expected": "Dear", "score": false,
         "comment": "\"Hello Ms Smith, ...\" does not begin with \"Dear\""},
        {"parameters": {"ignore_case": true}, "output": "DEAR", "expected": "dear",
         "score": true}
    ])",
    .make = &make_starts_with};

}  // namespace assay
