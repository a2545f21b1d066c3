#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::outcome;

double ease(const char* text) { return outcome(bound("readability"), text).get<double>(); }
double grade(const char* text) {
    return outcome(bound("readability", {{"formula", "flesch_kincaid_grade"}}), text).get<double>();
}
std::string counts(const char* text) { return comment_of(bound("readability"), text); }

TEST_CASE("readability: published figures are met", "[readability]") {
    // Wikipedia, "Flesch-Kincaid readability tests": 116 and 37.5.
    CHECK(ease("The cat sat on the mat.") == Approx(116.145));
    CHECK(ease("The Australian platypus is seemingly a hybrid of a mammal and reptilian "
               "creature.") == Approx(37.455).margin(0.01));
    CHECK(grade("The cat sat on the mat.") == Approx(-1.45));
    CHECK(grade("The Australian platypus is seemingly a hybrid of a mammal and reptilian "
                "creature.") == Approx(0.39 * 13 + 11.8 * 24 / 13 - 15.59));
}

TEST_CASE("readability: harder texts score lower in ease and higher in grade", "[readability]") {
    const char* const easy = "I see a dog. The dog is big. It can run fast.";
    const char* const middle =
        "The committee met on Monday to discuss the new budget. Most of the members agreed that "
        "the city should spend more money on public parks.";
    const char* const hard =
        "Notwithstanding the aforementioned considerations, the implementation of comprehensive "
        "regulatory harmonization necessitates extraordinary interdepartmental coordination.";
    CHECK(ease(easy) > 90);
    CHECK(ease(middle) > 40);
    CHECK(ease(middle) < 80);
    CHECK(ease(hard) < 0);
    CHECK(grade(easy) < 2);
    CHECK(grade(hard) > 18);
}

TEST_CASE("readability: sentences end with a mark at the end of a word", "[readability]") {
    CHECK(counts("One two. Three four!") == "4 words, 2 sentences, 4 syllables");
    CHECK(counts("One two") == "2 words, 1 sentences, 2 syllables");
    CHECK(counts("He said \"Stop.\" (Really?) Then - well...") ==
          "6 words, 3 sentences, 7 syllables");
    CHECK(counts("Pi is 3.14 here") == "4 words, 1 sentences, 4 syllables");
    CHECK(counts("... Go. ! ?") == "1 words, 1 sentences, 1 syllables");
}

TEST_CASE("readability: syllables are groups of vowels without silent ones", "[readability]") {
    const std::pair<const char*, int> words[] = {
        {"cat", 1},    {"table", 2},     {"whale", 1},  {"made", 1},    {"the", 1},   {"walked", 1},
        {"wanted", 2}, {"banana", 3},    {"rhythm", 1}, {"people", 2},  {"agree", 2}, {"free", 1},
        {"needed", 2}, {"BEAUTIFUL", 3}, {"don't", 1},  {"reading", 2}, {"hmm", 1},   {"2024", 1}};
    for (const auto& [word, syllables] : words) {
        INFO(word);
        CHECK(counts(word) == "1 words, 1 sentences, " + std::to_string(syllables) + " syllables");
    }
}

TEST_CASE("readability: a text without words is 0 and says so", "[readability]") {
    for (const char* text : {"", " \n", "...", "- * -"}) {
        INFO(text);
        CHECK(ease(text) == 0);
        CHECK(grade(text) == 0);
        CHECK(counts(text) == "the output has no words");
    }
}

}  // namespace
}  // namespace assay
