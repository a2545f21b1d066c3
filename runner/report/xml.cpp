#include "runner/report/xml.hpp"

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace assay {
namespace {

/// Production [2] of XML 1.0.
bool is_xml_character(char32_t c) {
    return c == U'\t' || c == U'\n' || c == U'\r' || (c >= 0x20 && c <= 0xD7FF) ||
           (c >= 0xE000 && c <= 0xFFFD) || c >= 0x10000;
}

std::string escape(std::string_view text, bool in_attribute) {
    std::string escaped;
    escaped.reserve(text.size());
    for (const char32_t c : to_code_points(text)) {
        // A parser would turn line breaks in attributes into spaces, and carriage returns
        // everywhere into line feeds; as references they stay.
        const bool refer = c == U'\r' || (in_attribute && (c == U'\n' || c == U'\t'));
        if (refer) {
            escaped += fmt::format("&#{};", static_cast<unsigned>(c));
        } else if (c == U'&') {
            escaped += "&amp;";
        } else if (c == U'<') {
            escaped += "&lt;";
        } else if (c == U'>') {
            escaped += "&gt;";
        } else if (c == U'"' && in_attribute) {
            escaped += "&quot;";
        } else {
            append_utf8(escaped, is_xml_character(c) ? c : U'\uFFFD');
        }
    }
    return escaped;
}

}  // namespace

std::string xml_text(std::string_view text) { return escape(text, false); }

std::string xml_attribute(std::string_view name, std::string_view value) {
    return fmt::format(" {}=\"{}\"", name, escape(value, true));
}

}  // namespace assay
