#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/model/run.hpp"
#include "runner/report/report.hpp"

namespace assay::test {

/// A run and its units as a store would give them back.
struct StoredRun {
    RunRecord run;
    std::vector<UnitResult> units;

    /// Streams `units` in the order they stand. Valid as long as the object.
    [[nodiscard]] UnitStream stream() const;
    /// make_report(); fails the test on an error.
    [[nodiscard]] Report report() const;
};

/// A finished run of one variant "default" with the score exact_match and no gates.
StoredRun small_run(std::uint64_t planned);

/// A scored unit with one BOOLEAN score exact_match, of the variant "default".
UnitResult exact_match_unit(int item, bool matches);
Evaluation scored(std::string evaluator, ScoreValue value, std::string comment = {});
Evaluation broken(std::string evaluator, std::string message);

/// Reads `run.json` and `units.jsonl` of a golden case; tests/golden/reports/README.md says what
/// is in them.
StoredRun read_stored_run(const std::filesystem::path& folder);

}  // namespace assay::test
