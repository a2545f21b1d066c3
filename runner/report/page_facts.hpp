#pragma once

#include "core/base/json.hpp"
#include "runner/report/report.hpp"

namespace assay {

/// What the HTML page shows of a report beside its JSON: sentences that all formats share, what a
/// gate bounds, how large the changes of a comparison are. `gates` and `comparisons` are in the
/// order of the report's own.
[[nodiscard]] OrderedJson page_facts(const Report& report);

}  // namespace assay
