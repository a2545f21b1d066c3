#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::json;
using test::outcome;

Json calls(std::initializer_list<const char*> names) {
    Json list = Json::array();
    for (const char* name : names) list.push_back({{"name", name}, {"arguments", Json::object()}});
    return list;
}

bool agree(const char* mode, std::initializer_list<const char*> output,
           std::initializer_list<const char*> expected) {
    return outcome(bound("tool_calls", {{"mode", mode}}), calls(output), calls(expected))
        .get<bool>();
}

TEST_CASE("tool_calls: each mode says what may be missing or too much", "[tool_calls]") {
    CHECK(agree("exact", {"a", "b"}, {"a", "b"}));
    CHECK_FALSE(agree("exact", {"b", "a"}, {"a", "b"}));
    CHECK_FALSE(agree("exact", {"a"}, {"a", "b"}));
    CHECK_FALSE(agree("exact", {"a", "b", "c"}, {"a", "b"}));

    CHECK(agree("in_order", {"a", "b"}, {"a", "b"}));
    CHECK(agree("in_order", {"x", "a", "x", "b", "x"}, {"a", "b"}));
    CHECK_FALSE(agree("in_order", {"b", "a"}, {"a", "b"}));
    CHECK_FALSE(agree("in_order", {"a"}, {"a", "b"}));
    CHECK_FALSE(agree("in_order", {"a"}, {"a", "a"}));

    CHECK(agree("any_order", {"b", "a"}, {"a", "b"}));
    CHECK_FALSE(agree("any_order", {"b", "a", "c"}, {"a", "b"}));
    CHECK_FALSE(agree("any_order", {"a", "b"}, {"a", "a"}));

    CHECK(agree("subset", {"b"}, {"a", "b"}));
    CHECK(agree("subset", {}, {"a"}));
    CHECK_FALSE(agree("subset", {"b", "b"}, {"a", "b"}));
    CHECK_FALSE(agree("subset", {"c"}, {"a", "b"}));

    CHECK(agree("superset", {"c", "b", "a"}, {"a", "b"}));
    CHECK_FALSE(agree("superset", {"c", "b"}, {"a", "b"}));
    for (const char* mode : {"exact", "in_order", "any_order", "subset", "superset"}) {
        CHECK(agree(mode, {}, {}));
    }
}

TEST_CASE("tool_calls: every form in which calls are written is read", "[tool_calls]") {
    const Json expected = json(R"([{"name": "f", "arguments": {"x": 1}}])");
    for (const char* output :
         {R"([{"name": "f", "arguments": {"x": 1}}])",
          R"([{"name": "f", "arguments": "{\"x\": 1.0}"}])",
          R"({"tool_calls": [{"id": "1", "name": "f", "arguments": {"x": 1}}]})",
          R"({"content": null, "tool_calls": [{"id": "1", "type": "function",
                 "function": {"name": "f", "arguments": "{\"x\":1}"}}]})",
          R"({"choices": [{"message": {"tool_calls": [
                 {"function": {"name": "f", "arguments": "{\"x\":1}"}}]}}]})",
          R"({"message": {"tool_calls": [{"name": "f", "arguments": {"x": 1}}]}})"}) {
        INFO(output);
        CHECK(outcome(bound("tool_calls"), json(output), expected) == true);
        CHECK(outcome(bound("tool_calls"), output, expected) == true);
        CHECK(outcome(bound("tool_calls"), json(R"([{"name": "f", "arguments": {"x": 1}}])"),
                      json(output)) == true);
    }
}

TEST_CASE("tool_calls: arguments exactly or in part or not at all", "[tool_calls]") {
    const Json expected = json(R"([{"name": "f", "arguments": {"x": 1, "o": {"y": [1, 2]}}}])");
    const Json same = json(R"([{"name": "f", "arguments": {"x": 1.0, "o": {"y": [1, 2]}}}])");
    const Json more =
        json(R"([{"name": "f", "arguments": {"x": 1, "o": {"y": [1, 2], "z": 3}, "w": 4}}])");
    const Json other = json(R"([{"name": "f", "arguments": {"x": 2, "o": {"y": [1, 2]}}}])");
    const Json none = json(R"([{"name": "f"}])");
    const auto check = [&](const char* arguments) {
        const auto evaluator = bound("tool_calls", {{"arguments", arguments}});
        Json results = Json::array();
        for (const Json& output : {same, more, other, none}) {
            results.push_back(outcome(evaluator, output, expected));
        }
        return results;
    };
    CHECK(check("exact") == json("[true, false, false, false]"));
    CHECK(check("subset") == json("[true, true, false, false]"));
    CHECK(check("ignore") == json("[true, true, true, true]"));
    // An expected call without arguments allows any; one with {} allows none.
    CHECK(outcome(bound("tool_calls"), more, none) == true);
    CHECK(outcome(bound("tool_calls"), none, json(R"([{"name": "f", "arguments": {}}])")) == true);
    CHECK(outcome(bound("tool_calls"), more, json(R"([{"name": "f", "arguments": {}}])")) == false);
}

TEST_CASE("tool_calls: the calls are paired so that as many as possible fit", "[tool_calls]") {
    // The first expected call would take what the second one needs.
    const Json expected = json(R"([{"name": "f"}, {"name": "f", "arguments": {"x": 1}}])");
    const Json output = json(R"([{"name": "f", "arguments": {"x": 1}},
                                 {"name": "f", "arguments": {"x": 2}}])");
    for (const char* mode : {"any_order", "subset", "superset"}) {
        CHECK(outcome(bound("tool_calls", {{"mode", mode}}), output, expected) == true);
    }
}

TEST_CASE("tool_calls: an answer in words has no calls", "[tool_calls]") {
    CHECK(outcome(bound("tool_calls"), "It is sunny.", Json::array()) == true);
    CHECK(outcome(bound("tool_calls"), "It is sunny.", json(R"(["weather"])")) == false);
    CHECK(outcome(bound("tool_calls"), nullptr, Json::array()) == true);
    CHECK(outcome(bound("tool_calls"), json(R"({"content": "x"})"), Json::array()) == true);
    CHECK(outcome(bound("tool_calls"), json(R"({"choices": []})"), Json::array()) == true);
}

TEST_CASE("tool_calls: calls that cannot be read are a wrong answer and no expected value",
          "[tool_calls]") {
    const Json nameless = json(R"([{"name": "f"}, {"arguments": {}}])");
    const auto inverted = bound("tool_calls", {{"not", true}});
    CHECK(outcome(bound("tool_calls"), nameless, json(R"(["f"])")) == false);
    CHECK(outcome(inverted, nameless, json(R"(["f"])")) == false);
    CHECK(outcome(inverted, json(R"(["g"])"), json(R"(["f"])")) == true);
    CHECK(is_error(outcome(bound("tool_calls"), json(R"(["f"])"), nameless)));
    CHECK(is_error(outcome(bound("tool_calls"), json(R"(["f"])"), "no JSON")));
    CHECK(is_error(outcome(bound("tool_calls"), json(R"(["f"])"), json(R"({"tools": []})"))));
    CHECK(is_error(outcome(bound("tool_calls"), json(R"(["f"])"), 42)));

    const Json many(limits::k_tool_calls_max + 1, json(R"({"name": "f"})"));
    CHECK(is_error(outcome(bound("tool_calls"), many, json(R"(["f"])"))));
    const Json most(limits::k_tool_calls_max, json(R"({"name": "f"})"));
    CHECK(outcome(bound("tool_calls", {{"mode", "any_order"}}), most, most) == true);
}

TEST_CASE("tool_calls: the comment says which call differs and how", "[tool_calls]") {
    const auto comment = [](const char* mode, const char* output, const char* expected) {
        return comment_of(bound("tool_calls", {{"mode", mode}}), json(output), json(expected));
    };
    CHECK(comment("exact", R"(["a", "c"])", R"(["a", "b"])") ==
          "call 2: expected \"b\", got \"c\"");
    CHECK(comment("exact", R"(["a", "b", "c"])", R"(["a"])") ==
          "3 calls instead of 1: \"a\", \"b\", \"c\"");
    CHECK(comment("exact", R"([{"name": "a", "arguments": {"x": 1}}])",
                  R"([{"name": "a", "arguments": {"x": 2}}])") ==
          "call 1: \"a\" with $.x: 1 instead of 2");
    CHECK(comment("in_order", R"(["b", "a"])", R"(["a", "b"])") ==
          "\"b\" is not called in its place; called: \"b\", \"a\"");
    CHECK(comment("any_order", R"(["a"])", R"(["a", "b"])") ==
          "\"b\" is not called as expected; called: \"a\"");
    CHECK(comment("subset", R"(["a", "x"])", R"(["a", "b"])") == "call 2, \"x\", is not expected");
    CHECK(comment("exact", R"(["a"])", R"(["a"])").empty());
}

}  // namespace
}  // namespace assay
