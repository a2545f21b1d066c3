#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/json.hpp"
#include "core/base/secret.hpp"
#include "core/model/json_path.hpp"
#include "core/model/template.hpp"

namespace assay {

/// Who a request is written for: people (traces, messages) see ${NAME} where the service gets a
/// value of the environment.
enum class Audience : std::uint8_t { service, people };

/// A text of an `http` task: templates, and values of the environment, which are never taken for
/// templates.
class ServiceText {
  public:
    void append(TextTemplate text) { pieces_.push_back({.text = std::move(text)}); }
    void append(std::string variable, Secret value) {
        pieces_.push_back({.variable = std::move(variable), .value = std::move(value)});
    }

    /// @error as TextTemplate::render.
    [[nodiscard]] Result<std::string> render(const TemplateScope& scope, Audience audience,
                                             TextTemplate::Encoder encode = nullptr) const;
    /// The value itself when the text is one template variable and nothing else.
    [[nodiscard]] Result<Json> render_value(const TemplateScope& scope, Audience audience) const;
    /// Of its templates, as TextTemplate::paths.
    [[nodiscard]] std::vector<std::vector<std::string>> paths() const;

  private:
    struct Piece {
        TextTemplate text;
        std::string variable = {};  ///< of the environment; "" = the piece is `text`
        Secret value = {};
    };
    std::vector<Piece> pieces_;
};

/// A JSON value, or a text, with templates in it.
struct ServiceBody {
    Json shape;                                                     ///< as written
    std::vector<std::pair<Json::json_pointer, ServiceText>> texts;  ///< what to fill in where

    /// @error as TextTemplate::render.
    [[nodiscard]] Result<Json> render(const TemplateScope& scope, Audience audience) const;
};

/// A service under test: what is sent for a unit, and where in the answer its output is.
struct ServiceSpec {
    std::string method = "POST";
    ServiceText url;  ///< no template stands in its scheme or host
    std::map<std::string, ServiceText> headers;
    std::optional<ServiceBody> body;  ///< nothing = the unit as SPEC 1.4 describes it
    std::optional<JsonPath> output;   ///< nothing = the whole answer
    std::vector<Secret> secrets;      ///< what came from the environment, without hosts
    std::string sha256;               ///< of the settings as written
};

}  // namespace assay
