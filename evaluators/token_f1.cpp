#include <algorithm>
#include <array>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/text_metric.hpp"
#include "evaluators/tokens.hpp"

namespace assay {
namespace {

bool is_punctuation(char32_t c) { return c > U' ' && c < 0x7F && !is_word_character(c); }

/// The text without articles: words on their own, not parts of words.
std::string without_articles(const std::vector<char32_t>& text) {
    static constexpr std::array<std::string_view, 3> k_articles = {"a", "an", "the"};
    std::string kept;
    std::string word;
    const auto end_word = [&] {
        const bool article = std::ranges::find(k_articles, word) != k_articles.end();
        kept += article ? " " : word;
        word.clear();
    };
    for (const char32_t c : text) {
        if (is_word_character(c)) {
            append_utf8(word, c);
        } else {
            end_word();
            append_utf8(kept, c);
        }
    }
    end_word();
    return kept;
}

/// normalize_answer() of SQuAD's script.
std::vector<std::string> normalized(std::string_view text) {
    std::vector<char32_t> characters = to_code_points(fold_case(text));
    std::erase_if(characters, &is_punctuation);
    return split_at_white_space(without_articles(characters));
}

class TokenF1 final : public TextMetric {
    [[nodiscard]] Measurement measure(std::string_view output,
                                      const References& references) const override {
        const NumberedTexts texts = number_texts(output, references, &normalized);
        const NgramCounts counts = count_ngrams(texts.output, texts.references, 1).front();
        return best_of(references.size(), [&](std::size_t i) -> Measurement {
            const SharedCounts shared = counts.shared_with(i);
            if (shared.in_output == 0 && shared.in_reference == 0) {
                return {.score = 1, .comment = "both are empty"};
            }
            const auto shares = PrecisionRecall::of(shared);
            return {.score = shares.f(), .comment = shares.comment()};
        });
    }
};

Result<std::unique_ptr<Evaluator>> make_token_f1(const Json& /*parameters*/) {
    return std::make_unique<TokenF1>();
}

}  // namespace

/// F1 over the bags of tokens, of several references the best: Rajpurkar et al., "SQuAD: 100,000+
/// Questions for Machine Comprehension of Text", EMNLP 2016, with the normalisation of its
/// evaluate-v1.1.py: lower case, without ASCII punctuation (deleted, not replaced), without the
/// articles a, an, the, cut at white space. Two texts without tokens are equal, 1, as in SQuAD 2.0.
/// Unlike the script's \b, a combining mark belongs to its letter.
///
/// Evidence: cases worked by hand in the tests; an implementation of our own from the definition in
/// tests/unit/evaluators/reference.
const EvaluatorDefinition token_f1_definition{
    .id = "token_f1",
    .version = 1,
    .summary =
        "F1 of the words as in SQuAD, from 0 to 1: without case, punctuation and articles; of a "
        "list of expected texts the closest counts.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({"type": "object", "properties": {}, "additionalProperties": false})",
    .examples = R"([
        {"output": "The Eiffel Tower!", "expected": "Eiffel tower", "score": 1.0,
         "comment": "precision 1, recall 1"},
        {"output": "in Paris, France", "expected": "Paris", "score": 0.5,
         "comment": "precision 0.3333, recall 1"},
        {"output": "Paris", "expected": ["City of Light", "Paris"], "score": 1.0,
         "comment": "precision 1, recall 1, reference 2 of 2"},
        {"output": "The.", "expected": "", "score": 1.0, "comment": "both are empty"},
        {"output": "", "expected": "Paris", "score": 0.0}
    ])",
    .make = &make_token_f1};

}  // namespace assay
