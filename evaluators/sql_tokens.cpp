#include "evaluators/sql_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

/// Words that mean something else in quotes: SQL:2016's reserved words that queries use.
constexpr std::string_view k_reserved[] = {"all",          "alter",
                                           "and",          "any",
                                           "array",        "as",
                                           "asc",          "between",
                                           "by",           "case",
                                           "cast",         "check",
                                           "column",       "constraint",
                                           "create",       "cross",
                                           "current",      "current_date",
                                           "current_time", "current_timestamp",
                                           "current_user", "default",
                                           "delete",       "desc",
                                           "distinct",     "drop",
                                           "else",         "end",
                                           "escape",       "except",
                                           "exists",       "false",
                                           "fetch",        "filter",
                                           "following",    "for",
                                           "foreign",      "from",
                                           "full",         "grant",
                                           "group",        "grouping",
                                           "having",       "in",
                                           "index",        "inner",
                                           "insert",       "intersect",
                                           "interval",     "into",
                                           "is",           "join",
                                           "lateral",      "left",
                                           "like",         "limit",
                                           "localtime",    "localtimestamp",
                                           "natural",      "not",
                                           "null",         "nulls",
                                           "offset",       "on",
                                           "or",           "order",
                                           "outer",        "over",
                                           "partition",    "preceding",
                                           "primary",      "range",
                                           "recursive",    "references",
                                           "returning",    "right",
                                           "row",          "rows",
                                           "select",       "session_user",
                                           "set",          "some",
                                           "table",        "then",
                                           "to",           "top",
                                           "true",         "unbounded",
                                           "union",        "unique",
                                           "unnest",       "update",
                                           "user",         "using",
                                           "values",       "when",
                                           "where",        "window",
                                           "with"};

static_assert(std::ranges::is_sorted(k_reserved));

/// Longest first.
constexpr std::string_view k_operators[] = {"<=>", "->>", "#>>", "!~*", "<>", "!=", "<=",
                                            ">=",  "||",  "::",  ":=",  "->", "#>", "@>",
                                            "<@",  "&&",  "<<",  ">>",  "==", "!~", "~*"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small_letter(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }
bool begins_word(char c) {
    return is_small_letter(c) || (c >= 'A' && c <= 'Z') || static_cast<signed char>(c) < 0;
}
bool continues_word(char c) { return begins_word(c) || is_digit(c) || c == '$'; }
bool is_space(char c) { return trim({&c, 1}).empty(); }

bool is_reserved(std::string_view word) { return std::ranges::binary_search(k_reserved, word); }

bool needs_no_quotes(std::string_view name) {
    if (name.empty() || !is_small_letter(name.front()) || is_reserved(name)) return false;
    return std::ranges::all_of(name, [](char c) { return is_small_letter(c) || is_digit(c); });
}

/// Digits, a point and an exponent, as the scanner takes them.
std::string canonical_number(std::string_view text) {
    const std::string lower = to_lower_ascii(text);
    if (lower.starts_with("0x")) return lower;
    const std::size_t e = std::min(lower.find('e'), lower.size());
    std::string_view mantissa = std::string_view(lower).substr(0, e);
    std::string_view exponent = std::string_view(lower).substr(e);
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    std::string_view whole = mantissa.substr(0, point);
    std::string_view fraction = mantissa.substr(std::min(point + 1, mantissa.size()));
    whole.remove_prefix(std::min(whole.find_first_not_of('0'), whole.size()));
    fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
    std::string number(whole.empty() ? "0" : whole);
    if (point < mantissa.size()) number.append(".").append(fraction.empty() ? "0" : fraction);
    if (exponent.empty()) return number;
    exponent.remove_prefix(1);
    number += 'e';
    if (exponent.starts_with('-')) number += '-';
    exponent.remove_prefix(exponent.starts_with('-') || exponent.starts_with('+') ? 1 : 0);
    exponent.remove_prefix(std::min(exponent.find_first_not_of('0'), exponent.size()));
    return number.append(exponent.empty() ? "0" : exponent);
}

class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    Result<std::vector<std::string>> tokens() {
        while (at_ < text_.size()) {
            if (is_space(text_[at_])) {
                ++at_;
            } else {
                ASSAY_CHECK(take());
            }
        }
        while (!tokens_.empty() && tokens_.back() == ";") tokens_.pop_back();
        return std::move(tokens_);
    }

  private:
    [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
    [[nodiscard]] char next() const { return at_ + 1 < text_.size() ? text_[at_ + 1] : '\0'; }

    Result<void> take() {
        const char c = text_[at_];
        if (rest().starts_with("--")) return skip_line();
        if (rest().starts_with("/*")) return take_comment();
        if (c == '\'') return take_string("");
        const bool prefixed = next() == '\'' && std::string_view("eEnNbBxX").find(c) < 8;
        if (prefixed) {
            ++at_;
            return take_string(to_lower_ascii({&c, 1}));
        }
        if (c == '$') return take_dollar();
        if (c == '"' || c == '`') return take_name(c);
        if (c == '[' && !follows_value()) return take_name(']');
        if (begins_word(c)) return take_word();
        if (is_digit(c) || (c == '.' && is_digit(next()))) return take_number();
        return take_operator();
    }

    Result<void> skip_line() {
        at_ += std::min(rest().find('\n'), rest().size());
        return {};
    }

    Result<void> take_comment() {
        const std::size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return unclosed("the comment /*");
        const std::string_view comment = text_.substr(at_, end + 2 - at_);
        if (comment.starts_with("/*!")) tokens_.emplace_back(comment);
        at_ = end + 2;
        return {};
    }

    /// A doubled quote is a quote; `prefix` is e for a text with backslashes.
    Result<void> take_string(std::string prefix) {
        const std::size_t begin = at_;
        const bool escapes = prefix == "e";
        for (++at_; at_ < text_.size(); ++at_) {
            if (escapes && text_[at_] == '\\') {
                ++at_;
            } else if (text_[at_] == '\'') {
                if (next() != '\'') break;
                ++at_;
            }
        }
        if (at_ >= text_.size()) return unclosed("the text '");
        ++at_;
        tokens_.push_back(std::move(prefix.append(text_.substr(begin, at_ - begin))));
        return {};
    }

    /// $tag$…$tag$ is a text in PostgreSQL, $1 a parameter.
    Result<void> take_dollar() {
        std::size_t end = at_ + 1;
        while (end < text_.size() && continues_word(text_[end]) && text_[end] != '$') ++end;
        const bool opens = end < text_.size() && text_[end] == '$' && !is_digit(text_[at_ + 1]);
        if (!opens) return take_operator();
        const std::string_view tag = text_.substr(at_, end + 1 - at_);
        const std::size_t closing = text_.find(tag, end + 1);
        if (closing == std::string_view::npos)
            return unclosed(fmt::format("the text {}", tag.substr(0, 40)));
        tokens_.emplace_back(text_.substr(at_, closing + tag.size() - at_));
        at_ = closing + tag.size();
        return {};
    }

    Result<void> take_name(char closing) {
        const char opening = text_[at_];
        std::string name;
        for (++at_; at_ < text_.size(); ++at_) {
            if (text_[at_] == closing) {
                if (next() != closing) break;
                ++at_;
            }
            name.push_back(text_[at_]);
        }
        if (at_ >= text_.size()) return unclosed(fmt::format("the name {}", opening));
        ++at_;
        if (needs_no_quotes(name)) {
            tokens_.push_back(std::move(name));
        } else {
            tokens_.push_back('"' + name + '"');
        }
        return {};
    }

    Result<void> take_word() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && continues_word(text_[at_])) ++at_;
        tokens_.push_back(fold_case(text_.substr(begin, at_ - begin)));
        return {};
    }

    Result<void> take_number() {
        const std::size_t begin = at_;
        const auto skip_digits = [this] {
            while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
        };
        if (rest().starts_with("0x") || rest().starts_with("0X")) {
            at_ += 2;
            while (at_ < text_.size() && continues_word(text_[at_])) ++at_;
        } else {
            skip_digits();
            if (rest().starts_with('.')) {
                ++at_;
                skip_digits();
            }
            take_exponent();
        }
        tokens_.push_back(canonical_number(text_.substr(begin, at_ - begin)));
        return {};
    }

    void take_exponent() {
        if (at_ >= text_.size() || (text_[at_] != 'e' && text_[at_] != 'E')) return;
        std::size_t digits = at_ + 1;
        if (digits < text_.size() && (text_[digits] == '+' || text_[digits] == '-')) ++digits;
        if (digits >= text_.size() || !is_digit(text_[digits])) return;
        while (digits < text_.size() && is_digit(text_[digits])) ++digits;
        at_ = digits;
    }

    Result<void> take_operator() {
        std::string_view found = rest().substr(0, 1);
        for (const std::string_view candidate : k_operators) {
            if (!rest().starts_with(candidate)) continue;
            found = candidate;
            break;
        }
        at_ += found.size();
        tokens_.emplace_back(found == "!=" ? "<>" : found);
        return {};
    }

    /// Behind a value, [ takes an element of it.
    [[nodiscard]] bool follows_value() const {
        if (tokens_.empty()) return false;
        const std::string& last = tokens_.back();
        if (last == "array") return true;
        if (last == ")" || last == "]" || last.ends_with('"') || last.ends_with('\'')) return true;
        return begins_word(last.front()) && !is_reserved(last);
    }

    static Result<void> unclosed(std::string_view what) {
        return failure(ErrorCode::invalid_argument, fmt::format("{} is not closed", what));
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<std::string> tokens_;
};

}  // namespace

Result<std::vector<std::string>> sql_tokens(std::string_view sql) {
    if (sql.size() > limits::k_sql_bytes_max) {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("{} bytes of SQL; up to {} are compared", sql.size(),
                                   limits::k_sql_bytes_max));
    }
    return Scanner(sql).tokens();
}

}  // namespace assay
