#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "runner/report/item_cases.hpp"
#include "runner/report/judge_warnings.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/numbers.hpp"
#include "runner/report/verdicts.hpp"
#include "runner/report/write_formats.hpp"
#include "runner/report/xml.hpp"

namespace assay {
namespace {

constexpr std::size_t k_message_columns = 300;

/// The numbers in a suite's opening tag.
struct SuiteCounts {
    std::uint64_t tests = 0;
    std::uint64_t failures = 0;
    std::uint64_t errors = 0;
    std::uint64_t skipped = 0;
    double seconds = 0;

    void add(CaseOutcome outcome, double case_seconds) {
        ++tests;
        failures += outcome == CaseOutcome::failure ? 1 : 0;
        errors += outcome == CaseOutcome::error ? 1 : 0;
        skipped += outcome == CaseOutcome::skipped ? 1 : 0;
        seconds += case_seconds;
    }
    void add(const SuiteCounts& other) {
        tests += other.tests;
        failures += other.failures;
        errors += other.errors;
        skipped += other.skipped;
        seconds += other.seconds;
    }
    /// Of a suite; the whole document has no `skipped`.
    [[nodiscard]] std::string attributes() const {
        return fmt::format(R"({} skipped="{}")", total_attributes(), skipped);
    }
    [[nodiscard]] std::string total_attributes() const {
        return fmt::format(R"( tests="{}" failures="{}" errors="{}" time="{:.3f}")", tests,
                           failures, errors, seconds);
    }
};

/// A line break in the message makes lists of failures unreadable; the details keep it.
std::string message_attribute(std::string_view message) {
    std::string line = fit_width(message, k_message_columns);
    std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return xml_attribute("message", line);
}

CaseOutcome outcome_of(const GateVerdict& verdict) {
    switch (severity_of(verdict)) {
        case Severity::none: return CaseOutcome::passed;
        // As test runners report a failure that is expected: shown, and it breaks nothing.
        case Severity::note: return CaseOutcome::skipped;
        case Severity::warning: return CaseOutcome::error;  // a pipeline must not be green
        case Severity::error: return CaseOutcome::failure;
    }
    std::unreachable();
}

std::string name_of(const GateVerdict& verdict) {
    const std::string slice = slice_text(verdict);
    return fmt::format("{} [{}{}{}]", verdict.gate.text, verdict.variant, slice.empty() ? "" : ", ",
                       slice);
}

/// The verdict in words; those that count as something else than they say tell so.
std::string message_of(const GateVerdict& verdict) {
    const std::string note = effect_note(verdict);
    if (note.empty()) return verdict.reason;
    return fmt::format("{}, {}: {}", word_of(verdict.status), note, verdict.reason);
}

/// Writes the document; the counts of every suite are known before its first case.
class JunitWriter {
  public:
    JunitWriter(AtomicFileWriter& file, const Report& report) : file_(file), report_(report) {}

    Result<void> write(const UnitStream& units) {
        ASSAY_CHECK(count(units));
        SuiteCounts total = gates_;
        for (const SuiteCounts& suite : variants_) total.add(suite);
        ASSAY_CHECK(file_.write(
            fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites{}{}>\n",
                        xml_attribute("name", report_.run.experiment), total.total_attributes())));
        ASSAY_CHECK(write_variants(units));
        if (!report_.gates.empty()) ASSAY_CHECK(write_gates());
        return file_.write("</testsuites>\n");
    }

  private:
    Result<void> count(const UnitStream& units) {
        variants_.resize(report_.variants.size());
        for (std::size_t i = 0; i < variants_.size(); ++i) {
            if (report_.variants[i].units.unfinished > 0) variants_[i].add(CaseOutcome::skipped, 0);
        }
        for (const GateVerdict& verdict : report_.gates) gates_.add(outcome_of(verdict), 0);
        return for_each_case(units, report_.run.report_plan,
                             [&](const ItemCase& item) -> Result<void> {
                                 ASSAY_TRY(const std::size_t index, index_of(item.variant));
                                 variants_[index].add(item.outcome, item.seconds);
                                 return {};
                             });
    }

    Result<std::size_t> index_of(const std::string& variant) const {
        for (std::size_t i = 0; i < report_.variants.size(); ++i) {
            if (report_.variants[i].name == variant) return i;
        }
        return failure(ErrorCode::data_loss,
                       fmt::format("a stored unit names the unknown variant \"{}\"", variant));
    }

    Result<void> write_variants(const UnitStream& units) {
        std::size_t open = 0;
        const auto open_suite = [&] { return file_.write(opening(open)); };
        if (!report_.variants.empty()) ASSAY_CHECK(open_suite());
        ASSAY_CHECK(for_each_case(
            units, report_.run.report_plan, [&](const ItemCase& item) -> Result<void> {
                ASSAY_TRY(const std::size_t index, index_of(item.variant));
                for (; open < index; ++open) {
                    ASSAY_CHECK(file_.write(closing(open) + opening(open + 1)));
                }
                return file_.write(item_case(item));
            }));
        for (; open + 1 < report_.variants.size(); ++open) {
            ASSAY_CHECK(file_.write(closing(open) + opening(open + 1)));
        }
        return report_.variants.empty() ? Result<void>() : file_.write(closing(open));
    }

    [[nodiscard]] std::string opening(std::size_t index) const {
        const VariantSummary& variant = report_.variants[index];
        std::string properties;
        const auto add = [&](const std::string& name, double value) {
            properties += fmt::format("      <property{} value=\"{}\"/>\n",
                                      xml_attribute("name", name), value);
        };
        for (const ScoreSummary& score : variant.scores) {
            if (score.mean) add(score.name, *score.mean);
            for (const auto& [category, count] : score.categories) {
                add(fmt::format("{}[{}]", score.name, category),
                    share_of(score, category).value_or(0));
            }
        }
        for (const RunScore& score : variant.run_scores) {
            if (score.value) add(score.name, *score.value);
        }
        for (const std::string& warning : judge_warnings(report_.run)) {
            properties += fmt::format("      <property name=\"warning\"{}/>\n",
                                      xml_attribute("value", warning));
        }
        if (!properties.empty()) {
            properties = "    <properties>\n" + properties + "    </properties>\n";
        }
        return fmt::format("  <testsuite{}{}{}>\n{}", xml_attribute("name", variant.name),
                           variants_[index].attributes(), timestamp(), properties);
    }

    /// Closes a variant's suite, after a case that stands for all units without a final state:
    /// every planned unit is accounted for.
    [[nodiscard]] std::string closing(std::size_t variant) const {
        const std::uint64_t unfinished = report_.variants[variant].units.unfinished;
        std::string text;
        if (unfinished > 0) {
            ItemCase missing{.variant = report_.variants[variant].name,
                             .item_id = format_some(unfinished, "unit") + " not run",
                             .outcome = CaseOutcome::skipped,
                             .message = report_.run.reason.empty() ? "the run ended before them"
                                                                   : report_.run.reason,
                             .details = {},
                             .seconds = 0,
                             .scores = {}};
            text = item_case(missing);
        }
        return text + "  </testsuite>\n";
    }

    [[nodiscard]] std::string item_case(const ItemCase& item) const {
        std::string text =
            fmt::format("    <testcase{}{} time=\"{:.3f}\"",
                        xml_attribute("classname", report_.run.experiment + "." + item.variant),
                        xml_attribute("name", item.item_id), item.seconds);
        std::string content =
            outcome_element({.outcome = item.outcome,
                             .type = item.outcome == CaseOutcome::failure ? "check" : "unit",
                             .message = item.message,
                             .details = fmt::format("{}", fmt::join(item.details, "\n"))});
        // Every published schema allows properties in a suite alone; a file with one in a test case
        // is refused as a whole by the xUnit plugin of Jenkins.
        if (!item.scores.empty()) content += scores_element(item);
        return text + (content.empty() ? "/>\n" : ">\n" + content + "    </testcase>\n");
    }

    [[nodiscard]] static std::string scores_element(const ItemCase& item) {
        std::vector<std::string> lines;
        for (const auto& [name, value] : item.scores) lines.push_back(name + ": " + value);
        return fmt::format("      <system-out>{}</system-out>\n",
                           xml_text(fmt::format("{}", fmt::join(lines, "\n"))));
    }

    /// Why a case did not pass.
    struct Why {
        CaseOutcome outcome = CaseOutcome::passed;
        const char* type = "";
        std::string_view message;
        std::string details = {};
    };

    [[nodiscard]] static std::string outcome_element(const Why& why) {
        if (why.outcome == CaseOutcome::passed) return {};
        // The oldest schema that is still about allows no attribute here.
        if (why.outcome == CaseOutcome::skipped) {
            return fmt::format("      <skipped>{}</skipped>\n", xml_text(why.message));
        }
        const std::string tag = why.outcome == CaseOutcome::failure ? "failure" : "error";
        const std::string opening = fmt::format(
            "      <{}{}{}", tag, xml_attribute("type", why.type), message_attribute(why.message));
        if (why.details.empty()) return opening + "/>\n";
        return fmt::format("{}>{}</{}>\n", opening, xml_text(why.details), tag);
    }

    Result<void> write_gates() {
        std::string text =
            fmt::format("  <testsuite name=\"gates\"{}{}>\n", gates_.attributes(), timestamp());
        for (const GateVerdict& verdict : report_.gates) {
            text += fmt::format("    <testcase{}{} time=\"0.000\"",
                                xml_attribute("classname", report_.run.experiment + ".gates"),
                                xml_attribute("name", name_of(verdict)));
            const std::string message = message_of(verdict);
            const CaseOutcome outcome = outcome_of(verdict);
            std::string content =
                outcome_element({.outcome = outcome, .type = "gate", .message = message});
            if (outcome == CaseOutcome::passed) {
                content = fmt::format("      <system-out>{}</system-out>\n", xml_text(message));
            }
            text += ">\n" + content + "    </testcase>\n";
        }
        return file_.write(text + "  </testsuite>\n");
    }

    [[nodiscard]] std::string timestamp() const {
        return xml_attribute("timestamp", to_rfc3339(report_.run.started));
    }

    AtomicFileWriter& file_;
    const Report& report_;
    std::vector<SuiteCounts> variants_;  ///< as report_.variants
    SuiteCounts gates_;
};

}  // namespace

Result<void> write_junit(AtomicFileWriter& file, const Report& report, const UnitStream& units) {
    return JunitWriter(file, report).write(units);
}

}  // namespace assay
