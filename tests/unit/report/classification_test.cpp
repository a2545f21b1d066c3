// The run evaluators that compare labels: accuracy, precision, recall, f1, confusion_matrix.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/writers.hpp"
#include "stored_run.hpp"

namespace assay {
namespace {

const std::vector<ScoreColumn> k_scores = {
    {.name = "team", .evaluator = "team", .data_type = ScoreDataType::categorical, .check = false},
    {.name = "spam", .evaluator = "spam", .data_type = ScoreDataType::boolean, .check = false},
    {.name = "length", .evaluator = "length", .data_type = ScoreDataType::numeric, .check = false},
    {.name = "custom", .evaluator = "custom", .data_type = {}, .check = false}};

RunEvaluator evaluator(std::string type, Json parameters = Json::object()) {
    return {.name = type, .type = type, .parameters = std::move(parameters), .pointer = {}};
}

std::string mistake(std::string type, Json parameters) {
    return check_run_evaluator(evaluator(std::move(type), std::move(parameters)), k_scores, 1);
}

UnitResult labelled(int item, Json expected, Json output) {
    UnitResult unit = test::exact_match_unit(item, expected == output);
    unit.item.expected_output = std::move(expected);
    unit.output = std::move(output);
    return unit;
}

/// The example of scikit-learn's confusion_matrix: expected, predicted.
test::StoredRun animals() {
    test::StoredRun stored = test::small_run(6);
    const std::pair<const char*, const char*> labels[] = {{"cat", "ant"}, {"ant", "ant"},
                                                          {"cat", "cat"}, {"cat", "cat"},
                                                          {"ant", "ant"}, {"bird", "cat"}};
    int item = 0;
    for (const auto& [expected, output] : labels) {
        stored.units.push_back(labelled(item++, expected, output));
    }
    return stored;
}

VariantSummary summary_with(test::StoredRun& stored, std::vector<RunEvaluator> evaluators) {
    stored.run.report_plan.run_evaluators = std::move(evaluators);
    return stored.report().variants.at(0);
}

std::string reason(const VariantSummary& variant, std::size_t index = 0) {
    const Result<double>& value = variant.run_scores.at(index).value;
    REQUIRE_FALSE(value.has_value());
    return value.error().message;
}

TEST_CASE("labels: well-formed run evaluators have no mistake") {
    for (const char* type : {"accuracy", "precision", "recall", "f1", "confusion_matrix"}) {
        CHECK(mistake(type, Json::object()).empty());
        CHECK(mistake(type, {{"predicted", "output"}}).empty());
        CHECK(mistake(type, {{"predicted", "team"}, {"ignore_case", true}}).empty());
        CHECK(mistake(type, {{"predicted", "spam"}, {"strip", false}}).empty());
        CHECK(mistake(type, {{"predicted", "custom"}}).empty());
    }
    for (const char* average : {"micro", "macro", "weighted"}) {
        CHECK(mistake("f1", {{"average", average}}).empty());
    }
    CHECK(mistake("f1", {{"average", "binary"}, {"positive", "spam"}}).empty());
    CHECK(mistake("f1", {{"positive", true}}).empty());
    CHECK(mistake("recall", {{"positive", 1}}).empty());
}

TEST_CASE("labels: each mistake is named with the remedy") {
    CHECK(mistake("acuracy", Json::object()) ==
          "unknown run evaluator \"acuracy\"; did you mean \"accuracy\"?");
    CHECK(mistake("f1", {{"predicted", "tema"}}) ==
          "no evaluator gives the score \"tema\"; did you mean \"team\"?");
    CHECK(mistake("f1", {{"predicted", 7}}) ==
          "`predicted` must be the name of a score, not an integer");
    CHECK(mistake("f1", {{"predicted", "length"}}) ==
          "the score \"length\" is NUMERIC; labels come from a CATEGORICAL or BOOLEAN score, or "
          "from the output");
    CHECK(mistake("f1", {{"score", "team"}}) ==
          "unknown parameter \"score\" of the run evaluator f1; it has predicted, ignore_case, "
          "strip, average, positive");
    CHECK(mistake("accuracy", {{"average", "macro"}}) ==
          "unknown parameter \"average\" of the run evaluator accuracy; it has predicted, "
          "ignore_case, strip");
    CHECK(mistake("f1", {{"average", "makro"}}) ==
          "unknown average \"makro\"; did you mean \"macro\"?");
    CHECK(mistake("f1", {{"average", 3}}) ==
          "unknown average \"3\"; there are micro, macro, weighted, binary");
    CHECK(mistake("f1", {{"average", "binary"}}) ==
          "`average: binary` needs `positive`, the label that counts");
    CHECK(mistake("f1", {{"average", "macro"}, {"positive", "spam"}}) ==
          "`positive` goes with `average: binary`, not with macro");
    CHECK(mistake("f1", {{"positive", Json::array()}}) ==
          "`positive` must be a label, not an array");
    CHECK(mistake("f1", {{"strip", "yes"}}) == "`strip` must be true or false, not a string");
}

TEST_CASE("labels: matrix and numbers agree with scikit-learn's example") {
    // sklearn.metrics.confusion_matrix, second example: [[2 0 0] [0 0 1] [1 0 2]]. The numbers are
    // worked out by hand from it: F1 of ant 4/5, of bird 0, of cat 2/3.
    test::StoredRun stored = animals();
    const VariantSummary variant = summary_with(
        stored,
        {evaluator("confusion_matrix"), evaluator("accuracy"),
         evaluator("f1", {{"average", "micro"}}), evaluator("f1"),
         evaluator("f1", {{"average", "weighted"}}), evaluator("f1", {{"positive", "ant"}}),
         evaluator("precision", {{"positive", "ant"}}), evaluator("recall", {{"positive", "cat"}}),
         evaluator("precision"), evaluator("recall")});
    REQUIRE(variant.matrices.size() == 1);
    const ConfusionMatrix& matrix = variant.matrices.at(0).matrix.value();
    CHECK(matrix.labels == std::vector<std::string>{"ant", "bird", "cat"});
    CHECK(matrix.counts ==
          std::vector<std::vector<std::uint64_t>>{{2, 0, 0}, {0, 0, 1}, {1, 0, 2}});
    CHECK(variant.matrices.at(0).comment.empty());
    const double expected[] = {
        4.0 / 6, 4.0 / 6, (0.8 + 0 + 2.0 / 3) / 3,     (2 * 0.8 + 3 * 2.0 / 3) / 6, 0.8,
        2.0 / 3, 2.0 / 3, (2.0 / 3 + 0 + 2.0 / 3) / 3, (1 + 0 + 2.0 / 3) / 3};
    REQUIRE(variant.run_scores.size() == std::size(expected));
    for (std::size_t i = 0; i < std::size(expected); ++i) {
        CAPTURE(i);
        CHECK(variant.run_scores.at(i).value.value() == Approx(expected[i]).epsilon(1e-15));
    }
}

TEST_CASE("labels: accuracy of the output is the mean of exact_match") {
    test::StoredRun stored = animals();
    const VariantSummary variant = summary_with(stored, {evaluator("accuracy")});
    CHECK(variant.run_scores.at(0).value.value() == Approx(variant.scores.at(0).mean.value()));
}

TEST_CASE("labels: white space and case count unless they are told not to") {
    test::StoredRun stored = test::small_run(3);
    stored.units = {labelled(0, "Spam", " spam\n"), labelled(1, "ham", "ham"),
                    labelled(2, "ÄRGER", "ärger")};
    const VariantSummary variant = summary_with(
        stored, {evaluator("accuracy"), evaluator("accuracy", {{"strip", true}}),
                 evaluator("accuracy", {{"ignore_case", true}}),
                 evaluator("accuracy", {{"ignore_case", true}, {"strip", true}}),
                 evaluator("f1", {{"ignore_case", true}, {"strip", true}, {"positive", "SPAM "}})});
    CHECK(variant.run_scores.at(0).value.value() == Approx(1.0 / 3));
    CHECK(variant.run_scores.at(1).value.value() == Approx(1.0 / 3));
    CHECK(variant.run_scores.at(2).value.value() == Approx(2.0 / 3));
    CHECK(variant.run_scores.at(3).value.value() == 1);
    CHECK(variant.run_scores.at(4).value.value() == 1);
}

TEST_CASE("labels: they may come from a score and need not be text") {
    test::StoredRun stored = test::small_run(2);
    stored.run.report_plan.scores = k_scores;
    stored.units = {labelled(0, true, "a long answer"), labelled(1, false, "another")};
    for (UnitResult& unit : stored.units) {
        unit.evaluations.push_back(test::scored("spam", true));
        unit.evaluations.push_back(test::scored("team", std::string("true")));
    }
    const VariantSummary variant =
        summary_with(stored, {evaluator("accuracy", {{"predicted", "spam"}}),
                              evaluator("precision", {{"predicted", "spam"}, {"positive", true}}),
                              evaluator("recall", {{"predicted", "team"}, {"positive", "true"}})});
    CHECK(variant.run_scores.at(0).value.value() == 0.5);
    CHECK(variant.run_scores.at(1).value.value() == 0.5);
    CHECK(variant.run_scores.at(2).value.value() == 1);
}

TEST_CASE("labels: what has no label is left out and said so") {
    test::StoredRun stored = animals();
    stored.run.report_plan.scores = k_scores;
    stored.run.variants.at(0).planned = 12;
    for (UnitResult& unit : stored.units) {
        unit.evaluations.push_back(test::scored("team", unit.output.get<std::string>()));
    }
    UnitResult failed = labelled(6, "cat", nullptr);
    failed.status = UnitStatus::failed;
    UnitResult unscored = labelled(7, "cat", "cat");
    unscored.status = UnitStatus::unscored;
    unscored.evaluations.push_back(test::broken("team", "no reply"));
    UnitResult skipped = labelled(9, "cat", nullptr);
    skipped.status = UnitStatus::skipped;
    for (UnitResult& unit : std::vector{failed, unscored, labelled(8, nullptr, "cat"), skipped}) {
        stored.units.push_back(std::move(unit));
    }
    const VariantSummary variant = summary_with(
        stored, {evaluator("accuracy"), evaluator("accuracy", {{"predicted", "team"}})});
    // An unscored unit keeps its output: only what the broken evaluator would have said is missing.
    CHECK(variant.run_scores.at(0).comment ==
          "over 7 of 12 units: 1 failed, 3 not run, 1 without an expected output");
    CHECK(variant.run_scores.at(0).value.value() == Approx(5.0 / 7));
    CHECK(variant.run_scores.at(1).comment ==
          "over 6 of 12 units: 1 failed, 3 not run, 2 without the score team");
    CHECK(variant.run_scores.at(1).value.value() == Approx(4.0 / 6));
}

TEST_CASE("labels: without a pair of labels there is no number but the reason") {
    test::StoredRun stored = test::small_run(2);
    UnitResult failed = labelled(0, "cat", nullptr);
    failed.status = UnitStatus::failed;
    stored.units = {failed, labelled(1, nullptr, "cat")};
    VariantSummary variant =
        summary_with(stored, {evaluator("f1"), evaluator("confusion_matrix"),
                              evaluator("accuracy", {{"predicted", "nowhere"}})});
    CHECK(reason(variant) == "no unit has both labels: 1 failed, 1 without an expected output");
    CHECK(variant.matrices.at(0).matrix.error().message == reason(variant));
    CHECK(reason(variant, 1) == "no unit has both labels: 1 failed, 1 without the score nowhere");

    stored = test::small_run(0);
    CHECK(reason(summary_with(stored, {evaluator("f1")})) == "no units were planned");
    stored = animals();
    CHECK(reason(summary_with(stored, {evaluator("f1", {{"positive", "dog"}})})) ==
          "no unit expects or predicts \"dog\"");
    stored.units.at(2).evaluations.push_back(test::scored("custom", 3.0));
    CHECK(reason(summary_with(stored, {evaluator("f1", {{"predicted", "custom"}})})) ==
          "the score custom is NUMERIC and no label");
}

TEST_CASE("labels: the limit on different labels holds on both sides") {
    for (const bool predicted : {false, true}) {
        CAPTURE(predicted);
        const auto run_of = [&](std::size_t count) {
            test::StoredRun stored = test::small_run(count);
            for (std::size_t i = 0; i < count; ++i) {
                const Json many = fmt::format("label {}", i);
                stored.units.push_back(labelled(static_cast<int>(i), predicted ? Json("x") : many,
                                                predicted ? many : Json("x")));
            }
            return stored;
        };
        test::StoredRun most = run_of(limits::k_run_labels_max);
        const VariantSummary fits = summary_with(most, {evaluator("confusion_matrix")});
        CHECK(fits.matrices.at(0).matrix->labels.size() == limits::k_run_labels_max + 1);

        test::StoredRun more = run_of(limits::k_run_labels_max + 1);
        CHECK(reason(summary_with(more, {evaluator("accuracy")})) ==
              (predicted
                   ? "there are more than 200 different predicted labels; this is for answers "
                     "of a few fixed kinds, and `predicted` may name a score that tells the "
                     "kind"
                   : "there are more than 200 different expected labels; this is for answers "
                     "of a few fixed kinds"));
    }
}

TEST_CASE("labels: long texts are cut and stay different") {
    const std::string start(limits::k_run_label_bytes_max, 'a');
    test::StoredRun stored = test::small_run(4);
    stored.units = {labelled(0, start, start), labelled(1, start + "b", start + "c"),
                    labelled(2, start + "b", start + "b"),
                    labelled(3, "x", std::string(20'000'000, 'z'))};
    const VariantSummary variant =
        summary_with(stored, {evaluator("accuracy"), evaluator("confusion_matrix")});
    CHECK(variant.run_scores.at(0).value.value() == 0.5);
    const ConfusionMatrix& matrix = variant.matrices.at(0).matrix.value();
    REQUIRE(matrix.labels.size() == 5);
    CHECK(matrix.labels.at(0) == start);
    for (const std::string& label : matrix.labels) {
        CHECK(label.size() <= limits::k_run_label_bytes_max + 20);
    }
}

TEST_CASE("labels: a gate cannot stand on a confusion matrix") {
    ReportPlan plan;
    plan.run_evaluators = {evaluator("confusion_matrix"), evaluator("f1")};
    CHECK(check_gate(parse_gate("f1 >= 0.5").value(), plan).empty());
    CHECK(check_gate(parse_gate("coverage >= 0.5").value(), plan).empty());
    CHECK(check_gate(parse_gate("confusion_matrix >= 3").value(), plan) ==
          "the gate \"confusion_matrix >= 3\" needs a number, and \"confusion_matrix\" is a "
          "confusion matrix; put a gate on accuracy, precision, recall or f1");
}

TEST_CASE("labels: what is said of several run scores or variants is said once") {
    test::StoredRun stored = animals();
    stored.run.variants.at(0).planned = 7;
    stored.run.report_plan.run_evaluators = {evaluator("accuracy"), evaluator("f1"),
                                             evaluator("confusion_matrix"),
                                             evaluator("median", {{"score", "custom"}})};
    const std::vector<std::string> notes = {
        "accuracy, f1, confusion_matrix: over 6 of 7 units: 1 not run",
        "median cannot be computed: no item has the score custom"};
    CHECK(run_score_notes(stored.report()) == notes);

    stored.run.variants.push_back(
        {.name = "idle", .dataset_run_id = DatasetRunId("d"), .planned = 1});
    const std::vector<std::string> of_two = {
        "accuracy, f1, confusion_matrix (default): over 6 of 7 units: 1 not run",
        "median cannot be computed: no item has the score custom",
        "accuracy, f1, confusion_matrix (idle) cannot be computed: no unit has both labels: 1 not "
        "run"};
    CHECK(run_score_notes(stored.report()) == of_two);
}

TEST_CASE("labels: the terminal shows the first notes and says how many more there are") {
    test::StoredRun stored = test::small_run(1);
    stored.run.report_plan.run_evaluators = {evaluator("accuracy")};
    for (int i = 1; i <= 10; ++i) {
        stored.run.variants.push_back({.name = fmt::format("v{}", i),
                                       .dataset_run_id = DatasetRunId("d"),
                                       .planned = static_cast<std::uint64_t>(i + 1)});
    }
    const Report report = stored.report();
    const std::string table = report_to_table(report, {.columns = 160});
    CHECK(run_score_notes(report).size() == 11);
    CHECK(table.find("accuracy (v7) cannot be computed") != std::string::npos);
    CHECK(table.find("accuracy (v8) cannot be computed") == std::string::npos);
    CHECK(table.find("and 3 more like these; --out report.md has them all") != std::string::npos);
    CHECK(report_to_markdown(report).find("accuracy \\(v10\\)") != std::string::npos);
}

TEST_CASE("labels: a matrix that does not fit the terminal becomes a hint") {
    test::StoredRun stored = test::small_run(40);
    for (int i = 0; i < 40; ++i) {
        const std::string label = fmt::format("\x1b[31mkind {}", i % 20);
        stored.units.push_back(labelled(i, label, label));
    }
    stored.run.report_plan.run_evaluators = {evaluator("confusion_matrix")};
    const Report report = stored.report();
    CHECK(report_to_table(report, {.columns = 120})
              .find("confusion_matrix: a matrix of 20 labels; see it with --out report.html or "
                    "report.md") != std::string::npos);
    const std::string wide = report_to_table(report, {.columns = 400});
    CHECK(wide.find("expected \\ predicted") != std::string::npos);
    CHECK(wide.find('\x1b') == std::string::npos);
    for (const std::string_view line : split(wide, '\n')) CHECK(display_width(line) <= 400);
}

}  // namespace
}  // namespace assay
