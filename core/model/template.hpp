#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"

namespace assay {

/// What a template can reach. Null pointers are names that do not exist here.
struct TemplateScope {
    const Json* input = nullptr;
    const Json* expected_output = nullptr;
    const Json* metadata = nullptr;
    const Json* vars = nullptr;
    const Json* steps = nullptr;   ///< {"ID": {"output": ...}}
    const Json* output = nullptr;  ///< evaluators only
    bool steps_to_come = false;    ///< their outputs are not known yet: each stands for ""
    const Json* mapped = nullptr;  ///< an object whose members come before all other names
    /// The names above come before those in `input` also when they stand alone: what a judge calls
    /// {{output}} must not depend on what an input happens to hold.
    bool own_names_first = false;
};

/// A compiled text with `{{name}}` or `{{path.to.value}}` in it (SPEC 1.2). A bare name looks in
/// `input` first, then among the scope's names. Values that are not text are inserted as compact
/// JSON. Inserted text is never expanded again. The default in `{{name | default('text')}}` also
/// stands in for null; a name with other characters is written `{{input['First name']}}`; `\{{` is
/// literal.
class TextTemplate {
  public:
    /// @error invalid_argument with line and column inside the text.
    static Result<TextTemplate> parse(std::string_view text);

    /// @error invalid_argument naming the variable that the scope does not have and the names it
    ///        has; resource_exhausted when the result exceeds limits::k_template_output_bytes_max.
    [[nodiscard]] Result<std::string> render(const TemplateScope& scope) const {
        return render(scope, Framer());
    }
    /// The same with every inserted value, but not the text around it, as `encode` writes it.
    using Encoder = std::string (*)(std::string_view value);
    [[nodiscard]] Result<std::string> render(const TemplateScope& scope, Encoder encode) const;
    /// The same for what depends on the value's name, which is the variable as written.
    using Framer = std::function<std::string(std::string_view name, std::string_view value)>;
    [[nodiscard]] Result<std::string> render(const TemplateScope& scope, const Framer& frame) const;
    /// The value itself when the text is one variable and nothing else; else the rendered text.
    [[nodiscard]] Result<Json> render_value(const TemplateScope& scope) const;

    /// As it was written.
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool has_variables() const;
    /// The paths as written, without defaults, for validation and messages.
    [[nodiscard]] std::vector<std::string> variables() const;
    /// The same, taken apart: {"steps", "find", "output"}.
    [[nodiscard]] std::vector<std::vector<std::string>> paths() const;
    /// The paths as written of those that have no default.
    [[nodiscard]] std::vector<std::string> needed_variables() const;

  private:
    struct Piece {
        std::string text;               ///< literal text, or the variable as written
        std::vector<std::string> path;  ///< empty for literal text
        bool has_default = false;
        std::string default_text;
    };
    /// What stands for a variable; nullptr = its default.
    [[nodiscard]] static Result<const Json*> value_of(const Piece& piece,
                                                      const TemplateScope& scope);

    std::string text_;
    std::vector<Piece> pieces_;
};

/// Resolves a path such as {"input", "a", "0"} or a bare {"question"}; nullptr when it leads
/// nowhere. Array elements are addressed by number.
[[nodiscard]] const Json* find_in_scope(const TemplateScope& scope,
                                        const std::vector<std::string>& path);

}  // namespace assay
