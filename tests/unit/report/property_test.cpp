#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <numeric>

#include "core/base/random.hpp"
#include "core/base/text.hpp"
#include "parsing.hpp"
#include "runner/report/writers.hpp"
#include "stored_run.hpp"
#include "tests/support/seed.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay {
namespace {

using test::StoredRun;

constexpr std::size_t k_seeds = 250;

/// Short texts of what breaks formats: quotes, separators, markup, control and wide characters.
std::string random_text(Rng& random) {
    static const std::vector<std::string> k_pieces = {
        "a", "Z",  "0",  "=",    "+",    "-",  "@",  "\"", "'",   ",",  ";", "|",
        "`", "\n", "\r", "\t",   " ",    "<",  ">",  "&",  "]]>", "\\", "*", "\x1b[31m",
        "é", "日", "🎉", "\x01", "\x7f", "％", "{{", "}}", "#",   "$"};
    std::string text;
    const std::uint64_t length = random.next_below(12);
    for (std::uint64_t i = 0; i < length; ++i) {
        text += k_pieces.at(random.next_below(k_pieces.size()));
    }
    return text;
}

class RandomRun {
  public:
    explicit RandomRun(std::uint64_t seed) : random_(seed) {}

    StoredRun make() {
        stored_ = test::small_run(0);
        stored_.run.repetitions = static_cast<int>(1 + random_.next_below(3));
        stored_.run.experiment = "e" + random_text(random_);
        stored_.run.variants.clear();
        stored_.run.report_plan.scores = {column("flag", ScoreDataType::boolean),
                                          column("size", ScoreDataType::numeric),
                                          column("kind", ScoreDataType::categorical)};
        stored_.run.report_plan.gates = {parse_gate("flag >= 0.5").value(),
                                         parse_gate("size <= 10").value(),
                                         parse_gate("cost_usd <= 1").value()};
        stored_.run.report_plan.run_evaluators = {
            run_evaluator("accuracy", Json::object()),
            run_evaluator("f1", {{"predicted", "kind"}, {"ignore_case", true}}),
            run_evaluator("confusion_matrix", Json::object()),
            run_evaluator("pass_at_k", {{"score", "flag"}, {"k", 1}}),
            run_evaluator("pass_hat_k", {{"score", "flag"}})};
        const std::uint64_t variants = 1 + random_.next_below(4);
        for (std::uint64_t i = 0; i < variants; ++i) {
            add_variant(fmt::format("{}{}", i, random_text(random_)));
        }
        return std::move(stored_);
    }

  private:
    bool chance(std::uint64_t percent) { return random_.next_below(100) < percent; }

    ScoreColumn column(const char* name, ScoreDataType type) {
        return {.name = name, .evaluator = name, .data_type = type, .check = chance(50)};
    }

    RunEvaluator run_evaluator(const char* type, Json parameters) {
        return {.name = type + random_text(random_),
                .type = type,
                .parameters = std::move(parameters),
                .pointer = {}};
    }

    void add_variant(const std::string& name) {
        const std::uint64_t items = random_.next_below(7);
        const auto repetitions = static_cast<std::uint64_t>(stored_.run.repetitions);
        stored_.run.variants.push_back(
            {name, derive_dataset_run_id(stored_.run.id, name), items * repetitions});
        const std::uint64_t stored =
            chance(70) ? items * repetitions : random_.next_below(items * repetitions + 1);
        for (std::uint64_t i = 0; i < stored; ++i) {
            UnitResult unit = make_unit(i / repetitions);
            unit.variant = name;
            unit.repetition = static_cast<int>(i % repetitions);
            stored_.units.push_back(std::move(unit));
        }
    }

    UnitResult make_unit(std::uint64_t item) {
        UnitResult unit;
        unit.item.id = DatasetItemId(fmt::format("{}", item));
        unit.item.position = item;
        unit.item.input = random_text(random_);
        unit.output = random_text(random_);
        if (chance(80)) unit.item.expected_output = unit.output;
        if (chance(40)) unit.item.expected_output = random_text(random_);
        unit.calls = static_cast<int>(random_.next_below(3));
        if (chance(95)) unit.cost = static_cast<NanoUsd>(random_.next_below(1'000'000));
        unit.paid = unit.cost;
        unit.latency = std::chrono::microseconds(random_.next_below(1'000'000));
        if (chance(15)) {
            unit.status = UnitStatus::failed;
            unit.error = random_text(random_) + "\xff";
            return unit;
        }
        if (chance(10)) {
            unit.status = UnitStatus::skipped;
            return unit;
        }
        add_evaluation(unit, "flag", chance(50));
        add_evaluation(unit, "size", random_.next_unit() * 20);
        add_evaluation(unit, "kind", random_text(random_));
        unit.status = status_from(unit.evaluations);
        return unit;
    }

    void add_evaluation(UnitResult& unit, const char* name, ScoreValue value) {
        if (chance(10)) {
            unit.evaluations.push_back(test::broken(name, random_text(random_)));
        } else {
            unit.evaluations.push_back(test::scored(name, std::move(value), random_text(random_)));
        }
    }

    Rng random_;
    StoredRun stored_;
};

/// The values of a score by item, straight from the units.
std::map<std::string, std::vector<double>> values_by_item(const StoredRun& stored,
                                                          const std::string& variant,
                                                          const std::string& score) {
    std::map<std::string, std::vector<double>> items;
    for (const UnitResult& unit : stored.units) {
        if (unit.variant != variant) continue;
        for (const Evaluation& evaluation : unit.evaluations) {
            if (evaluation.evaluator != score || evaluation.scores.empty()) continue;
            items[unit.item.id.value()].push_back(as_number(evaluation.scores.front().value));
        }
    }
    return items;
}

void check_mean(const StoredRun& stored, const VariantSummary& variant, const ScoreSummary& score) {
    long double sum = 0;
    std::uint64_t count = 0;
    const auto items = values_by_item(stored, variant.name, score.name);
    for (const auto& [item, values] : items) {
        long double item_sum = 0;
        for (const double value : values) item_sum += value;
        sum += item_sum / static_cast<long double>(values.size());
        count += values.size();
    }
    CHECK(score.items == items.size());
    CHECK(score.count == count);
    CHECK(score.mean.has_value() == !items.empty());
    if (items.empty()) return;
    const auto naive = static_cast<double>(sum / static_cast<long double>(items.size()));
    CHECK(*score.mean == Approx(naive).epsilon(1e-14).margin(1e-15));
}

void check_variant(const StoredRun& stored, const VariantSummary& variant, std::uint64_t planned) {
    const UnitCounts& units = variant.units;
    CHECK(units.planned == planned);
    CHECK(units.scored + units.failed + units.unscored + units.skipped == planned);
    std::uint64_t scored = 0;
    std::uint64_t broken_flags = 0;
    std::uint64_t kinds = 0;
    for (const UnitResult& unit : stored.units) {
        if (unit.variant != variant.name) continue;
        scored += unit.status == UnitStatus::scored ? 1 : 0;
        for (const Evaluation& evaluation : unit.evaluations) {
            const bool broke = evaluation.status == EvaluationStatus::error;
            broken_flags += broke && evaluation.evaluator == "flag" ? 1 : 0;
            kinds += !broke && evaluation.evaluator == "kind" ? 1 : 0;
        }
    }
    CHECK(units.scored == scored);
    check_mean(stored, variant, variant.scores.at(0));
    check_mean(stored, variant, variant.scores.at(1));
    CHECK(variant.scores.at(0).errors == broken_flags);
    std::uint64_t categorised = 0;
    for (const auto& [kind, count] : variant.scores.at(2).categories) categorised += count;
    CHECK(categorised == kinds);
    CHECK(variant.scores.at(2).count == kinds);
}

/// How many units have both labels, and how many of them are the same, straight from the units.
void check_labels(const StoredRun& stored, const VariantSummary& variant) {
    std::uint64_t both = 0;
    std::uint64_t same = 0;
    for (const UnitResult& unit : stored.units) {
        const bool ended = unit.status == UnitStatus::scored || unit.status == UnitStatus::unscored;
        if (unit.variant != variant.name || !ended || unit.item.expected_output.is_null()) continue;
        ++both;
        same += unit.output == unit.item.expected_output ? 1 : 0;
    }
    const Result<double>& accuracy = variant.run_scores.at(0).value;
    const Result<ConfusionMatrix>& matrix = variant.matrices.at(0).matrix;
    CHECK(accuracy.has_value() == (both > 0));
    CHECK(matrix.has_value() == (both > 0));
    for (const RunScore& score : variant.run_scores) {
        CHECK((!score.value || (*score.value >= 0 && *score.value <= 1)));
    }
    if (both == 0) return;
    CHECK(*accuracy == static_cast<double>(same) / static_cast<double>(both));
    CHECK(variant.run_scores.at(0).comment.empty() == (both == variant.units.planned));
    std::uint64_t counted = 0;
    std::uint64_t diagonal = 0;
    for (std::size_t i = 0; i < matrix->labels.size(); ++i) {
        diagonal += matrix->counts.at(i).at(i);
        counted += std::accumulate(matrix->counts.at(i).begin(), matrix->counts.at(i).end(),
                                   std::uint64_t{0});
    }
    CHECK(counted == both);
    CHECK(diagonal == same);
}

void check_csv(const StoredRun& stored, const std::string& text) {
    const auto rows = test::parse_csv(text);
    REQUIRE(rows.size() == stored.units.size() + 1);
    for (std::size_t i = 0; i < stored.units.size(); ++i) {
        const std::vector<std::string>& row = rows.at(i + 1);
        REQUIRE(row.size() == rows.front().size());
        const auto input = stored.units.at(i).item.input.get<std::string>();
        CHECK((row.at(4) == input || row.at(4) == "'" + input));
        CHECK(std::string("=+-@\t\r\n").find(row.at(4).empty() ? 'x' : row.at(4).front()) ==
              std::string::npos);
    }
}

void check_jsonl(const StoredRun& stored, const std::string& text) {
    const std::vector<std::string_view> lines = split(text, '\n');
    REQUIRE(lines.size() == stored.units.size() + 1);
    for (std::size_t i = 0; i < stored.units.size(); ++i) {
        const auto line = parse_json(lines.at(i));
        REQUIRE(line.has_value());
        CHECK(line->at("output") == stored.units.at(i).output);
    }
}

void check_table(const Report& report) {
    for (const std::size_t columns : {std::size_t{40}, std::size_t{80}, std::size_t{160}}) {
        const std::string table = report_to_table(report, {.columns = columns});
        CHECK(table.find('\x1b') == std::string::npos);
        for (const std::string_view line : split(table, '\n')) {
            CHECK(display_width(line) <= columns);
        }
    }
}

TEST_CASE("report properties: counts add up and means agree and every format can be read back") {
    const test::TemporaryFolder folder;
    const test::TemporaryFolder junit;
    for (const std::uint64_t seed : test::seeds_of_test(k_seeds)) {
        INFO("ASSAY_SEED=" << seed);
        const StoredRun stored = RandomRun(seed).make();
        const Report report = stored.report();
        REQUIRE(report.variants.size() == stored.run.variants.size());
        for (std::size_t i = 0; i < report.variants.size(); ++i) {
            check_variant(stored, report.variants.at(i), stored.run.variants.at(i).planned);
            check_labels(stored, report.variants.at(i));
        }
        const auto write = [&](const std::filesystem::path& path) {
            const auto result = write_report(path, report, stored.stream());
            if (!result) FAIL(result.error().message);
            return test::read_text(path);
        };
        const auto json = parse_json(write(folder.path() / "a.json"));
        REQUIRE(json.has_value());
        CHECK(json->at("variants").size() == report.variants.size());
        test::check_report_schema(*json);
        CHECK(json->at("exit_code") == exit_code_of(report.status));
        check_csv(stored, write(folder.path() / "a.csv"));
        check_jsonl(stored, write(folder.path() / "a.jsonl"));
        CHECK(find_invalid_utf8(write(folder.path() / "a.md")) == std::string::npos);
        (void)write(junit.path() / fmt::format("{}.xml", seed));  // read below, all at once
        check_table(report);
    }
    test::check_junit_files(junit.path());
}

}  // namespace
}  // namespace assay
