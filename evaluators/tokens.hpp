#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "evaluators/ngrams.hpp"

namespace assay {

/// White space of Unicode and the separators U+001C … U+001F: where Python's str.split() cuts,
/// which the reference implementations of all metrics use.
[[nodiscard]] bool is_separator(char32_t c);

/// Letters, digits and the marks that go with them (Unicode 15: L, N, M); not the marks that turn
/// a symbol into an emoji.
[[nodiscard]] bool is_word_character(char32_t c);

/// Chinese characters and kana, which are written without spaces.
[[nodiscard]] bool is_unspaced(char32_t c);

/// Full stops, brackets and the like of those scripts.
[[nodiscard]] bool is_unspaced_punctuation(char32_t c);

/// What stands between white space.
[[nodiscard]] std::vector<std::string> split_at_white_space(std::string_view text);

/// Runs of word characters, folded to lower case. Those of is_unspaced() are words of their
/// own: one long word would equal no other.
[[nodiscard]] std::vector<std::string> words_of(std::string_view text);

/// The words and punctuation marks of mteval-v13a.pl, the script of NIST's evaluations, as
/// sacreBLEU's tokenizer `13a` cuts them: ASCII punctuation stands alone, but not ' and -, and a
/// point or comma between digits stays in its number.
[[nodiscard]] std::vector<std::string> tokens_13a(std::string_view text);

/// Numbers words: equal words have equal numbers.
class Vocabulary {
  public:
    [[nodiscard]] Tokens number(const std::vector<std::string>& words);
    /// One more than the highest number.
    [[nodiscard]] std::size_t size() const { return numbers_.size(); }

  private:
    std::unordered_map<std::string, std::uint32_t> numbers_;
};

/// The output and its references in the numbers of one vocabulary.
struct NumberedTexts {
    Tokens output;
    std::vector<Tokens> references;
    std::size_t vocabulary_size = 0;
};
[[nodiscard]] NumberedTexts number_texts(
    std::string_view output, const std::vector<std::string>& references,
    const std::function<std::vector<std::string>(std::string_view text)>& words_in);

}  // namespace assay
