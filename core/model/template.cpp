#include "core/model/template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/json_value.hpp"

namespace assay {
namespace {

constexpr std::size_t k_names_shown_max = 20;

struct ScopeName {
    std::string_view name;
    const Json* TemplateScope::*value;
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

/// The first name of a longer path: the scope's own names win, or {{metadata.tier}} would depend on
/// what an input happens to hold.
const Json* find_head(const TemplateScope& scope, const std::string& name) {
    const Json* const found = find_scope_name(scope, name);
    return found != nullptr ? found : find_input_member(scope, name);
}

bool is_name_character(char c) {
    const bool ascii = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return ascii || c == '_' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

/// Reads what stands between the braces: `path` or `path | default('text')`.
class VariableParser {
  public:
    VariableParser(std::string_view text, std::size_t at) : text_(text), at_(at) {}

    struct Variable {
        std::string written;
        std::vector<std::string> path;
        std::optional<std::string> default_text;
    };

    /// On success the position is behind the closing braces.
    Result<Variable> parse() {
        Variable variable;
        skip_space();
        const std::size_t begin = at_;
        ASSAY_TRY(variable.path, parse_path());
        variable.written = text_.substr(begin, at_ - begin);
        skip_space();
        if (take("|")) {
            ASSAY_TRY(variable.default_text, parse_default());
            skip_space();
        }
        if (!take("}}")) return refuse("expected }} after the name");
        return variable;
    }

    [[nodiscard]] std::size_t position() const { return at_; }

  private:
    Result<std::vector<std::string>> parse_path() {
        std::vector<std::string> path;
        while (true) {
            if (take("[")) {
                ASSAY_TRY(std::string name, parse_bracket());
                path.push_back(std::move(name));
            } else {
                const std::string_view name = take_name();
                if (name.empty()) return refuse("expected a name");
                path.emplace_back(name);
            }
            if (!take(".") && !peek("[")) return path;
        }
    }

    /// ['any name'] or [0], behind its opening bracket.
    Result<std::string> parse_bracket() {
        std::string name(take_digits());
        if (name.empty() && !peek("'") && !peek("\"")) {
            return refuse("expected a text in quotes or a number");
        }
        if (name.empty()) {
            ASSAY_TRY(name, parse_quoted());
        }
        if (!take("]")) return refuse("expected ] after the name");
        return name;
    }

    Result<std::string> parse_default() {
        skip_space();
        const std::string_view filter = take_name();
        if (filter != "default") {
            return refuse(fmt::format("unknown filter \"{}\"; the only one is default('text')",
                                      filter));
        }
        skip_space();
        if (!take("(")) return refuse("expected ( after default");
        skip_space();
        ASSAY_TRY(std::string text, parse_quoted());
        skip_space();
        if (!take(")")) return refuse("expected ) after the default");
        return text;
    }

    /// 'text' or "text"; the quote itself is written twice.
    Result<std::string> parse_quoted() {
        const char quote = at_ < text_.size() ? text_[at_] : '\0';
        if (quote != '\'' && quote != '"') return refuse("expected a text in quotes");
        std::string unquoted;
        for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
            const bool doubled = text_.substr(i, 2) == std::string(2, quote);
            if (text_[i] == quote && !doubled) {
                at_ = i + 1;
                return unquoted;
            }
            unquoted.push_back(text_[i]);
            if (doubled) ++i;
        }
        return refuse("the closing quote is missing");
    }

    std::string_view take_name() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && is_name_character(text_[at_])) ++at_;
        return text_.substr(begin, at_ - begin);
    }

    std::string_view take_digits() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
        return text_.substr(begin, at_ - begin);
    }

    void skip_space() {
        while (at_ < text_.size() && trim(text_.substr(at_, 1)).empty()) ++at_;
    }
    [[nodiscard]] bool peek(std::string_view token) const {
        return text_.substr(at_).starts_with(token);
    }
    bool take(std::string_view token) {
        if (!peek(token)) return false;
        at_ += token.size();
        return true;
    }

    [[nodiscard]] std::unexpected<Error> refuse(std::string_view what) const {
        const std::string_view before = text_.substr(0, at_);
        const auto line = std::ranges::count(before, '\n') + 1;
        const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
        const std::size_t column = count_code_points(before.substr(line_begin)) + 1;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("template line {}, column {}: {}; write {{{{name}}}} or "
                                   "{{{{name | default('')}}}}, and \\{{{{ for the braces "
                                   "themselves",
                                   line, column, what));
    }

    std::string_view text_;
    std::size_t at_;
};

std::vector<std::string> keys_of(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& [key, member] : object.items()) keys.push_back(key);
    return keys;
}

std::vector<std::string> names_in(const TemplateScope& scope) {
    std::vector<std::string> names;
    if (scope.input != nullptr && scope.input->is_object()) names = keys_of(*scope.input);
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
    if (path.size() == 1) {
        const Json* const in_input = find_input_member(scope, path.front());
        return in_input != nullptr ? in_input : find_scope_name(scope, path.front());
    }
    const Json* const head = find_head(scope, path.front());
    return head == nullptr ? nullptr : find_path(*head, path, 1);
}

Result<TextTemplate> TextTemplate::parse(std::string_view text) {
    TextTemplate parsed;
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
        ASSAY_TRY(VariableParser::Variable variable, variable_parser.parse());
        parsed.pieces_.push_back({.text = std::move(variable.written),
                                  .path = std::move(variable.path),
                                  .has_default = variable.default_text.has_value(),
                                  .default_text = variable.default_text.value_or("")});
        at = variable_parser.position();
    }
    end_literal();
    return parsed;
}

Result<std::string> TextTemplate::render(const TemplateScope& scope) const {
    std::string rendered;
    for (const Piece& piece : pieces_) {
        const Json* const value =
            piece.path.empty() ? nullptr : find_in_scope(scope, piece.path);
        const bool absent = value == nullptr || (value->is_null() && piece.has_default);
        if (piece.path.empty()) {
            rendered += piece.text;
        } else if (!absent && value->is_string()) {
            rendered += value->get_ref<const std::string&>();
        } else if (!absent) {
            rendered += to_text(*value);
        } else if (piece.has_default) {
            rendered += piece.default_text;
        } else {
            return std::unexpected(missing_variable(scope, piece.text, piece.path));
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

}  // namespace assay
