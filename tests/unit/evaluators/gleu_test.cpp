#include "reference_cases.hpp"

namespace assay {
namespace {

using test::bound;
using test::json;
using test::published;
using test::score_of;

TEST_CASE("gleu: equal to an implementation from the formulas", "[gleu]") {
    test::check_reference_cases("gleu");
}

TEST_CASE("gleu: the examples in NLTK's documentation", "[gleu]") {
    const auto gleu = bound("gleu");
    CHECK(score_of(gleu, "the the the the the the the", "the cat is on the mat") ==
          published(0.09095, 5e-5));
    const char* const reference =
        "It is a guide to action that ensures that the military will forever heed Party commands";
    CHECK(score_of(gleu,
                   "It is a guide to action which ensures that the military always obeys the "
                   "commands of the party",
                   reference) == published(0.43935, 5e-5));
    CHECK(score_of(gleu,
                   "It is to insure the troops forever hearing the activity guidebook that party "
                   "direct",
                   reference) == published(0.12065, 5e-5));
}

TEST_CASE("gleu: one token and none", "[gleu]") {
    const auto gleu = bound("gleu");
    CHECK(score_of(gleu, "cat", "cat") == 1);
    CHECK(score_of(gleu, "", "") == 0);
    CHECK(score_of(gleu, "cat", "") == 0);
    CHECK(score_of(gleu, "", "cat") == 0);
    CHECK(score_of(gleu, "\U0001f600", json(R"(["\ud83d\ude01", "\ud83d\ude00"])")) == 1);
}

}  // namespace
}  // namespace assay
