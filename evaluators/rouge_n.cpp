#include "evaluators/builtin.hpp"
#include "evaluators/rouge.hpp"

namespace assay {
namespace {

class RougeN final : public TextMetric {
  public:
    explicit RougeN(const Json& parameters)
        : n_(parameters.value("n", std::size_t{1})), rouge_(parameters) {}

  private:
    [[nodiscard]] Measurement measure(std::string_view output,
                                      const References& references) const override {
        const NumberedTexts texts = rouge_.read(output, references);
        const NgramCounts counts = count_ngrams(texts.output, texts.references, n_).back();
        return best_of(references.size(), [&](std::size_t i) {
            return rouge_.measurement(PrecisionRecall::of(counts.shared_with(i)));
        });
    }

    std::size_t n_;
    RougeOptions rouge_;
};

Result<std::unique_ptr<Evaluator>> make_rouge_n(const Json& parameters) {
    return std::make_unique<RougeN>(parameters);
}

}  // namespace

/// ROUGE-N of Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", ACL workshop 2004, in
/// the variant of Google's rouge_score: F1 by default, of several references the best, 0 when
/// either side has no n-gram. Words are as in RougeOptions::read().
///
/// Evidence: an implementation of our own from the paper's formulas in
/// tests/unit/evaluators/reference.
const EvaluatorDefinition rouge_n_definition{
    .id = "rouge_n",
    .version = 2,
    .summary =
        "ROUGE-N, from 0 to 1: how many word n-grams the output shares with the expected text; "
        "of a list of expected texts the closest counts.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1,
                  "description": "words in an n-gram"},
            "measure": {"enum": ["f1", "precision", "recall"], "default": "f1",
                        "description": "what the score is; the comment names the others"},
            "stem": {"type": "boolean", "default": false,
                     "description": "English words are compared by their Porter stems"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "testing", "expected": "testing one two", "score": 0.5,
         "comment": "precision 1, recall 0.3333"},
        {"parameters": {"n": 2, "measure": "recall"}, "output": "Testing, one!",
         "expected": "testing one two", "score": 0.5},
        {"parameters": {"stem": true}, "output": "cats running", "expected": "a cat runs",
         "score": 0.8},
        {"output": "the cat", "expected": ["a dog", "the cat"], "score": 1.0,
         "comment": "precision 1, recall 1, reference 2 of 2"},
        {"output": "", "expected": "testing", "score": 0.0}
    ])",
    .make = &make_rouge_n};

}  // namespace assay
