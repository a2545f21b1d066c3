#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::mistakes_in;
using test::outcome;

TEST_CASE("list_contains: an element has to be equal as a whole", "[list_contains]") {
    const auto contains = bound("list_contains");
    CHECK(outcome(contains, json(R"(["red", "green"])"), "green") == true);
    CHECK(outcome(contains, json(R"(["redder"])"), "red") == false);
    CHECK(outcome(contains, json("[]"), "red") == false);
    CHECK(outcome(contains, json(R"([{"a": 1}])"), json(R"([{"a": 1}])")) == true);
}

TEST_CASE("list_contains: all of a list of expected elements", "[list_contains]") {
    const auto contains = bound("list_contains");
    CHECK(outcome(contains, json(R"(["a", "b", "c"])"), json(R"(["c", "a"])")) == true);
    CHECK(outcome(contains, json(R"(["a", "b"])"), json(R"(["c", "a", "d"])")) == false);
    CHECK(comment_of(contains, json(R"(["a", "b"])"), json(R"(["d", "a", "c"])")) ==
          "missing: \"c\", \"d\"");
}

TEST_CASE("list_contains: texts are lists too", "[list_contains]") {
    CHECK(outcome(bound("list_contains"), R"(["a", "b"])", "b") == true);
    CHECK(outcome(bound("list_contains"), "a\n  b \r\n\nc", "b") == true);
    CHECK(outcome(bound("list_contains"), "a, b", "b") == false);
    const auto by_comma = bound("list_contains", {{"separator", ","}});
    CHECK(outcome(by_comma, "a, b", "b") == true);
    CHECK(outcome(by_comma, "a, b", "b , a") == true);
    CHECK(outcome(bound("list_contains", {{"separator", " and "}}), "a and b", "b") == true);
}

TEST_CASE("list_contains: numbers are equal by value and to their text", "[list_contains]") {
    const auto contains = bound("list_contains");
    CHECK(outcome(contains, json("[1.0, 2]"), 1) == true);
    CHECK(outcome(contains, json("[-3.0]"), -3) == true);
    CHECK(outcome(contains, json("[18446744073709551615]"), json("[18446744073709551615]")) ==
          true);
    CHECK(outcome(contains, json("[18446744073709551615]"), json("[18446744073709551614]")) ==
          false);
    CHECK(outcome(contains, json("[1e300]"), json("[1e300]")) == true);
    CHECK(outcome(contains, json(R"(["3"])"), 3) == true);
    CHECK(outcome(contains, json("[true]"), true) == true);
    CHECK(outcome(contains, 42, 42) == true);
}

TEST_CASE("list_contains: ignore_case folds both sides", "[list_contains]") {
    CHECK(outcome(bound("list_contains", {{"ignore_case", true}}), json(R"(["\u00c4pfel"])"),
                  "\u00e4PFEL") == true);
}

TEST_CASE("list_contains: what is no list is a wrong answer and no expected value",
          "[list_contains]") {
    const auto contains = bound("list_contains");
    CHECK(outcome(contains, json(R"({"a": 1})"), "a") == false);
    CHECK(comment_of(contains, json(R"({"a": 1})"), "a") ==
          "the output is no list: an object is not a list");
    CHECK(outcome(bound("list_contains", {{"not", true}}), nullptr, "a") == false);
    CHECK(is_error(outcome(contains, json("[1]"), json(R"({"a": 1})"))));
    CHECK(is_error(outcome(contains, json("[1]"), Json::array())));
    CHECK(is_error(outcome(contains, json("[1]"), " \n ")));
}

TEST_CASE("list_contains: an empty separator is refused", "[list_contains]") {
    CHECK(mistakes_in("list_contains", {{"separator", ""}}).size() == 1);
    CHECK(mistakes_in("list_contains", {{"separator", std::string(17, '-')}}) ==
          std::vector<std::string>{"/separator: \"separator\" is a text of 1 to 16 bytes"});
    // A template that turns out empty is found out there.
    const auto templated = bound("list_contains", {{"separator", "{{input}}"}});
    DatasetItem item = test::item_expecting("a");
    item.input = "";
    CHECK(is_error(outcome(templated.evaluate(item, "a"))));
}

}  // namespace
}  // namespace assay
