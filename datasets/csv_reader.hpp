#pragma once

#include <memory>

#include "core/base/files.hpp"
#include "datasets/row_reader.hpp"

namespace assay {

/// Rows of CSV or TSV text (RFC 4180): the first line names the columns, a row is an object of
/// column -> text, and no type is guessed. A cell in double quotes may hold the separator, line
/// breaks (they come out as "\n") and doubled quotes. Blank lines are skipped.
[[nodiscard]] std::unique_ptr<RowReader> make_csv_reader(LineReader lines, char separator);

}  // namespace assay
