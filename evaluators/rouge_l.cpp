#include <algorithm>
#include <bit>

#include "core/base/limits.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/rouge.hpp"

namespace assay {
namespace {

constexpr std::size_t k_rows_per_block = 64;

/// Length of the longest common subsequence; tokens are smaller than `vocabulary_size`.
///
/// 64 rows of the table at a time, one bit a row: it is clear where a cell is one more than the
/// cell above it. What one block passes on to the next is a carry for each column.
/// Source: Crochemore, Iliopoulos, Pinzon & Reid, "A fast and practical bit-vector algorithm for
/// the longest common subsequence problem", Information Processing Letters 80(6), 2001.
/// Cost: O(⌈|a| / 64⌉ · |b|) time, O(|a| + |b|) memory.
std::size_t common_subsequence_length(const Tokens& a, const Tokens& b,
                                      std::size_t vocabulary_size) {
    std::vector<std::uint64_t> equal(vocabulary_size);
    std::vector<std::uint64_t> carries(b.size());
    std::size_t length = 0;
    for (std::size_t first = 0; first < a.size(); first += k_rows_per_block) {
        const std::size_t height = std::min(k_rows_per_block, a.size() - first);
        for (std::size_t i = 0; i < height; ++i) equal[a[first + i]] |= std::uint64_t{1} << i;
        std::uint64_t rows = ~std::uint64_t{0};
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::uint64_t matched = rows & equal[b[j]];
            const std::uint64_t sum = rows + matched;
            const std::uint64_t carried = sum + carries[j];
            carries[j] = (sum < rows || carried < sum) ? 1U : 0U;
            rows = carried | (rows & ~matched);
        }
        for (std::size_t i = 0; i < height; ++i) equal[a[first + i]] = 0;
        // Rows above `height` never match and stay set.
        length += static_cast<std::size_t>(std::popcount(~rows));
    }
    return length;
}

class RougeL final : public TextMetric {
  public:
    explicit RougeL(const Json& parameters)
        : TextMetric(limits::k_subsequence_bytes_max), rouge_(parameters) {}

  private:
    [[nodiscard]] Measurement measure(std::string_view output,
                                      const References& references) const override {
        const NumberedTexts texts = rouge_.read(output, references);
        return best_of(references.size(), [&](std::size_t i) {
            const Tokens& reference = texts.references[i];
            return rouge_.measurement(
                PrecisionRecall::of({.common = common_subsequence_length(texts.output, reference,
                                                                         texts.vocabulary_size),
                                     .in_output = texts.output.size(),
                                     .in_reference = reference.size()}));
        });
    }

    RougeOptions rouge_;
};

Result<std::unique_ptr<Evaluator>> make_rouge_l(const Json& parameters) {
    return std::make_unique<RougeL>(parameters);
}

}  // namespace

/// Sentence-level ROUGE-L of Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", ACL
/// workshop 2004, in the variant of Google's rouge_score (`rougeL`): the text is one sequence, the
/// score F1 by default (Lin's beta is 1), of several references the best, 0 when either side has
/// no word. Words are as in RougeOptions::read().
///
/// Evidence: the paper's examples; an implementation of our own from its formulas, with the
/// textbook's table, in tests/unit/evaluators/reference.
const EvaluatorDefinition rouge_l_definition{
    .id = "rouge_l",
    .version = 2,
    .summary =
        "ROUGE-L, from 0 to 1: the longest sequence of words that the output and the expected "
        "text have in common, in order but with gaps; of a list of expected texts the closest "
        "counts.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "measure": {"enum": ["f1", "precision", "recall"], "default": "f1",
                        "description": "what the score is; the comment names the others"},
            "stem": {"type": "boolean", "default": false,
                     "description": "English words are compared by their Porter stems"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "testing two", "expected": "testing one two", "score": 0.8,
         "comment": "precision 1, recall 0.6667"},
        {"output": "police kill the gunman", "expected": "police killed the gunman",
         "score": 0.75},
        {"parameters": {"stem": true}, "output": "police kill the gunman",
         "expected": "police killed the gunman", "score": 1.0},
        {"parameters": {"measure": "precision"}, "output": "the gunman kill police",
         "expected": "police killed the gunman", "score": 0.5},
        {"output": "", "expected": "testing", "score": 0.0}
    ])",
    .make = &make_rouge_l};

}  // namespace assay
