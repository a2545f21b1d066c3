#include "runner/cli/judge_selection.hpp"

#include <fmt/format.h>

#include "core/base/diagnostic.hpp"

namespace assay {
namespace {

/// Whether it asks a model something in words: an embedding is no question.
bool asks(const BoundEvaluator& evaluator) {
    if (evaluator.waiting() == nullptr || evaluator.waiting()->models().empty()) return false;
    const auto questions = evaluator.waiting()->preview({});
    return !questions || !questions->is_null();
}

}  // namespace

Result<std::vector<const BoundEvaluator*>> judges_of(const Experiment& experiment,
                                                     const std::string& name) {
    std::vector<const BoundEvaluator*> judges;
    std::vector<std::string> names;
    for (const BoundEvaluator& evaluator : experiment.evaluators) {
        if (!asks(evaluator)) continue;
        names.push_back(evaluator.name());
        if (name.empty() || evaluator.name() == name) judges.push_back(&evaluator);
    }
    if (!judges.empty()) return judges;
    if (names.empty()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} has no judge: no evaluator of it asks a model",
                                   experiment.spec.file.string()));
    }
    return failure(ErrorCode::not_found,
                   fmt::format("the spec has no judge \"{}\"{}", name, did_you_mean(name, names)));
}

}  // namespace assay
