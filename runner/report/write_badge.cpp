#include <fmt/format.h>

#include <algorithm>

#include "runner/report/verdicts.hpp"
#include "runner/report/write_formats.hpp"
#include "runner/report/xml.hpp"

namespace assay {
namespace {

constexpr const char* k_label = "assay";
constexpr double k_padding = 6;
// White text has a contrast of at least 4.5 to each of them.
constexpr const char* k_label_ground = "#3d444d";
constexpr const char* k_green = "#1a7f37";
constexpr const char* k_red = "#c62828";
constexpr const char* k_amber = "#8f5f00";

struct Badge {
    std::string text;
    const char* ground = k_amber;
};

/// "7 of 8 gates": those that hold, of all.
std::string gates_text(const Report& report) {
    const std::vector<Verdicts> gates = by_gate(report.gates);
    if (gates.empty()) return "no gates";
    const auto held = std::ranges::count_if(
        gates, [](const Verdicts& verdicts) { return severity_of(verdicts) == Severity::none; });
    return fmt::format("{} of {} gate{}", held, gates.size(), gates.size() == 1 ? "" : "s");
}

Badge badge_of(const Report& report) {
    switch (report.status) {
        case ReportStatus::passed: return {gates_text(report), k_green};
        case ReportStatus::failed: return {gates_text(report), k_red};
        case ReportStatus::inconclusive: return {gates_text(report), k_amber};
        case ReportStatus::incomplete:
        case ReportStatus::interrupted: return {to_string(report.status), k_amber};
    }
    std::unreachable();
}

/// Units of a text of 11 pixels in Verdana, the widest of the fonts that may be there: textLength
/// fits any other to it.
double text_width(std::string_view text) {
    double width = 0;
    for (const char c : text) {
        const bool narrow = std::string_view(" filrt").find(c) != std::string_view::npos;
        width += c == 'm' ? 10.7 : narrow ? 4.0 : c == 's' ? 5.7 : 6.7;
    }
    return width;
}

std::string text_element(std::string_view text, double x, double width) {
    return fmt::format("    <text x=\"{:.1f}\" y=\"14\" textLength=\"{:.1f}\">{}</text>\n", x,
                       width, xml_text(text));
}

std::string svg_of(const Badge& badge, const std::string& title) {
    const double label = text_width(k_label);
    const double value = text_width(badge.text);
    const double left = label + 2 * k_padding;
    const double total = left + value + 2 * k_padding;
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.1f}\" height=\"20\" "
               "viewBox=\"0 0 {0:.1f} 20\" role=\"img\"{1}>\n"
               "  <title>{2}</title>\n"
               "  <clipPath id=\"round\"><rect width=\"{0:.1f}\" height=\"20\" rx=\"3\"/>"
               "</clipPath>\n"
               "  <g clip-path=\"url(#round)\">\n"
               "    <rect width=\"{3:.1f}\" height=\"20\" fill=\"{4}\"/>\n"
               "    <rect x=\"{3:.1f}\" width=\"{5:.1f}\" height=\"20\" fill=\"{6}\"/>\n"
               "  </g>\n"
               "  <g fill=\"#fff\" font-family=\"Verdana, 'DejaVu Sans', Geneva, sans-serif\" "
               "font-size=\"11\">\n",
               total, xml_attribute("aria-label", title), xml_text(title), left, k_label_ground,
               total - left, badge.ground) +
           text_element(k_label, k_padding, label) +
           text_element(badge.text, left + k_padding, value) + "  </g>\n</svg>\n";
}

}  // namespace

Result<void> write_badge(AtomicFileWriter& file, const Report& report, const UnitStream&) {
    const Badge badge = badge_of(report);
    const std::string title = fmt::format("{}: {}, {}: {}", k_label, report.run.experiment,
                                          to_string(report.status), badge.text);
    return file.write(svg_of(badge, title));
}

}  // namespace assay
