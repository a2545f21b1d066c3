#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/run.hpp"
#include "core/stats/classification.hpp"

namespace assay {

struct UnitCounts {
    std::uint64_t planned = 0;
    std::uint64_t scored = 0;
    std::uint64_t failed = 0;
    std::uint64_t unscored = 0;
    std::uint64_t skipped = 0;     ///< not run; the four always add up to `planned`
    std::uint64_t unfinished = 0;  ///< those of `skipped` that have no final state
};

/// How much the repetitions of one item differ in a score: the noise of a single answer.
struct RepetitionSummary {
    std::uint64_t items = 0;    ///< with at least two values
    std::uint64_t varying = 0;  ///< of them, whose values are not all the same
    /// Within items: the square root of the pooled variance of their values, each item's with
    /// n − 1. Nothing for categories, and when no item has two values.
    /// Source: the within-group mean square of a one-way analysis of variance.
    std::optional<double> stddev;
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
    RepetitionSummary repetitions;
    std::map<std::string, std::uint64_t> categories;  ///< CATEGORICAL: value -> count
};

/// Milliseconds of the task, percentiles of type 7 over the units that gave an output. A unit
/// without a measured latency (a recorded output) is left out; nothing without a value.
struct LatencySummary {
    std::optional<double> p50;
    std::optional<double> p95;
    std::optional<double> p99;
};

/// What one run evaluator computed over a variant.
struct RunScore {
    std::string name;
    Result<double> value = 0.0;  ///< else why it cannot be computed
    std::string comment;         ///< what was left out: "over 190 of 200 units: 10 failed"; or ""
};

/// The same for a confusion matrix, which is no number.
struct RunMatrix {
    std::string name;
    Result<ConfusionMatrix> matrix = ConfusionMatrix{};
    std::string comment;
};

struct VariantSummary {
    std::string name;
    DatasetRunId dataset_run_id;
    UnitCounts units;
    double coverage = 0;               ///< scored / planned; 0 when nothing was planned
    std::vector<ScoreSummary> scores;  ///< in the order of the spec
    std::vector<RunScore> run_scores;  ///< in the order of the spec
    std::vector<RunMatrix> matrices;   ///< in the order of the spec
    LatencySummary latency;
    UsageDetails tokens;  ///< summed over the units; has "total" unless no unit reported any
    std::optional<NanoUsd> cost;  ///< nothing when a unit's price is unknown
    std::optional<NanoUsd> paid;  ///< what this run paid: answers from the cache are free
    std::uint64_t calls = 0;      ///< requests to providers, retries included
    std::uint64_t retried = 0;
    std::uint64_t cached = 0;  ///< answers taken from the cache
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
    /// The commonest failures, most frequent first, at most five: "12 units failed: ...",
    /// "3 evaluations by tone broke: ...".
    std::vector<std::string> errors;
};

/// What programs among the run evaluators said of each variant (runner/report/program_scores.hpp).
/// Other scores may be among them.
using ProgramScores = std::map<DatasetRunId, std::vector<Score>>;

/// Summarises the stored units of a run and decides its gates. Reads the journal and nothing else:
/// the same run gives the same report at any time. Reads the stream once; what it keeps is one
/// number per item and score, and a bounded count of labels, of one variant at a time.
///
/// @error data_loss when the units do not fit the run: an unknown variant, variants out of order or
///        more units than planned; else the stream's own error.
[[nodiscard]] Result<Report> make_report(const RunRecord& run, const UnitStream& units,
                                         const ProgramScores& programs = {});

/// Decides the gates of `plan` over summaries, gate by gate and variant by variant; used by
/// make_report and by `assay gate`. A gate on a variant or score that is not there is inconclusive,
/// never left out.
[[nodiscard]] std::vector<GateVerdict> decide_gates(const ReportPlan& plan,
                                                    const std::vector<VariantSummary>& variants);

/// The status of a run whose variants and gates are known: the first that holds of interrupted,
/// incomplete, failed, inconclusive, passed (SPEC section 2).
[[nodiscard]] ReportStatus status_of(const RunRecord& run,
                                     const std::vector<VariantSummary>& variants,
                                     const std::vector<GateVerdict>& gates);

/// Checks a run evaluator's type and parameters against the scores there are and the repetitions
/// of an item.
/// @return what is wrong, or "".
[[nodiscard]] std::string check_run_evaluator(const RunEvaluator& evaluator,
                                              const std::vector<ScoreColumn>& scores,
                                              int repetitions);
/// Checks that what a gate looks at is a number. @return what is wrong, or "".
[[nodiscard]] std::string check_gate(const Gate& gate, const ReportPlan& plan);
/// The run evaluators there are, with a summary each, for `assay evaluators`.
struct RunEvaluatorInfo {
    std::string id;
    std::string summary;
};
[[nodiscard]] const std::vector<RunEvaluatorInfo>& run_evaluator_types();

}  // namespace assay
