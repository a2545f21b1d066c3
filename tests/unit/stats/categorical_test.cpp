#include "core/stats/categorical.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/stats/distributions.hpp"

namespace assay {
namespace {

using Counts = std::vector<std::vector<std::uint64_t>>;
using Labels = std::vector<std::string>;

TransitionTable table_of(Counts counts) { return {.labels = {}, .counts = std::move(counts)}; }

// Unaided distance vision of 7,477 women, right eye by left eye: Stuart, Biometrika 42 (1955).
const TransitionTable k_vision = table_of(
    {{1520, 266, 124, 66}, {234, 1512, 432, 78}, {117, 362, 1772, 205}, {36, 82, 179, 492}});

TEST_CASE("categorical: labels of both runs are counted in order") {
    const Labels a = {"good", "bad", "good", "unsure", "good"};
    const Labels b = {"good", "good", "bad", "unsure", "great"};
    const TransitionTable table = transition_table(a, b).value();
    CHECK(table.labels == Labels{"bad", "good", "great", "unsure"});
    CHECK(table.counts == Counts{{0, 1, 0, 0}, {1, 1, 1, 0}, {0, 0, 0, 0}, {0, 0, 0, 1}});
}

TEST_CASE("categorical: too many labels or unequal runs are refused") {
    const Labels a = {"a", "b", "c"};
    CHECK(transition_table(a, Labels{"a", "b"}).error().code == ErrorCode::invalid_argument);
    CHECK(transition_table(Labels{"a"}, Labels{"b"}).error().code == ErrorCode::invalid_argument);
    CHECK(transition_table(Labels{}, Labels{}).error().code == ErrorCode::invalid_argument);
    CHECK(transition_table(a, a, 3).has_value());
    CHECK(transition_table(a, a, 2).error().message == "there are more than 2 different labels");
}

TEST_CASE("categorical: Stuart's own example") {
    // Q = 11.96 with 3 degrees of freedom; statsmodels 0.13.5 (SquareTable) the further digits.
    const ChiSquareTest test = stuart_maxwell(k_vision).value();
    CHECK(test.statistic == Approx(11.956569622982544).epsilon(1e-12));
    CHECK(test.degrees == 3);
    CHECK(test.p == Approx(0.007533425054800591).epsilon(1e-9));
}

TEST_CASE("categorical: Bowker's test of the same table") {
    // statsmodels 0.13.5: SquareTable(vision, shift_zeros=False).symmetry()
    const ChiSquareTest test = bowker(k_vision).value();
    CHECK(test.statistic == Approx(19.106550215266772).epsilon(1e-12));
    CHECK(test.degrees == 6);
    CHECK(test.p == Approx(0.003987419840428568).epsilon(1e-9));
}

TEST_CASE("categorical: with two labels both are McNemar's test without correction") {
    const TransitionTable table = table_of({{794, 150}, {86, 570}});
    // Agresti 1990, page 350; R 4: mcnemar.test(Performance, correct = FALSE) gives 17.356
    for (const auto& test : {stuart_maxwell(table).value(), bowker(table).value()}) {
        CHECK(test.statistic == Approx(64.0 * 64 / 236).epsilon(1e-12));
        CHECK(test.degrees == 1);
        CHECK(test.p == Approx(two_sided_normal(64 / std::sqrt(236.0))).epsilon(1e-9));
    }
}

TEST_CASE("categorical: labels without a change are left out") {
    // The vision table with a label that never occurs and one that never changes.
    Counts counts(6, std::vector<std::uint64_t>(6));
    for (std::size_t i = 0; i < 4; ++i) {
        for (std::size_t j = 0; j < 4; ++j)
            counts[i < 2 ? i : i + 1][j < 2 ? j : j + 1] = k_vision.counts[i][j];
    }
    counts[5][5] = 1000;
    const TransitionTable wider = table_of(counts);
    CHECK(stuart_maxwell(wider).value().statistic == Approx(11.956569622982544).epsilon(1e-12));
    CHECK(stuart_maxwell(wider).value().degrees == 3);
    CHECK(bowker(wider).value().degrees == 6);
}

TEST_CASE("categorical: groups of labels between which nothing changes add up") {
    const TransitionTable one = table_of({{5, 9}, {3, 5}});
    const TransitionTable other = table_of({{1, 4, 2}, {6, 1, 9}, {3, 5, 1}});
    Counts counts(5, std::vector<std::uint64_t>(5));
    for (const std::size_t i : {0U, 1U}) {
        for (const std::size_t j : {0U, 1U}) counts[3 * i][3 * j] = one.counts[i][j];
    }
    const std::vector<std::size_t> places = {1, 2, 4};
    for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) counts[places[i]][places[j]] = other.counts[i][j];
    }
    const ChiSquareTest both = stuart_maxwell(table_of(counts)).value();
    CHECK(both.degrees == 3);
    CHECK(both.statistic ==
          Approx(stuart_maxwell(one).value().statistic + stuart_maxwell(other).value().statistic));
}

TEST_CASE("categorical: fifty labels and counts of a billion keep the statistic exact") {
    // Every label loses to the next one and to no other: 50 gains of 0, and then one more change.
    Counts counts(50, std::vector<std::uint64_t>(50));
    for (std::size_t i = 0; i < 50; ++i) counts[i][(i + 1) % 50] = 1'000'000'000;
    const ChiSquareTest balanced = stuart_maxwell(table_of(counts)).value();
    CHECK(balanced.statistic == Approx(0).margin(1e-9));
    CHECK(balanced.degrees == 49);
    CHECK(balanced.p == Approx(1));
    const ChiSquareTest cyclic = bowker(table_of(counts)).value();
    CHECK(cyclic.statistic == Approx(50e9));
    CHECK(cyclic.degrees == 50);
    CHECK(cyclic.p == 0);
}

TEST_CASE("categorical: a table without a change or without a square has no answer") {
    for (const Counts& counts : {Counts{}, Counts{{7}}, Counts{{7, 0}, {0, 9}}}) {
        CHECK(stuart_maxwell(table_of(counts)).error().message ==
              "no item changed its label, so there is nothing to test");
        CHECK(bowker(table_of(counts)).error().code == ErrorCode::invalid_argument);
    }
    for (const Counts& counts : {Counts{{1, 2}}, Counts{{1, 2}, {3}}}) {
        CHECK(stuart_maxwell(table_of(counts)).error().code == ErrorCode::invalid_argument);
        CHECK(bowker(table_of(counts)).error().code == ErrorCode::invalid_argument);
    }
}

}  // namespace
}  // namespace assay
