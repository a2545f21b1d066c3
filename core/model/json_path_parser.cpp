#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/json_path.hpp"
#include "core/model/json_path_query.hpp"
#include "core/model/text_cursor.hpp"

namespace assay {
namespace json_path {
namespace {

constexpr std::int64_t k_integer_max = (std::int64_t{1} << 53) - 1;  // RFC 9535 section 2.1

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_name_first(char c) {
    return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_character(char c) { return is_name_first(c) || is_digit(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

enum class Type : std::uint8_t { value, nodes, logical };

struct Signature {
    std::string_view name;
    Function function;
    std::size_t arity;
    Type argument;
    Type result;
};

constexpr std::array k_signatures = {
    Signature{"length", Function::length, 1, Type::value, Type::value},
    Signature{"count", Function::count, 1, Type::nodes, Type::value},
    Signature{"match", Function::match, 2, Type::value, Type::logical},
    Signature{"search", Function::search, 2, Type::value, Type::logical},
    Signature{"value", Function::value, 1, Type::nodes, Type::value},
};

const Signature& signature_of(Function function) {
    return *std::ranges::find(k_signatures, function, &Signature::function);
}

/// Whether the segment can select at most one node.
bool is_singular(const Segment& segment) {
    if (segment.descendant || segment.selectors.size() != 1) return false;
    const Selector& selector = segment.selectors.front();
    return std::holds_alternative<NameSelector>(selector) ||
           std::holds_alternative<IndexSelector>(selector);
}

class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text) {}

    Result<Path> parse() {
        const std::size_t invalid = find_invalid_utf8(text_.whole());
        if (invalid != std::string_view::npos) return refuse_at(invalid, "the text is not UTF-8");
        if (!text_.sees("$")) {
            const bool name = is_name_first(text_.next());
            return refuse(
                fmt::format("a query begins with $, as in $.{}", name ? text_.whole() : "name"));
        }
        ASSAY_TRY(Path path, parse_path());
        if (!text_.at_end()) return refuse_rest();
        return path;
    }

  private:
    // --- segments and selectors ---

    /// A query from its $ or @ on.
    Result<Path> parse_path() {
        Path path;
        path.relative = text_.take("@");
        if (!path.relative) text_.skip(1);
        while (true) {
            const std::size_t before = text_.at();
            skip_blanks();
            if (!text_.sees(".") && !text_.sees("[")) {
                text_.move_to(before);  // blanks belong to a segment, not to the end of a query
                return path;
            }
            ASSAY_TRY(Segment segment, parse_segment());
            path.singular = path.singular && is_singular(segment);
            path.segments.push_back(std::move(segment));
        }
    }

    Result<Segment> parse_segment() {
        Segment segment;
        const std::size_t begin = text_.at();
        segment.descendant = text_.take("..");
        const bool dotted = !segment.descendant && text_.take(".");
        if (!dotted && text_.sees("[")) {
            ASSAY_TRY(segment.selectors, parse_bracketed());
            return segment;
        }
        if (text_.take("*")) {
            segment.selectors.emplace_back(WildcardSelector{});
            return segment;
        }
        ASSAY_TRY(std::string name, parse_shorthand(begin, segment.descendant));
        segment.selectors.emplace_back(NameSelector{std::move(name)});
        return segment;
    }

    Result<std::string> parse_shorthand(std::size_t segment_begin, bool descendant) {
        const std::size_t begin = text_.at();
        const std::string_view name = text_.take_while(is_name_character);
        if (name.empty()) return refuse("expected a name or * after the dot");
        if (!is_digit(name.front())) return std::string(name);
        return refuse_at(
            begin, fmt::format("a name after a dot may not begin with a digit; write {}{}['{}']{}",
                               text_.whole().substr(0, segment_begin), descendant ? ".." : "", name,
                               text_.rest()));
    }

    Result<std::vector<Selector>> parse_bracketed() {
        text_.skip(1);  // the bracket
        std::vector<Selector> selectors;
        do {
            skip_blanks();
            ASSAY_TRY(Selector selector, parse_selector());
            selectors.push_back(std::move(selector));
            skip_blanks();
        } while (text_.take(","));
        if (!text_.take("]")) return refuse("expected ] or ,");
        return selectors;
    }

    Result<Selector> parse_selector() {
        if (text_.take("*")) return WildcardSelector{};
        if (text_.sees("'") || text_.sees("\"")) {
            ASSAY_TRY(std::string name, parse_string());
            return NameSelector{std::move(name)};
        }
        if (text_.take("?")) {
            skip_blanks();
            ASSAY_TRY(Condition condition, parse_any_of());
            return FilterSelector{std::make_shared<const Condition>(std::move(condition))};
        }
        return parse_index_or_slice();
    }

    Result<Selector> parse_index_or_slice() {
        std::optional<std::int64_t> start;
        if (!text_.sees(":")) {
            ASSAY_TRY(start, parse_integer());
            const std::size_t before = text_.at();
            skip_blanks();
            if (!text_.sees(":")) {
                text_.move_to(before);
                return IndexSelector{*start};
            }
        }
        SliceSelector slice{.start = start, .end = {}, .step = 1};
        text_.skip(1);  // the colon
        ASSAY_TRY(slice.end, parse_optional_integer());
        if (text_.take(":")) {
            ASSAY_TRY(const std::optional<std::int64_t> step, parse_optional_integer());
            slice.step = step.value_or(1);
        }
        return slice;
    }

    /// With the blanks on both sides of it.
    Result<std::optional<std::int64_t>> parse_optional_integer() {
        skip_blanks();
        if (!is_digit(text_.next()) && !text_.sees("-")) return std::nullopt;
        ASSAY_TRY(const std::int64_t integer, parse_integer());
        skip_blanks();
        return integer;
    }

    Result<std::int64_t> parse_integer() {
        const std::size_t begin = text_.at();
        (void)text_.take("-");  // optional
        const std::string_view digits = text_.take_while(is_digit);
        const std::string_view written = text_.since(begin);
        if (digits.empty()) {
            return refuse_at(begin,
                             "expected a quoted name, an index, a slice, * or a filter ?...");
        }
        if (written == "-0" || (digits.front() == '0' && digits.size() > 1)) {
            return refuse_at(
                begin, fmt::format("an index has no leading zero and is not -0: {}", written));
        }
        std::int64_t value = 0;
        const auto error =
            std::from_chars(written.data(), written.data() + written.size(), value).ec;
        if (error != std::errc() || value > k_integer_max || value < -k_integer_max) {
            return refuse_at(begin, fmt::format("{} is outside of the range of indexes, "
                                                "+-(2^53 - 1)",
                                                written));
        }
        return value;
    }

    // --- filters ---

    Result<Condition> parse_any_of() {
        if (++depth_ > limits::k_filter_depth_max) return refuse("filters are nested too deeply");
        AnyOf any;
        do {
            skip_blanks();
            ASSAY_TRY(Condition part, parse_all_of());
            any.parts.push_back(std::move(part));
            skip_blanks();
        } while (text_.take("||"));
        --depth_;
        if (any.parts.size() == 1) return std::move(any.parts.front());
        return Condition{std::move(any)};
    }

    Result<Condition> parse_all_of() {
        AllOf all;
        do {
            skip_blanks();
            ASSAY_TRY(Condition part, parse_basic());
            all.parts.push_back(std::move(part));
            skip_blanks();
        } while (text_.take("&&"));
        if (all.parts.size() == 1) return std::move(all.parts.front());
        return Condition{std::move(all)};
    }

    Result<Condition> parse_basic() {
        if (text_.sees("!") && !text_.sees("!=")) {
            text_.skip(1);
            skip_blanks();
            ASSAY_TRY(Condition part, text_.sees("(") ? parse_parentheses() : parse_test());
            return Condition{Negation{std::make_shared<const Condition>(std::move(part))}};
        }
        if (text_.sees("(")) return parse_parentheses();
        const std::size_t begin = text_.at();
        ASSAY_TRY(Operand operand, parse_operand());
        const std::size_t end = text_.at();
        skip_blanks();
        const std::optional<Operator> op = take_operator();
        if (op) return parse_comparison(std::move(operand), *op, begin);
        text_.move_to(end);
        return as_test(std::move(operand), begin);
    }

    Result<Condition> parse_parentheses() {
        text_.skip(1);
        ASSAY_TRY(Condition condition, parse_any_of());
        if (!text_.take(")")) return refuse("expected ), && or ||");
        return condition;
    }

    Result<Condition> parse_test() {
        const std::size_t begin = text_.at();
        ASSAY_TRY(Operand operand, parse_operand());
        return as_test(std::move(operand), begin);
    }

    Result<Condition> as_test(Operand operand, std::size_t begin) {
        if (Path* path = std::get_if<Path>(&operand)) return Condition{std::move(*path)};
        const auto* call = std::get_if<std::shared_ptr<const FunctionCall>>(&operand);
        if (call == nullptr) {
            return refuse_at(begin, "a literal is no condition; compare it, as in @.a == 1");
        }
        const Signature& signature = signature_of((*call)->function);
        if (signature.result != Type::logical) {
            return refuse_at(begin, fmt::format("the result of {}() must be compared, as in "
                                                "{}(...) == 1",
                                                signature.name, signature.name));
        }
        return Condition{**call};
    }

    Result<Condition> parse_comparison(Operand left, Operator op, std::size_t begin) {
        ASSAY_CHECK(check_comparable(left, begin));
        skip_blanks();
        const std::size_t right_begin = text_.at();
        ASSAY_TRY(Operand right, parse_operand());
        ASSAY_CHECK(check_comparable(right, right_begin));
        return Condition{Comparison{std::move(left), op, std::move(right)}};
    }

    Result<void> check_comparable(const Operand& operand, std::size_t begin) {
        if (const Path* path = std::get_if<Path>(&operand); path != nullptr && !path->singular) {
            return refuse_at(begin,
                             "only a query for a single node can be compared (names and "
                             "indexes); value(...) takes the value out of any other");
        }
        const auto* call = std::get_if<std::shared_ptr<const FunctionCall>>(&operand);
        if (call != nullptr && signature_of((*call)->function).result == Type::logical) {
            return refuse_at(begin, fmt::format("{}() is true or false by itself and cannot be "
                                                "compared",
                                                signature_of((*call)->function).name));
        }
        return {};
    }

    std::optional<Operator> take_operator() {
        if (text_.take("==")) return Operator::equal;
        if (text_.take("!=")) return Operator::not_equal;
        if (text_.take("<=")) return Operator::less_equal;
        if (text_.take(">=")) return Operator::greater_equal;
        if (text_.take("<")) return Operator::less;
        if (text_.take(">")) return Operator::greater;
        return std::nullopt;
    }

    // --- operands and functions ---

    Result<Operand> parse_operand() {
        if (text_.sees("@") || text_.sees("$")) {
            ASSAY_TRY(Path path, parse_path());
            return Operand(std::in_place_type<Path>, std::move(path));
        }
        if (text_.sees("'") || text_.sees("\"")) {
            ASSAY_TRY(std::string literal, parse_string());
            return Operand(std::in_place_type<Json>, std::move(literal));
        }
        if (text_.sees("-") || is_digit(text_.next())) return parse_number();
        if (is_lower(text_.next())) return parse_word();
        return refuse("expected a query (@...), a literal or a function");
    }

    /// true, false, null or a function.
    Result<Operand> parse_word() {
        const std::size_t begin = text_.at();
        const std::string_view word =
            text_.take_while([](char c) { return is_lower(c) || c == '_' || is_digit(c); });
        if (text_.sees("(")) return parse_call(word, begin);
        if (word == "true") return Operand(std::in_place_type<Json>, true);
        if (word == "false") return Operand(std::in_place_type<Json>, false);
        if (word == "null") return Operand(std::in_place_type<Json>, nullptr);
        return refuse_at(begin, fmt::format("\"{}\" is no literal; a text stands in quotes, a "
                                            "member of the current node is @.{}",
                                            word, word));
    }

    Result<Operand> parse_call(std::string_view name, std::size_t begin) {
        const auto signature = std::ranges::find(k_signatures, name, &Signature::name);
        if (signature == k_signatures.end()) {
            std::vector<std::string> known;
            for (const Signature& each : k_signatures) known.emplace_back(each.name);
            return refuse_at(begin, fmt::format("unknown function \"{}\"{}; there are {}", name,
                                                did_you_mean(name, known), fmt::join(known, ", ")));
        }
        if (++depth_ > limits::k_filter_depth_max) return refuse("functions are nested too deeply");
        text_.skip(1);  // the parenthesis
        FunctionCall call{.function = signature->function, .arguments = {}, .pattern = {}};
        skip_blanks();
        while (!text_.sees(")")) {
            ASSAY_TRY(Operand argument, parse_argument(*signature));
            call.arguments.push_back(std::move(argument));
            skip_blanks();
            if (!text_.take(",")) break;
            skip_blanks();
            if (text_.sees(")")) return refuse("expected an argument after the comma");
        }
        if (!text_.take(")")) return refuse("expected , or )");
        --depth_;
        if (call.arguments.size() != signature->arity) {
            return refuse_at(begin,
                             fmt::format("{}() takes {} argument{}, not {}", name, signature->arity,
                                         signature->arity == 1 ? "" : "s", call.arguments.size()));
        }
        ASSAY_CHECK(compile_literal_pattern(call, begin));
        return Operand(std::make_shared<const FunctionCall>(std::move(call)));
    }

    Result<Operand> parse_argument(const Signature& signature) {
        const std::size_t begin = text_.at();
        ASSAY_TRY(Operand argument, parse_operand());
        if (signature.argument == Type::value) {
            ASSAY_CHECK(check_comparable(argument, begin));
        } else if (!std::holds_alternative<Path>(argument)) {
            return refuse_at(begin, fmt::format("{}() takes a query, as in {}(@.*)", signature.name,
                                                signature.name));
        }
        return argument;
    }

    /// A pattern that the query spells out is compiled once, and a mistake in it is found now.
    Result<void> compile_literal_pattern(FunctionCall& call, std::size_t begin) {
        if (signature_of(call.function).result != Type::logical) return {};
        const Json* const literal = std::get_if<Json>(&call.arguments[1]);
        if (literal == nullptr || !literal->is_string()) return {};
        auto compiled = compile_pattern(literal->get_ref<const std::string&>());
        if (!compiled) return refuse_at(begin, compiled.error().message);
        call.pattern = std::move(*compiled);
        return {};
    }

    // --- literals ---

    Result<Operand> parse_number() {
        const std::size_t begin = text_.at();
        const auto take_digits = [&] { return text_.take_while(is_digit).size(); };
        (void)text_.take("-");  // optional
        const bool zero_first = text_.sees("0");
        const std::size_t whole = take_digits();
        bool integer = true;
        bool valid = whole == 1 || (whole > 1 && !zero_first);
        if (text_.take(".")) {
            integer = false;
            valid = take_digits() > 0 && valid;
        }
        if (text_.take("e") || text_.take("E")) {
            integer = false;
            if (!text_.take("-")) (void)text_.take("+");  // optional
            valid = take_digits() > 0 && valid;
        }
        const std::string_view written = text_.since(begin);
        if (!valid) return refuse_at(begin, fmt::format("\"{}\" is no JSON number", written));
        return number_literal(written, integer, begin);
    }

    Result<Operand> number_literal(std::string_view written, bool integer, std::size_t begin) {
        const char* const last = written.data() + written.size();
        std::int64_t whole = 0;
        if (integer && std::from_chars(written.data(), last, whole).ec == std::errc()) {
            return Operand(std::in_place_type<Json>, whole);
        }
        double number = 0;
        if (std::from_chars(written.data(), last, number).ec != std::errc()) {
            return refuse_at(begin, fmt::format("the number {} is out of range", written));
        }
        return Operand(std::in_place_type<Json>, number);
    }

    Result<std::string> parse_string() {
        const std::size_t begin = text_.at();
        const char quote = text_.next();
        text_.skip(1);
        std::string value;
        while (!text_.at_end() && text_.next() != quote) {
            const char c = text_.next();
            if (static_cast<unsigned char>(c) < 0x20) {
                return refuse("a control character in a text is written as an escape, as in \\n");
            }
            if (c == '\\') {
                ASSAY_CHECK(parse_escape(quote, value));
            } else {
                value.push_back(c);
                text_.skip(1);
            }
        }
        if (text_.at_end()) return refuse_at(begin, "the closing quote is missing");
        text_.skip(1);
        return value;
    }

    Result<void> parse_escape(char quote, std::string& value) {
        static constexpr std::string_view k_letters = "bfnrt/\\";
        static constexpr std::string_view k_meanings = "\b\f\n\r\t/\\";
        const char c = text_.rest().substr(1, 1).empty() ? '\0' : text_.rest()[1];
        if (c == 'u') return parse_unicode_escape(value);
        const std::size_t known = k_letters.find(c);
        if (c != quote && known == std::string_view::npos) {
            return refuse(
                fmt::format("unknown escape in a text; a backslash is written \\\\, and "
                            "\\{} the quote",
                            quote));
        }
        value.push_back(c == quote ? quote : k_meanings[known]);
        text_.skip(2);
        return {};
    }

    Result<void> parse_unicode_escape(std::string& value) {
        const std::size_t begin = text_.at();
        const auto first = take_code_unit();
        if (!first) return refuse_at(begin, "\\u is followed by four hexadecimal digits");
        char32_t code_point = *first;
        if (code_point >= 0xD800 && code_point <= 0xDBFF) {
            const auto second = take_code_unit();
            const bool paired = second && *second >= 0xDC00 && *second <= 0xDFFF;
            if (!paired) return refuse_at(begin, "a high surrogate needs a low surrogate after it");
            code_point = 0x10000 + ((code_point - 0xD800) << 10U) + (*second - 0xDC00);
        } else if (code_point >= 0xDC00 && code_point <= 0xDFFF) {
            return refuse_at(begin, "a low surrogate needs a high surrogate before it");
        }
        append_utf8(value, code_point);
        return {};
    }

    /// \uXXXX
    std::optional<char32_t> take_code_unit() {
        if (!text_.sees("\\u") || text_.rest().size() < 6) return std::nullopt;
        std::uint32_t unit = 0;
        const char* const digits = text_.rest().data() + 2;
        const auto [end, error] = std::from_chars(digits, digits + 4, unit, 16);
        if (error != std::errc() || end != digits + 4) return std::nullopt;
        text_.skip(6);
        return static_cast<char32_t>(unit);
    }

    // --- characters and messages ---

    void skip_blanks() { (void)text_.take_while(is_blank); }

    [[nodiscard]] std::unexpected<Error> refuse_rest() const {
        if (is_blank(text_.next())) return refuse("a query has no blanks at its end");
        return refuse(
            fmt::format("unexpected \"{}\"; a name with other characters than letters, "
                        "digits and _ is quoted, as in $['a-b']",
                        text_.rest().substr(0, 1)));
    }
    [[nodiscard]] std::unexpected<Error> refuse(std::string_view what) const {
        return refuse_at(text_.at(), what);
    }
    [[nodiscard]] std::unexpected<Error> refuse_at(std::size_t offset,
                                                   std::string_view what) const {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("JSONPath \"{}\", offset {}: {}", to_valid_utf8(text_.whole()),
                                   offset, what));
    }

    TextCursor text_;
    std::size_t depth_ = 0;
};

}  // namespace
}  // namespace json_path

Result<JsonPath> JsonPath::parse(std::string_view text) {
    ASSAY_TRY(json_path::Path path, json_path::Parser(text).parse());
    return JsonPath(std::make_shared<const Query>(Query{std::string(text), std::move(path)}));
}

}  // namespace assay
