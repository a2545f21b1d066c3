#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::outcome;

TEST_CASE("contains_all: every text has to be there", "[contains_all]") {
    const auto all = bound("contains_all");
    CHECK(outcome(all, "Paris and Lyon", json(R"(["Lyon", "Paris"])")) == true);
    CHECK(outcome(all, "Paris and Rome", json(R"(["Lyon", "Paris"])")) == false);
    CHECK(outcome(all, "Paris", "Paris") == true);
    CHECK(outcome(all, "", json(R"(["a"])")) == false);
    CHECK(outcome(all, "abc", json(R"(["ab", "bc"])")) == true);  // they may overlap
}

TEST_CASE("contains_all: ignore_case folds both and not turns it round", "[contains_all]") {
    const Json both = json(R"(["a", "B"])");
    CHECK(outcome(bound("contains_all", {{"ignore_case", true}}), "A b", both) == true);
    CHECK(outcome(bound("contains_all"), "A b", both) == false);
    CHECK(outcome(bound("contains_all", {{"not", true}}), "A b", both) == true);
}

TEST_CASE("contains_all: the comment names what is missing as it was written", "[contains_all]") {
    CHECK(comment_of(bound("contains_all", {{"ignore_case", true}}), "x",
                     json(R"(["X", "Yes"])")) == "missing: \"Yes\"");
}

TEST_CASE("contains_all: an empty list is an error", "[contains_all]") {
    CHECK(is_error(outcome(bound("contains_all"), "anything", Json::array())));
    CHECK(is_error(outcome(bound("contains_all"), "anything", json(R"([""])"))));
}

}  // namespace
}  // namespace assay
