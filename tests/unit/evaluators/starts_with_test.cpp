#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::outcome;

TEST_CASE("starts_with: only the beginning counts", "[starts_with]") {
    const auto starts = bound("starts_with");
    CHECK(outcome(starts, "Dear Ann", "Dear") == true);
    CHECK(outcome(starts, "Dear", "Dear") == true);
    CHECK(outcome(starts, " Dear", "Dear") == false);
    CHECK(outcome(starts, "My Dear", "Dear") == false);
    CHECK(outcome(starts, "Dea", "Dear") == false);
    CHECK(outcome(starts, "", "Dear") == false);
    CHECK(outcome(starts, 1234, 12) == true);
    CHECK(outcome(bound("starts_with", {{"strip", true}}), "\n Dear", "Dear ") == true);
}

TEST_CASE("starts_with: ignore_case also where the folded text has another length",
          "[starts_with]") {
    const auto starts = bound("starts_with", {{"ignore_case", true}});
    CHECK(outcome(starts, "\u00c4PFEL", "\u00e4p") == true);
    CHECK(outcome(starts, "\u017fo", "SO") == true);  // the long s takes two bytes
    CHECK(outcome(starts, "so", "\u017fO!") == false);
}

TEST_CASE("starts_with: an empty expected text is an error", "[starts_with]") {
    CHECK(is_error(outcome(bound("starts_with"), "x", "")));
}

TEST_CASE("starts_with: the comment shows both", "[starts_with]") {
    CHECK(comment_of(bound("starts_with"), "Hello", "Dear") ==
          "\"Hello\" does not begin with \"Dear\"");
}

}  // namespace
}  // namespace assay
