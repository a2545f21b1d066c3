#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/count_range.hpp"
#include "evaluators/tokens.hpp"

namespace assay {
namespace {

bool is_between(char32_t c, char32_t low, char32_t high) { return c >= low && c <= high; }

/// Chinese characters and kana, which are written without spaces.
bool is_unspaced(char32_t c) {
    return is_between(c, 0x3040, 0x30FF) || is_between(c, 0x31F0, 0x31FF) ||
           is_between(c, 0x3400, 0x4DBF) || is_between(c, 0x4E00, 0x9FFF) || c == 0x3005 ||
           is_between(c, 0xF900, 0xFAFF) || is_between(c, 0x20000, 0x3FFFD);
}

/// Full stops, brackets and the like of those scripts.
bool is_unspaced_punctuation(char32_t c) {
    return is_between(c, 0x3001, 0x303F) || is_between(c, 0xFF01, 0xFF0F) ||
           is_between(c, 0xFF1A, 0xFF20) || is_between(c, 0xFF3B, 0xFF40) ||
           is_between(c, 0xFF5B, 0xFF65);
}

std::size_t count_words(std::string_view text) {
    std::size_t words = 0;
    bool inside = false;
    for (const char32_t c : to_code_points(text)) {
        if (is_unspaced(c)) {
            ++words;
            inside = false;
        } else if (is_separator(c) || is_unspaced_punctuation(c)) {
            inside = false;
        } else {
            if (!inside) ++words;
            inside = true;
        }
    }
    return words;
}

class WordCount final : public Evaluator {
  public:
    explicit WordCount(CountRange range) : range_(range) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        std::string scratch;
        const std::size_t words = count_words(as_text(input.output, scratch));
        return range_.judge(static_cast<double>(words), "words");
    }

  private:
    CountRange range_;
};

Result<std::unique_ptr<Evaluator>> make_word_count(const Json& parameters) {
    ASSAY_TRY(const CountRange range, CountRange::from(parameters));
    return std::make_unique<WordCount>(range);
}

}  // namespace

/// Thai, Lao and Khmer have no spaces between words either, and no rule as simple: their words are
/// counted by the spaces there are.
const EvaluatorDefinition word_count_definition{
    .id = "word_count",
    .version = 1,
    .summary =
        "How many words the output has; with min or max: true when it has that many. Words stand "
        "between white space; each Chinese or Japanese character counts as one.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "min": {"type": "integer", "minimum": 0,
                    "description": "the least number of words that is true"},
            "max": {"type": "integer", "minimum": 0,
                    "description": "the greatest number of words that is true"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "To be, or not to be", "score": 6},
        {"output": "東京は夜の七時。", "score": 7},
        {"output": "", "score": 0},
        {"parameters": {"max": 5}, "output": "short and clear", "score": true,
         "comment": "3 words"},
        {"parameters": {"min": 5}, "output": "too short", "score": false,
         "comment": "2 words, fewer than 5"}
    ])",
    .make = &make_word_count,
    .data_type_for = &CountRange::data_type};

}  // namespace assay
