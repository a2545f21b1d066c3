#pragma once

#include <filesystem>

#include "runner/report/report.hpp"
#include "server/store/store.hpp"

namespace assay {

// How far the judges of a run agree with people: what the store knows of them, and the files that
// gates name. A run notes at its start what there was, and the store keeps the content, so that its
// reports say the same at any later time.

/// In a manifest: {"judge", "file", "score", "sha256"}, or `missing` why there is none, for each.
inline constexpr const char* k_calibrations_key = "calibrations";

/// Notes in `run.manifest` the calibrations of its evaluators, and of the judges that its gates
/// require; of the latter also that there is none, and people are told.
/// @param folder  of the spec: files in gates are relative to it.
/// @param anew    also what the run has noted already.
/// @error invalid_argument when a file is no calibration; not_found when it is not there.
[[nodiscard]] Result<void> pin_calibrations(RunRecord& run, const std::filesystem::path& folder,
                                            bool anew, Store& store);

/// Reads them into `inputs.calibrations`. Of a judge that a gate requires and of which the run
/// noted nothing, for example by the gates of another spec, it takes what there is now.
void read_calibrations(const RunRecord& run, const std::filesystem::path& folder,
                       const Store& store, ReportInputs& inputs);

}  // namespace assay
