#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/spec.hpp"
#include "core/base/clock.hpp"
#include "core/model/unit.hpp"
#include "judges/calls/caller.hpp"
#include "runner/engine/prompt.hpp"

namespace assay {

/// What a task needs to know of the unit it runs for.
struct UnitContext {
    const DatasetItem& item;
    const std::string& variant;
    int repetition = 0;
    Deadline deadline;  ///< of the unit, with all its attempts
    const Clock& clock;
    Caller& caller;
    const Json* steps = nullptr;     ///< {"ID": {"output": ...}} of the steps before, if any
    std::string_view step = "task";  ///< the name of its observation
};

/// What a request is made from.
struct TaskInput {
    const DatasetItem& item;
    const std::string& variant;
    int repetition = 0;
    const Json* steps = nullptr;  ///< as in UnitContext
};

/// One call that a task will make, as far as it is known before.
struct PlannedCall {
    const CallTarget* target = nullptr;      ///< as long-lived as the task
    std::optional<ProviderRequest> request;  ///< nothing: it depends on what steps before answer
};

/// What a task gave: an output or an error, and in both cases what happened on the way.
struct TaskOutcome {
    Json output;
    std::string error;  ///< "" when there is an output
    bool cancelled = false;
    bool over_budget = false;  ///< it was not done, for the budget has no room left
    std::vector<Observation> observations;
    std::chrono::nanoseconds latency{0};
    UsageDetails usage;
    std::optional<NanoUsd> cost;  ///< of the answer
    std::optional<NanoUsd> paid;  ///< 0 when the answer came from the cache
    int calls = 0;
    int retries = 0;
    int cached = 0;
    std::optional<std::chrono::nanoseconds> time_to_first_token;
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
    /// The calls that the item will need, retries aside.
    [[nodiscard]] virtual std::vector<PlannedCall> calls(const TaskInput& /*input*/) const {
        return {};
    }
    /// The output, when the row holds it already.
    [[nodiscard]] virtual std::optional<Json> known_output(const DatasetItem& /*item*/) const {
        return std::nullopt;
    }
    /// "" when the item has what the task needs, else what is missing: checked before any call.
    [[nodiscard]] virtual std::string check(const DatasetItem& /*item*/) const { return {}; }
};

/// Outputs that are already in the row.
[[nodiscard]] std::unique_ptr<UnitTask> make_recorded_task(const TaskSpec& spec);
/// Who answers for a task.
struct TaskProvider {
    std::shared_ptr<Provider> provider;        // shared by the tasks that call the same one
    const ConnectionPrices* prices = nullptr;  ///< outlives the task; as in CallTarget
    int retries = limits::k_retries_default;
};
/// A model, a program or a service.
/// @error invalid_argument for a `response_schema` that is none.
[[nodiscard]] Result<std::unique_ptr<UnitTask>> make_provider_task(TaskSpec spec,
                                                                   TaskProvider answers);

/// What templates of a task can reach.
[[nodiscard]] TemplateScope scope_of(const DatasetItem& item, const Json* steps = nullptr);
/// Hash of all that the spec says of a task of any form but `steps`.
[[nodiscard]] std::string fingerprint_of(const TaskSpec& spec);

}  // namespace assay
