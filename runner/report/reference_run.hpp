#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/model/run.hpp"
#include "runner/report/report.hpp"
#include "runner/report/score_table.hpp"

namespace assay {

/// Reads the units of a stored run once.
/// @param slices  paths by which items are told apart, besides those of the run's gates.
[[nodiscard]] Result<ReferenceRun> reference_from_units(const RunRecord& run,
                                                        const UnitStream& units,
                                                        std::vector<std::string> slices = {});

/// A baseline as a file: all that comparing needs of a run, in a form that can be committed. The
/// format is described in docs/baselines.md; the same run gives the same bytes but for who and
/// when.
struct BaselineFacts {
    std::string name;
    Time created;
    std::string created_by;
    std::string reason;  ///< why it is one; or ""
};
[[nodiscard]] std::string baseline_document(const BaselineFacts& facts, const RunRecord& run,
                                            const ReferenceRun& reference);

/// A baseline (assay_baseline), a report (.json) or exported units (.jsonl), told by the content.
/// @param name  for messages.
/// @error invalid_argument saying what the file is not, or what is wrong in it and where.
[[nodiscard]] Result<ReferenceRun> reference_from_text(std::string_view text,
                                                       const std::string& name);

/// What differs between two manifests, in the order in which it may explain a difference.
[[nodiscard]] std::vector<ManifestDifference> manifest_differences(const Json& a, const Json& b);

/// Why scores of a run must not be compared with those of a reference: other data, another
/// evaluator or judge of this score. `allowed` holds "dataset", "evaluator".
/// @return one sentence, or "" when they fit.
[[nodiscard]] std::string why_unfit(const RunRecord& run, const ReferenceRun& reference,
                                    const std::string& score,
                                    const std::vector<std::string>& allowed);

}  // namespace assay
