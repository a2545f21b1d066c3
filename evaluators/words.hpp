#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace assay {

/// White space of Unicode (the property White_Space).
[[nodiscard]] bool is_white_space(char32_t c);
/// Characters of Chinese and Japanese, which are written without spaces between words.
[[nodiscard]] bool is_unspaced_script(char32_t c);

/// Words as people count them: what stands between white space and holds a letter or a digit (a
/// lone dash or bullet is no word). Chinese and Japanese characters count one each, as word
/// processors count them; Thai, Lao and Khmer, which have no spaces either, count by their spaces.
[[nodiscard]] std::size_t count_words(std::string_view text);

/// Splits at white space. The parts point into `text`, and no part is empty.
[[nodiscard]] std::vector<std::string_view> split_words(std::string_view text);

}  // namespace assay
