#pragma once

#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "runner/report/report.hpp"

namespace assay {

// The files that reference_from_text() tells apart. Errors are invalid_argument and name the place
// in the file, not the file.

[[nodiscard]] Result<ReferenceRun> read_baseline_document(const Json& document);
[[nodiscard]] Result<ReferenceRun> read_report_document(const Json& document);
/// @param text  one unit a line, as `--out items.jsonl` writes them.
[[nodiscard]] Result<ReferenceRun> read_exported_units(std::string_view text);

}  // namespace assay
