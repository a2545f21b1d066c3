#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::outcome;

TEST_CASE("ends_with: only the end counts", "[ends_with]") {
    const auto ends = bound("ends_with");
    CHECK(outcome(ends, "it is 42.", "42.") == true);
    CHECK(outcome(ends, "42.", "42.") == true);
    CHECK(outcome(ends, "42.\n", "42.") == false);
    CHECK(outcome(ends, "2.", "42.") == false);
    CHECK(outcome(ends, "", "42.") == false);
    CHECK(outcome(bound("ends_with", {{"strip", true}}), "42.\n", "42.") == true);
    CHECK(outcome(bound("ends_with", {{"ignore_case", true}}), "GR\u00dcSSE", "\u00fcsse") == true);
}

TEST_CASE("ends_with: an empty expected text is an error", "[ends_with]") {
    CHECK(is_error(outcome(bound("ends_with"), "x", "")));
}

TEST_CASE("ends_with: the comment shows the end without half a character", "[ends_with]") {
    CHECK(comment_of(bound("ends_with"), "gr\u00fcn", "ot") ==
          "the output ends with \"n\", not with \"ot\"");
    CHECK(comment_of(bound("ends_with"), "", "rot") ==
          "the output ends with \"\", not with \"rot\"");
    CHECK(comment_of(bound("ends_with"), "\x80\x80\x80\x80", "rot") ==
          "the output ends with \"\", not with \"rot\"");
}

}  // namespace
}  // namespace assay
