#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::json;
using test::outcome;

TEST_CASE("exact_match: text is compared byte for byte", "[exact_match]") {
    const auto exact = bound("exact_match");
    CHECK(outcome(exact, "Paris", "Paris") == true);
    CHECK(outcome(exact, "paris", "Paris") == false);
    CHECK(outcome(exact, "Paris ", "Paris") == false);
    CHECK(outcome(exact, "", "") == true);
    CHECK(outcome(exact, "caf\u00e9", "cafe\u0301") == false);  // composed and decomposed
    CHECK(outcome(exact, "\xff", "\xff") == true);
    CHECK(outcome(exact, std::string("a\0b", 3), std::string("a\0c", 3)) == false);
}

TEST_CASE("exact_match: JSON values are compared by value", "[exact_match]") {
    const auto exact = bound("exact_match");
    CHECK(outcome(exact, json(R"({"b": [1, null], "a": 1.0})"),
                  json(R"({"a": 1, "b": [1, null]})")) == true);
    CHECK(outcome(exact, json("[1, 2]"), json("[2, 1]")) == false);
    CHECK(outcome(exact, json(R"({"a": 1})"), json(R"({"a": 1, "b": 2})")) == false);
    CHECK(outcome(exact, 1, 1.0) == true);
    CHECK(outcome(exact, 0.1, json("0.10")) == true);
    CHECK(outcome(exact, 9007199254740993, 9007199254740992.0) == false);
    CHECK(outcome(exact, true, 1) == false);
    CHECK(outcome(exact, nullptr, false) == false);
}

TEST_CASE("exact_match: text and another value are compared as text", "[exact_match]") {
    const auto exact = bound("exact_match");
    CHECK(outcome(exact, "42", 42) == true);
    CHECK(outcome(exact, true, "true") == true);
    CHECK(outcome(exact, R"({"a":1})", json(R"({"a": 1})")) == true);
    CHECK(outcome(exact, R"({"a": 1})", json(R"({"a": 1})")) == false);
}

TEST_CASE("exact_match: ignore_case folds letters beyond ASCII", "[exact_match]") {
    const auto exact = bound("exact_match", {{"ignore_case", true}});
    CHECK(outcome(exact, "PARIS", "Paris") == true);
    CHECK(outcome(exact, "\u00c9T\u00c9", "\u00e9t\u00e9") == true);
    CHECK(outcome(exact, "\u041c\u041e\u0421\u041a\u0412\u0410",
                  "\u041c\u043e\u0441\u043a\u0432\u0430") == true);
    CHECK(outcome(exact, "Lyon", "Paris") == false);
    CHECK(outcome(exact, json(R"(["A"])"), json(R"(["a"])")) == true);
}

TEST_CASE("exact_match: the comment shows where they differ", "[exact_match]") {
    const auto exact = bound("exact_match");
    CHECK(comment_of(exact, "x", "x").empty());
    CHECK(comment_of(exact, "Lyon\n", "Paris") == R"(expected "Paris", got "Lyon\n")");
    CHECK(comment_of(exact, "\x1b[31mred", "red") == R"(expected "red", got "\u001b[31mred")");
    const std::string same(1000, 'x');
    CHECK(comment_of(exact, same + "\u00e4b", same + "\u00f6b") ==
          "differs from character 1001 on: expected \"\u00f6b\", got \"\u00e4b\"");
    CHECK(comment_of(exact, same, same + "y") ==
          R"(differs from character 1001 on: expected "y", got "")");
    CHECK(comment_of(exact, same, "y").size() < 200);
    CHECK(comment_of(exact, std::string(50, '\xff'), "x").find("\ufffd") != std::string::npos);
}

}  // namespace
}  // namespace assay
