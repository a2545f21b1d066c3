#pragma once

#include <string>
#include <vector>

#include "runner/report/report.hpp"

namespace assay {

/// What the mean over all items hides, a sentence each: a score that becomes better over all and
/// worse in a slice. Looks at comparisons and at gates on differences.
[[nodiscard]] std::vector<std::string> slice_notes(const Report& report);

}  // namespace assay
