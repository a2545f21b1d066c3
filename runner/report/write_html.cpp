#include "runner/report/write_html.hpp"

#include <fmt/format.h>

#include "core/base/base64.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"
#include "runner/report/confusions.hpp"
#include "runner/report/distributions.hpp"
#include "runner/report/html/page.hpp"
#include "runner/report/page_facts.hpp"
#include "runner/report/unit_measures.hpp"
#include "runner/report/unit_selection.hpp"
#include "runner/report/write_formats.hpp"
#include "runner/report/writers.hpp"
#include "runner/report/xml.hpp"

namespace assay {
namespace {

/// The page's scripts as one; a file stands behind those that it needs at once.
std::string page_scripts() {
    return fmt::format("{}{}{}{}{}{}{}{}{}{}{}{}", k_dom_js, k_format_js, k_diff_js, k_unit_view_js,
                       k_summary_js, k_charts_js, k_gates_js, k_comparisons_js, k_measures_js,
                       k_unit_details_js, k_unit_table_js, k_report_js);
}

/// The page's style as one sheet; later rules win.
std::string page_style() {
    return fmt::format("{}{}{}{}{}", k_page_css, k_plots_css, k_gates_css, k_units_css,
                       k_media_css);
}

/// JSON that stands in a page: without a "<" no text in it can end the element it is in, and
/// U+2028 and U+2029 are line ends to some readers of scripts.
std::string page_json(const OrderedJson& json) {
    const std::string text = to_text(json);
    std::string safe;
    safe.reserve(text.size() + text.size() / 16);
    for (std::size_t at = 0; at < text.size(); ++at) {
        const std::string_view rest = std::string_view(text).substr(at, 3);
        if (text[at] == '<') {
            safe += "\\u003c";
        } else if (rest == "\u2028" || rest == "\u2029") {
            safe += rest == "\u2028" ? "\\u2028" : "\\u2029";
            at += 2;
        } else {
            safe.push_back(text[at]);
        }
    }
    return safe;
}

std::string source_hash(std::string_view text) {
    const Sha256Digest digest = sha256(text);
    return "'sha256-" + to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) +
           "'";
}

std::string page_head(const Report& report, std::string_view scripts) {
    const std::string style = page_style();
    return fmt::format(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
        "script-src {}; style-src {}; img-src data:; base-uri 'none'; form-action 'none'\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>{}: {}</title>\n<style>{}</style>\n</head>\n<body>\n"
        "<noscript>This report needs JavaScript, which it carries itself; it loads nothing. The "
        "run {} is {}.</noscript>\n",
        source_hash(scripts), source_hash(style), xml_text(report.run.experiment),
        to_string(report.status), style, xml_text(report.run.id.value()), to_string(report.status));
}

/// Replaces a value whose text is too long by its beginning.
/// @return its size when it was too long.
std::optional<std::size_t> shorten_value(OrderedJson& value, std::size_t bytes_max) {
    const std::string text = value.is_string() ? value.get<std::string>() : to_text(value);
    if (text.size() <= bytes_max) return std::nullopt;
    std::size_t end = bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    value = text.substr(0, end) + "…";
    return text.size();
}

OrderedJson page_unit(const UnitResult& unit, std::size_t place, std::size_t bytes_max) {
    OrderedJson json = unit_to_json(unit);
    json["order"] = place;
    if (!unit.item.metadata.is_null()) json["metadata"] = unit.item.metadata;
    if (!unit.usage.empty()) json["tokens"] = unit.usage;
    if (!unit.log.empty()) json["log"] = unit.log;
    for (const Evaluation& evaluation : unit.evaluations) {
        if (evaluation.status != EvaluationStatus::skipped) continue;
        json["skipped"][evaluation.evaluator] = evaluation.message;
    }
    for (const char* name : {"input", "expected_output", "output", "metadata", "error", "log"}) {
        const auto value = json.find(name);
        if (value == json.end()) continue;
        const std::optional<std::size_t> bytes = shorten_value(*value, bytes_max);
        if (bytes) json["shortened"][name] = *bytes;
    }
    for (auto& score : json["scores"]) {
        for (auto& part : score) (void)shorten_value(part, bytes_max);  // "…" says enough
    }
    if (const auto errors = json.find("errors"); errors != json.end()) {
        for (auto& message : *errors) (void)shorten_value(message, bytes_max);
    }
    return json;
}

constexpr std::string_view k_data_begin = "<script type=\"application/json\" id=\"{}-data\">";

}  // namespace

Result<void> write_html(AtomicFileWriter& file, const Report& report, const UnitStream& units,
                        const HtmlLimits& limits) {
    UnitSelection selection(report.run.report_plan, limits.units_max);
    Distributions distributions(report);
    UnitMeasures measures(report);
    Confusions confusions;
    ASSAY_CHECK(units([&](const UnitResult& unit) -> Result<void> {
        selection.look(unit);
        distributions.look(unit);
        measures.look(unit);
        confusions.add(unit);
        return {};
    }));
    selection.settle();
    distributions.settle();
    measures.settle();

    const std::string scripts = page_scripts();
    ASSAY_CHECK(file.write(page_head(report, scripts)));
    ASSAY_CHECK(file.write(fmt::format(k_data_begin, "units") + "["));
    std::uint64_t sequence = 0;
    std::size_t written_bytes = 0;
    ASSAY_CHECK(units([&](const UnitResult& unit) -> Result<void> {
        distributions.count(unit);
        measures.count(unit);
        const std::optional<std::size_t> place = selection.place_of(sequence++);
        if (!place) return {};
        const std::size_t bytes_max = written_bytes < limits.full_bytes_max
                                          ? limits.value_bytes_max
                                          : limits.late_value_bytes_max;
        const std::string text = page_json(page_unit(unit, *place, bytes_max));
        const char* separator = written_bytes == 0 ? "\n" : ",\n";
        written_bytes += text.size();
        return file.write(separator + text);
    }));
    ASSAY_CHECK(file.write("\n]</script>\n" + fmt::format(k_data_begin, "report")));
    OrderedJson facts = page_facts(report);
    facts.update({{"units_total", selection.seen()},
                  {"distributions", distributions.to_json()},
                  {"measures", measures.to_json()},
                  {"confusions", confusions.to_json()}});
    ASSAY_CHECK(
        file.write(page_json({{"report", report_to_json(report)}, {"page", std::move(facts)}})));
    return file.write("</script>\n<script>" + scripts + "</script>\n</body>\n</html>\n");
}

Result<void> write_report_html(AtomicFileWriter& file, const Report& report,
                               const UnitStream& units) {
    return write_html(file, report, units, {});
}

}  // namespace assay
