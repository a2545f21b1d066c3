#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/limits.hpp"
#include "evaluators/evaluation.hpp"
#include "evaluators/lru_cache.hpp"

namespace assay {

/// The texts of an entry that may hold `{{…}}`, and what is made of them.
struct EvaluatorTexts {
    Json parameters;
    std::optional<std::string> extract;
    std::optional<std::string> expected_extract;
};

struct EvaluatorInstance {
    std::unique_ptr<Evaluator> evaluator;
    std::optional<Regex> extract;
    std::optional<Regex> expected_extract;
};

/// One of those texts with variables: it is rendered for each unit.
struct RenderedText {
    TextTemplate text;
    std::string parameter;  ///< the parameter it belongs to, or ...
    std::optional<std::string> EvaluatorTexts::* expression = nullptr;  ///< ... the expression
};

/// What bind() makes of an entry (evaluation_bind.cpp) and evaluate() works with (evaluation.cpp).
struct BoundEvaluator::State {
    const EvaluatorDefinition* definition = nullptr;
    std::string name;
    std::string hash;
    std::vector<std::string> variables;
    std::vector<DeclaredScore> scores;  ///< with their names
    bool needs_expected = true;
    std::vector<std::string> needs;
    std::string when;

    // What is judged, and against what.
    bool on_input = false;
    std::string on_step;           ///< the step whose output it is, "" = none
    bool uses_steps = false;       ///< some template reaches into their outputs
    std::optional<JsonPath> path;  ///< into the output
    std::optional<Json> value;     ///< the same expected value for every unit
    std::optional<TextTemplate> value_template;
    bool strip = false;

    // What becomes of the result.
    bool invert = false;
    bool is_check = false;
    std::optional<double> threshold;

    std::unique_ptr<AsyncEvaluator> waiting;  ///< of a definition that waits
    /// Names for its templates, and what they stand for in {"input", "output", ...}.
    std::vector<std::pair<std::string, JsonPath>> mapping;
    std::vector<TextTemplate> of_item;  ///< a variable each that the item alone must have

    EvaluatorTexts texts;
    std::vector<RenderedText> rendered;
    /// When no text depends on the unit; else there is one instance for each rendering.
    std::optional<EvaluatorInstance> fixed;
    /// Shared by the cache and by the threads that evaluate with what it has let go of.
    using Shared = std::shared_ptr<const EvaluatorInstance>;
    mutable LruCache<Shared> instances{limits::k_evaluator_renderings_max};
};

/// @error invalid_argument: a parameter that the definition refuses, or a bad expression.
[[nodiscard]] Result<EvaluatorInstance> make_instance(const EvaluatorDefinition& definition,
                                                      const EvaluatorTexts& texts);

}  // namespace assay
