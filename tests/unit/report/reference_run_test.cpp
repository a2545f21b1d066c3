#include "runner/report/reference_run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "core/base/text.hpp"
#include "runner/report/writers.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/report/stored_run.hpp"

namespace assay::test {
namespace {

template <class T>
T value_of(Result<T> result) {
    if (!result) FAIL(result.error().message);
    return std::move(*result);
}

const BaselineFacts k_facts{.name = "main",
                            .created = Time(std::chrono::seconds(1'800'000'000)),
                            .created_by = "ada",
                            .reason = "release \"2.3\""};

/// Two variants; a BOOLEAN, a NUMERIC and a CATEGORICAL score; repetitions, clusters, slices,
/// broken units and values that are missing.
StoredRun rich_run() {
    StoredRun stored = small_run(12);
    RunRecord& run = stored.run;
    run.repetitions = 2;
    run.variants = {{.name = "short", .dataset_run_id = DatasetRunId("s"), .planned = 12},
                    {.name = "large", .dataset_run_id = DatasetRunId("l"), .planned = 12}};
    run.report_plan.gates.emplace_back().slice = "metadata.lang";
    run.manifest = {{"dataset", {{"sha256", "abc"}, {"items", 6}}}, {"seed", 1}};
    for (const VariantRecord& variant : run.variants) {
        for (int i = 0; i < 12; ++i) {
            UnitResult unit = exact_match_unit(i / 2, i % 3 == 0);
            unit.variant = variant.name;
            unit.repetition = i % 2;
            unit.item.content_hash = fmt::format("{:016x}{:048x}", i / 2 + 1, 7);
            unit.item.cluster = i < 4 ? "customer one" : "";
            unit.item.metadata = {{"lang", i < 6 ? "de" : "fr"}};
            unit.evaluations.push_back(scored("length", 0.1 * i + 1.0 / 3));
            if (i != 5) unit.evaluations.push_back(scored("team", i % 2 == 0 ? "a" : "bé"));
            if (i == 11) {
                unit.status = UnitStatus::failed;
                unit.evaluations.clear();
            }
            stored.units.push_back(std::move(unit));
        }
    }
    return stored;
}

ReferenceRun reference_of(const StoredRun& stored) {
    return value_of(reference_from_units(stored.run, stored.stream()));
}

std::string document_of(const StoredRun& stored) {
    return baseline_document(k_facts, stored.run, reference_of(stored));
}

void check_same(const ScoreTable& read, const ScoreTable& written) {
    CHECK(read.variant == written.variant);
    CHECK(read.items == written.items);
    CHECK(read.contents == written.contents);
    CHECK(read.clusters == written.clusters);
    CHECK(read.broken == written.broken);
    REQUIRE(read.slices.size() == written.slices.size());
    for (std::size_t i = 0; i < read.slices.size(); ++i) {
        CHECK(read.slices[i].path == written.slices[i].path);
        CHECK(read.slices[i].values == written.slices[i].values);
        CHECK(read.slices[i].of_item == written.slices[i].of_item);
    }
    REQUIRE(read.scores.size() == written.scores.size());
    for (std::size_t i = 0; i < read.scores.size(); ++i) {
        INFO(written.scores[i].name);
        CHECK(read.scores[i].name == written.scores[i].name);
        CHECK(read.scores[i].data_type == written.scores[i].data_type);
        CHECK(read.scores[i].counts == written.scores[i].counts);
        CHECK(read.scores[i].means == written.scores[i].means);
        CHECK(read.scores[i].categories == written.scores[i].categories);
        CHECK(read.scores[i].labels == written.scores[i].labels);
    }
}

/// The error of a text that is no reference.
std::string refusal(std::string_view text) {
    const auto read = reference_from_text(text, "main.json");
    if (read) FAIL("it was accepted");
    CHECK(read.error().code == ErrorCode::invalid_argument);
    return read.error().message;
}

std::string replaced(std::string text, const std::string& old, const std::string& by) {
    const std::size_t at = text.find(old);
    if (at == std::string::npos) FAIL("the text has no " + old);
    return text.replace(at, old.size(), by);
}

}  // namespace

TEST_CASE("baseline document: it gives back every value to the last bit", "[report]") {
    const StoredRun stored = rich_run();
    const ReferenceRun written = reference_of(stored);
    REQUIRE(written.tables.size() == 2);
    CHECK(written.tables[0].items.size() == 6);
    CHECK_FALSE(written.tables[0].clusters.empty());
    const ReferenceRun read = value_of(reference_from_text(document_of(stored), "main.json"));
    CHECK(read.name == "main");
    CHECK(read.run_id == stored.run.id.value());
    CHECK_FALSE(read.partial);
    CHECK(read.manifest == stored.run.manifest);
    CHECK(read.summaries.empty());
    REQUIRE(read.tables.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) check_same(read.tables[i], written.tables[i]);
}

TEST_CASE("baseline document: random numbers survive it", "[report]") {
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    StoredRun stored = small_run(200);
    for (int i = 0; i < 200; ++i) {
        UnitResult unit = exact_match_unit(i, rng.next() % 2 == 0);
        const double number = (static_cast<double>(rng.next()) - 9e18) *
                              std::pow(10.0, static_cast<double>(rng.next() % 60) - 30);
        unit.evaluations.push_back(scored("number", number));
        stored.units.push_back(std::move(unit));
    }
    const ReferenceRun read = value_of(reference_from_text(document_of(stored), "main.json"));
    check_same(read.tables.at(0), reference_of(stored).tables.at(0));
}

TEST_CASE("baseline document: the same run gives the same bytes but for who and when", "[report]") {
    const StoredRun stored = rich_run();
    CHECK(document_of(stored) == document_of(stored));
    BaselineFacts other = k_facts;
    other.created_by = "grace";
    const std::string changed = baseline_document(other, stored.run, reference_of(stored));
    CHECK(replaced(changed, "grace", "ada") == document_of(stored));
}

TEST_CASE("baseline document: it is one line an item", "[report]") {
    StoredRun stored = small_run(2);
    stored.units = {exact_match_unit(0, true), exact_match_unit(1, false)};
    for (UnitResult& unit : stored.units) unit.item.content_hash.clear();
    stored.run.manifest = {{"assay", "0.1.0"}, {"seed", 1}};
    const std::string document = document_of(stored);
    const auto lines = split(document, '\n');
    REQUIRE(lines.size() == 17);
    CHECK(lines[0] == "{\"assay_baseline\":1,");
    CHECK(lines[1] == "\"name\":\"main\",");
    CHECK(lines[2] == "\"created_at\":\"2027-01-15T08:00:00.000Z\",");
    CHECK(lines[3] == "\"created_by\":\"ada\",");
    CHECK(lines[4] == "\"reason\":\"release \\\"2.3\\\"\",");
    CHECK(lines[6] == "\"manifest\":{");
    CHECK(lines[7] == "\"assay\":\"0.1.0\",");
    CHECK(lines[8] == "\"seed\":1");
    CHECK(lines[11] ==
          R"({"name":"default","scores":[{"name":"exact_match","data_type":"BOOLEAN"}],)"
          R"("slices":[],"items":[)");
    CHECK(lines[12] == R"({"id":"item-0","scores":[1]},)");
    CHECK(lines[13] == R"({"id":"item-1","scores":[0]})");
    CHECK(lines[14] == "]}");
    CHECK(lines[15] == "]}");
}

TEST_CASE("baseline document: a damaged one is refused with the place", "[report]") {
    const std::string good = document_of(rich_run());
    const auto refused = [&](const std::string& old, const std::string& by) {
        return refusal(replaced(good, old, by));
    };
    using Catch::Contains;
    CHECK_THAT(refused("\"assay_baseline\":1", "\"assay_baseline\":2"),
               Contains("main.json: ") && Contains("newer assay"));
    CHECK_THAT(refused("\"variants\"", "\"variant\""), Contains("`variants` is missing"));
    CHECK_THAT(refused("\"run\":{", "\"run\":7,\"x\":{"),
               Contains("`run` is an integer where an object belongs"));
    CHECK_THAT(refused("\"data_type\":\"BOOLEAN\"", "\"data_type\":\"BOOL\""),
               Contains("variants[0]"));
    CHECK_THAT(refused("\"id\":\"item-1\"", "\"id\":\"item-0\""),
               Contains("variants[0]: items[1]: the item \"item-0\" is there twice"));
    CHECK_THAT(refused("\"content\":\"0000000000000002\"", "\"content\":\"xyz\""),
               Contains("items[1]") && Contains("16 hexadecimal digits"));
    CHECK_THAT(refused("\"cluster\":", "\"klaster\":"),
               Contains("items[1]") && Contains("cluster"));
    CHECK_THAT(refused("\"broken\":1", "\"broken\":-1"), Contains("items[5]: `broken`"));
    CHECK_THAT(refused("\"scores\":[[0.5,2]", "\"scores\":[[0.5,0]"),
               Contains("score \"exact_match\": several values"));
    CHECK_THAT(refused("\"scores\":[[0.5,2]", "\"scores\":[[1.5,2]"), Contains("from 0 to 1"));
    CHECK_THAT(refused("\"scores\":[[0.5,2]", "\"scores\":[\"yes\""),
               Contains("a string where a number belongs"));
    CHECK_THAT(refused("\"scores\":[[0.5,2],", "\"scores\":["),
               Contains("values for the variant's"));
    CHECK_THAT(refused("[\"a\",\"bé\"]", "[\"a\",3]"),
               Contains("score \"team\": an integer where a category belongs"));
    CHECK_THAT(refused("\"slices\":[\"de\"]", "\"slices\":[]"), Contains("0 values for 1 paths"));
    CHECK_THAT(refusal(good.substr(0, good.size() / 2)), Contains("main.json"));
}

TEST_CASE("baseline document: cut anywhere it is refused and nothing else happens", "[report]") {
    StoredRun stored = small_run(2);
    stored.units = {exact_match_unit(0, true), exact_match_unit(1, false)};
    const std::string good = document_of(stored);
    for (std::size_t size = 0; size + 1 < good.size(); ++size) {
        INFO("the first " << size << " bytes");
        CHECK_FALSE(reference_from_text(std::string_view(good).substr(0, size), "main.json"));
    }
}

TEST_CASE("reference: a foreign file is refused in one sentence", "[report]") {
    const std::string neither = "neither a baseline";
    CHECK_THAT(refusal("{\"name\": \"package\"}"), Catch::Contains(neither));
    CHECK_THAT(refusal("[1, 2]"), Catch::Contains(neither));
    CHECK_THAT(refusal("7"), Catch::Contains(neither));
    CHECK_THAT(refusal(""), Catch::StartsWith("main.json: "));
    CHECK_THAT(refusal("hello"), Catch::StartsWith("main.json: "));
    CHECK_THAT(refusal("\xff\xfe"), Catch::StartsWith("main.json: "));
}

TEST_CASE("reference: a report gives its figures and no values of items", "[report]") {
    const StoredRun stored = rich_run();
    const Report report = stored.report();
    const std::string text = to_pretty_text(report_to_json(report));
    const ReferenceRun read = value_of(reference_from_text(text, "report.json"));
    CHECK(read.run_id == stored.run.id.value());
    CHECK(read.manifest.at("seed") == 1);
    CHECK(read.tables.empty());
    REQUIRE(read.summaries.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const VariantSummary& summary = read.summaries[i];
        const VariantSummary& expected = report.variants[i];
        CHECK(summary.name == expected.name);
        CHECK(summary.units.planned == expected.units.planned);
        CHECK(summary.units.failed == expected.units.failed);
        CHECK(summary.coverage == expected.coverage);
        REQUIRE(summary.scores.size() == expected.scores.size());
        for (const ScoreSummary& score : expected.scores) {
            const auto same = std::ranges::find(summary.scores, score.name, &ScoreSummary::name);
            REQUIRE(same != summary.scores.end());
            CHECK(same->data_type == score.data_type);
            CHECK(same->items == score.items);
            CHECK(same->count == score.count);
            CHECK(same->mean == score.mean);
            CHECK(same->stddev == score.stddev);
            CHECK(same->categories == score.categories);
        }
    }
}

TEST_CASE("reference: a report that is damaged is refused with the place", "[report]") {
    const std::string good = to_text(report_to_json(rich_run().report()));
    const auto refused = [&](const std::string& old, const std::string& by) {
        return refusal(replaced(good, old, by));
    };
    CHECK_THAT(refused("\"assay_report\":1", "\"assay_report\":9"), Catch::Contains("newer"));
    CHECK_THAT(refused("\"planned\":12", "\"planned\":\"12\""),
               Catch::Contains("variants[0]: `planned` is a string"));
    CHECK_THAT(refused("\"data_type\":\"BOOLEAN\"", "\"data_type\":7"),
               Catch::Contains("score \"exact_match\": `data_type`"));
}

TEST_CASE("reference: exported units give tables without contents", "[report]") {
    const StoredRun stored = rich_run();
    std::string text;
    for (const UnitResult& unit : stored.units) text += to_text(unit_to_json(unit)) + "\n";
    const ReferenceRun read = value_of(reference_from_text(text, "items.jsonl"));
    CHECK(read.name == "items.jsonl");
    CHECK(read.run_id.empty());
    CHECK(read.manifest.is_null());
    const ReferenceRun expected = reference_of(stored);
    REQUIRE(read.tables.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
        const ScoreTable& table = read.tables[i];
        CHECK(table.variant == expected.tables[i].variant);
        CHECK(table.items == expected.tables[i].items);
        CHECK(table.broken == expected.tables[i].broken);
        CHECK(table.contents == std::vector<std::uint64_t>(6, 0));
        for (const ScoreSeries& series : expected.tables[i].scores) {
            const ScoreSeries* const same = table.find(series.name);
            REQUIRE(same != nullptr);
            CHECK(same->counts == series.counts);
            CHECK(same->means == series.means);
            CHECK(same->labels == series.labels);
        }
    }
}

TEST_CASE("reference: exported units that are damaged are refused with their line", "[report]") {
    const StoredRun stored = rich_run();
    const auto line = [&](std::size_t i) { return to_text(unit_to_json(stored.units[i])) + "\n"; };
    CHECK_THAT(refusal(line(0) + "{\"item_id\": 7}\n"), Catch::Contains("line 2: `variant`"));
    CHECK_THAT(refusal(line(0) + "oops\n"), Catch::Contains("line 2, column 1"));
    CHECK_THAT(refusal(line(0) + line(2) + line(1)),
               Catch::Contains("line 3: the lines of item \"item-0\" do not follow each other"));
    CHECK_THAT(refusal(line(0) + line(12) + line(1)),
               Catch::Contains("line 3: the lines of variant \"short\" do not follow"));
    CHECK_THAT(refusal(line(0) + replaced(line(1), "\"value\":false", "\"value\":\"no\"")),
               Catch::Contains("line 2: score \"exact_match\" has a value of another type"));
    CHECK_THAT(refusal(replaced(line(0), "\"value\":true", "\"value\":null")),
               Catch::Contains("line 1: score \"exact_match\""));
}

namespace {

Json manifest(const std::string& dataset = "d1", std::uint64_t items = 500) {
    return {{"dataset", {{"name", "tickets.jsonl"}, {"sha256", dataset}, {"items", items}}},
            {"evaluators",
             {{{"name", "exact_match"}, {"type", "exact_match"}, {"version", 1}, {"hash", "e1"}},
              {{"name", "tone"}, {"type", "judge"}, {"version", 1}, {"hash", "t1"}}}},
            {"prompts", {{{"name", "router"}, {"version", nullptr}, {"sha256", "p1"}}}},
            {"models", {{"openai:gpt-4.1-mini", nullptr}}},
            {"parameters", {{"default", {{"temperature", 0}}}}},
            {"spec_sha256", "s1"},
            {"repetitions", 1},
            {"seed", 1},
            {"prices_sha256", nullptr},
            {"assay", "0.1.0"},
            {"git", {{"commit", "c1"}, {"branch", "main"}, {"dirty", false}}}};
}

std::vector<std::string> parts_of(const Json& a, const Json& b) {
    std::vector<std::string> parts;
    for (const ManifestDifference& each : manifest_differences(a, b)) parts.push_back(each.part);
    return parts;
}

RunRecord run_with(const Json& of) {
    RunRecord run = small_run(1).run;
    run.manifest = of;
    run.report_plan.scores = {{.name = "exact_match", .evaluator = "exact_match"},
                              {.name = "tone", .evaluator = "tone"}};
    return run;
}

ReferenceRun reference_with(const Json& of) {
    ReferenceRun reference;
    reference.name = "main";
    reference.manifest = of;
    return reference;
}

}  // namespace

TEST_CASE("manifest differences: the same manifest has none", "[report]") {
    CHECK(manifest_differences(manifest(), manifest()).empty());
    CHECK(manifest_differences(Json(), Json()).empty());
}

TEST_CASE("manifest differences: they come in the order in which they explain", "[report]") {
    Json b = manifest("d2", 503);
    b["evaluators"][0]["hash"] = "e2";
    b["prompts"][0]["sha256"] = "p2";
    b["models"] = {{"openai:gpt-5", nullptr}};
    b["parameters"]["default"]["temperature"] = 0.7;
    b["repetitions"] = 3;
    b["seed"] = 2;
    b["spec_sha256"] = "s2";
    b["prices_sha256"] = "x";
    b["assay"] = "0.2.0";
    b["git"]["commit"] = "c2";
    CHECK(parts_of(manifest(), b) ==
          std::vector<std::string>{"dataset", "evaluator exact_match", "prompt router",
                                   "model openai:gpt-4.1-mini", "model openai:gpt-5",
                                   "parameter default temperature", "repetitions", "seed", "spec",
                                   "prices", "assay", "git commit"});
    const auto differences = manifest_differences(manifest(), b);
    CHECK(differences[0].a == "tickets.jsonl, 500 items, d1");
    CHECK(differences[0].b == "tickets.jsonl, 503 items, d2");
    CHECK(differences[1].a == "exact_match version 1, e1");
    CHECK(differences[3].b.empty());
    CHECK(differences[4].a.empty());
    CHECK(differences[5].a == "0");
    CHECK(differences[5].b == "0.7");
    CHECK(differences.back().a == "c1 (main)");
}

TEST_CASE("manifest differences: a model differs once both sides know which one answered",
          "[report]") {
    Json a = manifest();
    Json b = manifest();
    b["models"]["openai:gpt-4.1-mini"] = "gpt-4.1-mini-2025-04-14";
    CHECK(parts_of(a, b).empty());
    a["models"]["openai:gpt-4.1-mini"] = "gpt-4.1-mini-2024-01-01";
    CHECK(parts_of(a, b) == std::vector<std::string>{"model openai:gpt-4.1-mini"});
}

TEST_CASE("manifest differences: any JSON in place of a manifest is no trouble", "[report]") {
    for (const Json& odd : {Json(7), Json("x"), Json::array({1}), Json{{"dataset", 7}},
                            Json{{"evaluators", {{"a", 1}}}}, Json{{"evaluators", {1, "x"}}},
                            Json{{"models", {1}}}, Json{{"parameters", {{"x", 1}}}}}) {
        INFO(to_text(odd));
        CHECK_NOTHROW(manifest_differences(odd, manifest()));
        CHECK_NOTHROW(manifest_differences(manifest(), odd));
        CHECK_NOTHROW(why_unfit(run_with(odd), reference_with(manifest()), "tone", {}));
        CHECK_NOTHROW(why_unfit(run_with(manifest()), reference_with(odd), "tone", {}));
    }
}

TEST_CASE("why unfit: another dataset is named with the sizes and the remedy", "[report]") {
    const RunRecord run = run_with(manifest("d2", 503));
    const ReferenceRun main = reference_with(manifest());
    CHECK(why_unfit(run_with(manifest()), main, "exact_match", {}).empty());
    CHECK(why_unfit(run, main, "exact_match", {}) ==
          "the dataset is not that of main: 503 items instead of 500 items; set a new baseline, "
          "or compare the items that both have with `allow_changed: [dataset]`");
    CHECK(why_unfit(run, main, "exact_match", {"dataset"}).empty());
    CHECK_FALSE(why_unfit(run, main, "exact_match", {"evaluator"}).empty());
    CHECK_THAT(why_unfit(run_with(manifest("d2")), main, "exact_match", {}),
               Catch::Contains("500 items with other content"));
}

TEST_CASE("why unfit: a part of the dataset is not another one", "[report]") {
    RunRecord run = run_with(manifest("d2", 20));
    run.partial = true;
    CHECK(why_unfit(run, reference_with(manifest()), "exact_match", {}).empty());
    ReferenceRun partial = reference_with(manifest());
    partial.partial = true;
    CHECK(why_unfit(run_with(manifest("d2", 20)), partial, "exact_match", {}).empty());
}

TEST_CASE("why unfit: another evaluator or judge of this score and of no other", "[report]") {
    Json changed = manifest();
    changed["evaluators"][1]["hash"] = "t2";
    const RunRecord run = run_with(changed);
    const ReferenceRun main = reference_with(manifest());
    CHECK(why_unfit(run, main, "exact_match", {}).empty());
    CHECK_THAT(why_unfit(run, main, "tone", {}),
               Catch::StartsWith("tone is not scored as in main: the judge \"tone\" is another "
                                 "one (its parameters changed); ") &&
                   Catch::Contains("`allow_changed: [evaluator]`"));
    CHECK(why_unfit(run, main, "tone", {"evaluator"}).empty());
    changed["evaluators"][1]["version"] = 2;
    CHECK_THAT(why_unfit(run_with(changed), main, "tone", {}),
               Catch::Contains("judge version 2 instead of judge version 1"));
}

TEST_CASE("why unfit: a score that nobody announced may come from any program", "[report]") {
    Json changed = manifest();
    changed["evaluators"].push_back(
        {{"name", "custom"}, {"type", "code"}, {"version", 1}, {"hash", "c2"}});
    Json before = changed;
    before["evaluators"][2]["hash"] = "c1";
    const RunRecord run = run_with(changed);
    CHECK_THAT(why_unfit(run, reference_with(before), "surprise", {}),
               Catch::Contains("\"custom\""));
    CHECK(why_unfit(run, reference_with(before), "exact_match", {}).empty());
}

TEST_CASE("why unfit: what is not known is no reason", "[report]") {
    CHECK(why_unfit(run_with(manifest()), reference_with(Json()), "exact_match", {}).empty());
}

}  // namespace assay::test
