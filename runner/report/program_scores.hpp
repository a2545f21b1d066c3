#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/model/run.hpp"
#include "runner/report/report.hpp"

namespace assay {

// Run evaluators of type `code`: programs that see every unit of a variant. They run once, when the
// run has ended; what they said is kept with the run, and reports read it from there.

[[nodiscard]] bool is_program(const RunEvaluator& evaluator);

/// Holds what a program answered against what the spec knows of it: names that it declares, each at
/// most once, numbers or true/false of the declared type. A score without a name gets the
/// evaluator's.
/// @error invalid_argument saying which score is wrong.
[[nodiscard]] Result<std::vector<Score>> check_program_scores(const RunEvaluator& evaluator,
                                                              std::vector<Score> scores);

/// Puts into the run's manifest why a program gave a variant no scores.
void keep_program_error(RunRecord& run, const std::string& variant, const std::string& evaluator,
                        const std::string& message);
/// Forgets what one program said, scores and errors.
void forget_program(const RunEvaluator& evaluator, RunRecord& run, ProgramScores& scores);

/// Fills the places that a variant's summary has for the scores of programs.
void take_program_scores(const RunRecord& run, const ProgramScores& scores,
                         VariantSummary& summary);

}  // namespace assay
