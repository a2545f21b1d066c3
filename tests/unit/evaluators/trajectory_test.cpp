#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::is_error;
using test::item_expecting;
using test::json;
using test::outcome;

/// Steps that each answered with a call of the tool of that name; "" = in words.
UnitResult unit_of_steps(std::initializer_list<const char*> tools) {
    UnitResult unit;
    for (const char* tool : tools) {
        Observation step{.name = "step" + std::to_string(unit.observations.size())};
        step.output = "some words";
        if (*tool != '\0') step.output = {{"tool_calls", {{{"name", tool}}}}};
        unit.observations.push_back(std::move(step));
    }
    unit.output = "Done.";
    return unit;
}

TEST_CASE("trajectory: calls of all messages count in their order", "[trajectory]") {
    const Json output = json(R"({"messages": [
        {"role": "user", "content": "Book me a table."},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "1", "type": "function",
             "function": {"name": "search", "arguments": "{\"q\": \"Rome\"}"}}]},
        {"role": "tool", "tool_call_id": "1", "content": "[\"Da Enzo\"]"},
        {"role": "assistant", "tool_calls": [{"name": "book", "arguments": {"n": 2}}]},
        {"role": "assistant", "content": "Done."}]})");
    const Json expected = json(R"(["search", {"name": "book", "arguments": {"n": 2}}])");
    for (const char* mode : {"in_order", "exact", "any_order", "subset", "superset"}) {
        INFO(mode);
        const auto evaluator = bound("trajectory", {{"mode", mode}});
        CHECK(outcome(evaluator, output, expected) == true);
        CHECK(outcome(evaluator, output["messages"], expected) == true);
        CHECK(outcome(evaluator, to_text(output), expected) == true);
    }
    CHECK(outcome(bound("trajectory"), output, json(R"(["book", "search"])")) == false);
    CHECK(outcome(bound("trajectory", {{"mode", "any_order"}}), output,
                  json(R"(["book", "search"])")) == true);
    CHECK(outcome(bound("trajectory"), output, json(R"(["search"])")) == true);
    CHECK(outcome(bound("trajectory", {{"mode", "exact"}}), output, json(R"(["search"])")) ==
          false);
    CHECK(outcome(bound("trajectory"), output,
                  json(R"([{"name": "book", "arguments": {"n": 3}}])")) == false);
    CHECK(outcome(bound("trajectory", {{"arguments", "ignore"}}), output,
                  json(R"([{"name": "book", "arguments": {"n": 3}}])")) == true);
}

TEST_CASE("trajectory: an answer in words is judged by what the steps called", "[trajectory]") {
    const auto judge = [](std::initializer_list<const char*> called, const char* expected) {
        UnitResult unit = unit_of_steps(called);
        unit.item = item_expecting(json(expected));
        return outcome(bound("trajectory").evaluate(unit));
    };
    CHECK(judge({"search", "", "book"}, R"(["search", "book"])") == true);
    CHECK(judge({"book", "search"}, R"(["search", "book"])") == false);
    CHECK(judge({}, R"(["search"])") == false);
    CHECK(judge({}, "[]") == true);
}

TEST_CASE("trajectory: a list that a step answers with is no list of calls", "[trajectory]") {
    UnitResult unit = unit_of_steps({"search"});
    unit.observations.push_back({.name = "words"});
    unit.observations.back().output = json(R"(["book", "cancel"])");
    unit.item = item_expecting(json(R"(["search"])"));
    CHECK(outcome(bound("trajectory", {{"mode", "exact"}}).evaluate(unit)) == true);
}

TEST_CASE("trajectory: calls that cannot be read are wrong and expected ones an error",
          "[trajectory]") {
    const Json nameless = json(R"([{"role": "assistant", "tool_calls": [{"arguments": {}}]}])");
    CHECK(outcome(bound("trajectory"), nameless, json(R"(["f"])")) == false);
    CHECK(outcome(bound("trajectory", {{"not", true}}), nameless, json(R"(["f"])")) == false);
    CHECK(is_error(outcome(bound("trajectory"), json(R"(["f"])"), json(R"({"tools": []})"))));
    CHECK(is_error(outcome(bound("trajectory"), json(R"(["f"])"), "no JSON")));
    const Json many(limits::k_tool_calls_max / 2 + 1,
                    json(R"({"role": "assistant", "tool_calls": [{"name": "f"}, {"name": "f"}]})"));
    CHECK(is_error(outcome(bound("trajectory"), many, json(R"(["f"])"))));
}

}  // namespace
}  // namespace assay
