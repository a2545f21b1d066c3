#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "runner/engine/experiment.hpp"
#include "server/store/store.hpp"

namespace assay {

/// The stored outputs that the evaluators of a run may compare with: its own of an execution
/// before, and those of the runs that they name.
class RunOutputs final : public StoredOutputs {
  public:
    /// Finds the runs that evaluators compare with, and notes in `run.manifest` what each meant;
    /// what a run has noted already holds.
    /// @param store  outlives what is made.
    /// @error invalid_argument when one is not there or has several variants and none is named.
    static Result<std::unique_ptr<RunOutputs>> open(const Experiment& experiment, RunRecord& run,
                                                    const Store& store);

    [[nodiscard]] Result<std::optional<Json>> output_of(const DatasetRunId& dataset_run,
                                                        std::uint64_t position,
                                                        int repetition) override;
    [[nodiscard]] Result<Json> output_of_run(const std::string& run, const std::string& item_id,
                                             int repetition) override;

    static constexpr const char* k_manifest_key = "compared_runs";

  private:
    /// A run that is compared with. Of its items only the places are kept: the same item may stand
    /// elsewhere there.
    struct Other {
        DatasetRunId dataset_run;
        int repetitions = 1;
        std::unordered_map<std::string, std::uint64_t> positions;
    };
    explicit RunOutputs(const Store& store) : store_(store) {}
    [[nodiscard]] Result<Json> add(const std::string& written, const Json& noted);

    const Store& store_;
    std::map<std::string, Other> others_;
};

}  // namespace assay
