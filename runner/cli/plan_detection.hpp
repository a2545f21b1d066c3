#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "runner/cli/prepare_run.hpp"
#include "runner/report/report.hpp"

namespace assay {

/// What a planned run can tell from another one, for one score.
struct ScoreDetection {
    std::string score;
    std::string variant;
    Detectable detectable;
    struct Wanted {
        double difference = 0;
        std::optional<std::uint64_t> items;        ///< to find it; nothing = never
        std::optional<std::uint64_t> repetitions;  ///< of each planned item, where that helps
    };
    std::vector<Wanted> wanted;
};

/// Runs of the same experiment that ended before.
struct EarlierRuns {
    const Report* newest = nullptr;  ///< nullptr = there is none
    const Report* before = nullptr;  ///< tells how much answers agree; nullptr = there is none
};

/// For every number that an evaluator gives, variant by variant.
/// @param differences  that are asked for; empty = the margins of the gates, else half of what can
///                     be detected.
[[nodiscard]] std::vector<ScoreDetection> plan_detection(const PreparedRun& prepared,
                                                         const EarlierRuns& earlier,
                                                         const std::vector<double>& differences);

[[nodiscard]] OrderedJson to_json(const ScoreDetection& detection);
/// As lines for a terminal.
[[nodiscard]] std::vector<std::string> detection_lines(
    const std::vector<ScoreDetection>& detections, std::size_t columns);

}  // namespace assay
