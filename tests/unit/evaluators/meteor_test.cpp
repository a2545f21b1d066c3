#include "evaluators/porter_stemmer.hpp"
#include "reference_cases.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::published;
using test::score_of;

TEST_CASE("meteor: equal to an implementation from the formulas", "[meteor]") {
    test::check_reference_cases("meteor");
}

TEST_CASE("meteor: the example in NLTK's documentation", "[meteor]") {
    // Its 0.6944 has no match from WordNet.
    CHECK(score_of(bound("meteor"),
                   "It is a guide to action which ensures that the military always obeys the "
                   "commands of the party",
                   "It is a guide to action that ensures that the military will forever heed Party "
                   "commands") == published(0.6944, 5e-5));
    CHECK(score_of(bound("meteor"), "non matching hypothesis", "this is a cat") == 0);
}

TEST_CASE("meteor: exact matches come before stems", "[meteor]") {
    const auto meteor = bound("meteor");
    CHECK(comment_of(meteor, "runs run", "run runs") ==
          "precision 1, recall 1, 2 matches in 2 chunks");
    CHECK(comment_of(meteor, "running fast", "runs fast") ==
          "precision 1, recall 1, 2 matches in 1 chunk");
    CHECK(comment_of(bound("meteor", {{"stem", false}}), "running fast", "runs fast") ==
          "precision 0.5, recall 0.5, 1 match in 1 chunk");
}

TEST_CASE("meteor: empty texts have no word in common", "[meteor]") {
    const auto meteor = bound("meteor");
    CHECK(score_of(meteor, "", "") == 0);
    CHECK(score_of(meteor, "", "a") == 0);
    CHECK(score_of(meteor, "a", "") == 0);
    CHECK(score_of(meteor, "\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd") == 0.5);
    CHECK(score_of(meteor, "a b", json(R"(["c", "a b"])")) == 0.9375);
}

TEST_CASE("stemmer: equal to an implementation with patterns", "[stemmer]") {
    const Json stems = test::reference_figures("stems");
    REQUIRE(stems.size() > 1000);
    for (const auto& [word, stem] : stems.items()) {
        INFO(word);
        CHECK(porter_stem(word) == stem.get<std::string>());
    }
}

TEST_CASE("stemmer: the examples of the paper", "[stemmer]") {
    // Porter 1980, where the later steps leave the result of the step alone.
    static constexpr std::pair<const char*, const char*> k_examples[] = {
        {"caresses", "caress"},
        {"ponies", "poni"},
        {"caress", "caress"},
        {"cats", "cat"},
        {"feed", "feed"},
        {"agreed", "agre"},
        {"plastered", "plaster"},
        {"bled", "bled"},
        {"motoring", "motor"},
        {"sing", "sing"},
        {"conflated", "conflat"},
        {"troubled", "troubl"},
        {"sized", "size"},
        {"hopping", "hop"},
        {"tanned", "tan"},
        {"falling", "fall"},
        {"hissing", "hiss"},
        {"fizzed", "fizz"},
        {"failing", "fail"},
        {"filing", "file"},
        {"happy", "happi"},
        {"relational", "relat"},
        {"conditional", "condit"},
        {"rational", "ration"},
        {"triplicate", "triplic"},
        {"formative", "form"},
        {"electrical", "electr"},
        {"hopeful", "hope"},
        {"goodness", "good"},
        {"revival", "reviv"},
        {"allowance", "allow"},
        {"adjustable", "adjust"},
        {"replacement", "replac"},
        {"adoption", "adopt"},
        {"effective", "effect"},
        {"probate", "probat"},
        {"rate", "rate"},
        {"cease", "ceas"},
        {"controll", "control"},
        {"roll", "roll"},
        {"generalizations", "gener"},
        {"oscillators", "oscil"}};
    for (const auto& [word, stem] : k_examples) {
        INFO(word);
        CHECK(porter_stem(word) == stem);
    }
}

TEST_CASE("stemmer: what is no English word stays and no word takes long", "[stemmer]") {
    CHECK(porter_stem("") == "");
    CHECK(porter_stem("is") == "is");
    CHECK(porter_stem("na\u00efves") == "na\u00efves");
    CHECK(porter_stem("2026s") == "2026");
    for (const char c : {'y', 'a', 's', 'z'}) {
        const std::string stem = porter_stem(std::string(1'000'000, c) + "ization");
        CHECK(stem.size() > 999'990);
    }
}

}  // namespace
}  // namespace assay
