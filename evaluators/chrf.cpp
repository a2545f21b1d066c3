#include <utility>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/text_metric.hpp"
#include "evaluators/tokens.hpp"

namespace assay {
namespace {

constexpr std::size_t k_character_order = 6;
constexpr double k_beta = 2;

bool is_punctuation(char c) {
    return c > ' ' && c < 0x7F && !is_word_character(static_cast<char32_t>(c));
}

Tokens characters_of(std::string_view text) {
    Tokens characters;
    for (const char32_t c : to_code_points(text)) {
        if (!is_separator(c)) characters.push_back(c);
    }
    return characters;
}

/// One punctuation mark is cut off a word: the last one or else the first one, as in chrF++.py.
std::vector<std::string> words_and_marks(std::string_view text) {
    std::vector<std::string> words;
    for (std::string& word : split_at_white_space(text)) {
        if (word.size() > 1 && is_punctuation(word.back())) {
            words.push_back(word.substr(0, word.size() - 1));
            word.erase(0, word.size() - 1);
        } else if (word.size() > 1 && is_punctuation(word.front())) {
            words.push_back(word.substr(0, 1));
            word.erase(0, 1);
        }
        words.push_back(std::move(word));
    }
    return words;
}

/// The means of precision and recall over the orders that both texts are long enough for.
PrecisionRecall mean_shares(const std::vector<NgramCounts>& counts, std::size_t reference) {
    PrecisionRecall sum;
    double orders = 0;
    for (const NgramCounts& order : counts) {
        if (order.in_output == 0 || order.in_reference[reference] == 0) continue;
        const auto shares = PrecisionRecall::of(order.shared_with(reference));
        sum.precision += shares.precision;
        sum.recall += shares.recall;
        ++orders;
    }
    if (orders == 0) return {};
    return {.precision = sum.precision / orders, .recall = sum.recall / orders};
}

class Chrf final : public TextMetric {
  public:
    explicit Chrf(const Json& parameters)
        : character_order_(parameters.value("character_order", k_character_order)),
          word_order_(parameters.value("word_order", std::size_t{0})),
          beta_(parameters.value("beta", k_beta)),
          ignore_case_(parameters.value("ignore_case", false)) {}

  private:
    [[nodiscard]] Measurement measure(std::string_view output,
                                      const References& references) const override {
        if (ignore_case_) {
            References folded;
            for (const std::string& reference : references) folded.push_back(fold_case(reference));
            return measure_as_it_is(fold_case(output), folded);
        }
        return measure_as_it_is(output, references);
    }

    [[nodiscard]] Measurement measure_as_it_is(std::string_view output,
                                               const References& references) const {
        std::vector<NgramCounts> counts = count_characters(output, references);
        if (word_order_ > 0) {
            for (NgramCounts& order : count_words(output, references)) {
                counts.push_back(std::move(order));
            }
        }
        return best_of(references.size(), [&](std::size_t i) -> Measurement {
            const PrecisionRecall shares = mean_shares(counts, i);
            return {.score = shares.f(beta_), .comment = shares.comment()};
        });
    }

    [[nodiscard]] std::vector<NgramCounts> count_characters(std::string_view output,
                                                            const References& references) const {
        std::vector<Tokens> tokens;
        for (const std::string& reference : references) tokens.push_back(characters_of(reference));
        return count_ngrams(characters_of(output), tokens, character_order_);
    }

    [[nodiscard]] std::vector<NgramCounts> count_words(std::string_view output,
                                                       const References& references) const {
        const NumberedTexts texts = number_texts(output, references, &words_and_marks);
        return count_ngrams(texts.output, texts.references, word_order_);
    }

    std::size_t character_order_;
    std::size_t word_order_;
    double beta_;
    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_chrf(const Json& parameters) {
    return std::make_unique<Chrf>(parameters);
}

}  // namespace

/// chrF of Popović, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015; with
/// `word_order: 2` chrF++ of Popović, "chrF++: words helping character n-grams", WMT 2017. As in
/// sacreBLEU's sentence_chrf, as 0 to 1: white space does not count, precision and recall are
/// averaged over the orders that both texts have ("effective order", no smoothing) before F is
/// taken, of several references the best counts, 0 when either side is empty.
///
/// Evidence: the figures in sacreBLEU's tests; an implementation of our own from the papers'
/// formulas in tests/unit/evaluators/reference.
const EvaluatorDefinition chrf_definition{
    .id = "chrf",
    .version = 1,
    .summary =
        "chrF as in sacreBLEU, from 0 to 1: how many character n-grams the output shares with the "
        "expected text; of a list of expected texts the closest counts.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "character_order": {"type": "integer", "minimum": 1, "maximum": 6, "default": 6,
                                "description": "the longest n-grams of characters"},
            "word_order": {"type": "integer", "minimum": 0, "maximum": 2, "default": 0,
                           "description": "the longest n-grams of words; 2 is chrF++"},
            "beta": {"type": "number", "exclusiveMinimum": 0, "maximum": 100, "default": 2,
                     "description": "how many times as much recall weighs as precision"},
            "ignore_case": {"type": "boolean", "default": false,
                            "description": "upper and lower case letters are equal"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "aa", "expected": "ab", "score": 0.25, "comment": "precision 0.25, recall 0.25"},
        {"output": "a b c", "expected": "abc", "score": 1.0},
        {"parameters": {"word_order": 2}, "output": "a b c", "expected": "abc", "score": 0.75},
        {"parameters": {"ignore_case": true}, "output": "PARIS", "expected": ["Lyon", "Paris"],
         "score": 1.0, "comment": "precision 1, recall 1, reference 2 of 2"},
        {"output": "", "expected": "Paris", "score": 0.0}
    ])",
    .make = &make_chrf};

}  // namespace assay
