#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::outcome;

TEST_CASE("regex: the pattern is searched unless it must match in full", "[regex]") {
    CHECK(outcome(bound("regex", {{"pattern", "[0-9]+"}}), "about 42 km") == true);
    CHECK(outcome(bound("regex", {{"pattern", "[0-9]+"}}), "about") == false);
    CHECK(outcome(bound("regex", {{"pattern", "[0-9]+"}, {"full", true}}), "about 42 km") == false);
    CHECK(outcome(bound("regex", {{"pattern", "[0-9]+"}, {"full", true}}), "42") == true);
    CHECK(outcome(bound("regex", {{"pattern", "a|ab"}, {"full", true}}), "ab") == true);
    CHECK(outcome(bound("regex", {{"pattern", "^(billing|tech|sales)$"}}), "tech") == true);
    CHECK(outcome(bound("regex", {{"pattern", "^(billing|tech|sales)$"}}), "tech\n") == false);
    CHECK(outcome(bound("regex", {{"pattern", ""}}), "") == true);
}

TEST_CASE("regex: ignore_case works on text and values of any kind", "[regex]") {
    CHECK(outcome(bound("regex", {{"pattern", "tech"}, {"ignore_case", true}}), "TECH") == true);
    CHECK(outcome(bound("regex", {{"pattern", "tech"}}), "TECH") == false);
    CHECK(outcome(bound("regex", {{"pattern", "\"a\":1"}}), json(R"({"a": 1})")) == true);
}

TEST_CASE("regex: it needs no expected value and not turns it round", "[regex]") {
    CHECK(outcome(bound("regex", {{"pattern", "sorry"}, {"not", true}}), "Here you are.") == true);
    CHECK(outcome(bound("regex", {{"pattern", "sorry"}, {"not", true}}), "I am sorry.") == false);
    CHECK(comment_of(bound("regex", {{"pattern", "sorry"}, {"not", true}}), "I am sorry.") ==
          "it is so, and `not` is set");
}

TEST_CASE("regex: the comment shows output and pattern", "[regex]") {
    CHECK(comment_of(bound("regex", {{"pattern", "^x$"}}), "y") == R"("y" does not match "^x$")");
}

TEST_CASE("regex: a hostile pattern on a long text takes linear time", "[regex]") {
    const std::string text(1'000'000, 'a');
    CHECK(outcome(bound("regex", {{"pattern", "^(a+)+$"}}), text + "b") == false);
    CHECK(outcome(bound("regex", {{"pattern", "(a*)*b"}}), text) == false);
    CHECK(outcome(bound("regex", {{"pattern", "(.|a)*c"}}), text) == false);
}

}  // namespace
}  // namespace assay
