#include <fmt/format.h>

#include <algorithm>

#include "runner/report/comparison_text.hpp"
#include "runner/report/corrected.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/judge_warnings.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/markdown.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/verdicts.hpp"
#include "runner/report/write_formats.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

constexpr const char* k_no_value = "–";
constexpr const char* k_marker = "<!-- assay -->\n";  ///< by which a comment is found and replaced
constexpr std::size_t k_comment_bytes_max = 65'536;   ///< GitHub's limit
constexpr std::size_t k_matrix_labels_shown = 25;
constexpr std::size_t k_passes_shown = 8;        ///< more of them are folded
constexpr std::size_t k_comparisons_shown = 20;  ///< the same
constexpr std::size_t k_items_shown = 20;

/// A part of the summary. Of those that may go, the last goes first when there is no room.
struct Section {
    std::string text;
    const char* name = nullptr;  ///< what is left out without it; nullptr = it always stays
};

std::string table_code(std::string_view text) { return markdown_code(text, Within::table); }

const char* symbol(ReportStatus status) {
    switch (status) {
        case ReportStatus::passed: return "✅";
        case ReportStatus::failed: return "❌";
        case ReportStatus::inconclusive:
        case ReportStatus::incomplete:
        case ReportStatus::interrupted: return "⚠️";
    }
    std::unreachable();
}

/// "❌ FAILED: `support-router`" and under it why, in a sentence.
std::string verdict_line(const Report& report) {
    std::string line =
        fmt::format("### {} {}: {}\n\n{}.\n\n", symbol(report.status), verdict_word(report),
                    markdown_code(report.run.experiment), markdown_text(verdict_text(report)));
    const std::string& reason = report.run.reason;
    if (!reason.empty() && reason != verdict_text(report)) line += markdown_text(reason) + ".\n\n";
    if (report.run.partial) line += "Partial run: it covers only a part of the dataset.\n\n";
    return line;
}

struct NamedCount {
    std::uint64_t count = 0;
    const char* name = "";
};

/// A second line in a cell with those that are not 0: "2 errors, 1 skipped"; or "".
std::string counts_below(std::initializer_list<NamedCount> counts) {
    std::vector<std::string> texts;
    for (const auto& [count, name] : counts) {
        if (count > 0) texts.push_back(fmt::format("{} {}", format_count(count), name));
    }
    return texts.empty() ? "" : fmt::format("<br>{}", fmt::join(texts, ", "));
}

std::string verdict_cell(const GateVerdict& verdict) {
    const char* word = word_of(verdict.status);
    switch (severity_of(verdict)) {
        case Severity::none: return fmt::format("✅ {}", word);
        case Severity::note: return fmt::format("ℹ️ {}", word);
        case Severity::warning: return fmt::format("⚠️ **{}**", word);
        case Severity::error: return fmt::format("❌ **{}**", word);
    }
    std::unreachable();
}

/// One table of gates, with only the columns that hold something.
class GateTable {
  public:
    explicit GateTable(const Report& report) : report_(report) {
        for (const GateVerdict& verdict : report.gates) {
            scopes_ |= !scope_of(verdict, report).empty();
            intervals_ |= verdict.interval.has_value();
            p_values_ |= verdict.p_value.has_value();
        }
    }

    [[nodiscard]] std::string of(const std::vector<const GateVerdict*>& verdicts) const {
        std::vector<std::string> header = {"verdict", "gate"};
        if (scopes_) header.emplace_back("of");
        header.emplace_back("observed");
        if (intervals_) header.emplace_back("interval");
        if (p_values_) header.emplace_back("p");
        header.emplace_back("why");
        MarkdownTable table(header, MarkdownTable::Cells::texts);
        for (const GateVerdict* verdict : verdicts) table.add(row_of(*verdict));
        return table.text();
    }

  private:
    [[nodiscard]] std::vector<std::string> row_of(const GateVerdict& verdict) const {
        std::vector<std::string> cells = {verdict_cell(verdict), table_code(verdict.gate.text)};
        if (scopes_) {
            const std::string scope = scope_of(verdict, report_);
            cells.push_back(scope.empty() ? "" : table_code(scope));
        }
        const double threshold = verdict.gate.threshold;
        cells.push_back(verdict.observed ? format_observed(*verdict.observed, threshold)
                                         : k_no_value);
        if (intervals_) {
            cells.push_back(verdict.interval ? format_interval_against(*verdict.interval, threshold)
                                             : k_no_value);
        }
        if (p_values_) {
            cells.push_back(verdict.p_value ? markdown_text(format_p_value(*verdict.p_value))
                                            : k_no_value);
        }
        const std::string note = effect_note(verdict);
        cells.push_back(markdown_text(note.empty() ? verdict.reason
                                                   : fmt::format("{} ({})", verdict.reason, note)));
        return cells;
    }

    const Report& report_;
    bool scopes_ = false;
    bool intervals_ = false;
    bool p_values_ = false;
};

/// Those that need attention first, the gravest at the top.
struct OrderedGates {
    std::vector<const GateVerdict*> open;
    std::vector<const GateVerdict*> passed;
};

OrderedGates ordered(const Report& report) {
    OrderedGates gates;
    for (const Severity severity : {Severity::error, Severity::warning, Severity::note}) {
        for (const GateVerdict& verdict : report.gates) {
            if (severity_of(verdict) == severity) gates.open.push_back(&verdict);
        }
    }
    for (const GateVerdict& verdict : report.gates) {
        if (severity_of(verdict) == Severity::none) gates.passed.push_back(&verdict);
    }
    return gates;
}

std::string comparison_table(const Report& report) {
    const std::vector<Comparison>& comparisons = report.comparisons;
    const bool one_pair = std::ranges::all_of(comparisons, [&](const Comparison& comparison) {
        return sides_of(comparison) == sides_of(comparisons.front());
    });
    std::vector<std::string> header = {"score"};
    if (!one_pair) header.emplace_back("compared");
    const Comparison& first = comparisons.front();
    header.push_back(one_pair ? table_code(first.a) : "before");
    header.push_back(one_pair ? table_code(first.b) : "now");
    for (const std::string& name : {std::string("difference"), interval_header(comparisons)}) {
        header.push_back(name);
    }
    header.insert(header.end(), {"p", "better", "worse", "same"});
    MarkdownTable table(header);
    const auto number = [](const std::optional<double>& value) {
        return value ? format_number(*value) : std::string(k_no_value);
    };
    for (const Comparison& comparison : comparisons) {
        std::vector<std::string> cells = {table_code(label_of(comparison))};
        if (!one_pair) cells.push_back(markdown_text(sides_of(comparison)));
        cells.push_back(number(comparison.mean_a));
        cells.push_back(number(comparison.mean_b));
        cells.push_back(comparison.difference
                            ? fmt::format("**{}**", format_difference(*comparison.difference))
                            : k_no_value);
        cells.push_back(comparison.interval ? format_interval(*comparison.interval) : k_no_value);
        std::string p_value = k_no_value;
        if (comparison.p_value) {
            p_value = markdown_text(format_p_value(*comparison.p_value));
            if (!comparison.test.empty()) {
                p_value += fmt::format("<br><sub>{}</sub>", markdown_text(comparison.test));
            }
        }
        cells.push_back(std::move(p_value));
        for (const auto& count :
             {better_items(comparison), worse_items(comparison), same_items(comparison)}) {
            cells.push_back(count ? format_count(*count) : k_no_value);
        }
        table.add(cells);
    }
    return table.text();
}

std::string list_of(const std::vector<std::string>& notes) {
    std::string text;
    for (const std::string& note : notes) text += fmt::format("- {}\n", markdown_text(note));
    return text.empty() ? text : text + "\n";
}

std::string comparisons(const Report& report) {
    const std::vector<Comparison>& all = report.comparisons;
    if (all.empty()) return {};
    const bool one_reference =
        std::ranges::all_of(all, [&](const Comparison& other) { return other.a == all.front().a; });
    const std::string reference = one_reference ? " with " + markdown_code(all.front().a) : "";
    const std::string content = comparison_table(report) + list_of(reference_notes(report)) +
                                list_of(comparison_notes(all));
    if (all.size() <= k_comparisons_shown) {
        return fmt::format("#### Compared{}\n\n{}", reference, content);
    }
    return markdown_folded(fmt::format("{} comparisons", all.size()), content);
}

std::string ids(const std::vector<DatasetItemId>& items, std::uint64_t of) {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < std::min(items.size(), k_items_shown); ++i) {
        texts.push_back(markdown_code(items[i].value()));
    }
    std::string text = fmt::format("{}", fmt::join(texts, ", "));
    if (of > texts.size()) text += fmt::format(" and {} more", format_count(of - texts.size()));
    return text;
}

/// The items to look at: those that became worse, and those that failed only now.
std::string changed_items(const Report& report) {
    std::string text;
    for (const Comparison& comparison : report.comparisons) {
        const std::string name = fmt::format("{} ({})", markdown_code(label_of(comparison)),
                                             markdown_text(sides_of(comparison)));
        if (!comparison.regressed_items.empty()) {
            text += fmt::format("- {}, worse: {}\n", name,
                                ids(comparison.regressed_items, comparison.regressed));
        }
        if (!comparison.newly_failed_items.empty()) {
            text += fmt::format("- {}, newly failed: {}\n", name,
                                ids(comparison.newly_failed_items, comparison.newly_failed));
        }
    }
    return text.empty() ? text : markdown_folded("Items that became worse", text + "\n");
}

std::string category_shares(const Report& report, const ScoreSummary& score) {
    const std::vector<std::string> categories = categories_of(report, score.name);
    const std::size_t shown = std::min(categories.size(), k_categories_shown);
    std::vector<std::string> shares;
    for (std::size_t i = 0; i < shown; ++i) {
        shares.push_back(fmt::format("{} {}", table_code(categories[i]),
                                     format_number(share_of(score, categories[i]).value_or(0))));
    }
    if (shown < categories.size()) {
        shares.push_back(fmt::format("and {} more", categories.size() - shown));
    }
    return fmt::format("{}", fmt::join(shares, "<br>"));
}

std::string score_cell(const Report& report, const VariantSummary& variant,
                       const std::string& name) {
    const ScoreSummary* score = find_score(variant, name);
    if (score == nullptr) return k_no_value;
    std::string value = k_no_value;
    if (score->data_type == ScoreDataType::categorical && score->count > 0) {
        value = category_shares(report, *score);
    } else if (score->mean) {
        value = format_number(*score->mean);
        if (score->interval) {
            value += fmt::format("<br><sub>{}</sub>", format_interval(*score->interval));
        }
        if (const auto& corrected = score->corrected; corrected && corrected->mean) {
            value +=
                fmt::format("<br>corrected {}<br><sub>{}</sub>", format_number(*corrected->mean),
                            format_interval(*corrected->interval));
        }
    }
    return value + counts_below({{score->errors, score->errors == 1 ? "error" : "errors"},
                                 {score->skipped, "skipped"}});
}

/// "4 / 10", and under it why the others are not among them.
std::string units_cell(const UnitCounts& units) {
    return fmt::format("{} / {}", format_count(units.scored), format_count(units.planned)) +
           counts_below({{units.failed, "failed"},
                         {units.unscored, "unscored"},
                         {units.skipped, "skipped"}});
}

std::string scores(const Report& report) {
    if (report.variants.empty()) return {};
    std::vector<std::string> header = {"variant"};
    const std::vector<std::string> names = score_names(report);
    for (const std::string& name : names) header.push_back(table_code(name));
    for (const RunScore& score : report.variants.front().run_scores) {
        header.push_back(table_code(score.name));
    }
    header.emplace_back("units scored");
    MarkdownTable table(header);
    for (const VariantSummary& variant : report.variants) {
        std::vector<std::string> cells = {table_code(variant.name)};
        for (const std::string& name : names) cells.push_back(score_cell(report, variant, name));
        for (const RunScore& score : variant.run_scores) {
            cells.push_back(score.value ? format_number(*score.value) : k_no_value);
        }
        cells.push_back(units_cell(variant.units));
        table.add(cells);
    }
    return table.text();
}

std::string latency_cell(const LatencySummary& latency) {
    if (!latency.p50) return k_no_value;
    return fmt::format("{} / {}", format_ms(*latency.p50), format_ms(latency.p95.value_or(0)));
}

/// What all variants together cost; nothing when a price is unknown.
std::optional<NanoUsd> total_cost(const Report& report) {
    NanoUsd total = 0;
    for (const VariantSummary& variant : report.variants) {
        if (!variant.cost) return std::nullopt;
        total += *variant.cost;
    }
    return total;
}

/// What judges used, apart from the task; "" when there are none.
std::string judges(const Report& report) {
    const bool any = std::ranges::any_of(
        report.variants, [](const auto& variant) { return variant.judges.has_value(); });
    if (!any) return {};
    MarkdownTable table({"judges of", "tokens", "calls", "retries", "cost", "paid"});
    for (const VariantSummary& variant : report.variants) {
        const JudgeTotals judges = variant.judges.value_or(JudgeTotals());
        const auto tokens = judges.tokens.find("total");
        table.add({table_code(variant.name),
                   tokens == judges.tokens.end()
                       ? k_no_value
                       : format_count(static_cast<std::uint64_t>(tokens->second)),
                   format_count(judges.calls) + counts_below({{judges.cached, "from the cache"}}),
                   format_count(judges.retried), format_cost(judges.cost),
                   format_cost(judges.paid)});
    }
    return "\n" + table.text();
}

std::string usage(const Report& report) {
    if (report.variants.empty()) return {};
    const bool streamed = std::ranges::any_of(report.variants, [](const auto& variant) {
        return variant.time_to_first_token.p50.has_value();
    });
    std::vector<std::string> header = {"variant", "latency p50 / p95"};
    if (streamed) header.emplace_back("first token p50 / p95");
    header.insert(header.end(), {"tokens", "calls", "retries", "cost", "paid"});
    MarkdownTable table(header);
    for (const VariantSummary& variant : report.variants) {
        std::vector<std::string> cells = {table_code(variant.name), latency_cell(variant.latency)};
        if (streamed) cells.push_back(latency_cell(variant.time_to_first_token));
        const auto tokens = variant.tokens.find("total");
        cells.push_back(tokens == variant.tokens.end()
                            ? k_no_value
                            : format_count(static_cast<std::uint64_t>(tokens->second)));
        cells.push_back(format_count(variant.calls) +
                        counts_below({{variant.cached, "from the cache"}}));
        cells.push_back(format_count(variant.retried));
        cells.push_back(format_cost(variant.cost));
        cells.push_back(format_cost(variant.paid));
        table.add(cells);
    }
    return markdown_folded(
        fmt::format("Cost and latency (total cost {})", format_cost(total_cost(report))),
        table.text() + judges(report));
}

/// A confusion matrix as a table; its larger forms are left to the files.
std::string matrix_table(const std::string& title, const ConfusionMatrix& matrix) {
    if (matrix.labels.size() > k_matrix_labels_shown) {
        return fmt::format("{}: {} labels; the JSON report has the whole matrix.\n\n", title,
                           matrix.labels.size());
    }
    std::vector<std::string> header = {"expected \\ predicted"};
    for (const std::string& label : matrix.labels) header.push_back(table_code(label));
    MarkdownTable table(header);
    for (std::size_t expected = 0; expected < matrix.labels.size(); ++expected) {
        std::vector<std::string> cells = {table_code(matrix.labels[expected])};
        for (const std::uint64_t count : matrix.counts[expected]) {
            cells.push_back(format_count(count));
        }
        table.add(cells);
    }
    return title + "\n\n" + table.text();
}

std::string matrices(const Report& report) {
    std::string text;
    for (const VariantSummary& variant : report.variants) {
        for (const RunMatrix& matrix : variant.matrices) {
            if (!matrix.matrix) continue;
            text += matrix_table(
                fmt::format("{} of {}", markdown_code(matrix.name), markdown_code(variant.name)),
                *matrix.matrix);
        }
    }
    return text.empty() ? text : markdown_folded("Confusion matrices", text);
}

std::string errors(const Report& report) {
    if (report.errors.empty()) return {};
    std::string text = "Most common errors:\n\n";
    for (const std::string& error : report.errors) {
        text += fmt::format("- {}\n", markdown_code(error));
    }
    return text + "\n";
}

std::string notes(const Report& report) {
    std::vector<std::string> all = judge_warnings(report.run);
    for (std::string& note : run_score_notes(report)) all.push_back(std::move(note));
    for (std::string& note : quarantine_notes(report)) all.push_back(std::move(note));
    for (std::string& note : corrected_notes(report)) all.push_back(std::move(note));
    for (std::string& note : detectable_notes(report)) all.push_back(std::move(note));
    return list_of(all);
}

/// A text of the manifest; "" when it is not there.
std::string manifest_text(const Report& report, const char* pointer) {
    const Json::json_pointer path(pointer);
    const Json& manifest = report.run.manifest;
    if (!manifest.is_object() || !manifest.contains(path) || !manifest[path].is_string()) return {};
    return manifest[path].get<std::string>();
}

/// Of which commit and job the result is: a comment outlives them.
std::string footer(const Report& report) {
    const std::string& id = report.run.id.value();
    std::string text = fmt::format("Run {}", markdown_code(id));
    const std::string commit = manifest_text(report, "/git/commit");
    if (!commit.empty()) text += fmt::format(" of {}", markdown_code(commit.substr(0, 9)));
    const std::string job = manifest_text(report, "/ci/run_url");
    if (job.starts_with("https://")) text += fmt::format(" ([job](<{}>))", job);
    return text + fmt::format(". Look closer: {}\n", markdown_code("assay show " + id));
}

std::vector<Section> sections_of(const Report& report) {
    const GateTable table(report);
    const OrderedGates gates = ordered(report);
    std::vector<const GateVerdict*> shown = gates.open;
    const bool folded = gates.passed.size() > k_passes_shown;
    if (!folded) shown.insert(shown.end(), gates.passed.begin(), gates.passed.end());
    return {
        {verdict_line(report)},
        {shown.empty() ? "" : table.of(shown), "gates"},
        {folded ? markdown_folded(fmt::format("{} gates hold", gates.passed.size()),
                                  table.of(gates.passed))
                : "",
         "gates that hold"},
        {comparisons(report), "comparisons"},
        {scores(report), "scores"},
        {errors(report), "errors"},
        {notes(report), "notes"},
        {changed_items(report), "items that became worse"},
        {usage(report), "cost and latency"},
        {matrices(report), "confusion matrices"},
        {footer(report)},
    };
}

/// As many lines as fit, with an empty one behind them: a table stays one.
std::string first_lines(const std::string& text, std::size_t bytes_max) {
    if (bytes_max < 2) return {};
    const std::size_t end = text.rfind('\n', bytes_max - 2);
    return end == std::string::npos ? "" : text.substr(0, end + 1) + "\n";
}

std::string left_out_sentence(const std::vector<std::string>& names) {
    return names.empty() ? ""
                         : fmt::format(
                               "Left out to stay within the size that is allowed here: {}. "
                               "The command below shows them.\n\n",
                               fmt::join(names, ", "));
}

}  // namespace

std::string report_to_markdown(const Report& report, std::size_t bytes_max) {
    std::vector<Section> sections = sections_of(report);
    std::vector<std::string> left_out;
    const auto size = [&] {
        std::size_t sum = left_out_sentence(left_out).size();
        for (const Section& section : sections) sum += section.text.size();
        return sum;
    };
    for (std::size_t i = sections.size(); i-- > 0 && size() > bytes_max;) {
        Section& section = sections[i];
        if (section.name == nullptr || section.text.empty()) continue;
        const bool last = std::string_view(section.name) == "gates";
        left_out.emplace_back(last ? "some gates" : section.name);
        if (!last) {
            section.text.clear();
            continue;
        }
        const std::size_t others = size() - section.text.size();
        section.text = first_lines(section.text, bytes_max - std::min(bytes_max, others));
    }
    std::string text;
    for (const Section& section : sections) {
        if (&section == &sections.back()) text += left_out_sentence(left_out);
        text += section.text;
    }
    return text;
}

Result<void> write_report_markdown(AtomicFileWriter& file, const Report& report,
                                   const UnitStream&) {
    const std::size_t room = k_comment_bytes_max - std::string_view(k_marker).size();
    return file.write(k_marker + report_to_markdown(report, room));
}

}  // namespace assay
