#include <fmt/format.h>

#include <algorithm>

#include "evaluators/builtin.hpp"
#include "evaluators/json_schema_validator.hpp"

namespace assay {
namespace {

constexpr std::size_t k_violations_told = 3;

std::string comment_on(const std::vector<JsonSchema::Violation>& violations) {
    std::vector<std::string> told;
    for (const JsonSchema::Violation& violation : violations) {
        if (told.size() == k_violations_told) break;
        told.push_back(to_string(violation));
    }
    const std::string_view more = violations.size() > told.size() ? "; and more" : "";
    return fmt::format("{}{}", fmt::join(told, "; "), more);
}

class MatchesJsonSchema final : public Evaluator {
  public:
    explicit MatchesJsonSchema(JsonSchema schema) : schema_(std::move(schema)) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        if (!input.output.is_string()) return judge(input.output);
        const Result<Json> parsed = parse_json(input.output.get_ref<const std::string&>());
        if (!parsed) return one_score(false, "no JSON: " + parsed.error().message);
        return judge(*parsed);
    }

    bool can_read(const Json& output) const override {
        return !output.is_string() || parse_json(output.get_ref<const std::string&>()).has_value();
    }

  private:
    [[nodiscard]] Result<std::vector<Score>> judge(const Json& output) const {
        ASSAY_TRY(const std::vector<JsonSchema::Violation> violations,
                  schema_.validate(output, k_violations_told + 1));
        return one_score(violations.empty(), comment_on(violations));
    }

    JsonSchema schema_;
};

Result<std::unique_ptr<Evaluator>> make_json_schema(const Json& parameters) {
    ASSAY_TRY(JsonSchema schema, JsonSchema::compile(parameters.at("schema")));
    return std::make_unique<MatchesJsonSchema>(std::move(schema));
}

}  // namespace

const EvaluatorDefinition json_schema_definition{
    .id = "json_schema",
    .version = 1,
    .summary = "True when the output, parsed as JSON when it is text, obeys a JSON Schema.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "schema": {"type": ["object", "boolean"],
                       "description": "draft 2020-12, or draft 7 by its $schema"}
        },
        "required": ["schema"],
        "additionalProperties": false
    })",
    .examples = R"([
        {"parameters": {"schema": {"type": "object", "required": ["team"]}},
         "output": "{\"team\": \"tech\"}", "score": true},
        {"parameters": {"schema": {"properties": {"team": {"enum": ["tech", "sales"]}}}},
         "output": {"team": "billing"}, "score": false,
         "comment": "$.team: must be one of \"tech\", \"sales\", not \"billing\""},
        {"parameters": {"schema": {"type": "object"}},
         "output": "Sure! Here it is.", "score": false}
    ])",
    .make = &make_json_schema};

}  // namespace assay
