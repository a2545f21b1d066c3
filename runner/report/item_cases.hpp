#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/model/run.hpp"
#include "runner/report/report.hpp"

namespace assay {

enum class CaseOutcome : std::uint8_t { passed, failure, error, skipped };

/// One item of a variant with its repetitions folded: a test case.
struct ItemCase {
    std::string variant;
    std::string item_id;
    CaseOutcome outcome = CaseOutcome::passed;
    std::string message;               ///< why it did not pass, in one line
    std::vector<std::string> details;  ///< the outputs and comments behind the message
    double seconds = 0;                ///< the task's latency over all repetitions
    /// Score names and texts (runner/report/repetition_fold.hpp).
    std::vector<std::pair<std::string, std::string>> scores;
};

/// Folds a stream of units into test cases, in the stream's order and one at a time. A false
/// score of an evaluator with `check` is a failure, whatever else happened; a failed or unscored
/// unit is an error; a case is skipped when none of its units was run.
[[nodiscard]] Result<void> for_each_case(const UnitStream& units, const ReportPlan& plan,
                                         const std::function<Result<void>(const ItemCase&)>& visit);

}  // namespace assay
