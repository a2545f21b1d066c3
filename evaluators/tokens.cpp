#include "evaluators/tokens.hpp"

#include <utility>

#include "core/base/text.hpp"

namespace assay {
namespace {

bool is_between(char32_t c, char32_t low, char32_t high) { return c >= low && c <= high; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_no_digit(char c) { return !is_digit(c); }
bool is_point(char c) { return c == '.' || c == ','; }
bool is_dash(char c) { return c == '-'; }

bool is_symbol(char c) {
    return (c >= '!' && c <= '/' && c != '\'' && !is_point(c) && !is_dash(c)) ||
           (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

void replace_all(std::string& text, std::string_view part, std::string_view by) {
    std::size_t at = text.find(part);
    if (at == std::string::npos) return;
    std::string replaced;
    std::size_t done = 0;
    for (; at != std::string::npos; at = text.find(part, done)) {
        replaced.append(text, done, at - done).append(by);
        done = at + part.size();
    }
    replaced.append(text, done);
    text = std::move(replaced);
}

using Kind = bool (*)(char c);

/// A character of one kind and one of another behind it: spaces come on both sides of the second
/// or, with `around_first`, of the first.
struct PairRule {
    Kind first;
    Kind second;
    bool around_first = false;
};

/// Pairs do not overlap, as in a search and replace with a regular expression: the original is
/// written in such.
std::string space_pairs(std::string_view text, const PairRule& rule) {
    std::string spaced;
    spaced.reserve(text.size() + text.size() / 4);
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool pair = i + 1 < text.size() && rule.first(text[i]) && rule.second(text[i + 1]);
        if (!pair) {
            spaced += text[i];
            continue;
        }
        if (rule.around_first) spaced += ' ';
        spaced += text[i];
        spaced += ' ';
        spaced += text[++i];
        if (!rule.around_first) spaced += ' ';
    }
    return spaced;
}

std::string space_symbols(std::string_view text) {
    std::string spaced = " ";
    spaced.reserve(text.size() + text.size() / 4);
    for (const char c : text) {
        if (is_symbol(c)) {
            spaced.append({' ', c, ' '});
        } else {
            spaced += c == '\n' ? ' ' : c;
        }
    }
    return spaced += ' ';
}

std::string_view without_white_space_behind(std::string_view text) {
    const auto is_space = [](char c) { return c >= 0 && is_separator(static_cast<char32_t>(c)); };
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

}  // namespace

bool is_separator(char32_t c) {
    if (c < 0x80) return is_between(c, 0x09, 0x0D) || is_between(c, 0x1C, 0x20);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || is_between(c, 0x2000, 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_unspaced(char32_t c) {
    return is_between(c, 0x3005, 0x3007) || is_between(c, 0x3041, 0x30FF) ||
           is_between(c, 0x31F0, 0x31FF) || is_between(c, 0x3400, 0x4DBF) ||
           is_between(c, 0x4E00, 0x9FFF) || is_between(c, 0xF900, 0xFAFF) ||
           is_between(c, 0xFF66, 0xFF9F) || is_between(c, 0x20000, 0x3FFFD);
}

bool is_unspaced_punctuation(char32_t c) {
    return is_between(c, 0x3001, 0x3004) || is_between(c, 0x3008, 0x303F) ||
           is_between(c, 0xFF01, 0xFF0F) || is_between(c, 0xFF1A, 0xFF20) ||
           is_between(c, 0xFF3B, 0xFF40) || is_between(c, 0xFF5B, 0xFF65);
}

std::vector<std::string> split_at_white_space(std::string_view text) {
    std::vector<std::string> parts;
    bool inside = false;
    for (const char32_t c : to_code_points(text)) {
        const bool space = is_separator(c);
        if (!space && !inside) parts.emplace_back();
        if (!space) append_utf8(parts.back(), c);
        inside = !space;
    }
    return parts;
}

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    bool inside = false;
    for (const char32_t c : to_code_points(fold_case(text))) {
        const bool alone = is_unspaced(c);
        const bool word = is_word_character(c);
        if (word && (alone || !inside)) words.emplace_back();
        if (word) append_utf8(words.back(), c);
        inside = word && !alone;
    }
    return words;
}

std::vector<std::string> tokens_13a(std::string_view text) {
    std::string line(without_white_space_behind(text));
    replace_all(line, "<skipped>", "");
    replace_all(line, "-\n", "");
    replace_all(line, "&quot;", "\"");
    replace_all(line, "&amp;", "&");
    replace_all(line, "&lt;", "<");
    replace_all(line, "&gt;", ">");
    line = space_symbols(line);
    line = space_pairs(line, {.first = &is_no_digit, .second = &is_point});
    line = space_pairs(line, {.first = &is_point, .second = &is_no_digit, .around_first = true});
    line = space_pairs(line, {.first = &is_digit, .second = &is_dash});
    return split_at_white_space(line);
}

Tokens Vocabulary::number(const std::vector<std::string>& words) {
    Tokens tokens;
    tokens.reserve(words.size());
    for (const std::string& word : words) {
        const auto next = static_cast<std::uint32_t>(numbers_.size());
        tokens.push_back(numbers_.try_emplace(word, next).first->second);
    }
    return tokens;
}

NumberedTexts number_texts(
    std::string_view output, const std::vector<std::string>& references,
    const std::function<std::vector<std::string>(std::string_view text)>& words_in) {
    Vocabulary vocabulary;
    NumberedTexts texts{.output = vocabulary.number(words_in(output))};
    for (const std::string& reference : references) {
        texts.references.push_back(vocabulary.number(words_in(reference)));
    }
    texts.vocabulary_size = vocabulary.size();
    return texts;
}

}  // namespace assay
