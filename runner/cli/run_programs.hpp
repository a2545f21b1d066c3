#pragma once

#include <vector>

#include "configs/spec.hpp"
#include "evaluators/evaluation.hpp"
#include "runner/report/program_scores.hpp"
#include "server/store/store.hpp"

namespace assay {

/// Checks what only the evaluator `code` knows of a run evaluator that is a program: its command
/// and its sandbox. @param will_run  it will run on this machine, which must be able to.
void check_program(const ExperimentSpec& spec, const RunEvaluator& evaluator, bool will_run,
                   std::vector<ParameterMistake>& mistakes);

/// Runs each program among the run evaluators once for each variant of a finished run, with every
/// unit on its stdin; docs/run-evaluators.md says how. A program that breaks gives no score and
/// puts the reason into the run's manifest. A run that did not finish runs none.
/// @return what they said.
/// @error cancelled when the user stopped them; the store's own errors.
[[nodiscard]] Result<ProgramScores> run_programs(const ExperimentSpec& spec, RunRecord& run,
                                                 const Store& store);

}  // namespace assay
