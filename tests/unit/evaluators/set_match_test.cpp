#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::outcome;

double measure(const char* name, const char* output, const char* expected) {
    return outcome(bound("set_match", {{"measure", name}}), json(output), json(expected))
        .get<double>();
}

TEST_CASE("set_match: each measure by hand", "[set_match]") {
    // 2 of 3 and 2 of 4 are in both.
    const char* const output = R"(["a", "b", "x"])";
    const char* const expected = R"(["a", "b", "c", "d"])";
    CHECK(measure("precision", output, expected) == Approx(2.0 / 3));
    CHECK(measure("recall", output, expected) == Approx(0.5));
    CHECK(measure("f1", output, expected) == Approx(4.0 / 7));
    CHECK(measure("jaccard", output, expected) == Approx(0.4));
}

TEST_CASE("set_match: order and repeats do not count", "[set_match]") {
    for (const char* name : {"f1", "jaccard", "precision", "recall"}) {
        INFO(name);
        CHECK(measure(name, R"(["b", "a", "b"])", R"(["a", "b"])") == 1);
        CHECK(measure(name, R"(["a"])", R"(["b"])") == 0);
    }
}

TEST_CASE("set_match: empty sets are equal to each other and to nothing else", "[set_match]") {
    for (const char* name : {"f1", "jaccard", "precision", "recall"}) {
        INFO(name);
        CHECK(measure(name, "[]", "[]") == 1);
        CHECK(measure(name, R"(["a"])", "[]") == 0);
        CHECK(measure(name, "[]", R"(["a"])") == 0);
    }
}

TEST_CASE("set_match: texts and numbers are read as list_contains does", "[set_match]") {
    CHECK(outcome(bound("set_match"), "b\na\n", json(R"(["a", "b"])")) == 1.0);
    CHECK(outcome(bound("set_match"), json(R"([" a ", 1.0])"), json(R"(["a", "1"])")) == 1.0);
    CHECK(outcome(bound("set_match", {{"ignore_case", true}, {"separator", ";"}}), "A;B", "b; a") ==
          1.0);
}

TEST_CASE("set_match: the comment says what is missing and what is too much", "[set_match]") {
    const auto match = bound("set_match");
    CHECK(comment_of(match, json(R"(["a"])"), json(R"(["a"])")).empty());
    CHECK(comment_of(match, json(R"(["a"])"), json(R"(["b"])")) ==
          "missing: \"b\"; not expected: \"a\"");
    CHECK(comment_of(match, json(R"(["a", "b"])"), json(R"(["b"])")) == "not expected: \"a\"");
}

TEST_CASE("set_match: a list beyond the limit is an error", "[set_match]") {
    const Json most(limits::k_list_elements_max, "x");
    Json more = most;
    more.push_back("x");
    CHECK(outcome(bound("set_match"), most, json(R"(["x"])")) == 1.0);
    CHECK(is_error(outcome(bound("set_match"), more, json(R"(["x"])"))));
}

TEST_CASE("set_match: what is no list is 0 and no expected value", "[set_match]") {
    CHECK(outcome(bound("set_match"), json(R"({"a": 1})"), json(R"(["a"])")) == 0.0);
    CHECK(is_error(outcome(bound("set_match"), json(R"(["a"])"), json(R"({"a": 1})"))));
}

}  // namespace
}  // namespace assay
