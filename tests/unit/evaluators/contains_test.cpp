#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::outcome;

TEST_CASE("contains: the expected text is found anywhere", "[contains]") {
    const auto contains = bound("contains");
    CHECK(outcome(contains, "It is Paris.", "Paris") == true);
    CHECK(outcome(contains, "Paris", "Paris") == true);
    CHECK(outcome(contains, "paris", "Paris") == false);
    CHECK(outcome(contains, "Par", "Paris") == false);
    CHECK(outcome(contains, "", "Paris") == false);
    CHECK(outcome(contains, "a.c", "a.") == true);  // no expression
    CHECK(outcome(contains, "abc", "a.") == false);
    CHECK(outcome(contains, std::string("a\0Paris", 7), "Paris") == true);
}

TEST_CASE("contains: ignore_case folds both", "[contains]") {
    const auto contains = bound("contains", {{"ignore_case", true}});
    CHECK(outcome(contains, "IN PARIS", "paris") == true);
    CHECK(outcome(contains, "die gr\u00d6\u00dfe", "GR\u00f6") == true);
}

TEST_CASE("contains: other values are searched as compact JSON", "[contains]") {
    CHECK(outcome(bound("contains"), json(R"({"a": [1, 2]})"), json("[1, 2]")) == true);
    CHECK(outcome(bound("contains"), 1234, 23) == true);
}

TEST_CASE("contains: an empty expected text is an error", "[contains]") {
    CHECK(is_error(outcome(bound("contains"), "anything", "")));
    CHECK(is_error(outcome(bound("contains", {{"strip", true}}), "anything", "  ")));
}

TEST_CASE("contains: the comment names what is missing", "[contains]") {
    CHECK(comment_of(bound("contains"), "Lyon", "Paris") == "\"Paris\" is not in the output");
}

}  // namespace
}  // namespace assay
