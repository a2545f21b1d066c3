#pragma once

#include <string>
#include <string_view>

namespace assay {

/// The stem of an English word in lower case: "relational" and "relate" are both "relat". A word
/// with characters beyond ASCII is not English and stays as it is.
///
/// Source: Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the changes that
/// NLTK 3 makes to it by default (NLTK_EXTENSIONS), because ROUGE and METEOR are usually computed
/// with that stemmer: a few irregular words, -ied, -ies, -fulli, -logi, and a final y that stays
/// behind a vowel.
[[nodiscard]] std::string porter_stem(std::string_view word);

}  // namespace assay
