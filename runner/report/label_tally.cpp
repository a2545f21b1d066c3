#include "runner/report/label_tally.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/run_evaluators.hpp"

namespace assay {

std::string LabelRule::label_of(std::string_view text) const {
    if (strip) text = trim(text);
    std::string label = ignore_case ? fold_case(text) : std::string(text);
    if (label.size() <= limits::k_run_label_bytes_max) return label;
    return to_valid_utf8(std::string_view(label).substr(0, limits::k_run_label_bytes_max)) + "… " +
           sha256_hex(label, 16);
}

LabelRule label_rule_of(const RunEvaluator& evaluator) {
    return {.predicted = text_or(evaluator, "predicted", "output"),
            .ignore_case = flag_of(evaluator, "ignore_case"),
            .strip = flag_of(evaluator, "strip")};
}

void LabelTally::add(const UnitResult& unit) {
    if (unit.status == UnitStatus::skipped) return;
    if (unit.status == UnitStatus::failed) {
        ++failed_;
        return;
    }
    std::optional<std::string> predicted = predicted_of(unit);
    if (!predicted) {
        ++without_score_;
    } else if (unit.item.expected_output.is_null()) {
        ++without_expected_;
    } else {
        std::string scratch;
        count(rule_.label_of(as_text(unit.item.expected_output, scratch)), std::move(*predicted));
    }
}

std::optional<std::string> LabelTally::predicted_of(const UnitResult& unit) {
    std::string scratch;
    if (rule_.predicted == "output") return rule_.label_of(as_text(unit.output, scratch));
    const Score* const score = find_score(unit, rule_.predicted);
    if (score == nullptr) return std::nullopt;
    if (data_type_of(score->value) == ScoreDataType::numeric) {
        give_up(ErrorCode::invalid_argument,
                fmt::format("the score {} is NUMERIC and no label", rule_.predicted));
    }
    return rule_.label_of(as_text(to_json(score->value), scratch));
}

void LabelTally::count(std::string expected, std::string predicted) {
    ++counted_;
    if (failure_) return;
    predicted_.insert(predicted);
    ++counts_[std::move(expected)][std::move(predicted)];
    const bool of_predicted = predicted_.size() > limits::k_run_labels_max;
    if (!of_predicted && counts_.size() <= limits::k_run_labels_max) return;
    give_up(ErrorCode::resource_exhausted,
            fmt::format("there are more than {} different {} labels; this is for answers of a few "
                        "fixed kinds{}",
                        limits::k_run_labels_max, of_predicted ? "predicted" : "expected",
                        of_predicted && rule_.predicted == "output"
                            ? ", and `predicted` may name a score that tells the kind"
                            : ""));
}

void LabelTally::give_up(ErrorCode code, std::string why) {
    if (!failure_) failure_ = Error{code, std::move(why)};
    counts_.clear();
    predicted_.clear();
}

Result<ConfusionMatrix> LabelTally::matrix(std::uint64_t planned) const {
    if (failure_) return std::unexpected(*failure_);
    if (counted_ == 0) {
        return failure(
            ErrorCode::invalid_argument,
            planned == 0 ? "no units were planned" : "no unit has both labels: " + causes(planned));
    }
    std::set<std::string> labels = predicted_;
    for (const auto& [expected, row] : counts_) labels.insert(expected);
    ConfusionMatrix matrix{.labels = {labels.begin(), labels.end()}, .counts = {}};
    for (const std::string& expected : matrix.labels) {
        std::vector<std::uint64_t>& row = matrix.counts.emplace_back(matrix.labels.size());
        const auto known = counts_.find(expected);
        if (known == counts_.end()) continue;
        for (const auto& [predicted, count] : known->second) {
            const auto at = std::ranges::lower_bound(matrix.labels, predicted);
            row[static_cast<std::size_t>(at - matrix.labels.begin())] = count;
        }
    }
    return matrix;
}

std::string LabelTally::left_out(std::uint64_t planned) const {
    if (counted_ == 0 || counted_ == planned) return {};
    return fmt::format("over {} of {}: {}", format_count(counted_), format_some(planned, "unit"),
                       causes(planned));
}

std::string LabelTally::causes(std::uint64_t planned) const {
    const std::uint64_t run = counted_ + failed_ + without_score_ + without_expected_;
    std::vector<std::string> causes;
    const auto add_cause = [&](std::uint64_t count, std::string_view what) {
        if (count > 0) causes.push_back(fmt::format("{} {}", format_count(count), what));
    };
    add_cause(failed_, "failed");
    add_cause(planned - run, "not run");
    add_cause(without_score_, "without the score " + rule_.predicted);
    add_cause(without_expected_, "without an expected output");
    return fmt::format("{}", fmt::join(causes, ", "));
}

}  // namespace assay
