#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "configs/spec.hpp"
#include "core/base/clock.hpp"
#include "core/base/random.hpp"
#include "core/model/unit.hpp"
#include "judges/provider.hpp"

namespace assay {

/// What a task needs to know of the unit it runs for.
struct UnitContext {
    const DatasetItem& item;
    const std::string& variant;
    int repetition = 0;
    Deadline deadline;  ///< of the unit, with all its attempts
    const Clock& clock;
    Rng& rng;                               ///< for jitter
    std::chrono::milliseconds retry_delay;  ///< before the first retry
};

/// What a task gave: an output or an error, and in both cases what happened on the way.
struct TaskOutcome {
    Json output;
    std::string error;  ///< "" when there is an output
    bool cancelled = false;
    std::vector<Observation> observations;
    std::chrono::nanoseconds latency{0};
    UsageDetails usage;
    std::optional<NanoUsd> cost;
    int calls = 0;
    int retries = 0;
    std::string log;
};

/// What is under test: something that turns an item into an output.
class UnitTask {
  public:
    virtual ~UnitTask() = default;
    [[nodiscard]] virtual boost::asio::awaitable<TaskOutcome> run(UnitContext unit) const = 0;
    /// Hash of all that can change the answer besides the item.
    [[nodiscard]] virtual const std::string& fingerprint() const = 0;
    /// What of the row, besides the item, can change the answer.
    [[nodiscard]] virtual std::string row_fingerprint(const DatasetItem& /*item*/) const {
        return {};
    }
    /// "" when the item has what the task needs, else what is missing: checked before any call.
    [[nodiscard]] virtual std::string check(const DatasetItem& /*item*/) const { return {}; }
};

/// Outputs that are already in the row.
[[nodiscard]] std::unique_ptr<UnitTask> make_recorded_task(const TaskSpec& spec);
/// A model, a program or a service. `provider` is shared by the variants that use the same one.
[[nodiscard]] std::unique_ptr<UnitTask> make_provider_task(TaskSpec spec,
                                                           std::shared_ptr<Provider> provider,
                                                           int retries);

/// The messages of a prompt for one item.
/// @error invalid_argument naming the variable or placeholder that the item does not have.
[[nodiscard]] Result<std::vector<ChatMessage>> render_prompt(const PromptSpec& prompt,
                                                             const DatasetItem& item);

}  // namespace assay
