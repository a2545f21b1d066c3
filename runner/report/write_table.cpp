#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <utility>

#include "core/base/text.hpp"
#include "runner/report/comparison_text.hpp"
#include "runner/report/corrected.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/judge_warnings.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/matrix_text.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/verdicts.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

constexpr const char* k_no_value = "–";
constexpr std::size_t k_verdicts_apart = 4;  ///< more passes of one gate share a line
constexpr std::size_t k_notes_shown = 8;
constexpr std::size_t k_matrices_shown = 4;  ///< of more variants, files show them
constexpr std::size_t k_word_columns = 11;
constexpr std::size_t k_columns_min = 20;

enum class Paint : std::uint8_t { bold, green, red, yellow, dim };

std::string paint(std::string_view text, Paint how, const TableStyle& style) {
    if (!style.color) return std::string(text);
    static constexpr const char* k_codes[] = {"1", "1;32", "1;31", "1;33", "2"};
    return fmt::format("\x1b[{}m{}\x1b[0m", k_codes[static_cast<std::size_t>(how)], text);
}

/// How the uncertainty of a mean stands behind it.
enum class Uncertainty : std::uint8_t { interval, half_width, none };

std::string uncertainty_text(const ReportedInterval& interval, Uncertainty how) {
    switch (how) {
        case Uncertainty::interval: return format_interval(interval);
        case Uncertainty::half_width: return format_half_width(interval);
        case Uncertainty::none: return {};
    }
    std::unreachable();
}

/// Builds the lines of the grid: one line a score or measure, one cell a variant.
class GridBuilder {
  public:
    GridBuilder(const Report& report, Uncertainty uncertainty)
        : report_(report), uncertainty_(uncertainty) {
        for (const VariantSummary& variant : report.variants) {
            grid_.headers.push_back(terminal_safe(variant.name));
        }
    }

    [[nodiscard]] Grid build() {
        for (const std::string& score : score_names(report_)) add_score(score);
        if (!report_.variants.empty()) add_run_scores();
        begin_group();
        add_units();
        add_usage();
        return std::move(grid_);
    }

  private:
    using Number = std::function<std::optional<double>(const VariantSummary&)>;
    using Count = std::function<std::uint64_t(const VariantSummary&)>;
    using Text = std::function<std::string(const VariantSummary&)>;

    void begin_group() { opens_group_ = true; }

    void add_text(const std::string& label, const Text& text) {
        GridLine& line = grid_.lines.emplace_back();
        line.label = terminal_safe(label);
        line.opens_group = std::exchange(opens_group_, false);
        for (const VariantSummary& variant : report_.variants) line.cells.push_back(text(variant));
    }

    /// All numbers of a line have the same decimals, so that they compare at a glance.
    void add_number(const std::string& label, const Number& number) {
        double largest = 0;
        for (const VariantSummary& variant : report_.variants) {
            largest = std::max(largest, std::abs(number(variant).value_or(0)));
        }
        add_text(label, [&](const VariantSummary& variant) {
            const std::optional<double> value = number(variant);
            return value ? format_number(*value, decimals_for(largest)) : std::string(k_no_value);
        });
    }

    /// Left out when it is zero everywhere.
    void add_count(const std::string& label, const Count& count) {
        const bool any = std::ranges::any_of(
            report_.variants, [&](const VariantSummary& variant) { return count(variant) > 0; });
        if (!any) return;
        add_text(label,
                 [&](const VariantSummary& variant) { return format_count(count(variant)); });
    }

    void add_score(const std::string& name) {
        const std::vector<std::string> categories = categories_of(report_, name);
        if (categories.empty()) {
            add_number(name, [&](const VariantSummary& variant) {
                const ScoreSummary* score = find_score(variant, name);
                return score == nullptr ? std::nullopt : score->mean;
            });
            add_intervals(name);
            add_corrected(name);
        }
        for (std::size_t i = 0; i < std::min(categories.size(), k_categories_shown); ++i) {
            add_number(fmt::format("{} = {}", name, categories[i]),
                       [&](const VariantSummary& variant) {
                           const ScoreSummary* score = find_score(variant, name);
                           return score == nullptr ? std::nullopt : share_of(*score, categories[i]);
                       });
        }
        if (categories.size() > k_categories_shown) {
            add_text(fmt::format("{}: {} more", name, categories.size() - k_categories_shown),
                     [](const VariantSummary&) { return std::string("…"); });
        }
        add_count(name + " errors", [&](const VariantSummary& variant) {
            const ScoreSummary* score = find_score(variant, name);
            return score == nullptr ? 0 : score->errors;
        });
        add_count(name + " skipped", [&](const VariantSummary& variant) {
            const ScoreSummary* score = find_score(variant, name);
            return score == nullptr ? 0 : score->skipped;
        });
    }

    /// Beside what judges say, what people would.
    void add_corrected(const std::string& name) {
        const auto corrected = [&](const VariantSummary& variant) {
            const ScoreSummary* score = find_score(variant, name);
            return score == nullptr ? std::nullopt : score->corrected;
        };
        const bool any = std::ranges::any_of(report_.variants, [&](const auto& variant) {
            const auto found = corrected(variant);
            return found && found->mean;
        });
        if (!any) return;
        add_number(name + " corrected", [&](const VariantSummary& variant) {
            const auto found = corrected(variant);
            return found ? found->mean : std::nullopt;
        });
        add_tails([&](const VariantSummary& variant) {
            const auto found = corrected(variant);
            return found ? found->interval : std::nullopt;
        });
    }

    using IntervalOf = std::function<std::optional<ReportedInterval>(const VariantSummary&)>;

    /// Behind the means of the last line.
    void add_tails(const IntervalOf& interval_of) {
        if (uncertainty_ == Uncertainty::none) return;
        for (const VariantSummary& variant : report_.variants) {
            const auto interval = interval_of(variant);
            grid_.lines.back().tails.push_back(interval ? uncertainty_text(*interval, uncertainty_)
                                                        : "");
        }
    }

    void add_intervals(const std::string& name) {
        add_tails([&](const VariantSummary& variant) {
            const ScoreSummary* score = find_score(variant, name);
            const bool known = score != nullptr && score->mean;
            return known ? score->interval : std::nullopt;
        });
    }

    void add_run_scores() {
        for (std::size_t i = 0; i < report_.variants.front().run_scores.size(); ++i) {
            add_number(report_.variants.front().run_scores[i].name,
                       [i](const VariantSummary& variant) {
                           const Result<double>& value = variant.run_scores.at(i).value;
                           return value ? std::optional(*value) : std::nullopt;
                       });
        }
    }

    void add_units() {
        add_text("scored", [](const VariantSummary& variant) {
            return fmt::format("{}/{}", format_count(variant.units.scored),
                               format_count(variant.units.planned));
        });
        add_count("failed", [](const auto& variant) { return variant.units.failed; });
        add_count("unscored", [](const auto& variant) { return variant.units.unscored; });
        add_count("skipped", [](const auto& variant) { return variant.units.skipped; });
    }

    void add_usage() {
        add_latency("latency", &VariantSummary::latency);
        add_latency("first token", &VariantSummary::time_to_first_token);
        add_count("retries", [](const auto& variant) { return variant.retried; });
        add_count("tokens", [](const VariantSummary& variant) {
            const auto total = variant.tokens.find("total");
            return total == variant.tokens.end() ? 0 : static_cast<std::uint64_t>(total->second);
        });
        // Programs and recorded outputs cost nothing; a line of zeros would not say more.
        const bool free = std::ranges::all_of(report_.variants, [](const VariantSummary& variant) {
            return variant.calls == 0 && variant.cost == 0;
        });
        if (!free) {
            add_text("cost",
                     [](const VariantSummary& variant) { return format_cost(variant.cost); });
        }
        add_judges();
    }

    void add_judges() {
        const bool any = std::ranges::any_of(
            report_.variants, [](const auto& variant) { return variant.judges.has_value(); });
        if (!any) return;
        add_text("judges cost", [](const VariantSummary& variant) {
            return variant.judges ? format_cost(variant.judges->cost) : std::string(k_no_value);
        });
        add_count("judges tokens", [](const VariantSummary& variant) {
            const UsageDetails tokens = variant.judges.value_or(JudgeTotals()).tokens;
            const auto total = tokens.find("total");
            return total == tokens.end() ? 0 : static_cast<std::uint64_t>(total->second);
        });
        add_count("judges retries", [](const VariantSummary& variant) {
            return variant.judges.value_or(JudgeTotals()).retried;
        });
    }

    void add_latency(const std::string& label, LatencySummary VariantSummary::* latency) {
        const bool any = std::ranges::any_of(report_.variants, [&](const auto& variant) {
            return (variant.*latency).p50.has_value();
        });
        if (!any) return;
        const auto add = [&](const char* percentile, std::optional<double> LatencySummary::* pick) {
            add_text(label + percentile, [&](const VariantSummary& variant) {
                const std::optional<double> value = variant.*latency.*pick;
                return value ? format_ms(*value) : std::string(k_no_value);
            });
        };
        add(" p50", &LatencySummary::p50);
        add(" p95", &LatencySummary::p95);
    }

    const Report& report_;
    Uncertainty uncertainty_;
    Grid grid_;
    bool opens_group_ = false;
};

/// The grid with as much about the means' uncertainty as takes no more lines than without.
struct LaidOut {
    std::vector<std::string> lines;
    Uncertainty uncertainty = Uncertainty::none;
};

LaidOut lay_out(const Report& report, std::size_t columns) {
    const auto lines_with = [&](Uncertainty uncertainty) {
        return lay_out(GridBuilder(report, uncertainty).build(), columns);
    };
    LaidOut plain{.lines = lines_with(Uncertainty::none), .uncertainty = Uncertainty::none};
    for (const Uncertainty uncertainty : {Uncertainty::interval, Uncertainty::half_width}) {
        std::vector<std::string> lines = lines_with(uncertainty);
        if (lines == plain.lines) return plain;
        if (lines.size() > plain.lines.size()) continue;
        return {.lines = std::move(lines), .uncertainty = uncertainty};
    }
    return plain;
}

/// What stands behind the means: "± : half of the 95 % interval"; or "".
std::string uncertainty_legend(const Report& report, Uncertainty uncertainty) {
    std::optional<double> confidence;
    for (const VariantSummary& variant : report.variants) {
        for (const ScoreSummary& score : variant.scores) {
            if (score.interval) confidence = score.interval->confidence;
        }
    }
    if (!confidence || uncertainty == Uncertainty::none) return {};
    return uncertainty == Uncertainty::interval
               ? fmt::format("in brackets: the {} interval of the mean",
                             format_percent(*confidence))
               : fmt::format("±: half the width of the {} interval", format_percent(*confidence));
}

std::string painted_word(const GateVerdict& verdict, const TableStyle& style) {
    const std::string word = pad_right(word_of(verdict.status), k_word_columns);
    switch (severity_of(verdict)) {
        case Severity::none: return paint(word, Paint::green, style);
        case Severity::note:
        case Severity::warning: return paint(word, Paint::yellow, style);
        case Severity::error: return paint(word, Paint::red, style);
    }
    std::unreachable();
}

class TableWriter {
  public:
    TableWriter(const Report& report, const TableStyle& style) : report_(report), style_(style) {
        style_.columns = std::max(style_.columns, k_columns_min);
    }

    [[nodiscard]] std::string write() {
        write_title();
        write_grid();
        write_run_notes();
        write_matrices();
        write_comparisons();
        write_gates();
        write_errors();
        write_verdict();
        return std::move(text_);
    }

  private:
    void line(std::string_view content = {}) {
        text_ += content;
        text_ += '\n';
    }

    void write_title() {
        const std::string name = terminal_safe(report_.run.experiment);
        line(paint(fit_width(name, style_.columns), Paint::bold, style_));
        std::vector<std::string> facts;
        if (!report_.run.name.empty() && report_.run.name != report_.run.experiment) {
            facts.push_back(terminal_safe(report_.run.name));
        }
        if (report_.variants.size() > 1) {
            facts.push_back(format_some(report_.variants.size(), "variant"));
        }
        std::uint64_t units = 0;
        for (const VariantSummary& variant : report_.variants) units += variant.units.planned;
        facts.push_back(format_some(units, "unit"));
        if (report_.run.repetitions > 1) {
            facts.push_back(fmt::format("{} repetitions", report_.run.repetitions));
        }
        if (report_.run.finished) {
            facts.push_back(format_duration(to_ms(*report_.run.finished - report_.run.started)));
        }
        if (report_.run.partial) facts.emplace_back("partial: not the whole dataset");
        line(paint(fit_width(fmt::format("{}", fmt::join(facts, " · ")), style_.columns),
                   Paint::dim, style_));
    }

    void write_grid() {
        if (report_.variants.empty()) return;
        line();
        const LaidOut grid = lay_out(report_, style_.columns);
        for (const std::string& text : grid.lines) write_table_line(text);
        const std::string legend = uncertainty_legend(report_, grid.uncertainty);
        std::vector<std::string> notes = detectable_notes(report_);
        std::ranges::move(corrected_notes(report_), std::back_inserter(notes));
        if (legend.empty() && notes.empty()) return;
        line();
        if (!legend.empty()) write_dim(legend);
        for (const std::string& note : notes) write_dim(note);
    }

    /// Remarks below the figures, which are not foreign text as a whole.
    void write_dim(const std::string& text) {
        std::string indent;
        for (const std::string& part : wrap(terminal_safe(text), style_.columns - 2)) {
            line(paint(std::exchange(indent, "  ") + part, Paint::dim, style_));
        }
    }

    void write_table_line(const std::string& text) {
        line(text.starts_with("─") ? paint(text, Paint::dim, style_) : text);
    }

    void write_comparisons() {
        const std::vector<std::string> references = reference_notes(report_);
        if (!references.empty()) line();
        for (const std::string& note : references) write_indented(note, {}, "  ");
        if (report_.comparisons.empty()) return;
        line();
        for (const std::string& text : comparison_lines(report_.comparisons, style_.columns)) {
            write_table_line(text);
        }
        for (const std::string& note : comparison_notes(report_.comparisons)) {
            write_indented(note, {}, "  ");
        }
    }

    void write_run_notes() {
        std::vector<std::string> notes = judge_warnings(report_.run);
        for (std::string& note : run_score_notes(report_)) notes.push_back(std::move(note));
        for (std::string& note : quarantine_notes(report_)) notes.push_back(std::move(note));
        if (notes.empty()) return;
        line();
        const std::size_t shown = std::min(notes.size(), k_notes_shown);
        for (std::size_t i = 0; i < shown; ++i) write_indented(notes[i], {}, "  ");
        if (shown == notes.size()) return;
        write_indented(fmt::format("and {} more like these; --out report.md has them all",
                                   notes.size() - shown),
                       {}, "  ");
    }

    void write_matrices() {
        for (const VariantSummary& variant : report_.variants) {
            for (const RunMatrix& matrix : variant.matrices) {
                if (matrix.matrix) write_matrix(variant.name, matrix);
            }
        }
    }

    void write_matrix(const std::string& variant, const RunMatrix& matrix) {
        std::string title = matrix.name;
        if (report_.variants.size() > 1) title += " of " + variant;
        const std::vector<std::string> lines = report_.variants.size() <= k_matrices_shown
                                                   ? matrix_lines(*matrix.matrix, style_.columns)
                                                   : std::vector<std::string>();
        line();
        if (lines.empty()) {
            write_indented(fmt::format("{}: a matrix of {} labels; see it with --out report.html "
                                       "or report.md",
                                       title, matrix.matrix->labels.size()),
                           {}, "  ");
            return;
        }
        line(paint(fit_width(terminal_safe(title), style_.columns), Paint::bold, style_));
        for (const std::string& text : lines) line(text);
    }

    /// Foreign text in lines that fit; all but the first begin with `next`.
    void write_indented(const std::string& text, std::string begin, std::string_view next) {
        for (const std::string& part : wrap(terminal_safe(text), style_.columns - next.size())) {
            line(std::exchange(begin, std::string(next)) + part);
        }
    }

    void write_gates() {
        if (report_.gates.empty()) return;
        line();
        std::size_t name_columns = 0;
        for (const GateVerdict& verdict : report_.gates) {
            name_columns = std::max(name_columns, display_width(name_of(verdict)));
        }
        name_columns_ = std::min(name_columns, style_.columns / 4);
        for (const Verdicts& verdicts : by_gate(report_.gates)) write_gate(verdicts);
    }

    /// The variant and slice; one variant needs no telling apart.
    [[nodiscard]] std::string name_of(const GateVerdict& verdict) const {
        const std::string slice = slice_text(verdict);
        if (report_.variants.size() == 1) return terminal_safe(slice);
        return terminal_safe(slice.empty() ? verdict.variant : verdict.variant + ", " + slice);
    }

    /// The verdicts of one gate. With many of them the passes share a line, so that what needs
    /// attention is not lost among them.
    void write_gate(const Verdicts& verdicts) {
        std::vector<double> passed;
        for (const GateVerdict& verdict : verdicts) {
            if (severity_of(verdict) == Severity::none && verdict.observed) {
                passed.push_back(*verdict.observed);
            }
        }
        const bool together = passed.size() > k_verdicts_apart;
        for (const GateVerdict& verdict : verdicts) {
            if (together && severity_of(verdict) == Severity::none && verdict.observed) continue;
            write_verdict_line(painted_word(verdict, style_), name_of(verdict), reason_of(verdict));
        }
        if (!together) return;
        const auto [low, high] = std::ranges::minmax(passed);
        const Gate& gate = verdicts.front().gate;
        const std::string lowest = format_against(low, gate.threshold);
        const std::string highest = format_against(high, gate.threshold);
        write_verdict_line(paint(pad_right("PASS", k_word_columns), Paint::green, style_),
                           format_some(passed.size(), gate.slice.empty() ? "variant" : "slice"),
                           fmt::format("{} holds, observed {}", gate.text,
                                       lowest == highest ? lowest : lowest + " to " + highest));
    }

    /// The sentence, with the gate where it does not name it and with what it counts as.
    [[nodiscard]] static std::string reason_of(const GateVerdict& verdict) {
        std::string reason = verdict.reason;
        if (verdict.status == GateStatus::inconclusive) {
            reason = verdict.gate.text + ": " + reason;
        }
        const std::string note = effect_note(verdict);
        return note.empty() ? reason : fmt::format("{} ({})", reason, note);
    }

    /// @param word  already painted and as wide as all of them.
    void write_verdict_line(const std::string& word, const std::string& name,
                            const std::string& reason) {
        std::string begin = word;
        std::size_t indent = k_word_columns + 2;
        if (name_columns_ > 0) {
            begin += "  " + pad_right(shorten(name, name_columns_), name_columns_);
            indent += name_columns_ + 2;
        }
        begin += "  ";
        if (style_.columns < indent + k_columns_min) {  // no room beside them: below them
            line(begin);
            indent = 2;
            begin = "  ";
        }
        for (const std::string& part : wrap(terminal_safe(reason), style_.columns - indent)) {
            line(std::exchange(begin, std::string(indent, ' ')) + part);
        }
    }

    void write_errors() {
        if (report_.errors.empty()) return;
        line();
        line(paint("Most common errors", Paint::bold, style_));
        for (const std::string& error : report_.errors) {
            write_indented(error, "  ", "    ");
        }
    }

    void write_verdict() {
        line();
        const std::string word = verdict_word(report_);
        const std::string text = terminal_safe(verdict_text(report_));
        std::string begin = paint(word, verdict_paint(), style_);
        for (const std::string& part : wrap(text, style_.columns - word.size() - 2)) {
            line(std::exchange(begin, std::string(word.size(), ' ')) + "  " + part);
        }
        line(paint(fit_width("look closer: assay show " +
                                 terminal_safe(report_.run.id.value() + style_.store_option),
                             style_.columns),
                   Paint::dim, style_));
    }

    [[nodiscard]] Paint verdict_paint() const {
        if (report_.status == ReportStatus::passed) return Paint::green;
        return report_.status == ReportStatus::failed ? Paint::red : Paint::yellow;
    }

    const Report& report_;
    TableStyle style_;
    std::size_t name_columns_ = 0;  ///< of variants in the lines of the gates
    std::string text_;
};

}  // namespace

std::string report_to_table(const Report& report, const TableStyle& style) {
    return TableWriter(report, style).write();
}

}  // namespace assay
