#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::mistakes_in;
using test::outcome;

TEST_CASE("word_count: words stand between white space of any kind", "[word_count]") {
    const auto words = bound("word_count");
    CHECK(outcome(words, "") == 0);
    CHECK(outcome(words, " \n\t ") == 0);
    CHECK(outcome(words, "one") == 1);
    CHECK(outcome(words, "  To be,\tor not\n\nto be ") == 6);
    CHECK(outcome(words, "a\u00a0b\u2003c\u3000d\u2028e") == 5);
    CHECK(outcome(words, "well-known isn't 3.14 e-mail@x.y") == 4);
    CHECK(outcome(words, "\ud55c\uad6d\uc5b4 \ubb38\uc7a5") == 2);  // Korean has spaces
    CHECK(outcome(words, "\xff\xfe \x80") == 2);
    CHECK(outcome(words, json(R"({"a": [1, 2]})")) == 1);
}

TEST_CASE("word_count: Chinese and Japanese characters count one each", "[word_count]") {
    const auto words = bound("word_count");
    CHECK(outcome(words, "\u4eca\u5929\u5929\u6c14\u5f88\u597d\u3002") == 6);
    CHECK(outcome(words, "\u6771\u4eac\u306f\u3001\u591c") == 4);
    CHECK(outcome(words, "\u4f7f\u7528GPT\u6a21\u578b") == 5);
    CHECK(outcome(words, "\u3010\u6ce8\u3011\uff01") == 1);
    CHECK(outcome(words, "\U00020000\U00020001\U00031350") == 3);
    CHECK(outcome(words, "\u4e8c\u3007\u4e8c\u516d\u5e74\u3006\u5207") == 7);
    CHECK(outcome(words, "\uff76\uff85 \u30ab\u30ca") == 4);  // of half and of full width
}

TEST_CASE("word_count: a range makes it a verdict", "[word_count]") {
    const auto range = bound("word_count", {{"min", 2}, {"max", 3}});
    CHECK(range.data_type("score") == ScoreDataType::boolean);
    CHECK(bound("word_count").data_type("score") == ScoreDataType::numeric);
    CHECK(outcome(range, "a") == false);
    CHECK(outcome(range, "a b") == true);
    CHECK(outcome(range, "a b c") == true);
    CHECK(outcome(range, "a b c d") == false);
    CHECK(comment_of(range, "a b c d") == "4 words, more than 3");
    CHECK(mistakes_in("word_count", {{"min", 3}, {"max", 2}}).size() == 1);
}

}  // namespace
}  // namespace assay
