#include "configs/service_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace assay {

Result<std::string> ServiceText::render(const TemplateScope& scope, Audience audience,
                                        TextTemplate::Encoder encode) const {
    std::string rendered;
    for (const Piece& piece : pieces_) {
        if (piece.variable.empty()) {
            ASSAY_TRY(const std::string text, piece.text.render(scope, encode));
            rendered += text;
        } else if (audience == Audience::service) {
            rendered += piece.value.reveal();
        } else {
            rendered += fmt::format("${{{}}}", piece.variable);
        }
    }
    return rendered;
}

Result<Json> ServiceText::render_value(const TemplateScope& scope, Audience audience) const {
    if (pieces_.size() == 1 && pieces_.front().variable.empty()) {
        return pieces_.front().text.render_value(scope);
    }
    ASSAY_TRY(std::string text, render(scope, audience));
    return Json(std::move(text));
}

std::vector<std::vector<std::string>> ServiceText::paths() const {
    std::vector<std::vector<std::string>> paths;
    for (const Piece& piece : pieces_)
        std::ranges::move(piece.text.paths(), std::back_inserter(paths));
    return paths;
}

Result<Json> ServiceBody::render(const TemplateScope& scope, Audience audience) const {
    Json rendered = shape;
    for (const auto& [place, text] : texts) {
        ASSAY_TRY(rendered[place], text.render_value(scope, audience));
    }
    return rendered;
}

}  // namespace assay
