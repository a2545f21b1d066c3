#include <fmt/format.h>

#include "reference_cases.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::score_of;

TEST_CASE("rouge: equal to an implementation from the formulas", "[rouge]") {
    test::check_reference_cases("rouge_n");
    test::check_reference_cases("rouge_l");
}

TEST_CASE("rouge: the examples of the paper", "[rouge]") {
    // Lin 2004, section 3.1: S1 is the reference, beta is 1.
    const auto rouge_l = bound("rouge_l");
    const char* const reference = "police killed the gunman";
    CHECK(score_of(rouge_l, "police kill the gunman", reference) == 0.75);
    CHECK(score_of(rouge_l, "the gunman kill police", reference) == 0.5);
    CHECK(score_of(rouge_l, "the gunman police killed", reference) == 0.5);
}

TEST_CASE("rouge: letters of every script count and symbols do not", "[rouge]") {
    const auto unigrams = bound("rouge_n");
    CHECK(score_of(unigrams, "\u041c\u043e\u0441\u043a\u0432\u0430!",
                   "\u043c\u043e\u0441\u043a\u0432\u0430") == 1);
    CHECK(score_of(unigrams, "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd",
                   "\u05e9\u05dc\u05d5\u05dd") == Approx(2.0 / 3));
    CHECK(score_of(unigrams, "\u65e5\u672c\u8a9e", "\u65e5\u672c\u4eba") == Approx(2.0 / 3));
    CHECK(score_of(unigrams, "cafe\u0301", "cafe\u0301") == 1);
    CHECK(score_of(unigrams, "cafe\u0301", "cafe") == 0);
    CHECK(score_of(unigrams, "caf\u00e9", "cafe\u0301") == 0);  // texts are not normalised
    CHECK(score_of(unigrams, "yes \U0001f600 \u2764\ufe0f", "yes") == 1);
    CHECK(score_of(unigrams, "\U0001f600", "\U0001f600") == 0);  // no word on either side
}

TEST_CASE("rouge: nothing in common with an empty text", "[rouge]") {
    for (const char* type : {"rouge_n", "rouge_l"}) {
        INFO(type);
        CHECK(score_of(bound(type), "", "one two") == 0);
        CHECK(score_of(bound(type), "one two", "") == 0);
        CHECK(score_of(bound(type), "", "") == 0);
        CHECK(comment_of(bound(type), "", "one two") == "precision 0, recall 0");
    }
    CHECK(score_of(bound("rouge_n", {{"n", 2}}), "one", "one") == 0);
    CHECK(score_of(bound("rouge_l"), "one", "one") == 1);
}

TEST_CASE("rouge_l: sequences longer than a block of the table", "[rouge]") {
    const auto recall = bound("rouge_l", {{"measure", "recall"}});
    for (const int size : {63, 64, 65, 127, 128, 129, 1000}) {
        std::string counted;
        std::string odd;
        std::string backwards;
        for (int i = 0; i < size; ++i) {
            counted += fmt::format("w{} ", i);
            if (i % 2 == 1) odd += fmt::format("w{} ", i);
            backwards = fmt::format("w{} ", i) + backwards;
        }
        INFO(size);
        CHECK(score_of(recall, counted, counted) == 1);
        CHECK(score_of(recall, odd, counted) == Approx(static_cast<double>(size / 2) / size));
        CHECK(score_of(recall, counted, odd) == 1);
        CHECK(score_of(recall, backwards, counted) == Approx(1.0 / size));
    }
}

}  // namespace
}  // namespace assay
