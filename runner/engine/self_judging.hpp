#pragma once

#include <span>
#include <string>
#include <vector>

#include "configs/spec.hpp"
#include "evaluators/evaluation.hpp"

namespace assay {

/// A judge that is a model under test: a model tends to prefer its own answers.
/// Source: Panickssery, Bowman & Feng, LLM Evaluators Recognize and Favor Their Own Generations,
/// NeurIPS 2024.
struct SelfJudged {
    std::string evaluator;
    std::string model;                  ///< "openai:gpt-4.1"
    std::vector<std::string> variants;  ///< whose task, or a step of it, asks that model
};

/// @param variants  of the spec, those that are run.
[[nodiscard]] std::vector<SelfJudged> judged_by_themselves(const ExperimentSpec& spec,
                                                           const BoundEvaluator& evaluator,
                                                           std::span<const std::string> variants);

/// The same of all evaluators that were not told whether they may, for the manifest: a list of
/// {"evaluator", "model", "variants"}.
[[nodiscard]] Json describe_self_judging(const ExperimentSpec& spec,
                                         std::span<const BoundEvaluator> evaluators,
                                         std::span<const std::string> variants);

}  // namespace assay
