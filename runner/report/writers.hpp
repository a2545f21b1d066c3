#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "core/base/json.hpp"
#include "runner/report/report.hpp"

namespace assay {

/// The report of SPEC section 3, keys in that order.
[[nodiscard]] OrderedJson report_to_json(const Report& report);
/// One unit as a line of `--out items.jsonl`.
[[nodiscard]] OrderedJson unit_to_json(const UnitResult& unit);

/// Writes one output file; the format follows from the ending: .json .jsonl .csv .xml (JUnit) .md
/// .html .sarif .svg codequality.json. The file appears whole or not at all.
/// @error invalid_argument for another ending (with the known ones); file errors with the path.
[[nodiscard]] Result<void> write_report(const std::filesystem::path& path, const Report& report,
                                        const UnitStream& units);
/// Whether write_report would know the ending. @error invalid_argument, naming the known ones.
[[nodiscard]] Result<void> check_report_path(const std::filesystem::path& path);

/// How a comparison stands in a report, for `assay compare`.
[[nodiscard]] OrderedJson comparison_to_json(const Comparison& comparison);

/// The summary for pull requests and GITHUB_STEP_SUMMARY, in GitHub's Markdown.
/// @param bytes_max  what would make it longer is left out, the least important first, and a
///                   sentence says what; at least 2,000.
[[nodiscard]] std::string report_to_markdown(const Report& report,
                                             std::size_t bytes_max = 1'000'000);

/// What `assay run` prints on stdout: a table of scores by variant, the gates, where to look.
struct TableStyle {
    std::size_t columns = 80;  ///< never wider than this; at least 20
    bool color = false;
    std::string store_option;  ///< " --store DIR", for the command it tells to type
};
[[nodiscard]] std::string report_to_table(const Report& report, const TableStyle& style);

/// A cell that no spreadsheet takes for a formula, quoted as RFC 4180 wants.
[[nodiscard]] std::string csv_cell(std::string_view text);

}  // namespace assay
