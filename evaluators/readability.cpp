#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"

namespace assay {
namespace {

struct Counts {
    double sentences = 0;
    double words = 0;
    double syllables = 0;
};

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0;
}
bool is_word_character(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }
bool is_vowel(char c) { return std::string_view("aeiouy").find(c) != std::string_view::npos; }
bool ends_sentence(char c) { return c == '.' || c == '!' || c == '?'; }

/// Groups of vowels of the word in lower case, less a silent e or ed at its end.
std::size_t count_syllables(std::string_view word) {
    std::size_t groups = 0;
    bool after_vowel = false;
    for (const char c : word) {
        const bool vowel = is_vowel(c);
        if (vowel && !after_vowel) ++groups;
        after_vowel = vowel;
    }
    const auto consonant_before = [&word](std::size_t from_end) {
        return word.size() > from_end && !is_vowel(word[word.size() - from_end - 1]);
    };
    const bool table = word.ends_with("le") && consonant_before(2);  // ta-ble, but not whale
    const bool wanted = word.ends_with("ted") || word.ends_with("ded");
    const bool silent_e = word.ends_with('e') && !table && consonant_before(1);
    const bool silent_ed = word.ends_with("ed") && !wanted && consonant_before(2);
    if (groups > 1 && (silent_e || silent_ed)) --groups;
    return std::max<std::size_t>(groups, 1);
}

/// Walks over the words of a text: what stands between white space and holds a letter or a digit.
class Reading {
  public:
    Counts count(std::string_view text) {
        while (!text.empty()) {
            const std::size_t end = std::min(text.find_first_of(" \t\n\r\f\v"), text.size());
            if (end > 0) add(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        if (open_) ++counts_.sentences;
        return counts_;
    }

  private:
    void add(std::string_view part) {
        if (std::ranges::any_of(part, is_word_character)) {
            ++counts_.words;
            open_ = true;
            counts_.syllables += static_cast<double>(count_syllables(letters_of(part)));
        }
        while (!part.empty() && !is_word_character(part.back()) && !ends_sentence(part.back())) {
            part.remove_suffix(1);  // a quote or bracket behind the full stop
        }
        if (open_ && !part.empty() && ends_sentence(part.back())) {
            ++counts_.sentences;
            open_ = false;
        }
    }

    std::string_view letters_of(std::string_view part) {
        letters_.clear();
        for (const char c : part) {
            if (is_letter(c)) letters_.push_back(c);
        }
        letters_ = to_lower_ascii(letters_);
        return letters_;
    }

    Counts counts_;
    bool open_ = false;  ///< words of a sentence without an end
    std::string letters_;
};

double reading_ease(const Counts& n) {
    return 206.835 - 1.015 * (n.words / n.sentences) - 84.6 * (n.syllables / n.words);
}

double grade_level(const Counts& n) {
    return 0.39 * (n.words / n.sentences) + 11.8 * (n.syllables / n.words) - 15.59;
}

using Formula = double (*)(const Counts& counts);

class Readability final : public Evaluator {
  public:
    explicit Readability(Formula formula) : formula_(formula) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        std::string scratch;
        const Counts counts = Reading().count(as_text(input.output, scratch));
        if (counts.words == 0) return one_score(0.0, "the output has no words");
        return one_score(formula_(counts),
                         fmt::format("{} words, {} sentences, {} syllables", counts.words,
                                     counts.sentences, counts.syllables));
    }

  private:
    Formula formula_;
};

Result<std::unique_ptr<Evaluator>> make_readability(const Json& parameters) {
    const bool grade = parameters.value("formula", "") == "flesch_kincaid_grade";
    return std::make_unique<Readability>(grade ? &grade_level : &reading_ease);
}

}  // namespace

/// Sources: Flesch, "A new readability yardstick", Journal of Applied Psychology 32, 1948; Kincaid,
/// Fishburne, Rogers & Chissom, Research Branch Report 8-75, Naval Technical Training Command,
/// 1975. The syllables of English are estimated from groups of vowels, which is off by one for
/// about one word in ten; a sentence ends with a word that ends in a full stop, ! or ?, so that
/// abbreviations end sentences too.
const EvaluatorDefinition readability_definition{
    .id = "readability",
    .version = 1,
    .summary =
        "How easily an English text reads: the Flesch reading ease (about 100 is very easy, 0 very "
        "hard) or the Flesch-Kincaid school grade, with syllables estimated from its vowels.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "formula": {"enum": ["flesch_reading_ease", "flesch_kincaid_grade"],
                        "default": "flesch_reading_ease",
                        "description": "ease is higher for easier texts, the grade lower"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "The table is red.", "score": 97.025,
         "comment": "4 words, 1 sentences, 5 syllables"},
        {"parameters": {"formula": "flesch_kincaid_grade"}, "output": "Dogs bark. Cats meow.",
         "score": -3.01},
        {"output": "", "score": 0.0, "comment": "the output has no words"}
    ])",
    .make = &make_readability};

}  // namespace assay
