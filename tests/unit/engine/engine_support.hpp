#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "runner/engine/experiment.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

/// A journal in memory that can be told to fail.
class MemoryJournal final : public RunJournal {
  public:
    Result<void> begin(const RunRecord& run) override;
    Result<JournalState> resume(const RunRecord& run) override;
    Result<void> commit(const RunId& run, std::span<const UnitResult> units,
                        Durability durability) override;
    Result<void> finish(const RunRecord& run) override;

    std::optional<RunRecord> begun;
    std::optional<RunRecord> finished;
    std::vector<UnitResult> units;  ///< of all runs, as they were committed
    std::size_t groups = 0;
    std::optional<std::size_t> fail_after_units;  ///< then every commit is "disk full"
};

/// A provider that answers with what a function says.
class FunctionProvider final : public Provider {
  public:
    using Answer = std::function<Result<ProviderReply>(const ProviderRequest&)>;
    explicit FunctionProvider(Answer answer) : answer_(std::move(answer)) {}
    Task<ProviderReply> call(ProviderRequest request, Deadline deadline) override;

    int calls = 0;

  private:
    Answer answer_;
};

/// A folder with a spec and its dataset, and the way from there to a bound experiment.
class SpecFolder {
  public:
    /// Writes spec.yaml; `files` are name -> content.
    SpecFolder(std::string_view spec, const std::map<std::string, std::string>& files);

    /// Fails the test when the spec has a mistake.
    [[nodiscard]] Experiment bind() const;
    /// The mistakes of loading, binding and planning, as they would be printed, without the folder.
    [[nodiscard]] std::string mistakes() const;
    [[nodiscard]] Plan plan(const Experiment& experiment, PlanOptions options = {}) const;

    TemporaryFolder folder;
};

/// make_provider_task() of a spec that has nothing wrong.
[[nodiscard]] std::unique_ptr<UnitTask> task_of(TaskSpec spec, TaskProvider answers);
/// Puts `provider` under every variant of the experiment.
void use_provider(Experiment& experiment, std::shared_ptr<Provider> provider, int retries = 2);

}  // namespace assay::test
