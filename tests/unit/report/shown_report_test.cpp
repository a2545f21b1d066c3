// What every format makes of intervals, comparisons and verdicts: one report, all writers.

#include <catch2/catch.hpp>

#include "core/base/text.hpp"
#include "parsing.hpp"
#include "runner/report/comparison_text.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/findings.hpp"
#include "runner/report/write_formats.hpp"
#include "runner/report/writers.hpp"
#include "sample_report.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

using test::sample_report;
using test::sample_verdict;

Result<void> no_units(const UnitVisitor& /*visit*/) { return {}; }

std::string written(const Report& report, const char* name) {
    const test::TemporaryFolder folder;
    const auto result = write_report(folder.path() / name, report, &no_units);
    if (!result) FAIL(result.error().message);
    return test::read_text(folder.path() / name);
}

Json parsed(const std::string& text) {
    auto json = parse_json(text);
    if (!json) FAIL(json.error().message);
    return std::move(*json);
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

std::size_t widest(const std::string& text) {
    std::size_t width = 0;
    for (const std::string_view line : split(text, '\n')) {
        width = std::max(width, display_width(line));
    }
    return width;
}

TEST_CASE("estimates in words: an interval shows two digits of its width") {
    const auto of = [](double low, double high) {
        return format_interval({.low = low, .high = high, .confidence = 0.95, .method = "t"});
    };
    CHECK(of(0.3057, 0.8632) == "[0.31, 0.86]");
    CHECK(of(-0.0441, -0.0179) == "[−0.044, −0.018]");
    CHECK(of(-0.00001, 0.5) == "[0.00, 0.50]");
    CHECK(of(1200, 3400) == "[1,200, 3,400]");
    CHECK(of(0.5, 0.5) == "[0.5000, 0.5000]");
}

TEST_CASE("estimates in words: beside a threshold both ends stay on their side") {
    const ReportedInterval interval{
        .low = 0.85, .high = 0.849996 + 0.1, .confidence = 0.95, .method = "t"};
    CHECK(format_interval_against(interval, 0.95) == "[0.85, 0.949996]");
    CHECK(format_observed(-0.5, 0) == "−0.5");
}

TEST_CASE("estimates in words: differences carry their sign and zero has none") {
    CHECK(format_difference(0.031) == "+0.0310");
    CHECK(format_difference(-0.031) == "−0.0310");
    CHECK(format_difference(0) == "0.0000");
    CHECK(format_difference(-0.000001) == "0.0000");
    CHECK(format_p_value(0.00009) == "< 0.0001");
    CHECK(format_p_value(0.0312) == "0.031");
    CHECK(format_percent(0.95) == "95 %");
    CHECK(format_percent(0.999) == "99.9 %");
}

TEST_CASE("verdicts: what they do to the exit code is how grave they are") {
    GateVerdict verdict = sample_verdict("g", "v", GateStatus::failed, "r");
    CHECK(severity_of(verdict) == Severity::error);
    CHECK(effect_note(verdict).empty());
    verdict.effect = GateStatus::passed;
    verdict.gate.tier = GateTier::advisory;
    CHECK(severity_of(verdict) == Severity::note);
    CHECK(effect_note(verdict) == "advisory: changes nothing");
    verdict = sample_verdict("g", "v", GateStatus::inconclusive, "r");
    CHECK(severity_of(verdict) == Severity::warning);
    verdict.effect = GateStatus::failed;
    CHECK(severity_of(verdict) == Severity::error);
    CHECK(effect_note(verdict) == "counts as failed");
    verdict.effect = GateStatus::passed;
    verdict.gate.on_inconclusive = OnInconclusive::pass;
    CHECK(effect_note(verdict) == "counts as passed");
    verdict.gate.on_inconclusive = OnInconclusive::warn;
    CHECK(effect_note(verdict) == "only a warning");
}

TEST_CASE("json report: intervals and comparisons and verdicts obey the published schema") {
    const Json json = parsed(written(sample_report(), "a.json"));
    test::check_report_schema(json);
    const Json& score = json.at("variants").at(0).at("scores").at("exact_match");
    CHECK(score.at("interval").at("method") == "Wilson");
    CHECK(score.at("detectable").at("basis") == "the pairs with main");
    CHECK_FALSE(json.at("variants").at(0).at("scores").at("length").contains("detectable"));
    const Json& comparison = json.at("comparisons").at(0);
    CHECK(comparison.at("newly_failed") == 2);
    CHECK(comparison.at("effect_size").at("name") == "odds ratio");
    CHECK(comparison.at("slice").is_null());
    CHECK(comparison.at("items").at("regressed").size() == 2);
    CHECK(json.at("comparisons").at(1).at("slice").at("value") == "de");
    CHECK(json.at("comparisons").at(1).at("effect_size").is_null());
    const Json& gates = json.at("gates");
    CHECK(gates.at(0).at("p_value") == 0.0312);
    CHECK(gates.at(1).at("slice").at("path") == "metadata.lang");
    CHECK(gates.at(3).at("status") == "failed");
    CHECK(gates.at(3).at("effect") == "passed");
    CHECK(gates.at(3).at("tier") == "advisory");
}

TEST_CASE("junit: a gate counts as it does in the exit code") {
    const std::string xml = written(sample_report(), "a.xml");
    CHECK(contains(xml, R"(<testsuite name="gates" tests="5" failures="1" errors="1")"));
    CHECK(contains(xml, "<skipped>FAIL, advisory: changes nothing: latency_p95_ms is 1,280.25"));
    CHECK(contains(xml, "[large, lang = de]"));
    CHECK(contains(xml, "<system-out>exact_match is 0.8731 over 200 items"));
}

TEST_CASE("sarif: a result for each gate that does not hold with its place and level") {
    const Json run = parsed(written(sample_report(), "a.sarif")).at("runs").at(0);
    CHECK(run.at("tool").at("driver").at("rules").size() == 4);
    const Json& results = run.at("results");
    REQUIRE(results.size() == 3);
    CHECK(results.at(0).at("level") == "error");
    CHECK(results.at(1).at("level") == "warning");
    CHECK(results.at(2).at("level") == "note");
    const Json& place = results.at(0).at("locations").at(0).at("physicalLocation");
    CHECK(place.at("artifactLocation").at("uri") == "evals/router%20spec.yaml");
    CHECK(place.at("region").at("startLine") == 14);
    const Json& unknown = results.at(2).at("locations").at(0).at("physicalLocation");
    CHECK(unknown.at("region").at("startLine") == 1);
    CHECK_FALSE(unknown.at("region").contains("startColumn"));
}

TEST_CASE("findings: the fingerprint of a gate does not depend on what was measured") {
    const Report before = sample_report();
    Report after = before;
    after.run.id = RunId("another");
    after.gates.at(0).reason = "exact_match fell by 4 points";
    after.gates.at(0).gate.place.line = 20;
    const auto finding = findings_of(before);
    CHECK(findings_of(after).at(0).fingerprint == finding.at(0).fingerprint);
    CHECK(finding.at(0).fingerprint != finding.at(1).fingerprint);
    after.gates.at(0).variant = "large";
    CHECK(findings_of(after).at(0).fingerprint != finding.at(0).fingerprint);
}

TEST_CASE("findings: a gate of the command line stands in the spec as a whole") {
    Report report = sample_report();
    report.gates.at(0).gate.place = {.file = "--set gates", .line = 0, .column = 0};
    CHECK(findings_of(report).at(0).place.file == "evals/router spec.yaml");
    CHECK(findings_of(report).at(0).place.line == 0);
}

TEST_CASE("code quality: an issue for each gate that does not hold") {
    const Json issues = parsed(written(sample_report(), "codequality.json"));
    REQUIRE(issues.size() == 3);
    CHECK(issues.at(0).at("severity") == "major");
    CHECK(issues.at(0).at("location").at("path") == "evals/router spec.yaml");
    CHECK(issues.at(0).at("location").at("lines").at("begin") == 14);
    CHECK(issues.at(2).at("severity") == "info");
}

TEST_CASE("badge: how many gates hold in the colour of the verdict") {
    Report report = sample_report();
    const std::string failed = written(report, "a.svg");
    CHECK(contains(failed, ">1 of 4 gates</text>"));
    CHECK(contains(failed, "<title>assay: support-router, failed: 1 of 4 gates</title>"));
    CHECK(contains(failed, "#c62828"));
    report.status = ReportStatus::inconclusive;
    CHECK(contains(written(report, "a.svg"), "#8f5f00"));
    report.status = ReportStatus::interrupted;
    CHECK(contains(written(report, "a.svg"), ">interrupted</text>"));
    report.status = ReportStatus::passed;
    report.gates.clear();
    report.run.experiment = "a <b> & \"c\"";
    const std::string none = written(report, "a.svg");
    CHECK(contains(none, ">no gates</text>"));
    CHECK(contains(none, "a &lt;b&gt; &amp; "));
    CHECK(contains(none, "#1a7f37"));
}

TEST_CASE("markdown: a file begins with the mark by which its comment is found") {
    const Report report = sample_report();
    const std::string file = written(report, "a.md");
    CHECK(file.starts_with("<!-- assay -->\n### ❌ FAILED: `support-router`\n\n1 of 4 gates"));
    CHECK(file.substr(std::string_view("<!-- assay -->\n").size()) == report_to_markdown(report));
}

TEST_CASE("markdown: gates that fail stand first") {
    const std::string text = report_to_markdown(sample_report());
    const std::size_t failed = text.find("❌ **FAIL** | `exact_match >= main - 0.02`");
    const std::size_t undecided = text.find("⚠️ **CANNOT TELL**");
    const std::size_t advisory = text.find("ℹ️ FAIL | `latency_p95_ms <= 1000`");
    const std::size_t passed = text.find("✅ PASS");
    CHECK(failed < undecided);
    CHECK(undecided < advisory);
    CHECK(advisory < passed);
    CHECK(passed != std::string::npos);
    CHECK(contains(text, "| −0.0305 | [−0.0441, −0.0179] | 0.031 |"));
}

TEST_CASE("markdown: items that became worse are listed with their number") {
    const std::string text = report_to_markdown(sample_report());
    CHECK(contains(text, "worse: `ticket-001`, `` ticket|`2` `` and 55 more"));
    CHECK(contains(text, "newly failed: `ticket-090`, `ticket-091`"));
    CHECK(contains(text, "3 items are not compared"));
    CHECK(contains(text, "**−0.0305**"));
    CHECK(contains(text, "<summary>Cost and latency (total cost $0.0826)</summary>"));
}

TEST_CASE("markdown: what is too long for a comment is cut and named") {
    Report report = sample_report();
    for (int i = 0; i < 400; ++i) {
        report.gates.push_back(sample_verdict("exact_match >= 0.85", "short", GateStatus::failed,
                                              std::string(300, 'x').c_str()));
    }
    const std::string file = written(report, "a.md");
    CHECK(file.size() <= 65'536);
    CHECK(file.size() > 60'000);
    CHECK(contains(file, "Left out to stay within the size that is allowed here: "));
    CHECK(contains(file, "some gates"));
    CHECK(contains(file, "Look closer: `assay show"));
    CHECK(contains(file, "\n\nLeft out"));
    const std::string whole = report_to_markdown(report);
    CHECK(whole.size() > 100'000);
    CHECK_FALSE(contains(whole, "Left out"));
    for (const std::size_t room : {2'000U, 3'000U, 5'000U, 20'000U}) {
        CHECK(report_to_markdown(report, room).size() <= room);
    }
}

TEST_CASE("markdown: many gates that hold are folded") {
    Report report = sample_report();
    for (int i = 0; i < 9; ++i) {
        report.gates.push_back(
            sample_verdict("exact_match >= 0.1", "short", GateStatus::passed, "it does"));
    }
    const std::string text = report_to_markdown(report);
    CHECK(contains(text, "<details><summary>11 gates hold</summary>\n\n| verdict"));
}

TEST_CASE("table: intervals and comparisons fit the terminal") {
    const Report report = sample_report();
    for (const std::size_t columns : {40U, 60U, 80U, 100U, 160U}) {
        CAPTURE(columns);
        CHECK(widest(report_to_table(report, {.columns = columns})) <= columns);
    }
    const std::string table = report_to_table(report, {.columns = 80});
    CHECK(contains(table, "0.8731 [0.822, 0.912]"));
    CHECK(contains(table, "in brackets: the 95 % interval of the mean"));
    CHECK(contains(table, "exact_match           −0.0305  [−0.044, −0.018]"));
    CHECK(contains(table, "(advisory: changes nothing)"));
    CHECK(contains(table, "FAILED  1 of 4 gates failed, 1 could not be decided"));
    CHECK_FALSE(contains(table, " \n"));
}

TEST_CASE("table: intervals become half widths before they make the table longer") {
    Report report = sample_report();
    for (const char* name : {"third", "fourth"}) {
        report.variants.push_back(report.variants.front());
        report.variants.back().name = name;
    }
    const std::string table = report_to_table(report, {.columns = 80});
    CHECK(contains(table, "0.8731 ± 0.045"));
    CHECK(contains(table, "±: half the width of the 95 % interval"));
    const std::string narrow = report_to_table(report, {.columns = 60});
    CHECK_FALSE(contains(narrow, "±"));
    CHECK_FALSE(contains(narrow, "in brackets"));
}

TEST_CASE("comparisons: what several have in common is said once") {
    std::vector<Comparison> comparisons = sample_report().comparisons;
    comparisons.push_back(comparisons.front());
    comparisons.back().score = "tone";
    comparisons.back().difference.reset();
    comparisons.back().note = "tone is CATEGORICAL";
    comparisons.back().paired = false;
    const auto notes = comparison_notes(comparisons);
    REQUIRE(notes.size() == 3);
    CHECK(notes.at(0).starts_with("exact_match, tone: 3 items are not compared"));
    CHECK(notes.at(1) == "tone: tone is CATEGORICAL");
    CHECK(notes.at(2) == "tone: not paired, since main has no values of single items");
}

TEST_CASE("comparisons: the table loses its least telling columns first") {
    const std::vector<Comparison> comparisons = sample_report().comparisons;
    const auto header = [&](std::size_t columns) {
        return comparison_lines(comparisons, columns).front();
    };
    CHECK(contains(header(160), "test"));
    CHECK(contains(header(80), "worse"));
    CHECK_FALSE(contains(header(80), "main"));
    CHECK(contains(header(60), "95 % interval"));
    CHECK_FALSE(contains(header(60), "worse"));
    CHECK(contains(header(40), "difference"));
    CHECK(comparison_lines({}, 80).empty());
}

TEST_CASE("comparisons: counts that mean nothing are not shown as zero") {
    Comparison comparison = sample_report().comparisons.front();
    CHECK(better_items(comparison) == 16U);
    comparison.data_type = ScoreDataType::categorical;
    CHECK_FALSE(better_items(comparison).has_value());
    CHECK_FALSE(worse_items(comparison).has_value());
    CHECK(same_items(comparison) == 124U);
    comparison.pairs = 0;
    CHECK_FALSE(same_items(comparison).has_value());
}

}  // namespace
}  // namespace assay
