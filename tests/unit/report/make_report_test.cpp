#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "runner/report/report.hpp"
#include "stored_run.hpp"

namespace assay {
namespace {

using test::broken;
using test::exact_match_unit;
using test::scored;
using test::small_run;
using test::StoredRun;

UnitResult failed_unit(int item, std::string error) {
    UnitResult unit = exact_match_unit(item, true);
    unit.evaluations.clear();
    unit.status = UnitStatus::failed;
    unit.error = std::move(error);
    return unit;
}

UnitResult unscored_unit(int item, std::string message) {
    UnitResult unit = exact_match_unit(item, true);
    unit.evaluations = {broken("exact_match", std::move(message))};
    unit.status = UnitStatus::unscored;
    return unit;
}

StoredRun run_of(std::vector<UnitResult> units) {
    StoredRun stored = small_run(units.size());
    stored.units = std::move(units);
    return stored;
}

TEST_CASE("report: counts add up to planned and the missing ones are skipped") {
    StoredRun stored = small_run(6);
    stored.units = {exact_match_unit(0, true), exact_match_unit(1, false), failed_unit(2, "down"),
                    unscored_unit(3, "no JSON")};
    const Report report = stored.report();
    const UnitCounts& units = report.variants.at(0).units;
    CHECK(units.planned == 6);
    CHECK(units.scored == 2);
    CHECK(units.failed == 1);
    CHECK(units.unscored == 1);
    CHECK(units.skipped == 2);
    CHECK(units.unfinished == 2);
    CHECK(report.variants.at(0).coverage == 2.0 / 6);
    CHECK(report.status == ReportStatus::incomplete);
}

TEST_CASE("report: a failed unit never lowers a mean and lowers coverage") {
    const Report report =
        run_of({exact_match_unit(0, true), exact_match_unit(1, true), failed_unit(2, "down")})
            .report();
    const ScoreSummary& score = report.variants.at(0).scores.at(0);
    CHECK(score.mean == 1.0);
    CHECK(score.items == 2);
    CHECK(score.errors == 0);
    CHECK(report.variants.at(0).coverage == 2.0 / 3);
}

TEST_CASE("report: the mean is over items of the mean over their repetitions") {
    // Item 0 has one value, item 1 has three: a plain mean over values would be 0.75.
    StoredRun stored = run_of({exact_match_unit(0, false), exact_match_unit(1, true),
                               exact_match_unit(1, true), exact_match_unit(1, true)});
    stored.run.repetitions = 3;
    stored.run.variants.at(0).planned = 6;
    const ScoreSummary score = stored.report().variants.at(0).scores.at(0);
    CHECK(score.mean == 0.5);
    CHECK(score.items == 2);
    CHECK(score.count == 4);
    CHECK(score.stddev.value() == Approx(std::sqrt(0.5)));
}

TEST_CASE("report: repetitions of an item tell how much a single answer varies") {
    // Items 0 to 2 with the values 0 1 1, 1 1 and 1: within-item squares 2/3 + 0 over 2 + 1 degrees
    // of freedom, and the third item has nothing to compare.
    StoredRun stored =
        run_of({exact_match_unit(0, false), exact_match_unit(0, true), exact_match_unit(0, true),
                exact_match_unit(1, true), exact_match_unit(1, true), exact_match_unit(2, true)});
    stored.run.repetitions = 3;
    const RepetitionSummary repetitions = stored.report().variants.at(0).scores.at(0).repetitions;
    CHECK(repetitions.items == 2);
    CHECK(repetitions.varying == 1);
    CHECK(repetitions.stddev.value() == Approx(std::sqrt(2.0 / 9)));
}

TEST_CASE("report: categories vary between repetitions too and have no spread") {
    StoredRun stored =
        run_of({exact_match_unit(0, true), exact_match_unit(0, true), exact_match_unit(1, true),
                exact_match_unit(1, true), exact_match_unit(2, true)});
    const char* const teams[] = {"billing", "tech", "tech", "tech", "sales"};
    for (std::size_t i = 0; i < 5; ++i) {
        stored.units.at(i).evaluations = {scored("team", std::string(teams[i]))};
    }
    const RepetitionSummary repetitions = stored.report().variants.at(0).scores.at(1).repetitions;
    CHECK(repetitions.items == 2);
    CHECK(repetitions.varying == 1);
    CHECK_FALSE(repetitions.stddev);
}

TEST_CASE("report: without repetitions there is nothing that varies") {
    const ScoreSummary score = run_of({exact_match_unit(0, true), exact_match_unit(1, false)})
                                   .report()
                                   .variants.at(0)
                                   .scores.at(0);
    CHECK(score.repetitions.items == 0);
    CHECK_FALSE(score.repetitions.stddev);
}

TEST_CASE("report: broken and skipped evaluations count for every score of the evaluator") {
    StoredRun stored = run_of({exact_match_unit(0, true), exact_match_unit(1, true)});
    stored.run.report_plan.scores.push_back(
        {.name = "tone", .evaluator = "judge", .data_type = {}, .check = false});
    stored.run.report_plan.scores.push_back(
        {.name = "tone_pass", .evaluator = "judge", .data_type = {}, .check = false});
    stored.units.at(0).evaluations.push_back(broken("judge", "no reply"));
    stored.units.at(1).evaluations.push_back(
        {.evaluator = "judge", .status = EvaluationStatus::skipped, .scores = {}, .message = {}});
    const Report report = stored.report();
    for (const std::size_t index : {std::size_t{1}, std::size_t{2}}) {
        const ScoreSummary& score = report.variants.at(0).scores.at(index);
        CHECK(score.errors == 1);
        CHECK(score.skipped == 1);
        CHECK(score.count == 0);
        CHECK_FALSE(score.mean.has_value());
        CHECK_FALSE(score.data_type.has_value());
    }
}

TEST_CASE("report: categories are counted and have no mean") {
    StoredRun stored =
        run_of({exact_match_unit(0, true), exact_match_unit(1, true), exact_match_unit(2, true)});
    const char* const teams[] = {"billing", "tech", "billing"};
    for (std::size_t i = 0; i < 3; ++i) {
        stored.units.at(i).evaluations = {scored("team", std::string(teams[i]))};
    }
    const ScoreSummary score = stored.report().variants.at(0).scores.at(1);
    CHECK(score.name == "team");  // the plan does not know it: after the planned ones
    CHECK(score.data_type == ScoreDataType::categorical);
    CHECK(score.categories == std::map<std::string, std::uint64_t>{{"billing", 2}, {"tech", 1}});
    CHECK(score.items == 3);
    CHECK_FALSE(score.mean.has_value());
    CHECK_FALSE(score.stddev.has_value());
}

TEST_CASE("report: a value of another type is an error of the score and not a score") {
    StoredRun stored = run_of({exact_match_unit(0, true), exact_match_unit(1, true)});
    stored.units.at(1).evaluations = {scored("exact_match", std::string("yes"))};
    const ScoreSummary score = stored.report().variants.at(0).scores.at(0);
    CHECK(score.count == 1);
    CHECK(score.errors == 1);
    CHECK(score.mean == 1.0);
    CHECK(score.categories.empty());
}

TEST_CASE("report: latency is of units with an output and a measured latency") {
    StoredRun stored = run_of({exact_match_unit(0, true), exact_match_unit(1, true),
                               exact_match_unit(2, true), failed_unit(3, "timed out")});
    stored.units.at(0).latency = std::chrono::milliseconds(100);
    stored.units.at(1).latency = std::chrono::milliseconds(300);
    stored.units.at(3).latency = std::chrono::seconds(60);
    const LatencySummary latency = stored.report().variants.at(0).latency;
    CHECK(latency.p50 == 200.0);
    CHECK(latency.p95.value() == Approx(290.0));
    CHECK(latency.p99.value() == Approx(298.0));
    CHECK_FALSE(run_of({exact_match_unit(0, true)}).report().variants.at(0).latency.p50);
}

TEST_CASE("report: the time to the first token is of answers that were streamed by a provider") {
    StoredRun stored = run_of({exact_match_unit(0, true), exact_match_unit(1, true),
                               exact_match_unit(2, true), exact_match_unit(3, true)});
    CHECK_FALSE(stored.report().variants.at(0).time_to_first_token.p50);
    stored.units.at(0).time_to_first_token = std::chrono::milliseconds(10);
    stored.units.at(1).time_to_first_token = std::chrono::milliseconds(30);
    stored.units.at(2).time_to_first_token = std::chrono::seconds(60);
    stored.units.at(2).cached = 1;
    const LatencySummary times = stored.report().variants.at(0).time_to_first_token;
    CHECK(times.p50 == 20.0);
    CHECK(times.p95.value() == Approx(29.0));
    CHECK(times.p99.value() == Approx(29.8));
}

TEST_CASE("report: one unknown price makes the variant's cost unknown") {
    StoredRun stored = run_of({exact_match_unit(0, true), exact_match_unit(1, true)});
    for (UnitResult& unit : stored.units) {
        unit.calls = 2;
        unit.retries = 1;
        unit.cost = nanos_from_usd(0.25);
        unit.paid = unit.cost;
    }
    const VariantSummary known = stored.report().variants.at(0);
    CHECK(known.cost == nanos_from_usd(0.5));
    CHECK(known.paid == nanos_from_usd(0.5));
    CHECK(known.calls == 4);
    CHECK(known.retried == 2);
    stored.units.at(1).cost.reset();
    stored.units.at(1).paid.reset();
    const VariantSummary unknown = stored.report().variants.at(0);
    CHECK_FALSE(unknown.cost.has_value());
    CHECK_FALSE(unknown.paid.has_value());
    stored.units.at(1).calls = 0;
    CHECK(stored.report().variants.at(0).cost == nanos_from_usd(0.25));
}

TEST_CASE("report: tokens are summed by kind and a missing total is input and output") {
    StoredRun stored = run_of({exact_match_unit(0, true), exact_match_unit(1, true)});
    stored.units.at(0).usage = {{"input", 10}, {"output", 5}};
    stored.units.at(1).usage = {{"input", 1}, {"output", 2}, {"total", 4}};
    CHECK(stored.report().variants.at(0).tokens ==
          UsageDetails{{"input", 11}, {"output", 7}, {"total", 19}});
}

TEST_CASE("report: the commonest failures come first and at most five are kept") {
    std::vector<UnitResult> units;
    for (int i = 0; i < 30; ++i) units.push_back(failed_unit(i, fmt::format("cause {}", i % 7)));
    units.push_back(failed_unit(30, "cause 3"));
    for (int i = 31; i < 40; ++i) units.push_back(unscored_unit(i, "no JSON"));
    const std::vector<std::string> errors = run_of(std::move(units)).report().errors;
    REQUIRE(errors.size() == 5);
    CHECK(errors.at(0) == "9 evaluations by exact_match broke: no JSON");
    CHECK(errors.at(1) == "5 units failed: cause 0");
    CHECK(errors.at(2) == "5 units failed: cause 1");
    CHECK(errors.at(3) == "5 units failed: cause 3");
    CHECK(errors.at(4) == "4 units failed: cause 2");
    CHECK(run_of({failed_unit(0, "x")}).report().errors.at(0) == "1 unit failed: x");
}

TEST_CASE("report: failures that are all different do not fill the memory") {
    std::vector<UnitResult> units;
    for (int i = 0; i < 3000; ++i) units.push_back(failed_unit(i, fmt::format("row {}", i)));
    const std::vector<std::string> errors = run_of(std::move(units)).report().errors;
    REQUIRE(errors.size() == 5);
    CHECK(errors.at(0) == "2000 units failed: other causes");
}

TEST_CASE("report: variants without a single unit are reported") {
    StoredRun stored = small_run(1);
    stored.run.variants.insert(stored.run.variants.begin(), VariantRecord{"first", {}, 2});
    stored.run.variants.push_back({"last", {}, 3});
    stored.units = {exact_match_unit(0, true)};
    const Report report = stored.report();
    REQUIRE(report.variants.size() == 3);
    CHECK(report.variants.at(0).units.skipped == 2);
    CHECK(report.variants.at(1).units.scored == 1);
    CHECK(report.variants.at(2).units.skipped == 3);
    CHECK(report.variants.at(2).coverage == 0);
    CHECK(report.variants.at(2).scores.size() == 1);
}

TEST_CASE("report: units that do not fit the run are data loss") {
    StoredRun unknown = run_of({exact_match_unit(0, true)});
    unknown.units.at(0).variant = "other";
    StoredRun surplus = run_of({exact_match_unit(0, true), exact_match_unit(1, true)});
    surplus.run.variants.at(0).planned = 1;
    StoredRun unordered =
        run_of({exact_match_unit(0, true), exact_match_unit(1, true), exact_match_unit(2, true)});
    unordered.run.variants.push_back({"second", {}, 3});
    unordered.units.at(1).variant = "second";
    for (const StoredRun* stored : {&unknown, &surplus, &unordered}) {
        const auto report = make_report(stored->run, stored->stream());
        REQUIRE_FALSE(report.has_value());
        CHECK(report.error().code == ErrorCode::data_loss);
        CHECK(report.error().message.find(stored->run.id.value()) != std::string::npos);
    }
}

TEST_CASE("report: an error of the stream is passed on") {
    const UnitStream stream = [](const UnitVisitor& visit) -> Result<void> {
        ASSAY_CHECK(visit(exact_match_unit(0, true)));
        return failure(ErrorCode::unavailable, "the disk is gone");
    };
    const auto report = make_report(small_run(2).run, stream);
    REQUIRE_FALSE(report.has_value());
    CHECK(report.error().code == ErrorCode::unavailable);
    CHECK(report.error().message == "the disk is gone");
}

TEST_CASE("report: values too large to average leave no mean and no NaN") {
    StoredRun stored = run_of({exact_match_unit(0, true), exact_match_unit(0, true)});
    for (UnitResult& unit : stored.units) unit.evaluations = {scored("size", 1.5e308)};
    const ScoreSummary score = stored.report().variants.at(0).scores.at(1);
    CHECK(score.count == 2);
    CHECK_FALSE(score.mean.has_value());
}

GateVerdict verdict(GateStatus status) {
    GateVerdict made;
    made.status = status;
    made.effect = status;
    return made;
}

TEST_CASE("report status: the first that holds of interrupted incomplete failed inconclusive") {
    RunRecord run = small_run(2).run;
    std::vector<VariantSummary> variants(1);
    variants.at(0).units = {.planned = 2, .scored = 2, .failed = 0, .unscored = 0, .skipped = 0};
    variants.at(0).coverage = 1;
    const std::vector<GateVerdict> passed = {verdict(GateStatus::passed)};
    const std::vector<GateVerdict> undecided = {verdict(GateStatus::passed),
                                                verdict(GateStatus::inconclusive)};
    const std::vector<GateVerdict> failed = {verdict(GateStatus::inconclusive),
                                             verdict(GateStatus::failed)};
    CHECK(status_of(run, variants, {}) == ReportStatus::passed);
    CHECK(status_of(run, variants, passed) == ReportStatus::passed);
    CHECK(status_of(run, variants, undecided) == ReportStatus::inconclusive);
    CHECK(status_of(run, variants, failed) == ReportStatus::failed);

    variants.at(0).coverage = 0.94;
    CHECK(status_of(run, variants, {}) == ReportStatus::inconclusive);
    CHECK(status_of(run, variants, failed) == ReportStatus::failed);
    run.report_plan.min_coverage = 0.94;
    CHECK(status_of(run, variants, {}) == ReportStatus::passed);

    variants.at(0).units.unfinished = 1;
    CHECK(status_of(run, variants, failed) == ReportStatus::incomplete);
    variants.at(0).units = {.planned = 2, .scored = 0, .failed = 2, .unscored = 0, .skipped = 0};
    CHECK(status_of(run, variants, failed) == ReportStatus::incomplete);
    variants.at(0).units = {.planned = 2, .scored = 2, .failed = 0, .unscored = 0, .skipped = 0};
    for (const RunState state : {RunState::incomplete, RunState::running}) {
        run.state = state;
        CHECK(status_of(run, variants, failed) == ReportStatus::incomplete);
    }
    run.state = RunState::interrupted;
    CHECK(status_of(run, variants, failed) == ReportStatus::interrupted);
}

TEST_CASE("report status: exit codes are those of the contract") {
    CHECK(exit_code_of(ReportStatus::passed) == 0);
    CHECK(exit_code_of(ReportStatus::failed) == 1);
    CHECK(exit_code_of(ReportStatus::inconclusive) == 3);
    CHECK(exit_code_of(ReportStatus::incomplete) == 4);
    CHECK(exit_code_of(ReportStatus::interrupted) == 130);
}

}  // namespace
}  // namespace assay
