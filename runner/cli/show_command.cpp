#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/deleted_content.hpp"
#include "runner/cli/open_run.hpp"
#include "runner/cli/score_history.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/repetition_fold.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

/// Why a failing unit fails, in one line.
std::string reason_of(const UnitResult& unit) {
    if (unit.status == UnitStatus::failed) return unit.error;
    std::string falses;
    for (const Evaluation& evaluation : unit.evaluations) {
        if (evaluation.status == EvaluationStatus::error) {
            return fmt::format("{} broke: {}", evaluation.evaluator, evaluation.message);
        }
        for (const Score& score : evaluation.scores) {
            if (score.value != ScoreValue(false)) continue;
            falses += fmt::format("{}{} is false", falses.empty() ? "" : ", ", score.name);
            if (!score.comment.empty()) falses += fmt::format(" ({})", score.comment);
        }
    }
    return falses;
}

/// A label and what is beside it.
struct Field {
    std::string label;
    Json value;
};

/// Aligned, however long their labels are.
void print_fields(const std::vector<Field>& fields) {
    std::size_t columns = k_label_columns;
    for (const Field& field : fields) {
        columns = std::max(columns, display_width(terminal_safe(field.label)));
    }
    for (const Field& field : fields) print_field(field.label, field.value, columns);
}

/// "false  (expected \"Paris\")"
std::string in_words(const Score& score) {
    std::string text = as_text(to_json(score.value));
    if (!score.comment.empty()) text += fmt::format("  ({})", score.comment);
    return text;
}

void add_evaluation(std::vector<Field>& fields, const Evaluation& evaluation) {
    if (evaluation.status != EvaluationStatus::scored) {
        fields.push_back({evaluation.evaluator,
                          fmt::format("{}: {}", to_string(evaluation.status), evaluation.message)});
    }
    for (const Score& score : evaluation.scores) fields.push_back({score.name, in_words(score)});
}

/// @param past  the values that its scores had before.
void print_unit(const UnitResult& unit, const std::vector<PastScore>& past, int repetitions) {
    std::string title = fmt::format("{} · {}", unit.variant, to_string(unit.status));
    if (repetitions > 1) title += fmt::format(" · repetition {}", unit.repetition + 1);
    print_out(fmt::format("\n{}\n", terminal_safe(title)));
    std::vector<Field> fields;
    if (unit.status == UnitStatus::failed) {
        fields.push_back({"error", unit.error});
    } else {
        fields.push_back({"output", unit.output});
    }
    for (const Evaluation& evaluation : unit.evaluations) add_evaluation(fields, evaluation);
    for (const auto& [stored, evaluator_hash, replaced] : past) {
        fields.push_back({stored.score.name, fmt::format("until {}: {}", to_rfc3339(replaced),
                                                         in_words(stored.score))});
    }
    if (unit.latency.count() > 0) {
        fields.push_back({"latency", fmt::format("{:.1f} ms", to_ms(unit.latency))});
    }
    if (unit.cost && *unit.cost > 0) {
        fields.push_back({"cost", fmt::format("${:.6f}", to_usd(*unit.cost))});
    }
    if (!unit.log.empty()) fields.push_back({"log", unit.log});
    fields.push_back({"trace", unit.trace_id.value()});
    print_fields(fields);
}

/// The repetitions of one variant together; a single one says nothing more than itself.
class RepetitionSummaries {
  public:
    void add(const UnitResult& unit) {
        if (unit.variant != variant_) print();
        variant_ = unit.variant;
        ++units_;
        for (const Evaluation& evaluation : unit.evaluations) scores_.add(evaluation);
    }
    /// The variant that ended, if it had several units.
    void print() {
        const auto scores = std::exchange(scores_, {}).texts();
        const int units = std::exchange(units_, 0);
        if (units < 2 || scores.empty()) return;
        print_out(fmt::format("\n{} · all {} repetitions: mean ± standard deviation\n",
                              terminal_safe(variant_), units));
        std::vector<Field> fields;
        for (const auto& [name, text] : scores) fields.push_back({name, text});
        print_fields(fields);
    }

  private:
    std::string variant_;
    int units_ = 0;
    RepetitionFold scores_;
};

/// The same keys as a line of items.jsonl, and an `id` as every list of ours has.
OrderedJson listed(const UnitResult& unit) {
    OrderedJson entry;
    entry["id"] = unit.trace_id.value();
    entry.update(unit_to_json(unit));
    return entry;
}

std::string no_item(const std::string& item, const std::vector<std::string>& known) {
    return fmt::format("the run has no item \"{}\"{}", item, did_you_mean(item, known));
}

Result<ExitCode> show_item(const OpenRun& open, const ShowArguments& arguments) {
    OrderedJson list = OrderedJson::array();
    std::vector<std::string> known;
    RepetitionSummaries repetitions;
    ASSAY_CHECK(open.store->for_each_unit(open.run, [&](const UnitResult& unit) -> Result<void> {
        if (unit.item.id.value() != arguments.item) {
            if (known.size() < 1000) known.push_back(unit.item.id.value());
            return {};
        }
        const bool first = list.empty();
        ASSAY_TRY(const auto past, open.store->score_history(unit.trace_id));
        list.push_back(listed(unit));
        OrderedJson& past_scores = list.back()["past_scores"] = OrderedJson::array();
        for (const PastScore& score : past) past_scores.push_back(past_score_to_json(score));
        if (arguments.json) return {};
        if (first) {
            print_out(fmt::format("item {}\n", terminal_safe(unit.item.id.value())));
            if (is_content_deleted(unit.item)) {
                print_field("input", "(deleted from the dataset after the run)");
            } else {
                print_field("input", unit.item.input);
                print_field("expected", unit.item.expected_output);
            }
            if (!unit.item.metadata.is_null()) print_field("metadata", unit.item.metadata);
        }
        repetitions.add(unit);  // may print what comes before the unit
        print_unit(unit, past, open.run.repetitions);
        return {};
    }));
    repetitions.print();
    if (list.empty()) return failure(ErrorCode::not_found, no_item(arguments.item, known));
    if (arguments.json) print_out(to_pretty_text(list));
    return ExitCode::ok;
}

Result<ExitCode> show_failed(const OpenRun& open, const ShowArguments& arguments,
                             const Console& console) {
    OrderedJson list = OrderedJson::array();
    ASSAY_CHECK(open.store->for_each_unit(open.run, [&](const UnitResult& unit) -> Result<void> {
        if (!is_failing(unit)) return {};
        list.push_back(listed(unit));
        if (arguments.json) return {};
        const std::string line = fmt::format("{}  {}  {}  {}", unit.item.id.value(), unit.variant,
                                             to_string(unit.status), reason_of(unit));
        print_out(fit_width(terminal_safe(line), console.columns) + "\n");
        return {};
    }));
    if (arguments.json) {
        print_out(to_pretty_text(list));
    } else if (list.empty()) {
        print_out("No unit failed, is unscored or has a false score.\n");
    } else {
        print_out(fmt::format("{}. Look closer: assay show {} --item ID{}\n",
                              format_some(list.size(), "unit"), open.run.id.value(),
                              arguments.store_option()));
    }
    return ExitCode::ok;
}

Result<ExitCode> show_run(const ShowArguments& arguments, const Console& console) {
    ASSAY_TRY(const OpenRun open, open_run(arguments.store, arguments.run));
    if (!arguments.item.empty()) return show_item(open, arguments);
    if (arguments.failed) return show_failed(open, arguments, console);
    if (arguments.history) return show_history(open, arguments, console);
    ASSAY_TRY(const Report report, open.report());
    if (arguments.json) {
        OrderedJson entry;
        entry["id"] = open.run.id.value();
        entry.update(report_to_json(report));
        print_out(to_pretty_text(OrderedJson::array({entry})));
    } else {
        print_out(report_to_table(report, {.columns = console.columns,
                                           .color = console.color,
                                           .store_option = arguments.store_option()}));
    }
    return ExitCode::ok;
}

}  // namespace

ExitCode show_command(const ShowArguments& arguments, const Console& console) {
    return end_with(show_run(arguments, console));
}

}  // namespace assay
