#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "core/base/text.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/writers.hpp"
#include "stored_run.hpp"

namespace assay {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (const std::string_view line : split(text, '\n')) lines.emplace_back(line);
    return lines;
}

std::size_t widest(const std::string& text) {
    std::size_t width = 0;
    for (const std::string& line : lines_of(text)) width = std::max(width, display_width(line));
    return width;
}

test::StoredRun run_with_variants(const std::vector<std::string>& names) {
    test::StoredRun stored = test::small_run(2);
    stored.run.variants.clear();
    for (const std::string& name : names) {
        stored.run.variants.push_back({name, {}, 2});
        for (int i = 0; i < 2; ++i) {
            UnitResult unit = test::exact_match_unit(i, i == 0);
            unit.variant = name;
            stored.units.push_back(std::move(unit));
        }
    }
    stored.run.report_plan.gates = {parse_gate("exact_match >= 0.4").value(),
                                    parse_gate("exact_match >= 0.6").value()};
    return stored;
}

std::vector<std::string> many_names() {
    std::vector<std::string> names;
    for (int i = 0; i < 12; ++i) {
        names.push_back(fmt::format("anthropic:claude-sonnet-4-5-2025-{:02}", i));
    }
    return names;
}

TEST_CASE("table: no line is wider than the terminal at any width") {
    const Report few = run_with_variants({"short", "large"}).report();
    const Report many = run_with_variants(many_names()).report();
    const Report foreign =
        run_with_variants({"日本語のとても長い名前の変種です", "🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉"})
            .report();
    for (std::size_t columns = 20; columns <= 200; ++columns) {
        CAPTURE(columns);
        CHECK(widest(report_to_table(few, {.columns = columns})) <= columns);
        CHECK(widest(report_to_table(many, {.columns = columns})) <= columns);
        CHECK(widest(report_to_table(foreign, {.columns = columns})) <= columns);
    }
}

TEST_CASE("table: a few variants are columns and many are lines") {
    const std::string few =
        report_to_table(run_with_variants({"short", "large"}).report(), {.columns = 80});
    CHECK(few.find("             short                large\n") != std::string::npos);
    CHECK(few.find("exact_match  0.5000 [0.01, 0.99]  0.5000 [0.01, 0.99]\n") != std::string::npos);
    const std::string many =
        report_to_table(run_with_variants(many_names()).report(), {.columns = 80});
    for (int i = 0; i < 12; ++i) {
        const std::string tail = fmt::format("-2025-{:02}  0.5000 [0.01, 0.99]", i);
        CAPTURE(tail);
        CHECK(many.find(tail) != std::string::npos);
    }
}

TEST_CASE("table: the verdicts are said in words") {
    test::StoredRun stored = run_with_variants({"short"});
    stored.run.report_plan.gates.push_back(parse_gate("cost_usd <= 1").value());
    for (UnitResult& unit : stored.units) {
        unit.calls = 1;
        unit.cost.reset();
    }
    const std::string table = report_to_table(stored.report(), {.columns = 120});
    CHECK(table.find(
              "PASS         exact_match is 0.5 over 2 items, which meets the 0.4 required\n") !=
          std::string::npos);
    CHECK(table.find(
              "FAIL         exact_match is 0.5 over 2 items, which is below the 0.6 required\n") !=
          std::string::npos);
    CHECK(table.find("CANNOT TELL  cost_usd <= 1: the price of at least one call is unknown\n") !=
          std::string::npos);
    CHECK(table.find("\nFAILED  1 of 3 gates failed, 1 could not be decided\n") !=
          std::string::npos);
    CHECK(table.find("assay show 0123456789abcdef") != std::string::npos);
}

TEST_CASE("table: with many variants the passes of a gate share a line and failures do not") {
    const std::string table =
        report_to_table(run_with_variants(many_names()).report(), {.columns = 120});
    CHECK(table.find("exact_match >= 0.4 holds, observed 0.5\n") != std::string::npos);
    std::size_t failures = 0;
    for (const std::string& line : lines_of(table)) failures += line.starts_with("FAIL ") ? 1 : 0;
    CHECK(failures == 12);
}

TEST_CASE("table: color is there only when asked for") {
    const Report report = run_with_variants({"short", "large"}).report();
    const std::string plain = report_to_table(report, {.columns = 80, .color = false});
    const std::string colored = report_to_table(report, {.columns = 80, .color = true});
    CHECK(plain.find('\x1b') == std::string::npos);
    CHECK(colored.find("\x1b[1;31mFAIL") != std::string::npos);
    CHECK(colored.find("\x1b[1;32mPASS") != std::string::npos);
    std::string stripped;
    for (std::size_t at = 0; at < colored.size(); ++at) {
        if (colored[at] == '\x1b') {
            at = colored.find('m', at);
        } else {
            stripped += colored[at];
        }
    }
    CHECK(stripped == plain);
}

TEST_CASE("table: text from outside cannot control the terminal") {
    const std::string evil = "\x1b[2J\x1b]0;title\x07\r\nevil\t\xff";
    test::StoredRun stored = run_with_variants({evil, "second"});
    stored.run.experiment = evil;
    stored.run.name = evil;
    stored.run.id = RunId(evil);
    stored.run.report_plan.scores.at(0).name = evil;
    stored.run.report_plan.gates.at(0).text = evil;
    stored.units.at(0).status = UnitStatus::failed;
    stored.units.at(0).error = evil;
    stored.units.at(0).evaluations = {test::scored("category", evil)};
    Report report = stored.report();
    for (const RunState state : {RunState::finished, RunState::interrupted}) {
        report.run.state = state;
        report.run.reason = evil;
        report.status = status_of(report.run, report.variants, report.gates);
        for (const char c : report_to_table(report, {.columns = 80})) {
            CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
            CHECK(c != '\x7f');
        }
    }
}

TEST_CASE("table: the last lines say why a run is not decided") {
    test::StoredRun stored = run_with_variants({"short"});
    stored.run.report_plan.gates.clear();
    const auto verdict_of = [](const test::StoredRun& run) {
        const std::vector<std::string> lines = lines_of(report_to_table(run.report(), {}));
        return lines.at(lines.size() - 3);
    };
    CHECK(verdict_of(stored) == "PASSED  there are no gates");
    stored.run.variants.at(0).planned = 5;
    CHECK(verdict_of(stored) == "INCOMPLETE  3 of 5 units have no final state");
    stored.run.state = RunState::incomplete;
    stored.run.reason = "the disk is full";
    CHECK(verdict_of(stored) == "INCOMPLETE  the disk is full");
    stored.run.state = RunState::interrupted;
    stored.run.reason.clear();
    CHECK(verdict_of(stored) == "INTERRUPTED  3 of 5 units have no final state");
    stored.run.state = RunState::running;
    stored.run.variants.at(0).planned = 2;
    CHECK(verdict_of(stored) == "INCOMPLETE  the run has not ended");
    stored.run.state = RunState::finished;
    stored.units.at(0).status = UnitStatus::failed;
    CHECK(verdict_of(stored) == "CANNOT TELL  coverage is below the 0.95 required in 1 variant");
    stored.units.at(1).status = UnitStatus::failed;
    CHECK(verdict_of(stored) == "INCOMPLETE  no unit was scored");
}

TEST_CASE("table: of many categories the commonest are shown and the rest counted") {
    test::StoredRun stored = test::small_run(30);
    for (int i = 0; i < 30; ++i) {
        UnitResult unit = test::exact_match_unit(i, true);
        unit.evaluations = {test::scored("topic", fmt::format("t{}", i < 20 ? i : 7))};
        stored.units.push_back(std::move(unit));
    }
    const std::string table = report_to_table(stored.report(), {.columns = 80});
    CHECK(table.find("topic = t7") < table.find("topic = t0"));
    CHECK(table.find("topic: 12 more") != std::string::npos);
}

TEST_CASE("grid: long names lose their middle and keep both ends") {
    CHECK(shorten("short", 5) == "short");
    CHECK(shorten("openai:gpt-4.1-mini", 11) == "opena…-mini");
    CHECK(display_width(shorten("日本語のテキスト", 9)) <= 9);
    CHECK(shorten("abcdef", 3) == "ab…");
    CHECK(shorten("abcdef", 0).empty());
}

TEST_CASE("grid: names that would look the same are not cut beside each other") {
    Grid grid;
    std::string same(38, 'a');
    grid.headers = {same + "1" + same, same + "2" + same};
    grid.lines = {{.label = "score", .cells = {"1", "2"}, .opens_group = false}};
    const std::vector<std::string> lines = lay_out(grid, 80);
    CHECK(lines.at(0).ends_with("score"));  // turned: the names are lines
}

TEST_CASE("grid: text is wrapped at spaces and a longer word is cut") {
    CHECK(wrap("one two three", 7) == std::vector<std::string>{"one two", "three"});
    CHECK(wrap("abcdefghij k", 5) == std::vector<std::string>{"abcd…", "k"});
    CHECK(wrap("", 5).empty());
    CHECK(wrap("日本 語", 4) == std::vector<std::string>{"日本", "語"});
}

}  // namespace
}  // namespace assay
