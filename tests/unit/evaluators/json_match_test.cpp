#include <chrono>

#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::mistakes_in;
using test::outcome;

double match(const char* output, const char* expected, const Json& keys = Json::object()) {
    return outcome(bound("json_match", keys), json(output), json(expected)).get<double>();
}

TEST_CASE("json_match: equal values in any spelling are 1", "[json_match]") {
    CHECK(match(R"({"a": 1, "b": [1, "x", null]})", R"({"b": [1.0, "x", null], "a": 1e0})") == 1);
    CHECK(outcome(bound("json_match"), R"( {"a" : 1} )", R"({"a": 1.0})") == 1.0);
    CHECK(outcome(bound("json_match"), "3", 3) == 1.0);
    CHECK(outcome(bound("json_match", {{"value", nullptr}}), nullptr) == 1.0);
    for (const char* value :
         {"true", "0", "[null]", R"([""])", "[]", "{}", "[[]]", R"({"a": {}})"}) {
        INFO(value);
        CHECK(match(value, value) == 1);
    }
}

TEST_CASE("json_match: the score is the share of leaves of both sides that match", "[json_match]") {
    CHECK(match(R"({"a": 1, "b": 2})", R"({"a": 1, "b": 3})") == 0.5);
    CHECK(match(R"({"a": 1})", R"({"a": 1, "b": 3})") == 0.5);
    CHECK(match(R"({"a": 1, "b": 3})", R"({"a": 1})") == 0.5);
    CHECK(match(R"({"a": 1, "c": 3})", R"({"a": 1, "b": 3})") == Approx(1.0 / 3));
    CHECK(match("[1, 2, 3]", "[1, 2, 4]") == Approx(2.0 / 3));
    CHECK(match("[1, 2]", "[2, 1]") == 0);
    CHECK(match("[]", "[1]") == 0);
    CHECK(match("[]", "{}") == 0);
    CHECK(match(R"({"a": {}, "b": 1})", R"({"a": {}, "b": 2})") == 0.5);
    // The three leaves of the object stand against one.
    CHECK(match(R"({"a": {"x": 1, "y": 2, "z": 3}, "b": 1})", R"({"a": 1, "b": 1})") == 0.25);
    CHECK(match("0", "false") == 0);
    CHECK(match(R"("1")", R"("2")") == 0);
    CHECK(match("null", "{}") == 0);
}

TEST_CASE("json_match: ignored paths are left out on both sides", "[json_match]") {
    const Json ids = {{"ignore", {"$..id", "$.meta"}}};
    CHECK(match(R"({"id": 1, "x": [{"id": 2, "v": 3}]})", R"({"id": 9, "x": [{"v": 3}]})", ids) ==
          1);
    CHECK(match(R"({"meta": {"a": 1}, "x": 1})", R"({"x": 2})", ids) == 0);
    CHECK(match(R"({"id": 1})", R"({"id": 2})", ids) == 1);
    CHECK(match("[9, 1, 2]", "[8, 1, 2]", {{"ignore", {"$[0]"}}}) == 1);
    // What is only in one of them shifts nothing on the other.
    CHECK(match("[0, 1, 2]", "[1, 2]", {{"ignore", {"$[?@ == 0]"}}}) == 1);
    CHECK(match("[3, 9, 1]", "[1, 3, 8]", {{"ignore", {"$[?@ > 5]"}}, {"any_order", true}}) == 1);
}

TEST_CASE("json_match: extra members can be allowed and extra elements cannot", "[json_match]") {
    const Json allow = {{"extra", "allow"}};
    CHECK(match(R"({"a": 1, "b": 2})", R"({"a": 1})", allow) == 1);
    CHECK(match(R"({"a": {"x": 1, "y": 2}})", R"({"a": {"x": 1}})", allow) == 1);
    CHECK(match(R"({"a": 1})", R"({"a": 1, "b": 2})", allow) == 0.5);
    CHECK(match("[1, 2]", "[1]", allow) == 0.5);
    CHECK(match(R"({"a": 1})", "{}", allow) == 1);
}

TEST_CASE("json_match: numbers within either tolerance match", "[json_match]") {
    CHECK(match("[1.1, 2]", "[1.0, 2]", {{"absolute_tolerance", 0.1}}) == 1);
    CHECK(match("[1.11, 2]", "[1.0, 2]", {{"absolute_tolerance", 0.1}}) == 0.5);
    CHECK(match("[1010, 99]", "[1000, 100]", {{"relative_tolerance", 0.01}}) == 1);
    CHECK(match("[1011, 98]", "[1000, 100]", {{"relative_tolerance", 0.01}}) == 0);
    CHECK(match(R"(["1.1"])", "[1.1]", {{"absolute_tolerance", 1}}) == 0);
}

TEST_CASE("json_match: in any order the best pairs are found", "[json_match]") {
    const Json any = {{"any_order", true}};
    CHECK(match("[3, 1, 2]", "[1, 2, 3]", any) == 1);
    CHECK(match("[1, 1, 2]", "[1, 2, 2]", any) == Approx(2.0 / 3));
    CHECK(match("[[1, 2], [3, 4]]", "[[4, 3], [2, 1]]", any) == 1);
    CHECK(match(R"([{"t": ["a", "b"]}, {"t": []}])", R"([{"t": []}, {"t": ["b", "a"]}])", any) ==
          1);
    CHECK(match(R"([{"id": 2, "v": 9}, {"id": 1, "v": 5}])",
                R"([{"id": 1, "v": 5}, {"id": 2, "v": 6}])", any) == 0.75);
    CHECK(match("[1, 2, 3]", "[2]", any) == Approx(1.0 / 3));
    CHECK(match("[2]", "[1, 2, 3]", any) == Approx(1.0 / 3));
    CHECK(match(R"({"a": 1, "b": 2})", R"({"b": 1, "a": 2})", any) == 0);

    // The nearest pair first would leave 1.0 without a partner.
    CHECK(match("[1.1, 1.2]", "[1.0, 1.1]", {{"any_order", true}, {"absolute_tolerance", 0.1}}) ==
          1);
    CHECK(match(R"([{"a": 1, "b": 1}, {"a": 1, "c": 1}])", R"([{"a": 1}, {"a": 1, "b": 1}])",
                {{"any_order", true}, {"extra", "allow"}}) == 1);
}

TEST_CASE("json_match: the comment says where they differ", "[json_match]") {
    const auto comment = [](const char* output, const char* expected, const Json& keys) {
        return comment_of(bound("json_match", keys), json(output), json(expected));
    };
    const Json none = Json::object();
    CHECK(comment("[1]", "[1]", none).empty());
    CHECK(comment(R"({"items": [{"price": 4}, {"price": 3}]})",
                  R"({"items": [{"price": 4}, {"price": 5}]})",
                  none) == "1 of 2 values match; $.items[1].price: 3 instead of 5");
    CHECK(comment(R"({"a b": 1, "x": "y"})", R"({"a b": [], "z": null, "x": "y"})", none) ==
          "1 of 3 values match; $[\"a b\"]: 1 instead of an array; $.z is missing");
    CHECK(comment("[1, 2, 3, 4, 5]", "[6, 7, 8, 9, 0]", none) ==
          "0 of 5 values match; $[0]: 1 instead of 6; $[1]: 2 instead of 7; $[2]: 3 instead of 8; "
          "…");
    // Of an element that moved, the index in the output.
    CHECK(comment(R"([{"id": 2, "v": 9}, {"id": 1, "v": 5}])",
                  R"([{"id": 1, "v": 5}, {"id": 2, "v": 6}])",
                  {{"any_order", true}}) == "3 of 4 values match; $[0].v: 9 instead of 6");
    CHECK(comment("[]", "[7]", {{"any_order", true}}) == "0 of 1 values match; $[0] is missing");
    const std::string long_name(10'000, 'n');
    const Json deep = {{long_name, {{long_name, 1}}}};
    CHECK(comment_of(bound("json_match"), deep, json(R"({"a": 1})")).size() < 400);
}

TEST_CASE("json_match: what is no JSON is 0 as output and an error as expected value",
          "[json_match]") {
    CHECK(outcome(bound("json_match"), "Sure! {}", json("{}")) == 0.0);
    CHECK(comment_of(bound("json_match"), "", json("{}")).starts_with("the output is not JSON: "));
    CHECK(is_error(outcome(bound("json_match"), json("{}"), "Sure! {}")));
    CHECK(mistakes_in("json_match", {{"value", "{"}}).size() == 1);
    const Evaluation passed = bound("json_match", {{"threshold", 1}})
                                  .evaluate(test::item_expecting(json("[1]")), json("[1]"));
    REQUIRE(passed.scores.size() == 2);
    CHECK(to_json(passed.scores[1].value) == true);
}

TEST_CASE("json_match: bad paths are found in the spec", "[json_match]") {
    CHECK(mistakes_in("json_match", {{"ignore", {"$.a", "b"}}}).size() == 1);
    CHECK(mistakes_in("json_match", {{"ignore", {"$"}}}) ==
          std::vector<std::string>{"/ignore: \"ignore\": $ leaves nothing to compare"});
    CHECK(mistakes_in("json_match", {{"absolute_tolerance", -1}}).size() == 1);
    CHECK(mistakes_in("json_match", {{"extra", "maybe"}}).size() == 1);
}

TEST_CASE("json_match: large arrays in any order end", "[json_match]") {
    const auto any = bound("json_match", {{"any_order", true}});
    const auto near = bound("json_match", {{"any_order", true}, {"absolute_tolerance", 0.25}});
    Json forward = Json::array();
    Json backward = Json::array();
    Json moved = Json::array();
    for (int i = 0; i < 20'000; ++i) {
        forward.push_back({{"id", i}, {"tags", {i, i + 1}}});
        backward.push_back({{"id", 19'999 - i}, {"tags", {20'000 - i, 19'999 - i}}});
        moved.push_back({{"id", 19'999.25 - i}, {"tags", {20'000 - i, 19'999 - i}}});
    }
    const auto began = std::chrono::steady_clock::now();
    CHECK(outcome(any, backward, forward) == 1.0);
    CHECK(outcome(near, moved, forward) == 1.0);
    CHECK(outcome(any, moved, forward).get<double>() < 1);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));

    Json huge = Json::array();
    for (std::size_t i = 0; i < limits::k_json_comparison_nodes_max; ++i) huge.push_back(0);
    CHECK(is_error(outcome(any, huge, forward)));
    huge.erase(0);
    CHECK_FALSE(is_error(outcome(any, huge, forward)));
}

TEST_CASE("json_match: arrays nested in arrays in any order end", "[json_match]") {
    // Each level tries all pairs of the next one.
    const auto nested = [](int leaf) {
        Json value = leaf;
        for (int depth = 0; depth < 6; ++depth) {
            Json array = Json::array();
            for (int i = 0; i < 6; ++i) array.push_back(value);
            array.push_back(depth * 10 + leaf);
            value = std::move(array);
        }
        return value;
    };
    const auto began = std::chrono::steady_clock::now();
    const Json score = outcome(bound("json_match", {{"any_order", true}}), nested(1), nested(2));
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(20));
    CHECK(score.get<double>() < 0.5);
}

}  // namespace
}  // namespace assay
