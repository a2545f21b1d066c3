#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "runner/report/report.hpp"
#include "server/store/store.hpp"

namespace assay {

// What a run is compared with: the `baseline` of its gates and `--baseline`. A reference is, in
// this order, the name of a baseline, a run as Store::find_run knows it, or the path of a file.
// A run notes at its start what each meant, and the store keeps the content, so that its reports
// say the same at any later time.

/// What a reference means now.
struct FoundReference {
    enum class Kind : std::uint8_t { baseline, run, file };
    Kind kind = Kind::baseline;
    std::string run_id;    ///< "" when a file does not say
    std::string document;  ///< a text for reference_from_text()
    std::string sha256;    ///< of the document
};

/// @param store   nullptr when there is none: only files are known then.
/// @param folder  that paths are relative to; "" = the working folder.
/// @error not_found with the nearest name and the remedy; invalid_argument when several runs are
///        meant or the file is none of those that can be compared with.
[[nodiscard]] Result<FoundReference> find_reference(const std::string& reference,
                                                    const std::filesystem::path& folder,
                                                    const Store* store);

struct PinOptions {
    std::filesystem::path folder;  ///< of the spec: paths in gates are relative to it
    std::string baseline;          ///< --baseline; "" = none
    bool anew = false;             ///< also what the run has noted already, if it is still there
};

/// Notes in `run.manifest` what its references mean and how far its judges agree with people
/// (runner/cli/calibrations.hpp), and keeps the content of each in the store.
/// One that is not there yet is noted as missing, and people are told: the gates on it cannot be
/// decided.
/// @error invalid_argument when a file or a run is there and cannot be compared with, and when
///        `options.baseline` is not there.
[[nodiscard]] Result<void> pin_references(RunRecord& run, const PinOptions& options, Store& store);

/// Reads what the run is compared with, and the calibrations of its judges, into the inputs. Of
/// what it has not noted, for example by the gates of another spec, it takes what it means now. Why
/// one cannot be read is in `references` too.
/// @param folder  as in PinOptions.
void read_references(const RunRecord& run, const std::filesystem::path& folder, const Store& store,
                     ReportInputs& inputs);

}  // namespace assay
