#include <filesystem>
#include <fstream>
#include <sstream>

#include "evaluator_helpers.hpp"
#include "evaluators/language_guess.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::mistakes_in;
using test::outcome;

/// Sentences by language: `known` are all to be recognised, of `other` most. The lists of words may
/// owe something to both, so the shares below are floors and no estimate of how often a guess is
/// right.
Json sentences(const char* part) {
    std::ifstream file(std::filesystem::path(ASSAY_SOURCE_DIR) /
                       "tests/unit/evaluators/language_sentences.json");
    std::stringstream text;
    text << file.rdbuf();
    return json(text.str()).at(part);
}

TEST_CASE("language: sentences of every language on the list are recognised", "[language]") {
    const Json known = sentences("known");
    CHECK(known.size() == 30);
    for (const auto& [code, texts] : known.items()) {
        CHECK(is_guessable_language(code));
        CHECK(texts.size() >= 5);
        std::string all;
        for (const std::string text : texts) {
            INFO(text);
            CHECK(guess_language(text) == code);
            all.append(text).append(" ");
        }
        CHECK(guess_language(all) == code);
    }
}

TEST_CASE("language: of other short sentences most are right and few are wrong", "[language]") {
    std::size_t count = 0;
    std::size_t right = 0;
    std::size_t wrong = 0;
    for (const auto& [code, texts] : sentences("other").items()) {
        for (const std::string text : texts) {
            const std::string_view guess = guess_language(text);
            ++count;
            if (guess == code) ++right;
            if (guess != code && guess != "und") ++wrong;
        }
    }
    CHECK(count >= 60);
    CHECK(right >= count * 8 / 10);
    CHECK(wrong <= count / 10);
}

TEST_CASE("language: what cannot be told is und", "[language]") {
    for (const char* text : {"", " ", "42", "3.14 + 2", "!?", "Xyzzy", "Paris", "\xff\xfe",
                             "\U0001F600\U0001F680", "OK", "kubectl --namespace", "foo_bar(baz)"}) {
        INFO(text);
        CHECK(guess_language(text) == "und");
    }
}

TEST_CASE("language: most of a text decides", "[language]") {
    CHECK(guess_language("The word Привет means hello, and it is used by friends.") == "en");
    CHECK(guess_language("Слово hello означает привет, и его используют друзья.") == "ru");
    CHECK(guess_language("使用 GPT 模型可以很快地回答这些问题。") == "zh");
    CHECK(guess_language("The sign says 出口 and that is the way out of here.") == "en");
    CHECK(guess_language("THE WEATHER IS NICE AND WE ARE GOING TO THE BEACH") == "en");
}

TEST_CASE("language: with is it is a verdict", "[language]") {
    const auto german = bound("language", {{"is", "de"}});
    CHECK(german.data_type("score") == ScoreDataType::boolean);
    CHECK(bound("language").data_type("score") == ScoreDataType::categorical);
    CHECK(outcome(german, "Das ist ein Test, und er ist nicht lang.") == true);
    CHECK(outcome(german, "This is a test, and it is not long.") == false);
    CHECK(comment_of(german, "This is a test, and it is not long.") == "expected de, got en");
    CHECK(outcome(bound("language", {{"is", "DE-at"}}), "Das ist nicht der Zug.") == true);
    CHECK(outcome(bound("language", {{"is", "und"}}), "42") == true);
    CHECK(outcome(german, json(R"({"text": "Das ist nicht der Zug."})")) == true);
}

TEST_CASE("language: a code that is not recognised is a mistake", "[language]") {
    CHECK(mistakes_in("language", {{"is", "german"}}) ==
          std::vector<std::string>{"/is: \"is\": \"german\" is no code of a language that is "
                                   "recognised, such as en or de"});
    const auto templated = bound("language", {{"is", "{{metadata.lang}}"}});
    DatasetItem item;
    item.metadata = {{"lang", "fr"}};
    CHECK(outcome(templated.evaluate(item, "Il ne sait pas où est la gare.")) == true);
    item.metadata = {{"lang", "xx"}};
    CHECK(is_error(outcome(templated.evaluate(item, "Il ne sait pas."))));
}

}  // namespace
}  // namespace assay
