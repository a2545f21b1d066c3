#include "evaluators/json_schema/pattern.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace assay::json_schema {
namespace {

// ECMA-262's white space and line ends as the inside of a class; RE2's \s is ASCII without \v.
constexpr std::string_view k_space = "\\s\\v\\pZ\\x{feff}";
constexpr std::string_view k_not_space =
    "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}"
    "\\x{ff00}-\\x{10ffff}";
constexpr std::string_view k_any_but_line_end = "[^\\n\\r\\x{2028}\\x{2029}]";

// Unicode's long names of general categories; RE2 knows the short ones and the scripts.
constexpr std::array<std::pair<std::string_view, std::string_view>, 36> k_categories = {{
    {"Letter", "L"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Control", "Cc"},
    {"Format", "Cf"},
}};

class Translator {
  public:
    explicit Translator(std::string_view pattern) : rest_(pattern) {}

    Result<std::string> translate() {
        while (!rest_.empty()) {
            if (rest_.front() == '\\') {
                ASSAY_CHECK(escape());
            } else if (in_class_) {
                class_character();
            } else {
                character();
            }
        }
        return std::move(out_);
    }

  private:
    bool take(std::string_view text) {
        if (!rest_.starts_with(text)) return false;
        rest_.remove_prefix(text.size());
        return true;
    }

    void copy() {
        out_.push_back(rest_.front());
        rest_.remove_prefix(1);
    }

    void character() {
        if (take("[^]")) {
            out_ += "(?s:.)";
        } else if (take("[]")) {
            out_ += "[^\\x{0}-\\x{10ffff}]";
        } else if (take(".")) {
            out_ += k_any_but_line_end;
        } else if (take("[")) {
            in_class_ = true;
            out_ += take("^") ? "[^" : "[";
        } else {
            copy();
        }
    }

    void class_character() {
        if (rest_.front() == '[') out_.push_back('\\');  // else RE2 reads [:alpha:]
        if (rest_.front() == ']') in_class_ = false;
        copy();
    }

    Result<void> escape() {
        if (rest_.size() < 2) {
            return failure(ErrorCode::invalid_argument, "the pattern ends in a single \"\\\"");
        }
        const char kind = rest_[1];
        rest_.remove_prefix(2);
        switch (kind) {
            case 's':
                out_ += in_class_ ? std::string(k_space) : fmt::format("[{}]", k_space);
                break;
            case 'S':
                out_ += in_class_ ? std::string(k_not_space) : fmt::format("[^{}]", k_space);
                break;
            case 'b': out_ += in_class_ ? "\\x{8}" : "\\b"; break;
            case '0': out_ += "\\x{0}"; break;
            case 'c': return control();
            case 'x': return hexadecimal(2);
            case 'u': return unicode();
            case 'p':
            case 'P': return property(kind);
            default: return plain_escape(kind);
        }
        return {};
    }

    Result<void> plain_escape(char kind) {
        const bool letter = (kind >= 'a' && kind <= 'z') || (kind >= 'A' && kind <= 'Z');
        if (letter && std::string_view("dDwWBtnvfrk").find(kind) == std::string_view::npos) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("\"\\{}\" is no escape of ECMA-262", kind));
        }
        const bool ascii = static_cast<unsigned char>(kind) < 0x80U;
        if (kind == '_' || !ascii) {  // RE2 refuses to escape what needs no escape
            out_.push_back(kind);
        } else {
            out_ += {'\\', kind == 'k' ? '1' : kind};  // \k<name> is a back-reference as \1 is
        }
        return {};
    }

    void put(std::uint32_t code_point) {
        fmt::format_to(std::back_inserter(out_), "\\x{{{:x}}}", code_point);
    }

    Result<void> control() {
        const char letter = rest_.empty() ? '\0' : rest_.front();
        if (!((letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'))) {
            return failure(ErrorCode::invalid_argument, "\"\\c\" needs a letter after it");
        }
        rest_.remove_prefix(1);
        put(static_cast<std::uint32_t>(letter) & 0x1FU);
        return {};
    }

    std::optional<std::uint32_t> take_hexadecimal(std::size_t digits) {
        std::uint32_t value = 0;
        if (rest_.size() < digits) return std::nullopt;
        const char* const begin = rest_.data();
        const char* const end = begin + digits;
        if (std::from_chars(begin, end, value, 16).ptr != end) return std::nullopt;
        rest_.remove_prefix(digits);
        return value;
    }

    Result<void> hexadecimal(std::size_t digits) {
        const auto value = take_hexadecimal(digits);
        if (!value) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("\"\\{}\" needs {} hexadecimal digits",
                                       digits == 2 ? 'x' : 'u', digits));
        }
        const bool leads = digits == 4 && *value >= 0xD800 && *value <= 0xDBFF;
        if (leads && take("\\u")) {
            const auto trail = take_hexadecimal(4);
            if (trail && *trail >= 0xDC00 && *trail <= 0xDFFF) {
                put(0x10000U + ((*value - 0xD800U) << 10U) + (*trail - 0xDC00U));
                return {};
            }
        }
        if (*value >= 0xD800 && *value <= 0xDFFF) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format("\"\\u{:04x}\" is half of a character; write both halves", *value));
        }
        put(*value);
        return {};
    }

    Result<void> unicode() {
        if (!take("{")) return hexadecimal(4);
        const std::size_t digits = rest_.find('}');
        const auto value = take_hexadecimal(std::min<std::size_t>(digits, 8));
        if (!value || digits == 0 || !take("}")) {
            return failure(ErrorCode::invalid_argument,
                           "\"\\u{\" needs hexadecimal digits and \"}\"");
        }
        put(*value);
        return {};
    }

    /// \p{Letter}, \p{Lu}, \p{Script=Greek}, \p{gc=Nd}.
    Result<void> property(char kind) {
        const std::size_t end = rest_.find('}');
        if (!rest_.starts_with('{') || end == std::string_view::npos) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("\"\\{}\" needs a property in braces", kind));
        }
        std::string_view name = rest_.substr(1, end - 1);
        rest_.remove_prefix(end + 1);
        for (const std::string_view prefix :
             {"Script=", "sc=", "Script_Extensions=", "scx=", "General_Category=", "gc="}) {
            if (!name.starts_with(prefix)) continue;
            name.remove_prefix(prefix.size());
            break;
        }
        const auto known =
            std::ranges::find(k_categories, name, [](const auto& entry) { return entry.first; });
        if (known != k_categories.end()) name = known->second;
        out_ += fmt::format("\\{}{{{}}}", kind, name);
        return {};
    }

    std::string_view rest_;
    std::string out_;
    bool in_class_ = false;
};

}  // namespace

Result<Regex> compile_pattern(std::string_view pattern) {
    ASSAY_TRY(const std::string translated, Translator(pattern).translate());
    return Regex::compile(translated);
}

}  // namespace assay::json_schema
