#include "evaluators/tokens.hpp"
#include "reference_cases.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::published;
using test::score_of;

TEST_CASE("bleu: equal to an implementation from the formulas", "[bleu]") {
    test::check_reference_cases("bleu");
}

TEST_CASE("bleu: the figures in sacreBLEU's tests", "[bleu]") {
    // github.com/mjpost/sacrebleu, test/test_sentence_bleu.py, which has percents.
    const char* const output =
        "Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;";
    const char* const reference = "producţia de zahăr brut se exprimă în zahăr alb;";
    const auto smoothed = [&](const char* method) {
        return 100 * score_of(bound("bleu", {{"smoothing", method}}), output, reference);
    };
    CHECK(smoothed("exp") == published(8.493, 1e-3));
    CHECK(smoothed("none") == 0);
    CHECK(smoothed("floor") == published(4.51688, 1e-3));
    CHECK(smoothed("add_k") == published(14.882, 1e-3));
    for (const char* method : {"exp", "none", "floor", "add_k"}) {
        CHECK(score_of(bound("bleu", {{"smoothing", method}}), "this is a cat", "okay thanks") ==
              0);
    }
    // test/test_bleu.py; without smoothing of orders that the output does not have.
    CHECK(score_of(bound("bleu"), "test", "a test") == published(0.3678794411714425, 1e-12));
    CHECK(score_of(bound("bleu"), "a test", "a test") == 1);
}

TEST_CASE("bleu: the examples of the paper", "[bleu]") {
    // Papineni et al. 2002, section 2.1: example 2 clips "the" at 2 of 7; in example 1 candidate 1
    // has a modified precision of 17/18 for unigrams and 10/17 for bigrams, candidate 2 8/14 and
    // 1/13. Without their points, which the paper does not count.
    const auto unigrams = bound("bleu", {{"n", 1}});
    CHECK(score_of(unigrams, "the the the the the the the",
                   json(R"(["the cat is on the mat", "there is a cat on the mat"])")) ==
          Approx(2.0 / 7));
    const Json references = {
        "It is a guide to action that ensures that the military will forever heed Party commands",
        "It is the guiding principle which guarantees the military forces always being under the "
        "command of the Party",
        "It is the practical guide for the army always to heed the directions of the party"};
    const Json first =
        "It is a guide to action which ensures that the military always obeys the commands of the "
        "party";
    const Json second =
        "It is to insure the troops forever hearing the activity guidebook that party direct";
    const auto bigrams = bound("bleu", {{"n", 2}});
    CHECK(comment_of(bigrams, first, references) == "precisions 0.9444 0.5882, brevity penalty 1");
    CHECK(score_of(unigrams, first, references) == Approx(17.0 / 18));
    const double brevity = std::exp(1 - 16.0 / 14);
    CHECK(score_of(unigrams, second, references) == Approx(brevity * 8 / 14));
    CHECK(score_of(bigrams, second, references) == Approx(brevity * std::sqrt(8.0 / 14 * 1 / 13)));
}

TEST_CASE("bleu: of two lengths that are as near the shorter counts", "[bleu]") {
    const auto unigrams = bound("bleu", {{"n", 1}});
    CHECK(score_of(unigrams, "a b c", json(R"(["a b", "a b c d"])")) == 1);
    CHECK(score_of(unigrams, "a b c", json(R"(["a b c d", "a b"])")) == 1);
    CHECK(score_of(unigrams, "a b c", json(R"(["a b c d", "a b c d e"])")) ==
          Approx(std::exp(1 - 4.0 / 3)));
}

TEST_CASE("bleu: an empty text has nothing in common", "[bleu]") {
    for (const char* method : {"exp", "none", "floor", "add_k"}) {
        const auto bleu = bound("bleu", {{"smoothing", method}});
        CHECK(score_of(bleu, "", "a cat") == 0);
        CHECK(score_of(bleu, "a cat", "") == 0);
        CHECK(score_of(bleu, "", "") == 0);
        CHECK(score_of(bleu, " \n", json(R"(["", "a cat"])")) == 0);
    }
    CHECK(score_of(bound("bleu"), "cat", "cat") == 1);
    CHECK(score_of(bound("bleu", {{"smoothing", "add_k"}}), "cat", "cat") == 1);
}

TEST_CASE("bleu: the tokens of mteval-v13a", "[bleu]") {
    const auto tokens = [](std::string_view text) {
        std::string joined;
        for (const std::string& token : tokens_13a(text)) joined += token + "|";
        return joined;
    };
    CHECK(tokens("Hello, world!") == "Hello|,|world|!|");
    CHECK(tokens("3.14 and 1,000.") == "3.14|and|1,000|.|");
    CHECK(tokens("U.S. a..b") == "U|.|S|.|a|.|.|b|");
    CHECK(tokens("don't 10-20 well-known") == "don't|10|-|20|well-known|");
    CHECK(tokens("&quot;x&quot; &amp;lt;b&gt;") == "\"|x|\"|<|b|>|");
    CHECK(tokens("be-\nhind a\nline-\n") == "behind|a|line-|");
    CHECK(tokens("<skipped>a") == "a|");
    CHECK(tokens("\u00e4\u00a0b\u3000\u201cc\u201d") == "\u00e4|b|\u201cc\u201d|");
    CHECK(tokens(".") == ".|");
    CHECK(tokens("") == "");
    CHECK(tokens("\xff\xfe.") == "\ufffd\ufffd|.|");
}

}  // namespace
}  // namespace assay
