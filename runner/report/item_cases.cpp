#include "runner/report/item_cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/text.hpp"
#include "runner/report/repetition_fold.hpp"

namespace assay {
namespace {

constexpr std::size_t k_detail_columns = 1000;

class CaseFolder {
  public:
    explicit CaseFolder(const ReportPlan& plan) : plan_(plan) {}

    [[nodiscard]] bool holds_item_of(const UnitResult& unit) const {
        return item_ == unit.item.id && case_.variant == unit.variant;
    }
    [[nodiscard]] bool is_empty() const { return !item_; }

    void add(const UnitResult& unit) {
        item_ = unit.item.id;
        case_.variant = unit.variant;
        case_.item_id = unit.item.id.value();
        case_.seconds += std::chrono::duration<double>(unit.latency).count();
        if (unit.status == UnitStatus::skipped) return;
        was_run_ = true;
        const std::size_t before = case_.details.size();
        if (unit.status == UnitStatus::failed) note(CaseOutcome::error, unit.error);
        for (const Evaluation& evaluation : unit.evaluations) add(evaluation);
        if (case_.details.size() > before) describe(unit);
    }

    /// The case of the item so far; the next unit begins a new one.
    [[nodiscard]] ItemCase take() {
        if (!was_run_) {
            case_.outcome = CaseOutcome::skipped;
            case_.message = "was not run";
        }
        case_.scores = std::exchange(scores_, {}).texts();
        ItemCase taken = std::exchange(case_, {});
        item_.reset();
        was_run_ = false;
        return taken;
    }

  private:
    void add(const Evaluation& evaluation) {
        if (evaluation.status == EvaluationStatus::error) {
            note(CaseOutcome::error,
                 fmt::format("{} broke: {}", evaluation.evaluator, evaluation.message));
        }
        scores_.add(evaluation);
        for (const Score& score : evaluation.scores) {
            const bool* flag = std::get_if<bool>(&score.value);
            if (flag == nullptr || *flag || !is_check(score.name)) continue;
            note(CaseOutcome::failure, score.comment.empty()
                                           ? score.name + " is false"
                                           : score.name + " is false: " + score.comment);
        }
    }

    /// The first failure decides the case, else the first error.
    void note(CaseOutcome outcome, const std::string& message) {
        const bool decides =
            case_.outcome == CaseOutcome::passed ||
            (case_.outcome == CaseOutcome::error && outcome == CaseOutcome::failure);
        if (decides) {
            case_.outcome = outcome;
            case_.message = message;
        }
        case_.details.push_back(message);
    }

    void describe(const UnitResult& unit) {
        const auto shown = [](const Json& value) {
            std::string text = as_text(value);
            // An output may have megabytes; a character has at most four bytes.
            if (text.size() > 5 * k_detail_columns) text.resize(5 * k_detail_columns);
            return fit_width(text, k_detail_columns);
        };
        case_.details.push_back(fmt::format("  repetition: {}", unit.repetition));
        case_.details.push_back("  input: " + shown(unit.item.input));
        case_.details.push_back("  expected_output: " + shown(unit.item.expected_output));
        case_.details.push_back("  output: " + shown(unit.output));
        case_.details.push_back("  trace_id: " + unit.trace_id.value());
    }

    [[nodiscard]] bool is_check(const std::string& score) const {
        return std::ranges::any_of(plan_.scores, [&](const ScoreColumn& column) {
            return column.check && column.name == score;
        });
    }

    const ReportPlan& plan_;
    std::optional<DatasetItemId> item_;
    ItemCase case_;
    RepetitionFold scores_;
    bool was_run_ = false;
};

}  // namespace

Result<void> for_each_case(const UnitStream& units, const ReportPlan& plan,
                           const std::function<Result<void>(const ItemCase&)>& visit) {
    CaseFolder folder(plan);
    ASSAY_CHECK(units([&](const UnitResult& unit) -> Result<void> {
        if (!folder.is_empty() && !folder.holds_item_of(unit)) ASSAY_CHECK(visit(folder.take()));
        folder.add(unit);
        return {};
    }));
    return folder.is_empty() ? Result<void>() : visit(folder.take());
}

}  // namespace assay
