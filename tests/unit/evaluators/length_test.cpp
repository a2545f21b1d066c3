#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::outcome;

TEST_CASE("length: each unit is counted", "[length]") {
    const auto count = [](const char* unit, const Json& output) {
        return outcome(bound("length", {{"unit", unit}}), output);
    };
    CHECK(count("characters", "") == 0);
    CHECK(count("characters", "Gr\u00fc\u00dfe") == 5);
    CHECK(count("characters", "\U0001F600") == 1);
    CHECK(count("characters", "a\xff\xfe") == 3);
    CHECK(count("bytes", "Gr\u00fc\u00dfe") == 7);
    CHECK(count("words", "") == 0);
    CHECK(count("words", "  to be\tor\n\nnot  ") == 4);
    CHECK(count("lines", "") == 0);
    CHECK(count("lines", "one") == 1);
    CHECK(count("lines", "one\n") == 1);
    CHECK(count("lines", "one\n\nthree") == 3);
    CHECK(count("characters", json("[1, 2]")) == 5);
    CHECK(outcome(bound("length"), "four") == 4);
}

TEST_CASE("length: it is a number alone and a verdict with a range", "[length]") {
    const auto number = bound("length");
    CHECK(number.data_type("score") == ScoreDataType::numeric);
    const auto range = bound("length", {{"min", 2}, {"max", 3}});
    CHECK(range.data_type("score") == ScoreDataType::boolean);
    CHECK(outcome(range, "a") == false);
    CHECK(outcome(range, "ab") == true);
    CHECK(outcome(range, "abc") == true);
    CHECK(outcome(range, "abcd") == false);
    CHECK(outcome(bound("length", {{"min", 0}}), "") == true);
    CHECK(outcome(bound("length", {{"max", 0}}), "") == true);
    CHECK(comment_of(range, "a") == "1 characters, fewer than 2");
    CHECK(comment_of(range, "abcd") == "4 characters, more than 3");
    CHECK(comment_of(range, "abc") == "3 characters");
}

}  // namespace
}  // namespace assay
