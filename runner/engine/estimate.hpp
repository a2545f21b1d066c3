#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/engine/experiment.hpp"

namespace assay {

/// What a unit of a variant took on average in an earlier run.
struct UnitHistory {
    std::optional<double> input_tokens;
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
    /// By the judge's "provider:model", when every unit has an output, every reply can be used and
    /// no condition skips an evaluation. What is asked once for all variants counts in the first.
    std::map<std::string, std::uint64_t> judge_calls;
    std::uint64_t cached = 0;  ///< those of `calls` that the cache answers
    std::uint64_t unseen = 0;  ///< those that depend on what earlier steps answer; not in `cached`
    std::optional<std::uint64_t> estimated_input_tokens;  ///< of the calls that are not cached
    std::optional<std::uint64_t> estimated_output_tokens;
    std::optional<double> estimated_cost_usd;        ///< of the task
    std::optional<double> estimated_judge_cost_usd;  ///< 0 without judges
    std::optional<double> estimated_seconds;
};

/// Of each evaluator, whether it skips all units of the variant, whatever their outputs: it
/// compares the others with the variant, or needs an evaluator that does.
[[nodiscard]] std::vector<bool> skipped_evaluators(const Experiment& experiment,
                                                   std::string_view variant);

/// The models that tasks and judges call whose price is not known: a budget in money cannot see
/// them.
[[nodiscard]] std::vector<std::string> unpriced_models(const Experiment& experiment, Time at);

/// Looks at every unit of the plan: renders its prompts and asks the cache. Nothing is called.
///
/// Input tokens are taken as one for four bytes of the rendered prompt. Output tokens, cost and
/// time, and the input tokens where some prompt cannot be rendered yet, come from `history`
/// (variant -> unit) or, for cost, from the prices of the plan's day. What neither tells is
/// nothing.
/// @param cache  nullptr = none.
[[nodiscard]] Result<std::vector<VariantEstimate>> estimate_plan(
    const Experiment& experiment, const Plan& plan, ReplyCache* cache,
    const std::map<std::string, UnitHistory>& history);

}  // namespace assay
