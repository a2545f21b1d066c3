#include "runner/report/write_html.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <limits>

#include "core/base/base64.hpp"
#include "core/base/hash.hpp"
#include "runner/report/writers.hpp"
#include "stored_run.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

using test::exact_match_unit;
using test::small_run;
using test::StoredRun;

std::string page_of(const StoredRun& stored, const HtmlLimits& limits = {}) {
    const test::TemporaryFolder folder;
    const auto path = folder.path() / "report.html";
    Result<AtomicFileWriter> file = AtomicFileWriter::create(path);
    REQUIRE(file.has_value());
    const auto written = write_html(*file, stored.report(), stored.stream(), limits);
    if (!written) FAIL(written.error().message);
    REQUIRE(file->commit().has_value());
    return test::read_text(path);
}

/// The text between the marks, which must be there once.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
    const std::size_t from = text.find(begin);
    REQUIRE(from != std::string::npos);
    CHECK(text.find(begin, from + 1) == std::string::npos);
    const std::size_t to = text.find(end, from);
    REQUIRE(to != std::string::npos);
    return text.substr(from + begin.size(), to - from - begin.size());
}

Json data_of(const std::string& page, const std::string& id) {
    const std::string begin = "<script type=\"application/json\" id=\"" + id + "-data\">";
    const auto json = parse_json(between(page, begin, "</script>"));
    if (!json) FAIL(json.error().message);
    return *json;
}

Json facts_of(const std::string& page) { return data_of(page, "report").at("page"); }

/// The ids of the units in a page in the order in which it shows them.
std::vector<std::string> shown(const std::string& page) {
    const Json units = data_of(page, "units");
    std::vector<std::string> ids(units.size());
    for (const Json& unit : units) {
        ids.at(unit.at("order").get<std::size_t>()) = unit.at("item_id").get<std::string>();
    }
    return ids;
}

std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

/// Scored units with one NUMERIC score each.
StoredRun numbers_run(const std::vector<double>& values) {
    StoredRun stored = small_run(values.size());
    stored.run.report_plan.scores.at(0).data_type = ScoreDataType::numeric;
    for (std::size_t i = 0; i < values.size(); ++i) {
        stored.units.push_back(exact_match_unit(static_cast<int>(i), true));
        stored.units.back().evaluations.at(0).scores.at(0).value = values[i];
    }
    return stored;
}

TEST_CASE("html: the page holds the report and the units as data") {
    StoredRun stored = small_run(2);
    stored.run.description = "Two items";
    stored.units = {exact_match_unit(0, true), exact_match_unit(1, false)};
    stored.units.at(0).item.metadata = {{"lang", "de"}};
    stored.units.at(0).usage = {{"input", 3}};
    stored.units.at(1).log = "a line";
    stored.units.at(1).evaluations.push_back(
        {.evaluator = "tone", .status = EvaluationStatus::skipped, .scores = {}, .message = "why"});
    const std::string page = page_of(stored);

    const Json expected = parse_json(to_text(report_to_json(stored.report()))).value();
    CHECK(data_of(page, "report").at("report") == expected);
    CHECK(facts_of(page).at("description") == "Two items");
    CHECK(facts_of(page).at("units_total") == 2);
    const Json units = data_of(page, "units");
    REQUIRE(units.size() == 2);
    CHECK(units.at(0).at("metadata") == Json{{"lang", "de"}});
    CHECK(units.at(0).at("tokens") == Json{{"input", 3}});
    CHECK_FALSE(units.at(0).contains("log"));
    CHECK(units.at(1).at("log") == "a line");
    CHECK(units.at(1).at("skipped") == Json{{"tone", "why"}});
    CHECK(units.at(1).at("scores").at("exact_match").at("value") == false);
}

TEST_CASE("html: a run without units is a page with empty data") {
    const std::string page = page_of(small_run(0));
    CHECK(data_of(page, "units").empty());
    CHECK(facts_of(page).at("distributions").empty());
    CHECK(facts_of(page).at("confusions").empty());
}

TEST_CASE("html: the page may run its own script and use its own style and load nothing") {
    const std::string page = page_of(small_run(0));
    const auto hash_of = [](const std::string& text) {
        const Sha256Digest digest = sha256(text);
        const auto* bytes = reinterpret_cast<const char*>(digest.data());
        return "'sha256-" + to_base64({bytes, digest.size()}) + "'";
    };
    const std::string policy =
        between(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"", "\">");
    CHECK(policy == fmt::format("default-src 'none'; script-src {}; style-src {}; img-src data:; "
                                "base-uri 'none'; form-action 'none'",
                                hash_of(between(page, "<script>", "</script>")),
                                hash_of(between(page, "<style>", "</style>"))));
    for (const char* address : {"src=", "url(", "@import", "innerHTML", "<link"}) {
        CHECK(count_of(page, address) == 0);
    }
}

TEST_CASE("html: no text of a run can end the element that it stands in") {
    const std::string hostile =
        "</script><script>x</script><!-- --> ]]> \u2028 \u2029 \r \x01 \x1b[0m \"'&\xFF " +
        std::string(1, '\0');
    StoredRun stored = small_run(1);
    stored.run.experiment = hostile;
    stored.run.name = hostile;
    stored.run.description = hostile;
    stored.run.manifest["git"] = {{"branch", hostile}};
    stored.run.report_plan.scores.at(0).name = hostile;
    UnitResult& unit = stored.units.emplace_back(exact_match_unit(0, false));
    unit.item.id = DatasetItemId(hostile);
    unit.item.input = {{hostile, hostile}};
    unit.item.expected_output = hostile;
    unit.item.metadata = {{hostile, hostile}};
    unit.output = Json::array({hostile});
    unit.evaluations.at(0).scores.at(0) = {.name = hostile, .value = hostile, .comment = hostile};
    unit.evaluations.push_back(test::broken(hostile, hostile));
    unit.error = hostile;
    unit.log = hostile;
    const std::string page = page_of(stored);

    CHECK(count_of(page, "<script") == 3);
    CHECK(count_of(page, "</script") == 3);
    CHECK(count_of(page, "<!--") == 0);
    CHECK(count_of(page, "\u2028") == 1);  // in the title, which is no script
    CHECK(count_of(between(page, "<title>", "</title>"), "<") == 0);
    CHECK(page.find_first_of(std::string_view("\0\x01\x1b\r", 4)) == std::string::npos);
    // What a browser reads is the text itself, with the byte that is no UTF-8 replaced.
    const Json units = data_of(page, "units");
    std::string readable = hostile;
    readable.replace(readable.find('\xFF'), 1, "\uFFFD");
    CHECK(units.at(0).at("log") == readable);
    CHECK(units.at(0).at("input").at(readable) == readable);
}

TEST_CASE("html: failures come first and then the lowest scores") {
    StoredRun stored = small_run(8);
    stored.run.report_plan.scores.at(0).check = true;
    stored.run.report_plan.scores.push_back({.name = "similar",
                                             .evaluator = "similar",
                                             .data_type = ScoreDataType::numeric,
                                             .check = false});
    const auto add = [&](bool matches, double similar) -> UnitResult& {
        const auto item = static_cast<int>(stored.units.size());
        stored.units.push_back(exact_match_unit(item, matches));
        stored.units.back().evaluations.push_back(test::scored("similar", similar));
        return stored.units.back();
    };
    add(true, 1);
    add(true, 0.5);
    add(false, 1);
    add(true, 0.25);
    add(true, 7);  // a number beyond 1 says nothing about how good it is
    add(true, 1).status = UnitStatus::skipped;
    add(true, 1).status = UnitStatus::unscored;
    add(true, 1).status = UnitStatus::failed;
    const std::vector<std::string> expected = {"item-7", "item-6", "item-2", "item-3",
                                               "item-1", "item-0", "item-4", "item-5"};
    CHECK(shown(page_of(stored)) == expected);
    const std::vector<std::string> first(expected.begin(), expected.begin() + 4);
    CHECK(shown(page_of(stored, {.units_max = 4})) == first);
}

TEST_CASE("html: a page of few units still counts all of them") {
    constexpr int k_units = 60;
    StoredRun stored = small_run(k_units);
    for (int i = 0; i < k_units; ++i) {
        stored.units.push_back(exact_match_unit(i, i % 4 != 0));
        stored.units.back().item.expected_output = i % 4 == 0 ? "Rome" : "Paris";
    }
    const std::string page = page_of(stored, {.units_max = 7});
    const Json facts = facts_of(page);
    CHECK(data_of(page, "units").size() == 7);
    CHECK(facts.at("units_total") == k_units);
    const Json& distribution = facts.at("distributions").at(0);
    CHECK(distribution.at("categories") == Json{"true", "false"});
    CHECK(distribution.at("variants").at(0).at("counts") == Json{45, 15});
    const Json& confusion = facts.at("confusions").at(0);
    CHECK(confusion.at("labels") == Json{"Paris", "Rome"});
    CHECK(confusion.at("counts") == Json{{45, 0}, {15, 0}});
    CHECK(shown(page_of(stored, {.units_max = 0})).empty());
    CHECK(shown(page_of(stored, {.units_max = k_units})).size() == k_units);
    CHECK(shown(page_of(stored, {.units_max = k_units + 1})).size() == k_units);
}

TEST_CASE("html: only the beginning of a long value is in the page with its size") {
    StoredRun stored = small_run(3);
    for (int i = 0; i < 3; ++i) stored.units.push_back(exact_match_unit(i, true));
    stored.units.at(0).output = std::string(10, 'x');
    stored.units.at(1).output = std::string(11, 'x');
    stored.units.at(2).output = "xxxxxxxxx\u00e9";  // its last character has two bytes
    const Json units = data_of(page_of(stored, {.value_bytes_max = 10}), "units");
    CHECK_FALSE(units.at(0).contains("shortened"));
    CHECK(units.at(1).at("output") == std::string(10, 'x') + "…");
    CHECK(units.at(1).at("shortened") == Json{{"output", 11}});
    CHECK(units.at(2).at("output") == "xxxxxxxxx…");
}

TEST_CASE("html: comments and error messages are cut as well") {
    StoredRun stored = small_run(1);
    UnitResult& unit = stored.units.emplace_back(exact_match_unit(0, true));
    unit.error = std::string(11, 'e');
    unit.evaluations.at(0).scores.at(0).comment = std::string(11, 'c');
    unit.evaluations.push_back(test::broken("tone", std::string(11, 'm')));
    const Json units = data_of(page_of(stored, {.value_bytes_max = 10}), "units");
    CHECK(units.at(0).at("error") == std::string(10, 'e') + "…");
    CHECK(units.at(0).at("errors") == Json{{"tone", std::string(10, 'm') + "…"}});
    const Json& score = units.at(0).at("scores").at("exact_match");
    CHECK(score.at("comment") == std::string(10, 'c') + "…");
    CHECK(score.at("value") == true);
}

TEST_CASE("html: values are cut shorter when the page has become large") {
    StoredRun stored = small_run(2);
    for (int i = 0; i < 2; ++i) {
        stored.units.push_back(exact_match_unit(i, true));
        stored.units.back().output = std::string(5'000, 'x');
    }
    const HtmlLimits limits{
        .value_bytes_max = 5'000, .full_bytes_max = 1'000, .late_value_bytes_max = 100};
    const Json units = data_of(page_of(stored, limits), "units");
    CHECK_FALSE(units.at(0).contains("shortened"));
    CHECK(units.at(1).at("shortened") == Json{{"output", 5'000}});
}

TEST_CASE("html: few whole numbers have a bar each and other numbers bins") {
    const auto distribution_of = [](const std::vector<double>& values) {
        return facts_of(page_of(numbers_run(values))).at("distributions").at(0);
    };
    const Json marks = distribution_of({5, 1, 3, 5});
    CHECK(marks.at("categories") == Json{"1", "3", "5"});
    CHECK(marks.at("variants").at(0).at("counts") == Json{1, 1, 2});

    const Json shares = distribution_of({0.0, 0.5, 0.51, 1.0, 1.0});
    REQUIRE(shares.at("edges").size() == 21);
    CHECK(shares.at("edges").at(0) == 0.0);
    CHECK(shares.at("edges").at(20) == 1.0);
    const Json& counts = shares.at("variants").at(0).at("counts");
    CHECK(counts.at(0) == 1);
    CHECK(counts.at(10) == 2);
    CHECK(counts.at(19) == 2);
}

TEST_CASE("html: every value has its bin however large or alike the values are") {
    constexpr double k_max = std::numeric_limits<double>::max();
    constexpr double k_tiny = std::numeric_limits<double>::denorm_min();
    const std::vector<double> cases[] = {
        {-k_max, 0.5, k_max}, {k_max, k_max / 3},   {0.7, 0.7},   {-2.5},
        {1e300 + 0.5, 1.5},   {k_tiny, 0, -k_tiny}, {1e-300, 2.5}};
    for (const std::vector<double>& values : cases) {
        const Json distribution = facts_of(page_of(numbers_run(values))).at("distributions").at(0);
        std::uint64_t total = 0;
        for (const Json& count : distribution.at("variants").at(0).at("counts")) {
            total += count.get<std::uint64_t>();
        }
        CHECK(total == values.size());
        for (const Json& edge : distribution.value("edges", Json::array())) {
            CHECK(edge.is_number());
        }
    }
}

TEST_CASE("html: rare categories are counted together") {
    StoredRun stored = small_run(40);
    stored.run.report_plan.scores.at(0).data_type = ScoreDataType::categorical;
    for (int i = 0; i < 40; ++i) {
        UnitResult& unit = stored.units.emplace_back(exact_match_unit(i, true));
        unit.evaluations.at(0).scores.at(0).value = i < 20 ? "often" : fmt::format("once {}", i);
    }
    const Json distribution = facts_of(page_of(stored)).at("distributions").at(0);
    CHECK(distribution.at("categories").size() == 12);
    CHECK(distribution.at("categories").at(0) == "often");
    CHECK(distribution.at("categories").at(11) == "all others");
    const Json& counts = distribution.at("variants").at(0).at("counts");
    CHECK(counts.at(0) == 20);
    CHECK(counts.at(11) == 10);
}

TEST_CASE("html: there is no confusion matrix where it would say nothing") {
    const auto confusions_of = [](int units, const auto& expected, const auto& output) {
        StoredRun stored = small_run(static_cast<std::uint64_t>(units));
        for (int i = 0; i < units; ++i) {
            UnitResult& unit = stored.units.emplace_back(exact_match_unit(i, true));
            unit.item.expected_output = expected(i);
            unit.output = output(i);
        }
        return facts_of(page_of(stored)).at("confusions").size();
    };
    const auto word = [](int i) { return fmt::format("word {}", i % 3); };
    const auto own = [](int i) { return fmt::format("word {}", i); };
    const auto other = [](int) { return std::string("something else"); };
    const auto text = [](int) { return std::string(100, 'x'); };
    const auto null = [](int) { return Json(); };
    CHECK(confusions_of(12, word, word) == 1);
    CHECK(confusions_of(5, word, word) == 0);    // too few units
    CHECK(confusions_of(12, own, own) == 0);     // every label is a new one
    CHECK(confusions_of(100, own, own) == 0);    // and there are too many
    CHECK(confusions_of(12, word, other) == 0);  // never the expected one
    CHECK(confusions_of(12, word, text) == 0);   // no label at all
    CHECK(confusions_of(12, null, word) == 0);
}

TEST_CASE("html: the same run gives the same bytes") {
    StoredRun stored = small_run(30);
    for (int i = 0; i < 30; ++i) stored.units.push_back(exact_match_unit(i, i % 3 == 0));
    CHECK(page_of(stored) == page_of(stored));
}

TEST_CASE("html: a stream that fails midway is its own error") {
    const StoredRun stored = small_run(0);
    for (const int failing_pass : {1, 2}) {
        int pass = 0;
        const UnitStream stream = [&](const UnitVisitor&) -> Result<void> {
            if (++pass == failing_pass) return failure(ErrorCode::data_loss, "cannot be read");
            return {};
        };
        const test::TemporaryFolder folder;
        const auto result = write_report(folder.path() / "a.html", stored.report(), stream);
        REQUIRE_FALSE(result.has_value());
        CHECK(result.error().message == "cannot be read");
        CHECK(std::filesystem::is_empty(folder.path()));
    }
}

}  // namespace
}  // namespace assay
