#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/json_comparison.hpp"

namespace assay {
namespace {

class JsonMatch final : public Evaluator {
  public:
    explicit JsonMatch(JsonComparisonOptions options) : options_(std::move(options)) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        Json expected_scratch;
        ASSAY_TRY(const Json* const expected, read_expected(*input.expected, expected_scratch));
        Json output_scratch;
        const auto output = read_json(input.output, output_scratch);
        if (!output) {
            return one_score(0.0, "the output is not JSON: " + output.error().message);
        }
        ASSAY_TRY(const JsonComparison comparison, compare_json(**output, *expected, options_));
        if (comparison.is_equal()) return one_score(1.0);
        const double share =
            static_cast<double>(comparison.matched) / static_cast<double>(comparison.leaves);
        return one_score(share, fmt::format("{} of {} values match; {}", comparison.matched,
                                            comparison.leaves, difference_comment(comparison)));
    }

    bool can_read(const Json& output) const override {
        Json scratch;
        return read_json(output, scratch).has_value();
    }

    Result<void> check_expected(const Json& expected) const override {
        Json scratch;
        ASSAY_CHECK(read_expected(expected, scratch));
        return {};
    }

  private:
    static Result<const Json*> read_expected(const Json& expected, Json& scratch) {
        auto value = read_json(expected, scratch);
        if (value) return *value;
        return failure(ErrorCode::invalid_argument,
                       "the expected value is not JSON: " + value.error().message);
    }

    JsonComparisonOptions options_;
};

Result<std::vector<JsonPath>> parse_paths(const Json& texts) {
    std::vector<JsonPath> paths;
    for (const Json& text : texts) {
        auto path = JsonPath::parse(text.get_ref<const std::string&>());
        if (!path) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("\"ignore\": {}", path.error().message));
        }
        const auto of_nothing = path->select(Json());
        if (of_nothing && !of_nothing->empty()) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("\"ignore\": {} leaves nothing to compare", path->text()));
        }
        paths.push_back(std::move(*path));
    }
    return paths;
}

Result<std::unique_ptr<Evaluator>> make_json_match(const Json& parameters) {
    JsonComparisonOptions options{
        .ignore = {},
        .any_order = parameters.value("any_order", false),
        .allow_extra = parameters.value("extra", "refuse") == "allow",
        .tolerance = {.absolute = parameters.value("absolute_tolerance", 0.0),
                      .relative = parameters.value("relative_tolerance", 0.0)}};
    ASSAY_TRY(options.ignore, parse_paths(parameters.value("ignore", Json::array())));
    return std::make_unique<JsonMatch>(std::move(options));
}

}  // namespace

/// matched leaves / all leaves of both sides, a pair counted once; see json_comparison.hpp.
const EvaluatorDefinition json_match_definition{
    .id = "json_match",
    .version = 1,
    .summary =
        "How much of the expected JSON the output holds, from 0 to 1: the values that match "
        "divided by all values of both sides. 1 means equal; 1 and 1.0 are the same number.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "ignore": {"type": "array", "items": {"type": "string"},
                       "description": "JSONPaths whose values are left out on both sides"},
            "any_order": {"type": "boolean", "default": false,
                          "description": "the order of the elements of arrays does not count"},
            "extra": {"enum": ["refuse", "allow"], "default": "refuse",
                      "description": "members of objects that only the output has"},
            "absolute_tolerance": {"type": "number", "minimum": 0, "default": 0,
                                   "description": "the greatest difference of two equal numbers"},
            "relative_tolerance": {"type": "number", "minimum": 0, "default": 0,
                                   "description":
                    "the same as a share of the expected number; being within either is enough"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "{\"team\": \"tech\", \"level\": 2.0}",
         "expected": {"level": 2, "team": "tech"}, "score": 1.0},
        {"output": {"team": "tech", "level": 3}, "expected": {"team": "tech", "level": 2},
         "score": 0.5, "comment": "1 of 2 values match; $.level: 3 instead of 2"},
        {"parameters": {"any_order": true}, "output": [3, 1, 2], "expected": [1, 2, 3],
         "score": 1.0},
        {"parameters": {"ignore": ["$.id"]}, "output": {"id": 7, "ok": true},
         "expected": {"id": 8, "ok": true}, "score": 1.0},
        {"output": {"a": 1, "b": 2}, "expected": {"a": 1}, "score": 0.5,
         "comment": "1 of 2 values match; $.b is not expected"},
        {"parameters": {"extra": "allow"}, "output": {"a": 1, "b": 2}, "expected": {"a": 1},
         "score": 1.0},
        {"parameters": {"absolute_tolerance": 0.01}, "output": [3.14], "expected": [3.1416],
         "score": 1.0}
    ])",
    .make = &make_json_match};

}  // namespace assay
