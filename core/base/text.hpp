#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Offset of the first byte that is not valid UTF-8 (RFC 3629: no surrogates, no overlong forms),
/// or npos when all is well.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text);
/// The text with every byte that is not valid UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);
/// Code points of valid UTF-8; invalid bytes come out as U+FFFD, one each.
[[nodiscard]] std::vector<char32_t> to_code_points(std::string_view text);
/// How many code points to_code_points() gives.
[[nodiscard]] std::size_t count_code_points(std::string_view text);
void append_utf8(std::string& text, char32_t code_point);

/// Without white space (ASCII) at both ends.
[[nodiscard]] std::string_view trim(std::string_view text);
/// ASCII letters in lower case; other bytes as they are.
[[nodiscard]] std::string to_lower_ascii(std::string_view text);
/// Simple case folding for Latin, Greek and Cyrillic letters, for `ignore_case`.
[[nodiscard]] std::string fold_case(std::string_view text);
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// Every byte but the unreserved ones (RFC 3986: letters, digits, `-._~`) as %XX: a value that
/// stays within its part of a URL.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// Columns the text takes on a terminal: wide (East Asian, emoji) characters count two, combining
/// marks none.
[[nodiscard]] std::size_t display_width(std::string_view text);
/// Cut to at most `columns`, ending in "…" when something was cut.
[[nodiscard]] std::string fit_width(std::string_view text, std::size_t columns);
/// Safe to print on a terminal: control characters and escape codes are shown as visible text,
/// so that a model's output cannot move the cursor or rename the window. Newlines become "⏎".
[[nodiscard]] std::string terminal_safe(std::string_view text);

}  // namespace assay
