#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/run.hpp"

namespace assay {

struct UnitCounts {
    std::uint64_t planned = 0;
    std::uint64_t scored = 0;
    std::uint64_t failed = 0;
    std::uint64_t unscored = 0;
    std::uint64_t skipped = 0;  ///< never run; the four always add up to `planned`
};

/// One score over a variant. `mean` is the mean over items of the mean over the item's
/// repetitions; nothing when no unit has the score.
struct ScoreSummary {
    std::string name;
    std::optional<ScoreDataType> data_type;
    std::uint64_t items = 0;    ///< with at least one value
    std::uint64_t count = 0;    ///< values
    std::uint64_t errors = 0;   ///< evaluations that broke
    std::uint64_t skipped = 0;  ///< evaluations whose condition was false
    std::optional<double> mean;
    std::optional<double> stddev;  ///< of the item means, n − 1; nothing below two items
    std::map<std::string, std::uint64_t> categories;  ///< CATEGORICAL: value -> count
};

struct LatencySummary {  ///< milliseconds, of the task; nothing without a value
    std::optional<double> p50;
    std::optional<double> p95;
    std::optional<double> p99;
};

struct VariantSummary {
    std::string name;
    DatasetRunId dataset_run_id;
    UnitCounts units;
    double coverage = 0;  ///< scored / planned; 0 when nothing was planned
    std::vector<ScoreSummary> scores;  ///< in the order of the spec
    /// Run scores in the order of the spec; nothing when one cannot be computed.
    std::vector<std::pair<std::string, std::optional<double>>> run_scores;
    LatencySummary latency;
    UsageDetails tokens;
    std::optional<NanoUsd> cost;  ///< nothing when a unit's price is unknown
    NanoUsd paid = 0;
    std::uint64_t calls = 0;
    std::uint64_t retried = 0;
    std::uint64_t cached = 0;
};

enum class GateStatus : std::uint8_t { passed, failed, inconclusive };
[[nodiscard]] const char* to_string(GateStatus status);

/// What a gate decided for one variant, with the numbers that decided it.
struct GateVerdict {
    Gate gate;
    std::string variant;
    GateStatus status = GateStatus::inconclusive;
    std::optional<double> observed;
    std::string reason;  ///< one sentence in plain words with the numbers in it
};

/// passed | failed | inconclusive | incomplete | interrupted, and its exit code (SPEC section 2).
enum class ReportStatus : std::uint8_t { passed, failed, inconclusive, incomplete, interrupted };
[[nodiscard]] const char* to_string(ReportStatus status);
[[nodiscard]] int exit_code_of(ReportStatus status);

struct Report {
    RunRecord run;
    ReportStatus status = ReportStatus::incomplete;
    std::vector<VariantSummary> variants;
    std::vector<GateVerdict> gates;
    std::vector<std::string> errors;  ///< the commonest failures, "12 units: ...", at most five
};

/// Summarises the stored units of a run and decides its gates. Reads the journal and nothing else:
/// the same run gives the same report at any time.
[[nodiscard]] Result<Report> make_report(const RunRecord& run, const UnitStream& units);

/// Decides the gates of `plan` over summaries; used by make_report and by `assay gate`.
[[nodiscard]] std::vector<GateVerdict> decide_gates(const ReportPlan& plan,
                                                    const std::vector<VariantSummary>& variants);

/// Checks a run evaluator's type and parameters against the scores there are.
/// @return what is wrong, or "".
[[nodiscard]] std::string check_run_evaluator(const RunEvaluator& evaluator,
                                              const std::vector<ScoreColumn>& scores);
/// The run evaluators there are, with a summary each, for `assay evaluators`.
struct RunEvaluatorInfo {
    std::string id;
    std::string summary;
};
[[nodiscard]] const std::vector<RunEvaluatorInfo>& run_evaluator_types();

}  // namespace assay
