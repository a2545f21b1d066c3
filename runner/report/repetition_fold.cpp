#include "runner/report/repetition_fold.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/json.hpp"
#include "core/stats/summary.hpp"

namespace assay {
namespace {

bool is_category(const ScoreValue& value) { return std::holds_alternative<std::string>(value); }

}  // namespace

void RepetitionFold::add(const Evaluation& evaluation) {
    for (const Score& score : evaluation.scores) fold_of(score.name).values.push_back(score.value);
}

std::vector<std::pair<std::string, std::string>> RepetitionFold::texts() const {
    std::vector<std::pair<std::string, std::string>> texts;
    for (const FoldedScore& score : scores_) texts.emplace_back(score.name, text_of(score));
    return texts;
}

std::string RepetitionFold::text_of(const FoldedScore& score) {
    const bool has_category = std::ranges::any_of(score.values, is_category);
    if (score.values.size() == 1 || has_category) {
        std::vector<std::string> texts;
        for (const ScoreValue& value : score.values) texts.push_back(as_text(to_json(value)));
        return fmt::format("{}", fmt::join(texts, ", "));
    }
    std::vector<double> numbers;
    for (const ScoreValue& value : score.values) numbers.push_back(as_number(value));
    const auto middle = mean(numbers);
    const auto spread = sample_stddev(numbers);
    if (!middle) return "not a number";
    return spread ? fmt::format("{:.6g} ± {:.6g}", *middle, *spread)
                  : fmt::format("{:.6g}", *middle);
}

RepetitionFold::FoldedScore& RepetitionFold::fold_of(const std::string& name) {
    const auto found = std::ranges::find(scores_, name, &FoldedScore::name);
    if (found != scores_.end()) return *found;
    return scores_.emplace_back(FoldedScore{.name = name, .values = {}});
}

}  // namespace assay
