#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runner/engine/experiment.hpp"

namespace assay {

/// What a unit of a variant took on average in an earlier run.
struct UnitHistory {
    std::optional<double> output_tokens;
    std::optional<double> cost_usd;
    std::optional<double> judge_cost_usd;
    std::optional<double> latency_ms;
};

/// What one variant of a plan will call. What is not exact says so in its name.
struct VariantEstimate {
    std::string name;
    std::uint64_t units = 0;
    std::map<std::string, std::uint64_t> calls;  ///< by "provider:model", retries aside
    std::uint64_t model_calls = 0;               ///< those of `calls` that use tokens
    /// By the judge's "provider:model", when every reply can be used and no condition skips an
    /// evaluation. What is asked once for all variants counts in the first.
    std::map<std::string, std::uint64_t> judge_calls;
    std::uint64_t cached = 0;  ///< those of `calls` that the cache answers
    std::uint64_t unseen =
        0;  ///< those that depend on earlier steps: not in the tokens, not cached
    std::uint64_t estimated_input_tokens = 0;  ///< of the calls that are not cached
    std::optional<std::uint64_t> estimated_output_tokens;
    std::optional<double> estimated_cost_usd;        ///< of the task
    std::optional<double> estimated_judge_cost_usd;  ///< 0 without judges
    std::optional<double> estimated_seconds;
};

/// The models that tasks and judges call whose price is not known: a budget in money cannot see
/// them.
[[nodiscard]] std::vector<std::string> unpriced_models(const Experiment& experiment, Time at);

/// Looks at every unit of the plan: renders its prompts and asks the cache. Nothing is called.
///
/// Input tokens are taken as one for four bytes of the rendered prompt; output tokens, cost and
/// time come from `history` (variant -> unit) or, for cost, from the prices of the plan's day. What
/// neither tells is nothing.
/// @param cache  nullptr = none.
[[nodiscard]] Result<std::vector<VariantEstimate>> estimate_plan(
    const Experiment& experiment, const Plan& plan, ReplyCache* cache,
    const std::map<std::string, UnitHistory>& history);

}  // namespace assay
