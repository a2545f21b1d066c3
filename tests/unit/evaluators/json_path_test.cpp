#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::mistakes_in;
using test::outcome;

TEST_CASE("json_path: one of the selected values is the expected one", "[json_path]") {
    const auto team = bound("json_path", {{"path", "$.team"}});
    CHECK(outcome(team, json(R"({"team": "tech"})"), "tech") == true);
    CHECK(outcome(team, R"({"team": "tech"})", "tech") == true);
    CHECK(outcome(team, R"({"team": "Tech"})", "tech") == false);
    CHECK(outcome(team, R"({"other": "tech"})", "tech") == false);

    const auto any = bound("json_path", {{"path", "$.items[*].id"}});
    const Json items = json(R"({"items": [{"id": 1}, {"id": 2.0}, {"id": "3"}]})");
    CHECK(outcome(any, items, 2) == true);
    CHECK(outcome(any, items, 3) == true);
    CHECK(outcome(any, items, "1") == true);
    CHECK(outcome(any, items, 4) == false);
    CHECK(comment_of(any, items, 4) == "none of the 3 selected values is \"4\"");
}

TEST_CASE("json_path: values are compared deep and numbers by value", "[json_path]") {
    const auto root = bound("json_path", {{"path", "$.a"}});
    CHECK(outcome(root, R"({"a": {"x": [1, {"y": 2}]}})", json(R"({"x": [1.0, {"y": 2}]})")) ==
          true);
    CHECK(outcome(root, R"({"a": [1, 2]})", json("[2, 1]")) == false);
    CHECK(outcome(root, R"({"a": null})", nullptr).get<std::string>().starts_with("error: "));
    CHECK(outcome(bound("json_path", {{"path", "$.a"}, {"value", nullptr}}), R"({"a": null})") ==
          true);
}

TEST_CASE("json_path: exists needs no expected value and allows none", "[json_path]") {
    const auto exists = bound("json_path", {{"path", "$.a"}, {"exists", true}});
    CHECK(outcome(exists, R"({"a": null})") == true);
    CHECK(outcome(exists, R"({"b": 1})") == false);
    CHECK(comment_of(exists, R"({"b": 1})") == "$.a selects nothing in the output");
    CHECK(outcome(bound("json_path", {{"path", "$.a"}, {"exists", true}, {"not", true}}),
                  R"({"b": 1})") == true);
    CHECK(mistakes_in("json_path", {{"path", "$.a"}, {"exists", true}, {"value", 1}}) ==
          std::vector<std::string>{"/value: \"value\" does not apply to json_path, which looks at "
                                   "the output alone"});
    CHECK(is_error(outcome(bound("json_path", {{"path", "$.a"}}), R"({"a": 1})")));
}

TEST_CASE("json_path: an output that is no JSON is a wrong answer also under not", "[json_path]") {
    const auto inverted = bound("json_path", {{"path", "$.a"}, {"not", true}});
    CHECK(outcome(inverted, "no JSON", 1) == false);
    CHECK(comment_of(inverted, "no JSON", 1).starts_with("the output is not JSON: line 1"));
    CHECK(outcome(inverted, R"({"a": 2})", 1) == true);
}

TEST_CASE("json_path: a bad path is found in the spec", "[json_path]") {
    const auto mistakes = mistakes_in("json_path", {{"path", "$.["}});
    REQUIRE(mistakes.size() == 1);
    CHECK(mistakes.front().starts_with("/path: \"path\": "));
    CHECK(mistakes_in("json_path", Json::object()) ==
          std::vector<std::string>{": json_path needs \"path\""});
}

}  // namespace
}  // namespace assay
