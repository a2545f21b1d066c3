#include "runner/report/writers.hpp"

#include <catch2/catch.hpp>

#include "parsing.hpp"
#include "runner/report/xml.hpp"
#include "stored_run.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

using test::small_run;
using test::StoredRun;

std::vector<std::string> keys_of(const OrderedJson& object) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : object.items()) keys.push_back(key);
    return keys;
}

using Keys = std::vector<std::string>;

/// Two units of one item: the first right, the second wrong and unscored by a second evaluator.
StoredRun two_units() {
    StoredRun stored = small_run(2);
    stored.run.repetitions = 2;
    stored.run.report_plan.scores.at(0).check = true;
    stored.run.report_plan.gates = {parse_gate("exact_match >= 0.9").value()};
    stored.units = {test::exact_match_unit(0, true), test::exact_match_unit(0, false)};
    stored.units.at(1).repetition = 1;
    stored.units.at(1).status = UnitStatus::unscored;
    stored.units.at(1).evaluations.at(0).scores.at(0).comment = "expected \"Paris\"";
    stored.units.at(1).evaluations.push_back(test::broken("judge", "the reply is no JSON"));
    return stored;
}

std::string written(const StoredRun& stored, const char* name) {
    const test::TemporaryFolder folder;
    const auto result = write_report(folder.path() / name, stored.report(), stored.stream());
    if (!result) FAIL(result.error().message);
    return test::read_text(folder.path() / name);
}

TEST_CASE("writers: known endings are accepted in any case") {
    for (const char* name : {"a.json", "a.jsonl", "a.csv", "a.xml", "a.md", "a.html", "a.sarif",
                             "a.svg", "codequality.json", "gl-codequality.json", "dir.x/A.JSON"}) {
        CHECK(check_report_path(name).has_value());
    }
}

TEST_CASE("writers: another ending is refused with the known ones") {
    const auto unknown = check_report_path("out/report.txt");
    REQUIRE_FALSE(unknown.has_value());
    CHECK(unknown.error().code == ErrorCode::invalid_argument);
    CHECK(unknown.error().message ==
          "out/report.txt: the ending names no report format; use one of codequality.json .json "
          ".jsonl .csv .xml .md .html .sarif .svg");
    CHECK_FALSE(check_report_path("report").has_value());
    CHECK_FALSE(check_report_path("").has_value());
}

TEST_CASE("writers: a stream that fails midway leaves no file behind") {
    const StoredRun stored = two_units();
    const UnitStream failing = [&](const UnitVisitor& visit) -> Result<void> {
        ASSAY_CHECK(visit(stored.units.at(0)));
        return failure(ErrorCode::data_loss, "a row cannot be read");
    };
    for (const char* name : {"a.jsonl", "a.csv", "a.xml"}) {
        const test::TemporaryFolder folder;
        const auto result = write_report(folder.path() / name, stored.report(), failing);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().message == "a row cannot be read");
        CHECK(std::filesystem::is_empty(folder.path()));
    }
}

TEST_CASE("writers: a path that cannot be written is an error with the path") {
    const test::TemporaryFolder folder;
    const auto file = folder.write("plain", "");
    const auto result = write_report(file / "a.json", small_run(0).report(), {});
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().message.find("plain") != std::string::npos);
}

TEST_CASE("json report: its keys are those of the contract in the same order") {
    StoredRun stored = two_units();
    stored.run.manifest = {{"assay", "0.1.0"},
                           {"dataset", {{"items", 1}, {"name", "d"}}},
                           {"seed", 1},
                           {"spec_sha256", "00"},
                           {"unknown", 1}};
    const OrderedJson json = report_to_json(stored.report());
    CHECK(keys_of(json) == Keys{"assay_report", "exit_code", "status", "partial", "run", "manifest",
                                "variants", "comparisons", "gates"});
    CHECK(keys_of(json.at("run")) ==
          Keys{"id", "name", "experiment", "started_at", "finished_at", "wall_ms", "resumed_from"});
    CHECK(keys_of(json.at("manifest")) ==
          Keys{"spec_sha256", "dataset", "seed", "assay", "unknown"});
    CHECK(keys_of(json.at("manifest").at("dataset")) == Keys{"name", "items"});
    const OrderedJson& variant = json.at("variants").at(0);
    CHECK(keys_of(variant) == Keys{"name", "dataset_run_id", "units", "coverage", "scores",
                                   "run_scores", "latency_ms", "tokens", "cost_usd", "paid_usd",
                                   "calls"});
    CHECK(keys_of(variant.at("units")) ==
          Keys{"planned", "scored", "failed", "unscored", "skipped"});
    CHECK(keys_of(variant.at("scores").at("exact_match")) ==
          Keys{"data_type", "items", "count", "errors", "skipped", "mean", "stddev", "interval",
               "repetitions"});
    CHECK(keys_of(variant.at("scores").at("exact_match").at("repetitions")) ==
          Keys{"items", "varying", "stddev"});
    CHECK(keys_of(variant.at("latency_ms")) == Keys{"p50", "p95", "p99"});
    CHECK(keys_of(variant.at("tokens")) == Keys{"input", "output", "total"});
    CHECK(keys_of(variant.at("calls")) == Keys{"provider", "cached", "retried"});
    CHECK(keys_of(json.at("gates").at(0)) == Keys{"gate", "variant", "status", "observed",
                                                  "threshold", "interval", "p_value", "reason",
                                                  "slice", "tier", "effect"});
    CHECK(json.at("run").at("wall_ms") == 1250);
    CHECK(json.at("exit_code") == 3);
    CHECK(json.at("status") == "inconclusive");
}

TEST_CASE("json report: what is not known is null and never zero") {
    StoredRun stored = small_run(1);
    stored.run.finished.reset();
    stored.run.state = RunState::interrupted;
    stored.units = {test::exact_match_unit(0, true)};
    stored.units.at(0).calls = 1;
    stored.units.at(0).cost.reset();
    stored.units.at(0).paid.reset();
    stored.units.at(0).evaluations = {test::broken("exact_match", "no expected_output")};
    const OrderedJson json = report_to_json(stored.report());
    CHECK(json.at("run").at("finished_at").is_null());
    CHECK(json.at("run").at("wall_ms").is_null());
    const OrderedJson& variant = json.at("variants").at(0);
    CHECK(variant.at("scores").at("exact_match").at("mean").is_null());
    CHECK(variant.at("scores").at("exact_match").at("stddev").is_null());
    CHECK(variant.at("latency_ms").at("p95").is_null());
    CHECK(variant.at("cost_usd").is_null());
    CHECK(variant.at("paid_usd").is_null());
    CHECK(variant.at("tokens").at("total").is_null());
}

/// Two variants, of which the second streamed.
StoredRun streamed() {
    StoredRun stored = small_run(1);
    stored.run.variants.push_back({"streamed", DatasetRunId("streamed"), 1});
    stored.units = {test::exact_match_unit(0, true), test::exact_match_unit(0, true)};
    stored.units.at(1).variant = "streamed";
    stored.units.at(1).time_to_first_token = std::chrono::milliseconds(12);
    return stored;
}

TEST_CASE("writers: the time to the first token stands where a variant streamed") {
    const Report report = streamed().report();
    const OrderedJson variants = report_to_json(report).at("variants");
    CHECK_FALSE(variants.at(0).contains("time_to_first_token_ms"));
    CHECK(variants.at(1).at("time_to_first_token_ms") ==
          OrderedJson{{"p50", 12.0}, {"p95", 12.0}, {"p99", 12.0}});
    test::check_report_schema(Json(report_to_json(report)));
    const std::string markdown = report_to_markdown(report);
    CHECK(markdown.find("| latency p50 / p95 | first token p50 / p95 | tokens |") !=
          std::string::npos);
    CHECK(markdown.find("| – | – | – | 0 | 0 | $0 |") != std::string::npos);
    CHECK(markdown.find("| – | 12 ms / 12 ms | – | 0 | 0 | $0 |") != std::string::npos);
    CHECK(report_to_table(report, {.columns = 80}).find("first token p95") != std::string::npos);
    const Report plain = two_units().report();
    CHECK(report_to_markdown(plain).find("first token") == std::string::npos);
    CHECK(report_to_table(plain, {.columns = 80}).find("first token") == std::string::npos);
}

TEST_CASE("jsonl: one line a unit with the fields of the contract") {
    const std::string text = written(two_units(), "items.jsonl");
    CHECK(std::ranges::count(text, '\n') == 2);
    const OrderedJson right = unit_to_json(two_units().units.at(0));
    const Keys fields = {"item_id", "variant",         "repetition", "status",
                         "input",   "expected_output", "output",     "scores",
                         "error",   "latency_ms",      "cost_usd",   "trace_id"};
    CHECK(keys_of(right) == fields);
    CHECK(right.at("scores").at("exact_match") == OrderedJson{{"value", true}, {"comment", ""}});
    CHECK(right.at("error").is_null());
    CHECK(right.at("latency_ms").is_null());
    const OrderedJson broken = unit_to_json(two_units().units.at(1));
    CHECK(broken.at("errors") == OrderedJson{{"judge", "the reply is no JSON"}});
    CHECK(broken.at("status") == "unscored");
}

TEST_CASE("csv: cells are quoted as RFC 4180 wants") {
    CHECK(csv_cell("plain") == "plain");
    CHECK(csv_cell("") == "");
    CHECK(csv_cell("a,b") == "\"a,b\"");
    CHECK(csv_cell("say \"hi\"") == "\"say \"\"hi\"\"\"");
    CHECK(csv_cell("two\nlines") == "\"two\nlines\"");
    CHECK(csv_cell(std::string_view("a\0b", 3)) == "a b");
    CHECK(csv_cell("\xff") == "\xEF\xBF\xBD");
}

TEST_CASE("csv: no cell begins a formula") {
    for (const char* start : {"=", "+", "-", "@", "＝", "＋", "－", "＠"}) {
        CHECK(csv_cell(start + std::string("1+1")) == "'" + std::string(start) + "1+1");
    }
    CHECK(csv_cell("\t=1") == "'\t=1");
    CHECK(csv_cell("\r=1") == "\"'\r=1\"");
    CHECK(csv_cell("\n=1") == "\"'\n=1\"");
    CHECK(csv_cell("=a,b") == "\"'=a,b\"");
}

TEST_CASE("csv: numbers of scores stay numbers and their comments are guarded") {
    StoredRun stored = small_run(1);
    stored.units = {test::exact_match_unit(0, true)};
    stored.units.at(0).item.input = {{"a", 1}};
    stored.units.at(0).output = "-5";
    stored.units.at(0).latency = std::chrono::microseconds(1500);
    stored.units.at(0).evaluations.push_back(test::scored("delta", -1.5, "=1+1"));
    stored.units.at(0).evaluations.push_back(test::scored("status", std::string("-x")));
    const auto rows = test::parse_csv(written(stored, "items.csv"));
    REQUIRE(rows.size() == 2);
    CHECK(rows.at(0) == Keys{"item_id", "variant", "repetition", "status", "input",
                             "expected_output", "output", "exact_match", "exact_match.comment",
                             "delta", "delta.comment", "score.status", "score.status.comment",
                             "error", "latency_ms", "cost_usd", "trace_id"});
    CHECK(rows.at(1) == Keys{"item-0", "default", "0", "scored", "{\"a\":1}", "", "'-5", "true", "",
                             "-1.5", "'=1+1", "'-x", "", "", "1.500", "0", ""});
}

TEST_CASE("csv: the errors of evaluators are not lost") {
    const auto rows = test::parse_csv(written(two_units(), "items.csv"));
    CHECK(rows.at(2).at(9) == "judge: the reply is no JSON");
}

TEST_CASE("xml: what XML cannot hold is replaced and the rest is escaped") {
    CHECK(xml_text("a<b>&\"'") == "a&lt;b&gt;&amp;\"'");
    CHECK(xml_attribute("n", "a<\"\n\t\r") == " n=\"a&lt;&quot;&#10;&#9;&#13;\"");
    CHECK(xml_text(std::string_view("\0\x01\x1f\x7f", 4)) ==
          "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\x7f");
    CHECK(xml_text("\xEF\xBF\xBE\xEF\xBF\xBF") == "\xEF\xBF\xBD\xEF\xBF\xBD");  // U+FFFE, U+FFFF
    CHECK(xml_text("\xff") == "\xEF\xBF\xBD");
    CHECK(xml_text("日本 🎉\n") == "日本 🎉\n");
}

TEST_CASE("junit: repetitions are folded and a false check is a failure") {
    const std::string text = written(two_units(), "junit.xml");
    CHECK(text.find("<testsuite name=\"default\" tests=\"1\" failures=\"1\" errors=\"0\"") !=
          std::string::npos);
    CHECK(text.find("<property name=\"exact_match\" value=\"0.5\"/>") != std::string::npos);
    CHECK(text.find("<system-out>exact_match: 0.5") != std::string::npos);
    CHECK(text.find("<failure type=\"check\" message=\"exact_match is false: expected "
                    "&quot;Paris&quot;\">") != std::string::npos);
    CHECK(text.find("judge broke: the reply is no JSON") != std::string::npos);
    CHECK(text.find("<testsuite name=\"gates\" tests=\"1\" failures=\"0\" errors=\"1\"") !=
          std::string::npos);
}

TEST_CASE("junit: without check a false score is no failure and breakage is an error") {
    StoredRun stored = two_units();
    stored.run.report_plan.scores.at(0).check = false;
    CHECK(written(stored, "junit.xml")
              .find("<error type=\"unit\" message=\"judge broke: the reply is no JSON\"") !=
          std::string::npos);
    stored.units.pop_back();
    stored.run.variants.at(0).planned = 1;
    const std::string text = written(stored, "junit.xml");
    CHECK(text.find("<testsuite name=\"default\" tests=\"1\" failures=\"0\" errors=\"0\"") !=
          std::string::npos);
}

TEST_CASE("junit: planned units that were not run are one skipped case") {
    StoredRun stored = two_units();
    stored.run.variants.at(0).planned = 12;
    stored.run.variants.push_back({"second", {}, 3});
    stored.run.reason = "the budget is spent";
    const std::string text = written(stored, "junit.xml");
    CHECK(text.find("name=\"10 units not run\"") != std::string::npos);
    CHECK(text.find("name=\"3 units not run\"") != std::string::npos);
    CHECK(text.find("<skipped>the budget is spent</skipped>") != std::string::npos);
}

TEST_CASE("junit: every golden case is well-formed and counts right") {
    const test::TemporaryFolder folder;
    const std::filesystem::path cases = ASSAY_SOURCE_DIR "/tests/golden/reports";
    for (const auto& entry : std::filesystem::directory_iterator(cases)) {
        if (!entry.is_directory()) continue;
        const StoredRun stored = test::read_stored_run(entry.path());
        const auto name = entry.path().filename().string() + ".xml";
        CHECK(write_report(folder.path() / name, stored.report(), stored.stream()).has_value());
    }
    test::check_junit_files(folder.path());
}

TEST_CASE("markdown: text from outside is neither markup nor a mention") {
    StoredRun stored = two_units();
    stored.run.experiment = "a`b";
    stored.run.state = RunState::incomplete;
    stored.run.reason = "<img src=x> | [link](http://x) @team *bold*\nsecond";
    stored.units.at(0).status = UnitStatus::failed;
    stored.units.at(0).error = "``` <script> | ![x](y)";
    const std::string text = report_to_markdown(stored.report());
    CHECK(text.find("### ⚠️ INCOMPLETE: ``a`b``\n") == 0);
    CHECK(text.find("&lt;img src=x&gt; \\| \\[link\\]\\(http://x\\) \\@team \\*bold\\* second") !=
          std::string::npos);
    CHECK(text.find("- ```` 1 unit failed: ``` <script> | ![x](y) ````\n") == std::string::npos);
    CHECK(text.find("- ````1 unit failed: ``` <script> | ![x](y)````\n") != std::string::npos);
}

TEST_CASE("markdown: a bar in a name stays inside its table cell") {
    StoredRun stored = small_run(1);
    stored.run.report_plan.scores.at(0).name = "a|b";
    stored.units = {test::exact_match_unit(0, true)};
    CHECK(report_to_markdown(stored.report()).find("| variant | `a\\|b` |") != std::string::npos);
}

TEST_CASE("markdown: what was skipped or broke is said under the numbers it is missing from") {
    StoredRun stored = two_units();
    stored.run.variants.at(0).planned = 5;
    stored.units.at(1).evaluations.push_back({.evaluator = "exact_match",
                                              .status = EvaluationStatus::skipped,
                                              .scores = {},
                                              .message = {}});
    const std::string text = report_to_markdown(stored.report());
    CHECK(text.find("<br>1 skipped |") != std::string::npos);
    CHECK(text.find("| 1 / 5<br>1 unscored, 3 skipped |") != std::string::npos);
}

}  // namespace
}  // namespace assay
