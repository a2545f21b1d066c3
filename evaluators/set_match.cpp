#include <fmt/format.h>

#include "evaluators/builtin.hpp"
#include "evaluators/text_list.hpp"

namespace assay {
namespace {

/// How many elements each side has, and both.
struct Overlap {
    double both = 0;
    double output = 0;
    double expected = 0;
};

double part_of(double whole, const Overlap& sizes) {
    const bool both_empty = sizes.output + sizes.expected == 0;
    if (both_empty) return 1;
    return whole > 0 ? sizes.both / whole : 0;
}

double precision(const Overlap& sizes) { return part_of(sizes.output, sizes); }
double recall(const Overlap& sizes) { return part_of(sizes.expected, sizes); }
double f1(const Overlap& sizes) { return part_of((sizes.output + sizes.expected) / 2, sizes); }
double jaccard(const Overlap& sizes) {
    return part_of(sizes.output + sizes.expected - sizes.both, sizes);
}

using Measure = double (*)(const Overlap& overlap);

Measure measure_of(std::string_view name) {
    if (name == "precision") return &precision;
    if (name == "recall") return &recall;
    if (name == "jaccard") return &jaccard;
    return &f1;
}

class SetMatch final : public Evaluator {
  public:
    SetMatch(Measure measure, ListReading reading)
        : measure_(measure), reading_(std::move(reading)) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_TRY(const TextSet expected, read_list(*input.expected, reading_));
        const auto output = read_list(input.output, reading_);
        if (!output && output.error().code == ErrorCode::invalid_argument) {
            return one_score(0.0, "the output is no list: " + output.error().message);
        }
        if (!output) return std::unexpected(output.error());
        const auto missing = difference(expected, *output);
        const auto extra = difference(*output, expected);
        const Overlap overlap{.both = static_cast<double>(expected.size() - missing.size()),
                              .output = static_cast<double>(output->size()),
                              .expected = static_cast<double>(expected.size())};
        std::string comment;
        if (!missing.empty()) comment = fmt::format("missing: {}", list_excerpt(missing));
        if (!missing.empty() && !extra.empty()) comment += "; ";
        if (!extra.empty()) comment += fmt::format("not expected: {}", list_excerpt(extra));
        return one_score(measure_(overlap), std::move(comment));
    }

    bool can_read(const Json& output) const override {
        return read_list(output, reading_).has_value();
    }

    Result<void> check_expected(const Json& expected) const override {
        ASSAY_CHECK(read_list(expected, reading_));
        return {};
    }

  private:
    Measure measure_;
    ListReading reading_;
};

Result<std::unique_ptr<Evaluator>> make_set_match(const Json& parameters) {
    ASSAY_TRY(ListReading reading, list_reading(parameters));
    return std::make_unique<SetMatch>(measure_of(parameters.value("measure", "f1")),
                                      std::move(reading));
}

}  // namespace

/// With the sets O and E: precision |O∩E| / |O|, recall |O∩E| / |E|, f1 2|O∩E| / (|O| + |E|),
/// jaccard |O∩E| / |O∪E|. Two empty sets are equal: 1; one empty set against another: 0.
const EvaluatorDefinition set_match_definition{
    .id = "set_match",
    .version = 1,
    .summary =
        "How alike two lists are as sets, from 0 to 1: neither order nor repeats count. By default "
        "F1; a list is a JSON array, or text with an element a line.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "measure": {"enum": ["f1", "jaccard", "precision", "recall"], "default": "f1",
                        "description":
                        "precision counts unexpected elements, recall missing ones, others both"},
            "separator": {"type": "string", "minLength": 1, "default": "\n",
                          "description":
                          "between the elements of a text that is no JSON array"},
            "ignore_case": {"type": "boolean", "default": false,
                            "description": "upper and lower case letters are equal"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": ["a", "b", "c"], "expected": ["c", "b", "a", "a"], "score": 1.0},
        {"output": ["a", "b"], "expected": ["b", "c", "d"], "score": 0.4,
         "comment": "missing: \"c\", \"d\"; not expected: \"a\""},
        {"parameters": {"measure": "recall"}, "output": "a\nb\nc\nd", "expected": ["a", "b"],
         "score": 1.0, "comment": "not expected: \"c\", \"d\""},
        {"parameters": {"measure": "jaccard", "separator": ","}, "output": "a, b",
         "expected": "b, c", "score": 0.3333333333333333},
        {"output": "[]", "expected": ["a"], "score": 0.0, "comment": "missing: \"a\""}
    ])",
    .make = &make_set_match};

}  // namespace assay
