#include "evaluators/builtin.hpp"

namespace assay {
namespace {

class JsonValid final : public Evaluator {
  public:
    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        if (!input.output.is_string()) return one_score(true);
        const std::string& text = input.output.get_ref<const std::string&>();
        // parse_json() also refuses what is valid but more than we can hold, such as an integer
        // beyond 64 bits. Here it only has to find the words for what is wrong.
        if (Json::accept(text)) return one_score(true);
        const auto parsed = parse_json(text);
        return one_score(false, parsed ? std::string() : "no JSON: " + parsed.error().message);
    }
};

Result<std::unique_ptr<Evaluator>> make_json_valid(const Json& /*parameters*/) {
    return std::make_unique<JsonValid>();
}

}  // namespace

const EvaluatorDefinition json_valid_definition{
    .id = "json_valid",
    .version = 1,
    .summary = "True when the output is JSON (RFC 8259), or text that parses as JSON as a whole.",
    .data_type = ScoreDataType::boolean,
    .needs_expected = false,
    .parameters_schema = R"({"type": "object", "properties": {}, "additionalProperties": false})",
    .examples = R"([
        {"output": "{\"team\": \"tech\"}", "score": true},
        {"output": {"team": "tech"}, "score": true},
        {"output": "{'team': 'tech'}", "score": false},
        {"output": "Sure! {\"team\": \"tech\"}", "score": false},
        {"output": "", "score": false}
    ])",
    .make = &make_json_valid};

}  // namespace assay
