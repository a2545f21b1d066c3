#include "core/model/regex.hpp"

#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"

namespace assay {
namespace {

class RegexEvaluator final : public Evaluator {
  public:
    RegexEvaluator(Regex pattern, bool full) : pattern_(std::move(pattern)), full_(full) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        std::string scratch;
        const std::string_view output = as_text(input.output, scratch);
        if (full_ ? pattern_.matches_all(output) : pattern_.found_in(output)) {
            return one_score(true);
        }
        return one_score(false, fmt::format("{} does not match {}", quoted_excerpt(output),
                                            quoted_excerpt(pattern_.pattern())));
    }

  private:
    Regex pattern_;
    bool full_;
};

Result<std::unique_ptr<Evaluator>> make_regex(const Json& parameters) {
    auto pattern = Regex::compile(parameters.at("pattern").get_ref<const std::string&>(),
                                  {.ignore_case = parameters.value("ignore_case", false)});
    if (!pattern) {
        return failure(pattern.error().code,
                       fmt::format("\"pattern\": {}", pattern.error().message));
    }
    return std::make_unique<RegexEvaluator>(std::move(*pattern), parameters.value("full", false));
}

}  // namespace

const EvaluatorDefinition regex_definition{
    .id = "regex",
    .version = 1,
    .summary = "True when an RE2 regular expression matches the output.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "pattern": {"type": "string",
                        "description":
                        "RE2 syntax; the text of {{...}} in it is part of the expression"},
            "ignore_case": {"type": "boolean", "default": false,
                            "description": "upper and lower case letters are equal"},
            "full": {"type": "boolean", "default": false,
                     "description": "the whole output must match, not a part of it"}
        },
        "required": ["pattern"],
        "additionalProperties": false
    })",
    .examples = R"([
        {"parameters": {"pattern": "^(billing|tech|sales)$"}, "output": "tech", "score": true},
        {"parameters": {"pattern": "^(billing|tech|sales)$"}, "output": "Tech team", "score": false,
         "comment": "\"Tech team\" does not match \"^(billing|tech|sales)$\""},
        {"parameters": {"pattern": "tech", "ignore_case": true}, "output": "Tech team",
         "score": true},
        {"parameters": {"pattern": "[0-9]+", "full": true}, "output": "42 km", "score": false}
    ])",
    .make = &make_regex};

}  // namespace assay
