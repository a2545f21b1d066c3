#pragma once

#include <filesystem>

#include "runner/report/report.hpp"
#include "server/store/store.hpp"

namespace assay {

/// Whether `--out` can write a file of this name: a report, or a run file (.assayrun).
/// @error invalid_argument, naming the known endings.
[[nodiscard]] Result<void> check_output(const std::filesystem::path& path);

/// Writes what the ending says: a report by write_report(), or the whole run by
/// Store::export_run(). The file appears whole or not at all.
[[nodiscard]] Result<void> write_output(const std::filesystem::path& path, const Report& report,
                                        const Store& store);

/// Says on stdout that the file was written.
void announce_output(const std::filesystem::path& path);

}  // namespace assay
