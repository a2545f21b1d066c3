#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/filter.hpp"
#include "core/model/filter_node.hpp"
#include "core/model/text_cursor.hpp"

namespace assay {
namespace {

using Node = Filter::Node;
using Operator = Filter::Node::Operator;

struct OperatorSpelling {
    std::string_view text;
    Operator op;
};

// A longer spelling stands before its beginning.
constexpr std::array k_symbols = {
    OperatorSpelling{"!=", Operator::not_equal},     OperatorSpelling{"<=", Operator::less_equal},
    OperatorSpelling{">=", Operator::greater_equal}, OperatorSpelling{"=", Operator::equal},
    OperatorSpelling{"<", Operator::less},           OperatorSpelling{">", Operator::greater},
};
constexpr std::array k_word_operators = {
    OperatorSpelling{"in", Operator::in},
    OperatorSpelling{"contains", Operator::contains},
    OperatorSpelling{"matches", Operator::matches},
    OperatorSpelling{"exists", Operator::exists},
};
/// Words that cannot begin a path. The other operators can: evaluators bear such names.
constexpr std::array<std::string_view, 7> k_reserved = {"and",  "or",    "not", "in",
                                                        "true", "false", "null"};

constexpr std::string_view k_operators_phrase = "= != < <= > >= in contains matches exists";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

class Parser {
  public:
    Parser(std::string_view text, const std::vector<std::string>& heads)
        : text_(text), heads_(heads) {}

    Result<Node> parse() {
        if (find_invalid_utf8(text_.whole()) != std::string_view::npos) {
            return refuse("the text is not UTF-8");
        }
        ASSAY_TRY(Node node, parse_any_of());
        if (!text_.at_end()) return refuse("expected \"and\", \"or\" or the end");
        return node;
    }

  private:
    // --- structure: any_of > all_of > negation > condition ---

    Result<Node> parse_any_of() {
        Node any{.kind = Node::Kind::any_of};
        do {
            ASSAY_TRY(Node part, parse_all_of());
            any.parts.push_back(std::move(part));
        } while (take_word("or"));
        return any.parts.size() == 1 ? std::move(any.parts.front()) : std::move(any);
    }

    Result<Node> parse_all_of() {
        Node all{.kind = Node::Kind::all_of};
        do {
            ASSAY_TRY(Node part, parse_negation());
            all.parts.push_back(std::move(part));
        } while (take_word("and"));
        return all.parts.size() == 1 ? std::move(all.parts.front()) : std::move(all);
    }

    Result<Node> parse_negation() {
        if (++depth_ > limits::k_filter_depth_max) {
            return refuse(fmt::format("the condition is nested deeper than {} levels",
                                      limits::k_filter_depth_max));
        }
        ASSAY_TRY(Node node, parse_unary());
        --depth_;
        return node;
    }

    Result<Node> parse_unary() {
        if (take_word("not")) {
            Node negation{.kind = Node::Kind::negation};
            ASSAY_TRY(Node part, parse_negation());
            negation.parts.push_back(std::move(part));
            return negation;
        }
        if (take("(")) {
            ASSAY_TRY(Node node, parse_any_of());
            if (!take(")")) return refuse("expected \")\", \"and\" or \"or\"");
            return node;
        }
        return parse_condition();
    }

    Result<Node> parse_condition() {
        Node node;
        ASSAY_TRY(node.path, parse_path());
        ASSAY_TRY(node.op, parse_operator());
        skip_blanks();
        switch (node.op) {
            case Operator::exists: return node;
            case Operator::in: {
                ASSAY_TRY(node.operands, parse_list());
                return node;
            }
            case Operator::matches: return parse_pattern(std::move(node));
            default: return parse_comparison(std::move(node));
        }
    }

    // --- paths ---

    Result<std::vector<std::string>> parse_path() {
        skip_blanks();
        const std::size_t begin = text_.at();
        std::vector<std::string> path;
        ASSAY_TRY(std::string head, parse_head());
        if (!heads_.empty() && std::ranges::find(heads_, head) == heads_.end()) {
            return refuse_at(begin,
                             fmt::format("unknown name \"{}\"{}; known here: {}", head,
                                         did_you_mean(head, heads_), fmt::join(heads_, ", ")));
        }
        path.push_back(std::move(head));
        while (text_.take(".")) {
            ASSAY_TRY(std::string name, parse_name());
            path.push_back(std::move(name));
        }
        return path;
    }

    Result<std::string> parse_head() {
        const std::string_view word = next_word();
        if (std::ranges::find(k_reserved, word) != k_reserved.end()) {
            return refuse(
                fmt::format("expected a path; a name like \"{}\" stands in backquotes", word));
        }
        const char first = text_.next();
        if (is_digit(first) || first == '\'' || first == '"' || first == '-') {
            return refuse(
                "a condition begins with a path and ends with the value, as in "
                "metadata.tier = 'gold'");
        }
        return parse_name();
    }

    Result<std::string> parse_name() {
        if (text_.next() == '`') return parse_quoted();
        const std::string_view word = next_word();
        if (word.empty()) return refuse("expected a name");
        text_.skip(word.size());
        return std::string(word);
    }

    // --- operators and values ---

    Result<Operator> parse_operator() {
        if (text_.next() == '-') {
            return refuse(
                "a name with other characters than letters, digits and _ stands in "
                "backquotes, as in scores.`fact-check`");
        }
        skip_blanks();
        if (text_.sees("==")) return refuse("equality is written =");
        if (text_.sees("<>")) return refuse("inequality is written !=");
        for (const OperatorSpelling& symbol : k_symbols) {
            if (take(symbol.text)) return symbol.op;
        }
        const std::string_view word = next_word();
        std::vector<std::string> known;
        for (const OperatorSpelling& spelling : k_word_operators) {
            if (take_word(spelling.text)) return spelling.op;
            known.emplace_back(spelling.text);
        }
        if (word == "not") return refuse("\"not\" stands before the condition: not a in (1, 2)");
        return refuse(
            fmt::format("expected one of {}{}", k_operators_phrase, did_you_mean(word, known)));
    }

    Result<Node> parse_comparison(Node node) {
        const std::size_t begin = text_.at();
        if (text_.next() == '(') {
            return refuse("a list can only follow \"in\"; compare with one value");
        }
        ASSAY_TRY(Json value, parse_value());
        const bool ordered = node.op == Operator::less || node.op == Operator::less_equal ||
                             node.op == Operator::greater || node.op == Operator::greater_equal;
        if (ordered && !value.is_number() && !value.is_string()) {
            return refuse_at(begin, fmt::format("{} has no order, so this can never match; compare "
                                                "with = or !=",
                                                to_text(value)));
        }
        node.operands.push_back(std::move(value));
        return node;
    }

    Result<Node> parse_pattern(Node node) {
        const std::size_t begin = text_.at();
        if (text_.next() != '\'') {
            return refuse("\"matches\" needs a regular expression in single quotes");
        }
        ASSAY_TRY(const std::string pattern, parse_quoted());
        auto compiled = Regex::compile(pattern);
        if (!compiled) return refuse_at(begin, compiled.error().message);
        node.pattern = std::move(*compiled);
        node.operands.emplace_back(pattern);
        return node;
    }

    Result<std::vector<Json>> parse_list() {
        if (!take("(")) return refuse("\"in\" needs a list, as in ('a', 'b')");
        std::vector<Json> values;
        skip_blanks();
        if (text_.next() == ')') return refuse("an empty list can never match");
        do {
            skip_blanks();
            ASSAY_TRY(Json value, parse_value());
            values.push_back(std::move(value));
        } while (take(","));
        if (!take(")")) return refuse("expected \",\" or \")\"");
        return values;
    }

    Result<Json> parse_value() {
        const char first = text_.next();
        if (first == '\'') {
            ASSAY_TRY(std::string text, parse_quoted());
            return Json(std::move(text));
        }
        if (first == '"') return refuse("a text stands in single quotes, as in 'gold'");
        if (is_digit(first) || first == '-') return parse_number();
        if (take_word("true")) return Json(true);
        if (take_word("false")) return Json(false);
        if (take_word("null")) return Json(nullptr);
        return refuse("expected a value: 'text', a number, true, false or null");
    }

    Result<Json> parse_number() {
        const std::size_t begin = text_.at();
        const std::string_view written = text_.take_while(
            [](char c) { return is_name_character(c) || c == '.' || c == '-' || c == '+'; });
        auto number = parse_json(written);
        if (!number) return refuse_at(begin, fmt::format("\"{}\" is no number", written));
        return std::move(*number);
    }

    /// A text in the quotes that open here.
    Result<std::string> parse_quoted() {
        std::optional<std::string> quoted = text_.take_quoted();
        if (!quoted) return refuse("the closing quote is missing");
        return std::move(*quoted);
    }

    // --- characters and messages ---

    void skip_blanks() { (void)text_.take_while(is_blank); }
    [[nodiscard]] std::string_view next_word() const {
        return TextCursor(text_).take_while(is_name_character);
    }
    bool take_word(std::string_view word) {
        skip_blanks();
        return next_word() == word && text_.take(word);
    }
    bool take(std::string_view symbol) {
        skip_blanks();
        return text_.take(symbol);
    }

    [[nodiscard]] std::unexpected<Error> refuse(std::string_view what) const {
        return refuse_at(text_.at(), what);
    }
    [[nodiscard]] std::unexpected<Error> refuse_at(std::size_t offset,
                                                   std::string_view what) const {
        const std::size_t column = count_code_points(text_.whole().substr(0, offset)) + 1;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("condition \"{}\", column {}: {}", to_valid_utf8(text_.whole()),
                                   column, what));
    }

    TextCursor text_;
    const std::vector<std::string>& heads_;
    std::size_t depth_ = 0;
};

}  // namespace

Result<Filter> Filter::parse(std::string_view text, const std::vector<std::string>& heads) {
    ASSAY_TRY(Node root, Parser(text, heads).parse());
    return Filter(std::make_shared<const Node>(std::move(root)), std::string(text));
}

}  // namespace assay
