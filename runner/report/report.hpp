#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/model/run.hpp"
#include "core/stats/classification.hpp"
#include "runner/report/calibration.hpp"
#include "runner/report/comparison.hpp"
#include "runner/report/estimate.hpp"
#include "runner/report/score_table.hpp"

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

/// What a comparison over as many items can show: the smallest difference that is found with this
/// power, from the spread that the items have.
struct Detectable {
    double difference = 0;
    double power = 0;
    double confidence = 0;
    std::string basis;                            ///< what it rests on: "the pairs with main"
    std::optional<std::uint64_t> items_for_half;  ///< to find half of it; nothing = never
    /// Of each of these items, for the same; nothing also when each was answered once.
    std::optional<std::uint64_t> repetitions_for_half;
};

/// What people would say in place of the judge, as far as its calibration can tell.
struct CorrectedScore {
    std::optional<double> mean;
    std::optional<ReportedInterval> interval;  ///< at k_calibration_confidence
    bool clamped = false;      ///< what the formula gives is not possible, and was cut to what is
    std::uint64_t labels = 0;  ///< that it rests on
    std::string calibration;   ///< SHA-256 of the calibration's document
    std::string missing;       ///< why there is no mean; or ""
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
    /// Of the mean, at k_report_confidence; nothing below two items.
    std::optional<ReportedInterval> interval;
    std::optional<Detectable> detectable;
    std::optional<CorrectedScore> corrected;  ///< when the judge that gave it is calibrated
};

/// Milliseconds, percentiles of type 7 over the units that gave an output. A unit without a
/// measured time (a recorded output, an answer from the cache) is left out; nothing without a
/// value.
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

/// What the judges of a variant's units used, apart from what the task used.
struct JudgeTotals {
    std::uint64_t calls = 0;  ///< requests to providers, retries included
    std::uint64_t cached = 0;
    std::uint64_t retried = 0;
    UsageDetails tokens;              ///< has "total" unless no judge reported any
    std::optional<NanoUsd> cost = 0;  ///< nothing when a price is unknown
    std::optional<NanoUsd> paid = 0;  ///< answers from the cache are free
};

struct VariantSummary {
    std::string name;
    DatasetRunId dataset_run_id;
    UnitCounts units;
    double coverage = 0;                 ///< scored / planned; 0 when nothing was planned
    std::vector<ScoreSummary> scores;    ///< in the order of the spec
    std::vector<RunScore> run_scores;    ///< in the order of the spec
    std::vector<RunMatrix> matrices;     ///< in the order of the spec
    LatencySummary latency;              ///< of the task
    LatencySummary time_to_first_token;  ///< of those whose answer was streamed
    UsageDetails tokens;  ///< summed over the units; has "total" unless no unit reported any
    std::optional<NanoUsd> cost;  ///< nothing when a unit's price is unknown
    std::optional<NanoUsd> paid;  ///< what this run paid: answers from the cache are free
    std::uint64_t calls = 0;      ///< requests to providers, retries included
    std::uint64_t retried = 0;
    std::uint64_t cached = 0;           ///< answers taken from the cache
    std::optional<JudgeTotals> judges;  ///< when a model was asked to judge
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
    std::string slice;   ///< the value of the gate's slice; "" when it has none
    std::optional<ReportedInterval> interval;  ///< the one that decided
    /// Of "the true value is the threshold", two-sided, by that interval's method.
    std::optional<double> p_value;
    /// What it does to the exit code: its status, unless its tier or `on_inconclusive` say else.
    GateStatus effect = GateStatus::inconclusive;
};

/// passed | failed | inconclusive | incomplete | interrupted, and its exit code (SPEC section 2).
enum class ReportStatus : std::uint8_t { passed, failed, inconclusive, incomplete, interrupted };
[[nodiscard]] const char* to_string(ReportStatus status);
[[nodiscard]] int exit_code_of(ReportStatus status);

struct ManifestDifference {
    std::string part;  ///< "dataset", "evaluator exact_match", "prompt", "model", "seed", ...
    std::string a;     ///< as shown to people; "" = not there
    std::string b;
};

/// What a run was compared with, and what else differs between the two than the scores.
struct ReportedReference {
    std::string name;  ///< as gates and the command line say it
    std::string run_id;
    std::vector<ManifestDifference> differences;
    std::string missing;  ///< why there is nothing to compare with; or ""
};

struct Report {
    RunRecord run;
    ReportStatus status = ReportStatus::incomplete;
    std::vector<VariantSummary> variants;
    std::vector<ScoreTable> tables;  ///< one a variant
    std::vector<ReportedReference> references;
    std::vector<Comparison> comparisons;
    std::vector<GateVerdict> gates;
    /// The commonest failures, most frequent first, at most five: "12 units failed: ...",
    /// "3 evaluations by tone broke: ...".
    std::vector<std::string> errors;
};

/// What programs among the run evaluators said of each variant (runner/report/program_scores.hpp).
/// Other scores may be among them.
using ProgramScores = std::map<DatasetRunId, std::vector<Score>>;

/// What a run is compared with: another run, a baseline, or a file of either
/// (runner/report/reference_run.hpp).
struct ReferenceRun {
    std::string name;  ///< as people know it: a baseline's name, a run's id, a file
    std::string run_id;
    bool partial = false;
    Json manifest;                          ///< of its run; null when the file does not say
    std::vector<ScoreTable> tables;         ///< one a variant
    std::vector<VariantSummary> summaries;  ///< of a report file, which has no values of items
};

/// How far a judge agrees with people, as the run noted it.
struct PinnedCalibration {
    std::string judge;  ///< an evaluator
    std::string file;   ///< that a gate names; "" = what the store had
    Result<Calibration> calibration = Calibration{};  ///< else why there is none
};

/// What a report looks at besides the run's own units.
struct ReportInputs {
    ProgramScores programs;
    /// By the words in which gates and the command line name them, or why they are not there.
    std::map<std::string, Result<ReferenceRun>> references;
    /// The run is compared with it, score by score and variant by variant; "" = with none.
    std::string baseline;
    std::vector<std::string> slices;  ///< paths besides those of the gates
    std::vector<PinnedCalibration> calibrations;
};

/// Summarises the stored units of a run and decides its gates. Reads the journal and nothing else:
/// the same run gives the same report at any time. Reads the stream once; what it keeps is one
/// number per item and score, and a bounded count of labels, of one variant at a time.
///
/// @error data_loss when the units do not fit the run: an unknown variant, variants out of order or
///        more units than planned; else the stream's own error.
[[nodiscard]] Result<Report> make_report(const RunRecord& run, const UnitStream& units,
                                         const ReportInputs& inputs = {});

/// Decides the gates of the run's plan over its summaries and tables, gate by gate, variant by
/// variant and slice by slice. A gate on a variant or score that is not there is inconclusive,
/// never left out.
[[nodiscard]] std::vector<GateVerdict> decide_gates(const Report& report,
                                                    const ReportInputs& inputs);

/// Whether enough of the variant's units are scored for its gates to be decided. Units that a run
/// left out because its gates were decided do not count against it.
[[nodiscard]] bool is_covered(const RunRecord& run, const VariantSummary& variant);

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
/// Checks that the plan's `stop`, which it must have, has something to wait for. @return as above.
[[nodiscard]] std::string check_stop(const ReportPlan& plan);
/// The run evaluators there are, with a summary each, for `assay evaluators`.
struct RunEvaluatorInfo {
    std::string id;
    std::string summary;
};
[[nodiscard]] const std::vector<RunEvaluatorInfo>& run_evaluator_types();

}  // namespace assay
