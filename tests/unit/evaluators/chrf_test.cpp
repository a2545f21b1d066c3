#include "reference_cases.hpp"

namespace assay {
namespace {

using test::bound;
using test::json;
using test::published;
using test::score_of;

TEST_CASE("chrf: equal to an implementation from the formulas", "[chrf]") {
    test::check_reference_cases("chrf");
}

TEST_CASE("chrf: the figures in sacreBLEU's tests", "[chrf]") {
    // github.com/mjpost/sacrebleu, test/test_chrf.py, beta 3, in percent.
    const auto chrf3 = bound("chrf", {{"beta", 3}});
    CHECK(score_of(chrf3, "a", "a") == 1);
    CHECK(score_of(chrf3, "", "reference") == 0);
    CHECK(score_of(chrf3, "a b c", "a b c") == 1);
    CHECK(score_of(chrf3, "a b c", "abc") == 1);
    CHECK(score_of(chrf3, "aa", "ab") == 0.25);
    CHECK(score_of(chrf3, "abcdefg", "hijklmnop") == 0);
    // test_cases_keep_whitespace: there spaces count; here another character stands for them.
    CHECK(100 * score_of(chrf3,
                         "Die_Beziehung_zwischen_Obama_und_Netanjahu_ist_nicht_gerade_freundlich.",
                         "Das_Verh\u00e4ltnis_zwischen_Obama_und_Netanyahu_ist_nicht_gerade_"
                         "freundschaftlich.") ==
          published(67.3481606, 1e-4));
    CHECK(100 * score_of(chrf3,
                         "risk_assessment_must_be_made_of_those_who_are_qualified_and_expertise_in_"
                         "the_sector_-_these_are_the_scientists_.",
                         "risk_assessment_has_to_be_undertaken_by_those_who_are_qualified_and_"
                         "expert_in_that_area_-_that_is_the_scientists_.") ==
          published(65.2414427, 1e-4));
}

TEST_CASE("chrf: words of chrF++ lose one mark of punctuation", "[chrf]") {
    const Json words = {{"character_order", 1}, {"word_order", 1}, {"beta", 1}};
    // Characters: 3 of 4 and 3 of 3; words "(hi" and ")" against "(hi".
    CHECK(score_of(bound("chrf", words), "(hi)", "(hi") < 1);
    const double characters = 3.0 / 4;
    // "(hi" is cut to "(" and "hi", "(hi)" to "(hi" and ")": no word in common.
    const double precision = characters / 2;
    const double recall = 1.0 / 2;
    CHECK(score_of(bound("chrf", words), "(hi)", "(hi") ==
          Approx(2 * precision * recall / (precision + recall)));
    CHECK(score_of(bound("chrf", words), "hi !", "hi!") == 1);
}

TEST_CASE("chrf: texts of other scripts and empty ones", "[chrf]") {
    const auto chrf = bound("chrf");
    CHECK(score_of(chrf, "", "") == 0);
    CHECK(score_of(chrf, "abc", "") == 0);
    CHECK(score_of(chrf, " \n", " ") == 0);
    CHECK(score_of(chrf, "\u65e5\u672c\u8a9e", "\u65e5\u672c\u8a9e") == 1);
    CHECK(score_of(chrf, "\U0001f600", "\U0001f600") == 1);
    CHECK(score_of(chrf, "\u0645\u0631\u062d\u0628\u0627", "\u0645\u0631\u062d\u0628\u0627") == 1);
    CHECK(score_of(chrf, "e\u0301", "\u00e9") == 0);  // texts are not normalised
    CHECK(score_of(chrf, "a", json(R"(["b", "", "a"])")) == 1);
}

}  // namespace
}  // namespace assay
