#pragma once

#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "runner/report/verdicts.hpp"

namespace assay {

/// A gate that does not hold, or a judge that is not to be believed, in the form in which tools
/// list what they find in source files: annotations of a pull request, SARIF, code quality reports.
struct Finding {
    Severity severity = Severity::note;
    GateStatus status = GateStatus::inconclusive;
    std::string rule;         ///< which gate: rule_of(); or "judges"
    std::string message;      ///< the verdict with what it is about, in a sentence
    Place place;              ///< of the gate in the spec
    std::string fingerprint;  ///< the same for the same gate in every run
};

/// In the order of the gates; those that pass are not among them. Then what judge_warnings() says.
[[nodiscard]] std::vector<Finding> findings_of(const Report& report);

/// The name of a gate among all of a spec: its text, and the variant that it is for.
[[nodiscard]] std::string rule_of(const Gate& gate);

}  // namespace assay
