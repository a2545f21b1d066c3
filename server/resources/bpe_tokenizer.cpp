#include "server/resources/bpe_tokenizer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "core/base/base64.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::uint32_t k_no_rank = std::numeric_limits<std::uint32_t>::max();
/// What `\s` means in the tables' expressions, in RE2's, inside of a class.
constexpr std::string_view k_spaces =
    R"(\s\x0b\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
/// The last but one alternative: white space but for its last character, when a word follows. RE2
/// has no look-ahead, so the piece is shortened after it was found.
constexpr std::string_view k_look_ahead = R"(|\s+(?!\S))";

std::unexpected<Error> invalid(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
        text.replace(at, what.size(), by);
    }
}

/// The expression of a table as RE2 can run it: it finds the piece that a text begins with.
Result<Regex> compile_pieces(std::string pattern) {
    const std::size_t look_ahead = pattern.find(k_look_ahead);
    if (look_ahead == std::string::npos) return invalid("pat_str is not as expected");
    pattern.erase(look_ahead, k_look_ahead.size());
    replace_all(pattern, "(", "(?:");
    replace_all(pattern, R"([^\s)", "[^\1");
    replace_all(pattern, R"(\s)", "[\1]");
    replace_all(pattern, "\1", k_spaces);
    return Regex::compile(fmt::format("^(?:{})", pattern));
}

/// Whether a piece is white space that does not end a line.
bool is_gap(std::string_view piece) {
    if (piece.ends_with('\n') || piece.ends_with('\r')) return false;
    // Beyond ASCII white space is rare, and shortening it or not makes a token's difference.
    return piece.find_first_not_of(" \t\n\r\f\v") == std::string_view::npos;
}

/// "! 0 IQ== Ig== ...": the rank of the first token, then tokens.
template <class Take>
bool read_ranks(std::string_view text, Take take) {
    std::uint32_t rank = 0;
    std::size_t place = 0;
    for (const std::string_view word : split(text, ' ')) {
        if (place == 1) {
            const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), rank);
            if (code != std::errc() || end != word.data() + word.size()) return false;
        } else if (place > 1) {
            auto token = from_base64(word);
            if (!token) return false;
            take(std::move(*token), rank++);
        }
        ++place;
    }
    return true;
}

}  // namespace

Result<BpeTokenizer> BpeTokenizer::parse(std::string_view table) {
    const std::size_t begin = table.find('{');
    const std::size_t end = table.rfind('}');
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
        return invalid("the table is no object");
    }
    ASSAY_TRY(const Json json, parse_json(table.substr(begin, end + 1 - begin)));
    const Json pattern = json.value("pat_str", Json());
    const Json ranks_text = json.value("bpe_ranks", Json());
    if (!pattern.is_string() || !ranks_text.is_string()) {
        return invalid("the table has no pat_str or no bpe_ranks");
    }
    ASSAY_TRY(Regex pieces, compile_pieces(pattern.get<std::string>()));
    Ranks ranks;
    for (const std::string_view line : split(ranks_text.get_ref<const std::string&>(), '\n')) {
        const auto take = [&](std::string token, std::uint32_t rank) {
            ranks.emplace(std::move(token), rank);
        };
        if (!read_ranks(line, take)) return invalid("bpe_ranks is damaged");
    }
    return BpeTokenizer(std::move(pieces), std::move(ranks));
}

std::uint32_t BpeTokenizer::rank_of(std::string_view bytes) const {
    const auto found = ranks_.find(bytes);
    return found == ranks_.end() ? k_no_rank : found->second;
}

std::size_t BpeTokenizer::count_piece(std::string_view piece) const {
    if (rank_of(piece) != k_no_rank) return 1;
    /// Where a part begins, and the rank of what it and the next one make together.
    struct Part {
        std::size_t begin;
        std::uint32_t rank;
    };
    std::vector<Part> parts;
    for (std::size_t i = 0; i <= piece.size(); ++i) parts.push_back({i, k_no_rank});
    const auto rank_from = [&](std::size_t i) {
        if (i + 2 >= parts.size()) return k_no_rank;
        return rank_of(piece.substr(parts[i].begin, parts[i + 2].begin - parts[i].begin));
    };
    for (std::size_t i = 0; i < parts.size(); ++i) parts[i].rank = rank_from(i);
    while (true) {
        const auto best = std::ranges::min_element(parts, {}, &Part::rank);
        if (best->rank == k_no_rank) return parts.size() - 1;
        const auto i = static_cast<std::size_t>(best - parts.begin());
        parts.erase(best + 1);
        parts[i].rank = rank_from(i);
        if (i > 0) parts[i - 1].rank = rank_from(i - 1);
    }
}

std::size_t BpeTokenizer::count(std::string_view text) const {
    std::size_t tokens = 0;
    while (!text.empty()) {
        // More than is kept of a piece need not be looked at.
        const std::string_view window = text.substr(0, 2 * k_piece_bytes_max);
        std::string_view piece = pieces_.extract(window).value_or(text.substr(0, 1));
        if (piece.size() > 1 && piece.size() < text.size() && is_gap(piece)) piece.remove_suffix(1);
        piece = piece.substr(0, k_piece_bytes_max);
        if (piece.empty()) piece = text.substr(0, 1);
        tokens += count_piece(piece);
        text.remove_prefix(piece.size());
    }
    return tokens;
}

}  // namespace assay
