#pragma once

#include <string>
#include <vector>

#include "core/model/run.hpp"

namespace assay {

/// What must be known of the run's judges before their scores are believed, a sentence each: judges
/// that are a model under test, and canaries that they did not pass. From the manifest.
[[nodiscard]] std::vector<std::string> judge_warnings(const RunRecord& run);
/// The first of them, which are known before the run, and the second.
[[nodiscard]] std::vector<std::string> self_judging_warnings(const RunRecord& run);
[[nodiscard]] std::vector<std::string> canary_warnings(const RunRecord& run);

}  // namespace assay
