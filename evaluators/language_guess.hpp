#pragma once

#include <string_view>

namespace assay {

/// The ISO 639-1 code of the language that a text is mostly written in, or "und" when it cannot be
/// told: a heuristic, no model. It is made for paragraphs; of single short sentences in Latin
/// script it recognises about four in five and calls most of the others "und".
///
/// The script decides for Greek (el), Hebrew (he), Thai (th), Korean (ko), Hindi (hi), Japanese
/// (ja: kana) and Chinese (zh: Chinese characters alone); letters of their own for Ukrainian and
/// Bulgarian against Russian (uk, bg, ru), and Persian against Arabic (fa, ar). Among the languages
/// in Latin script (cs da de en es fi fr hu id it nl no pl pt ro sv tr vi) the most frequent short
/// words and letters of their own decide. Only the first limits::k_language_bytes_max bytes are
/// read.
[[nodiscard]] std::string_view guess_language(std::string_view text);

/// Whether guess_language() can give this code.
[[nodiscard]] bool is_guessable_language(std::string_view code);

}  // namespace assay
