#include <algorithm>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/text_metric.hpp"
#include "evaluators/tokens.hpp"

namespace assay {
namespace {

constexpr std::size_t k_order_max = 4;

class Gleu final : public TextMetric {
  public:
    explicit Gleu(bool ignore_case) : ignore_case_(ignore_case) {}

  private:
    [[nodiscard]] Measurement measure(std::string_view output,
                                      const References& references) const override {
        const NumberedTexts texts = number_texts(output, references, [this](std::string_view text) {
            return tokens_13a(ignore_case_ ? fold_case(text) : std::string(text));
        });
        const auto counts = count_ngrams(texts.output, texts.references, k_order_max);
        return best_of(references.size(), [&](std::size_t i) -> Measurement {
            SharedCounts all;
            for (const NgramCounts& order : counts) {
                const SharedCounts shared = order.shared_with(i);
                all.common += shared.common;
                all.in_output += shared.in_output;
                all.in_reference += shared.in_reference;
            }
            const auto shares = PrecisionRecall::of(all);
            return {.score = std::min(shares.precision, shares.recall),
                    .comment = shares.comment()};
        });
    }

    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_gleu(const Json& parameters) {
    return std::make_unique<Gleu>(parameters.value("ignore_case", false));
}

}  // namespace

/// The sentence score of Wu et al., "Google's Neural Machine Translation System: Bridging the Gap
/// between Human and Machine Translation", arXiv:1609.08144, 2016, as in NLTK's sentence_gleu: the
/// lower of precision and recall over all n-grams of 1 to 4 tokens together; of several references
/// the best; 0 when either side has no token. NLTK leaves the tokens to its caller: here they are
/// those of `bleu` (13a). It is not the GLEU of grammar correction (Napoles et al. 2015).
///
/// Evidence: the examples in NLTK's documentation; an implementation of our own from the paper's
/// formula in tests/unit/evaluators/reference, and NLTK where that is installed.
const EvaluatorDefinition gleu_definition{
    .id = "gleu",
    .version = 1,
    .summary =
        "GLEU of single sentences, from 0 to 1: the lower of precision and recall over the n-grams "
        "of 1 to 4 tokens; of a list of expected texts the closest counts.",
    .data_type = ScoreDataType::numeric,
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
        {"output": "the the the the the the the", "expected": "the cat is on the mat",
         "score": 0.09090909090909091, "comment": "precision 0.09091, recall 0.1111"},
        {"output": "The cat sat.", "expected": "The cat sat.", "score": 1.0},
        {"output": "the cat", "expected": "The cat", "score": 0.3333333333333333},
        {"parameters": {"ignore_case": true}, "output": "the cat", "expected": ["Cats", "The cat"],
         "score": 1.0, "comment": "precision 1, recall 1, reference 2 of 2"},
        {"output": "", "expected": "The cat", "score": 0.0}
    ])",
    .make = &make_gleu};

}  // namespace assay
