#include "core/stats/classification.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <utility>

#include "core/base/random.hpp"
#include "tests/support/seed.hpp"

namespace assay {
namespace {

/// (expected, predicted) of each case.
using Cases = std::vector<std::pair<std::string, std::string>>;

Cases zip(const std::vector<std::string>& expected, const std::vector<std::string>& predicted) {
    Cases cases;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        cases.emplace_back(expected[i], predicted[i]);
    }
    return cases;
}

ConfusionMatrix matrix_of(const Cases& cases) {
    std::set<std::string> labels;
    for (const auto& [expected, predicted] : cases) {
        labels.insert(expected);
        labels.insert(predicted);
    }
    ConfusionMatrix matrix{.labels = {labels.begin(), labels.end()}, .counts = {}};
    matrix.counts.assign(labels.size(), std::vector<std::uint64_t>(labels.size()));
    const auto place = [&](const std::string& label) {
        return static_cast<std::size_t>(std::ranges::distance(labels.begin(), labels.find(label)));
    };
    for (const auto& [expected, predicted] : cases) {
        ++matrix.counts[place(expected)][place(predicted)];
    }
    return matrix;
}

void check_scores(const Result<ClassificationScores>& scores, double precision, double recall,
                  double f1, double margin) {
    REQUIRE(scores.has_value());
    CHECK(scores->precision == Approx(precision).margin(margin));
    CHECK(scores->recall == Approx(recall).margin(margin));
    CHECK(scores->f1 == Approx(f1).margin(margin));
}

constexpr double k_two_digits = 0.005001;  ///< the documentation prints two decimals

TEST_CASE("classification: the examples of scikit-learn's classification_report") {
    // scikit-learn.org/stable/modules/generated/sklearn.metrics.classification_report.html
    const ConfusionMatrix first =
        matrix_of(zip({"0", "1", "2", "2", "2"}, {"0", "0", "2", "2", "1"}));
    CHECK(accuracy(first).value() == Approx(0.60));
    check_scores(classification_scores(first, "0"), 0.50, 1.00, 0.67, k_two_digits);
    check_scores(classification_scores(first, "1"), 0.00, 0.00, 0.00, k_two_digits);
    check_scores(classification_scores(first, "2"), 1.00, 0.67, 0.80, k_two_digits);
    check_scores(classification_scores(first, ClassAverage::macro), 0.50, 0.56, 0.49, k_two_digits);
    check_scores(classification_scores(first, ClassAverage::weighted), 0.70, 0.60, 0.61,
                 k_two_digits);
}

TEST_CASE("classification: the examples of scikit-learn's precision_recall_fscore_support") {
    // .../sklearn.metrics.precision_recall_fscore_support.html, printed in full
    const ConfusionMatrix animals = matrix_of(zip({"cat", "dog", "pig", "cat", "dog", "pig"},
                                                  {"cat", "pig", "dog", "cat", "cat", "dog"}));
    check_scores(classification_scores(animals, ClassAverage::macro), 2.0 / 9, 1.0 / 3, 4.0 / 15,
                 1e-15);
    check_scores(classification_scores(animals, ClassAverage::micro), 1.0 / 3, 1.0 / 3, 1.0 / 3,
                 1e-15);
    check_scores(classification_scores(animals, ClassAverage::weighted), 2.0 / 9, 1.0 / 3, 4.0 / 15,
                 1e-15);
    check_scores(classification_scores(animals, "cat"), 2.0 / 3, 1, 0.8, 1e-15);
}

/// The definitions in words, without a matrix.
ClassificationScores brute_force(const Cases& cases, const std::string& label) {
    double hits = 0;
    double expected = 0;
    double predicted = 0;
    for (const auto& [is, said] : cases) {
        hits += is == label && said == label ? 1 : 0;
        expected += is == label ? 1 : 0;
        predicted += said == label ? 1 : 0;
    }
    ClassificationScores scores;
    scores.precision = predicted > 0 ? hits / predicted : 0;
    scores.recall = expected > 0 ? hits / expected : 0;
    const double sum = scores.precision + scores.recall;
    scores.f1 = sum > 0 ? 2 * scores.precision * scores.recall / sum : 0;
    return scores;
}

void check_averages(const Cases& cases, const ConfusionMatrix& matrix) {
    ClassificationScores macro;
    ClassificationScores weighted;
    for (const std::string& label : matrix.labels) {
        const ClassificationScores scores = brute_force(cases, label);
        check_scores(classification_scores(matrix, label), scores.precision, scores.recall,
                     scores.f1, 1e-14);
        const auto support = std::ranges::count(cases, label, &Cases::value_type::first);
        const double each = 1.0 / static_cast<double>(matrix.labels.size());
        const double share = static_cast<double>(support) / static_cast<double>(cases.size());
        macro.precision += each * scores.precision;
        macro.recall += each * scores.recall;
        macro.f1 += each * scores.f1;
        weighted.precision += share * scores.precision;
        weighted.recall += share * scores.recall;
        weighted.f1 += share * scores.f1;
    }
    check_scores(classification_scores(matrix, ClassAverage::macro), macro.precision, macro.recall,
                 macro.f1, 1e-14);
    check_scores(classification_scores(matrix, ClassAverage::weighted), weighted.precision,
                 weighted.recall, weighted.f1, 1e-14);
}

TEST_CASE("classification: every average agrees with the definition in words") {
    const std::uint64_t seed = test::seed_of_test();
    CAPTURE(seed);
    Rng random(seed);
    for (int round = 0; round < 300; ++round) {
        const std::uint64_t labels = 1 + random.next_below(6);
        const std::uint64_t size = 1 + random.next_below(40);
        Cases cases;
        for (std::uint64_t i = 0; i < size; ++i) {
            cases.emplace_back(std::to_string(random.next_below(labels)),
                               std::to_string(random.next_below(labels)));
        }
        const ConfusionMatrix matrix = matrix_of(cases);
        const auto right =
            std::ranges::count_if(cases, [](const auto& one) { return one.first == one.second; });
        const double share = static_cast<double>(right) / static_cast<double>(size);
        CHECK(accuracy(matrix).value() == Approx(share).margin(1e-15));
        check_scores(classification_scores(matrix, ClassAverage::micro), share, share, share,
                     1e-15);
        check_averages(cases, matrix);
    }
}

TEST_CASE("classification: perfect answers score exactly 1 however many labels there are") {
    Cases cases;
    for (int i = 0; i < 49; ++i)
        cases.insert(cases.end(), 1U + static_cast<unsigned>(i) % 5,
                     {std::to_string(i), std::to_string(i)});
    const ConfusionMatrix matrix = matrix_of(cases);
    for (const auto average : {ClassAverage::micro, ClassAverage::macro, ClassAverage::weighted}) {
        CHECK(classification_scores(matrix, average)->f1 == 1);
        CHECK(classification_scores(matrix, average)->precision == 1);
        CHECK(classification_scores(matrix, average)->recall == 1);
    }
}

TEST_CASE("classification: nothing counted and an unknown label are errors and never zero") {
    CHECK_FALSE(accuracy({}).has_value());
    CHECK_FALSE(classification_scores(ConfusionMatrix{}, ClassAverage::macro).has_value());
    CHECK_FALSE(classification_scores(ConfusionMatrix{}, "spam").has_value());
    const ConfusionMatrix matrix = matrix_of({{"ham", "ham"}});
    CHECK(classification_scores(matrix, "spam").error().message ==
          "no unit expects or predicts \"spam\"");
    CHECK(classification_scores(matrix, "ham")->f1 == 1);
}

}  // namespace
}  // namespace assay
