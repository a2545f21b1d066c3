#include "core/model/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <span>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/json_value.hpp"
#include "core/model/text_cursor.hpp"

namespace assay {
namespace {

constexpr std::size_t k_names_shown_max = 20;

struct ScopeName {
    std::string_view name;
    const Json* TemplateScope::* value;
};

constexpr std::array k_scope_names = {
    ScopeName{"input", &TemplateScope::input},
    ScopeName{"expected_output", &TemplateScope::expected_output},
    ScopeName{"metadata", &TemplateScope::metadata},
    ScopeName{"vars", &TemplateScope::vars},
    ScopeName{"steps", &TemplateScope::steps},
    ScopeName{"output", &TemplateScope::output},
};

const Json* find_scope_name(const TemplateScope& scope, std::string_view name) {
    const auto found = std::ranges::find(k_scope_names, name, &ScopeName::name);
    return found == k_scope_names.end() ? nullptr : scope.*(found->value);
}

const Json* find_input_member(const TemplateScope& scope, const std::string& name) {
    return scope.input == nullptr ? nullptr : find_member(*scope.input, name);
}

const Json* find_mapped(const TemplateScope& scope, const std::string& name) {
    return scope.mapped == nullptr ? nullptr : find_member(*scope.mapped, name);
}

const Json* first_of(std::initializer_list<const Json*> found) {
    const auto first = std::ranges::find_if(found, [](const Json* one) { return one != nullptr; });
    return first == found.end() ? nullptr : *first;
}

/// The first name of a longer path: the scope's own names win, or {{metadata.tier}} would depend on
/// what an input happens to hold.
const Json* find_head(const TemplateScope& scope, const std::string& name) {
    return first_of(
        {find_mapped(scope, name), find_scope_name(scope, name), find_input_member(scope, name)});
}

/// A name that stands alone.
const Json* find_bare(const TemplateScope& scope, const std::string& name) {
    if (scope.own_names_first) return find_head(scope, name);
    return first_of(
        {find_mapped(scope, name), find_input_member(scope, name), find_scope_name(scope, name)});
}

bool is_name_character(char c) {
    const bool ascii = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return ascii || c == '_' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

struct Variable {
    std::string written;
    std::vector<std::string> path;
    std::optional<std::string> default_text;
};

/// Reads what stands between the braces: `path` or `path | default('text')`.
class VariableParser {
  public:
    /// @param at  behind the opening braces.
    VariableParser(std::string_view text, std::size_t at) : text_(text, at) {}

    /// Ends behind the closing braces.
    Result<Variable> parse() {
        Variable variable;
        skip_blanks();
        const std::size_t begin = text_.at();
        ASSAY_TRY(variable.path, parse_path());
        variable.written = text_.since(begin);
        skip_blanks();
        if (text_.take("|")) {
            ASSAY_TRY(variable.default_text, parse_default());
            skip_blanks();
        }
        if (!text_.take("}}")) return refuse("expected }} after the name");
        return variable;
    }

    [[nodiscard]] std::size_t at() const { return text_.at(); }

  private:
    Result<std::vector<std::string>> parse_path() {
        std::vector<std::string> path;
        do {
            ASSAY_TRY(std::string name, parse_name());
            path.push_back(std::move(name));
        } while (text_.take(".") || text_.sees("["));
        return path;
    }

    /// name, ['any name'] or [0].
    Result<std::string> parse_name() {
        if (!text_.take("[")) {
            const std::string_view name = text_.take_while(is_name_character);
            if (name.empty()) return refuse("expected a name");
            return std::string(name);
        }
        std::string name(text_.take_while(is_digit));
        if (name.empty()) {
            ASSAY_TRY(name, parse_quoted("expected a text in quotes or a number"));
        }
        if (!text_.take("]")) return refuse("expected ] after the name");
        return name;
    }

    Result<std::string> parse_default() {
        skip_blanks();
        const std::string_view filter = text_.take_while(is_name_character);
        if (filter != "default") {
            return refuse(
                fmt::format("unknown filter \"{}\"; the only one is default('text')", filter));
        }
        skip_blanks();
        if (!text_.take("(")) return refuse("expected ( after default");
        skip_blanks();
        ASSAY_TRY(std::string text, parse_quoted("expected a text in quotes"));
        skip_blanks();
        if (!text_.take(")")) return refuse("expected ) after the default");
        return text;
    }

    Result<std::string> parse_quoted(std::string_view expectation) {
        if (!text_.sees("'") && !text_.sees("\"")) return refuse(expectation);
        std::optional<std::string> quoted = text_.take_quoted();
        if (!quoted) return refuse("the closing quote is missing");
        return std::move(*quoted);
    }

    void skip_blanks() { (void)text_.take_while(is_blank); }

    [[nodiscard]] std::unexpected<Error> refuse(std::string_view what) const {
        const std::string_view before = text_.since(0);
        const auto line = std::ranges::count(before, '\n') + 1;
        const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
        const std::size_t column = count_code_points(before.substr(line_begin)) + 1;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("template line {}, column {}: {}; write {{{{name}}}} or "
                                   "{{{{name | default('')}}}}, and \\{{{{ for the braces "
                                   "themselves",
                                   line, column, what));
    }

    TextCursor text_;
};

std::vector<std::string> keys_of(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, member] : object.items()) keys.push_back(key);
    return keys;
}

std::vector<std::string> names_in(const TemplateScope& scope) {
    std::vector<std::string> names;
    for (const Json* const object : {scope.mapped, scope.input}) {
        if (object == nullptr || !object->is_object()) continue;
        std::ranges::move(keys_of(*object), std::back_inserter(names));
    }
    for (const ScopeName& known : k_scope_names) {
        const bool hidden = std::ranges::find(names, known.name) != names.end();
        if (scope.*(known.value) != nullptr && !hidden) names.emplace_back(known.name);
    }
    return names;
}

/// "has a, b, c; did you mean ...", for what a name was looked for among.
std::string describe_names(const std::string& wanted, const std::vector<std::string>& names) {
    if (names.empty()) return "has no names";
    const std::size_t shown = std::min(names.size(), k_names_shown_max);
    const auto last = names.begin() + static_cast<std::ptrdiff_t>(shown);
    std::string list = fmt::format("has {}", fmt::join(names.begin(), last, ", "));
    if (shown < names.size()) list += fmt::format(" and {} more", names.size() - shown);
    return list + did_you_mean(wanted, names);
}

std::string describe(const std::string& wanted, const Json& container) {
    if (container.is_object()) return describe_names(wanted, keys_of(container));
    if (!container.is_array()) return fmt::format("is {}", type_phrase(container));
    if (container.empty()) return "has no elements";
    return fmt::format("has elements 0 to {}", container.size() - 1);
}

/// Says how far the path leads, and what is there instead of its next name.
Error missing_variable(const TemplateScope& scope, const std::string& written,
                       const std::vector<std::string>& path) {
    std::string reason = fmt::format("the row {}", describe_names(path.front(), names_in(scope)));
    const Json* found = path.size() == 1 ? nullptr : find_head(scope, path.front());
    for (std::size_t i = 1; i < path.size() && found != nullptr; ++i) {
        const std::string so_far = fmt::format("{}", fmt::join(std::span(path).first(i), "."));
        reason = fmt::format("\"{}\" {}", so_far, describe(path[i], *found));
        found = find_member(*found, path[i]);
    }
    return Error{ErrorCode::invalid_argument,
                 fmt::format("the variable {{{{{}}}}} has no value: {}", written, reason)};
}

}  // namespace

const Json* find_in_scope(const TemplateScope& scope, const std::vector<std::string>& path) {
    if (path.empty()) return nullptr;
    if (path.size() == 1) return find_bare(scope, path.front());
    const Json* const head = find_head(scope, path.front());
    return head == nullptr ? nullptr : find_path(*head, path, 1);
}

Result<TextTemplate> TextTemplate::parse(std::string_view text) {
    TextTemplate parsed;
    parsed.text_ = text;
    std::string literal;
    const auto end_literal = [&] {
        if (!literal.empty()) parsed.pieces_.push_back({.text = std::move(literal)});
        literal.clear();
    };
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t braces = std::min(text.find("{{", at), text.size());
        literal += text.substr(at, braces - at);
        if (braces == text.size()) break;
        at = braces + 2;
        if (literal.ends_with('\\')) {
            literal.back() = '{';
            literal += '{';
            continue;
        }
        end_literal();
        VariableParser variable_parser(text, at);
        ASSAY_TRY(Variable variable, variable_parser.parse());
        parsed.pieces_.push_back({.text = std::move(variable.written),
                                  .path = std::move(variable.path),
                                  .has_default = variable.default_text.has_value(),
                                  .default_text = variable.default_text.value_or("")});
        at = variable_parser.at();
    }
    end_literal();
    return parsed;
}

Result<const Json*> TextTemplate::value_of(const Piece& piece, const TemplateScope& scope) {
    const bool is_of_step = piece.path.size() > 1 && piece.path.front() == "steps";
    if (is_of_step && scope.steps_to_come) return nullptr;
    const Json* const value = find_in_scope(scope, piece.path);
    if (value != nullptr && !(value->is_null() && piece.has_default)) return value;
    if (piece.has_default) return nullptr;
    return std::unexpected(missing_variable(scope, piece.text, piece.path));
}

Result<std::string> TextTemplate::render(const TemplateScope& scope, Encoder encode) const {
    if (encode == nullptr) return render(scope, Framer());
    return render(scope,
                  [encode](std::string_view, std::string_view value) { return encode(value); });
}

Result<std::string> TextTemplate::render(const TemplateScope& scope, const Framer& frame) const {
    std::string rendered;
    std::string scratch;
    for (const Piece& piece : pieces_) {
        if (piece.path.empty()) {
            rendered += piece.text;
        } else {
            ASSAY_TRY(const Json* const value, value_of(piece, scope));
            const std::string_view text =
                value == nullptr ? piece.default_text : as_text(*value, scratch);
            if (frame) {
                rendered += frame(piece.text, text);
            } else {
                rendered += text;
            }
        }
        if (rendered.size() > limits::k_template_output_bytes_max) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("the text of a template is longer than {} kB once its "
                                       "variables are filled in",
                                       limits::k_template_output_bytes_max >> 10U));
        }
    }
    return rendered;
}

Result<Json> TextTemplate::render_value(const TemplateScope& scope) const {
    if (pieces_.size() == 1 && !pieces_.front().path.empty()) {
        ASSAY_TRY(const Json* const value, value_of(pieces_.front(), scope));
        if (value != nullptr) return *value;
    }
    ASSAY_TRY(std::string text, render(scope));
    return Json(std::move(text));
}

bool TextTemplate::has_variables() const {
    return std::ranges::any_of(pieces_, [](const Piece& piece) { return !piece.path.empty(); });
}

std::vector<std::string> TextTemplate::variables() const {
    std::vector<std::string> written;
    for (const Piece& piece : pieces_) {
        if (!piece.path.empty()) written.push_back(piece.text);
    }
    return written;
}

std::vector<std::string> TextTemplate::needed_variables() const {
    std::vector<std::string> written;
    for (const Piece& piece : pieces_) {
        if (!piece.path.empty() && !piece.has_default) written.push_back(piece.text);
    }
    return written;
}

std::vector<std::vector<std::string>> TextTemplate::paths() const {
    std::vector<std::vector<std::string>> paths;
    for (const Piece& piece : pieces_) {
        if (!piece.path.empty()) paths.push_back(piece.path);
    }
    return paths;
}

}  // namespace assay
