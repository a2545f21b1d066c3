#pragma once

#include <string_view>

namespace assay {

// The parts of the HTML report, put into the program by assay_embed_texts(). The scripts share one
// scope; write_html.cpp says in which order they stand.
extern const std::string_view k_charts_js;
extern const std::string_view k_comparisons_js;
extern const std::string_view k_diff_js;
extern const std::string_view k_dom_js;
extern const std::string_view k_format_js;
extern const std::string_view k_gates_css;
extern const std::string_view k_gates_js;
extern const std::string_view k_measures_js;
extern const std::string_view k_media_css;
extern const std::string_view k_page_css;
extern const std::string_view k_plots_css;
extern const std::string_view k_report_js;
extern const std::string_view k_summary_js;
extern const std::string_view k_unit_details_js;
extern const std::string_view k_unit_table_js;
extern const std::string_view k_unit_view_js;
extern const std::string_view k_units_css;

}  // namespace assay
