// A calibration for people: in the terminal and as Markdown.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "runner/report/calibration.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/markdown.hpp"
#include "runner/report/matrix_text.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr std::size_t k_disagreements_shown = 10;
constexpr std::size_t k_disagreements_in_file = 50;
constexpr std::size_t k_name_columns = 30;
constexpr std::size_t k_value_columns = 10;
constexpr const char* k_corner = "people \\ judge";

std::string name_of(const std::string& figure) {
    if (figure == "accuracy") return "agreement (accuracy)";
    if (figure == "mean_absolute_error") return "mean absolute error";
    if (figure == "bias") return "bias (judge − people)";
    if (figure == "alpha") return "Krippendorff's alpha";
    if (figure == "pearson") return "correlation (Pearson)";
    if (figure == "spearman") return "rank correlation (Spearman)";
    if (figure.starts_with("recall.")) return "recall of " + figure.substr(7);
    return figure;
}

/// Those that say most come first.
std::vector<std::string> names_in_order(const Agreement& agreement) {
    std::vector<std::string> names;
    for (const char* const name : {"kappa", "pearson", "spearman", "accuracy", "sensitivity",
                                   "specificity", "alpha", "bias", "mean_absolute_error"}) {
        if (agreement.find(name) != nullptr) names.emplace_back(name);
    }
    for (const auto& [name, figure] : agreement.figures) {
        if (name.starts_with("recall.")) names.push_back(name);
    }
    return names;
}

std::string interval_of(const AgreementFigure& figure) {
    return figure.interval ? format_interval(*figure.interval) : "too few labels to say";
}

std::string title_of(const Calibration& calibration) {
    const CalibrationFacts& facts = calibration.facts;
    return fmt::format("{} ({}): how far it agrees with {}", facts.judge,
                       facts.model.empty() ? facts.type : facts.model,
                       format_some(calibration.whole.outputs, "label"));
}

/// What was not compared, in one sentence; or "".
std::string unjudged_note(const UnjudgedCounts& unjudged) {
    std::vector<std::string> causes;
    if (unjudged.errors > 0) {
        causes.push_back(fmt::format("the judge broke on {}", format_count(unjudged.errors)));
    }
    if (unjudged.skipped > 0) {
        causes.push_back(fmt::format("its `when` left out {}", format_count(unjudged.skipped)));
    }
    if (unjudged.no_output > 0) {
        causes.push_back(fmt::format("{} without an output", format_count(unjudged.no_output)));
    }
    const std::uint64_t count = unjudged.errors + unjudged.skipped + unjudged.no_output;
    if (count == 0) return {};
    return fmt::format("Not compared: {} ({}).", format_some(count, "label"),
                       fmt::join(causes, ", "));
}

/// The rows are in order, those that disagree first.
std::string disagreement_title(const Calibration& calibration, std::size_t most) {
    const std::uint64_t count = calibration.disagreements;
    if (count == 0) return "They disagree on nothing.";
    std::string title = fmt::format("They disagree on {} of {}", format_count(count),
                                    format_some(calibration.whole.outputs, "output"));
    return title + (count > most ? fmt::format(", of which these {}:", most) : ":");
}

std::string value_text(const ScoreValue& value) {
    if (const auto* const number = std::get_if<double>(&value)) return format_exact(*number);
    return as_text(to_json(value));
}

class TextWriter {
  public:
    TextWriter(const Calibration& calibration, std::size_t columns)
        : calibration_(calibration), columns_(columns) {}

    std::string write() {
        line(terminal_safe(title_of(calibration_)));
        line();
        for (const std::string& name : names_in_order(calibration_.whole)) write_figure(name);
        write_matrix();
        write_slices();
        write_disagreements();
        const std::string note = unjudged_note(calibration_.facts.unjudged);
        if (!note.empty()) line();
        wrapped(note);
        line();
        line("In brackets: 95 % intervals.");
        return std::move(text_);
    }

  private:
    void line(std::string_view content = {}) {
        text_ += fit_width(content, columns_);
        text_ += '\n';
    }

    void wrapped(const std::string& content) {
        for (const std::string& part : wrap(content, columns_)) line(part);
    }

    void write_figure(const std::string& name) {
        const AgreementFigure& figure = *calibration_.whole.find(name);
        line(pad_right(shorten(terminal_safe(name_of(name)), k_name_columns), k_name_columns) +
             pad_left(format_number(figure.value, 3), k_value_columns) + "  " +
             interval_of(figure));
    }

    void write_matrix() {
        if (!calibration_.whole.matrix) return;
        const auto lines = matrix_lines(*calibration_.whole.matrix, columns_, k_corner);
        if (!lines.empty()) line();
        for (const std::string& each : lines) line(each);
    }

    void write_slices() {
        std::string path;
        for (const SliceAgreement& slice : calibration_.slices) {
            if (slice.path != path) {
                line();
                line("By " + terminal_safe(slice.path));
            }
            path = slice.path;
            write_slice(slice);
        }
    }

    void write_slice(const SliceAgreement& slice) {
        std::string text = "  " +
                           pad_right(shorten(terminal_safe(slice.value), k_name_columns - 10),
                                     k_name_columns - 10) +
                           pad_left(format_some(slice.agreement.outputs, "label"), 14);
        for (const char* const name : {"kappa", "pearson"}) {
            const AgreementFigure* const figure = slice.agreement.find(name);
            if (figure == nullptr) continue;
            text += fmt::format("  {} {} {}", name, format_number(figure->value, 3),
                                interval_of(*figure));
        }
        line(text);
    }

    void write_disagreements() {
        line();
        line(disagreement_title(calibration_, k_disagreements_shown));
        for (const LabelledOutput& output : calibration_.outputs) {
            if (agree(output) || ++shown_ > k_disagreements_shown) return;
            const std::string comment =
                output.comment.empty() ? "" : ": " + terminal_safe(output.comment);
            line(fmt::format("  {}  people {}, judge {}{}",
                             shorten(terminal_safe(output.item_id), k_name_columns),
                             fit_width(terminal_safe(value_text(output.label)), k_name_columns),
                             fit_width(terminal_safe(value_text(output.judged)), k_name_columns),
                             comment));
        }
    }

    const Calibration& calibration_;
    std::size_t columns_;
    std::size_t shown_ = 0;
    std::string text_;
};

std::string markdown_matrix(const ConfusionMatrix& matrix) {
    std::vector<std::string> header = {"people \\\\ judge"};
    for (const std::string& label : matrix.labels) header.push_back(markdown_text(label));
    MarkdownTable table(header);
    for (std::size_t i = 0; i < matrix.labels.size(); ++i) {
        std::vector<std::string> cells = {markdown_text(matrix.labels[i])};
        for (const std::uint64_t count : matrix.counts[i]) cells.push_back(format_count(count));
        table.add(cells);
    }
    return table.text();
}

std::string markdown_figures(const Agreement& agreement) {
    MarkdownTable table({"", "value", "95 % interval"});
    for (const std::string& name : names_in_order(agreement)) {
        const AgreementFigure& figure = *agreement.find(name);
        table.add(
            {markdown_text(name_of(name)), format_number(figure.value, 3), interval_of(figure)});
    }
    return table.text();
}

std::string markdown_disagreements(const Calibration& calibration) {
    std::string text = disagreement_title(calibration, k_disagreements_in_file) + "\n\n";
    if (calibration.disagreements == 0) return text;
    MarkdownTable table({"item", "people", "judge", "why"}, MarkdownTable::Cells::texts);
    std::size_t shown = 0;
    for (const LabelledOutput& output : calibration.outputs) {
        if (agree(output) || ++shown > k_disagreements_in_file) break;
        table.add({markdown_code(output.item_id, Within::table),
                   markdown_code(value_text(output.label), Within::table),
                   markdown_code(value_text(output.judged), Within::table),
                   markdown_text(output.comment)});
    }
    return text + table.text();
}

}  // namespace

std::string calibration_to_text(const Calibration& calibration, std::size_t columns) {
    constexpr std::size_t k_columns_min = 40;
    return TextWriter(calibration, std::max(columns, k_columns_min)).write();
}

std::string calibration_to_markdown(const Calibration& calibration) {
    std::string text = "## " + markdown_text(title_of(calibration)) + "\n\n";
    text += markdown_figures(calibration.whole);
    if (calibration.whole.matrix) text += markdown_matrix(*calibration.whole.matrix);
    for (const SliceAgreement& slice : calibration.slices) {
        text +=
            fmt::format("### {} {}, {}\n\n", markdown_text(slice.path), markdown_code(slice.value),
                        format_some(slice.agreement.outputs, "label"));
        text += markdown_figures(slice.agreement);
    }
    text += markdown_disagreements(calibration);
    const std::string note = unjudged_note(calibration.facts.unjudged);
    return note.empty() ? text : text + markdown_text(note) + "\n";
}

}  // namespace assay
