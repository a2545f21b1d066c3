#include <algorithm>
#include <catch2/catch.hpp>
#include <iterator>

#include "tests/unit/judges/judge_support.hpp"

namespace assay::test {
namespace {

// Replies to a judge that shall give a whole number from 1 to 5. None of them is one, though a
// reader who is eager to help would find a number in most.

std::vector<Json> prose() {
    return {
        // No JSON.
        "",
        " ",
        "\n\n",
        "four",
        "Score: 4",
        "4/5",
        "4 out of 5",
        "**4**",
        "Verdict: 4",
        "I would say 4.",
        "<verdict>4</verdict>",
        "verdict: 4\nreasoning: fine",
        "- reasoning: fine\n- verdict: 4",
        "| verdict |\n|---|\n| 4 |",
        "reasoning=fine&verdict=4",
        "I'm sorry, but I can't help with that.",
        "As an AI model I cannot judge this.",
        // JSON in prose, or more than one.
        R"(Here is my verdict: {"reasoning": "fine", "verdict": 4})",
        R"({"reasoning": "fine", "verdict": 4} I hope this helps!)",
        R"({"reasoning": "fine", "verdict": 4}{"reasoning": "fine", "verdict": 4})",
        "{\"reasoning\": \"fine\", \"verdict\": 4}\n{\"reasoning\": \"poor\", \"verdict\": 1}",
        "Sure:\n```json\n{\"reasoning\": \"fine\", \"verdict\": 4}\n```",
        "```json\n{\"reasoning\": \"fine\", \"verdict\": 4}\n```\nThat is all.",
        "```json\n{\"reasoning\": \"fine\", \"verdict\": 4}\n```\n```json\n{\"reasoning\": "
        "\"poor\", \"verdict\": 1}\n```",
        "```json\n{\"reasoning\": \"fine\", \"verdict\": 4}",
        "{\"reasoning\": \"fine\", \"verdict\": 4}\n```",
        "```yaml\n{\"reasoning\": \"fine\", \"verdict\": 4}\n```",
        "~~~\n{\"reasoning\": \"fine\", \"verdict\": 4}\n~~~",
        R"(`{"reasoning": "fine", "verdict": 4}`)",
        "```json\n```json\n{\"reasoning\": \"fine\", \"verdict\": 4}\n```\n```",
        "``````",
        "```",
        "<json>{\"reasoning\": \"fine\", \"verdict\": 4}</json>",
        "<think>4 seems right</think>{\"reasoning\": \"fine\", \"verdict\": 4}",
        "\"{\\\"reasoning\\\": \\\"fine\\\", \\\"verdict\\\": 4}\"",
    };
}

std::vector<Json> broken_json() {
    return {
        // Almost JSON.
        R"({'reasoning': 'fine', 'verdict': 4})",
        R"({reasoning: "fine", verdict: 4})",
        R"({"reasoning": "fine", "verdict": 4,})",
        R"({"reasoning": "fine" "verdict": 4})",
        R"({"reasoning": "fine", "verdict": +4})",
        R"({"reasoning": "fine", "verdict": 04})",
        R"({"reasoning": "fine", "verdict": 4.})",
        R"({"reasoning": "fine", "verdict": .4e1})",
        R"({"reasoning": "fine", "verdict": 0x4})",
        R"({"reasoning": "fine", "verdict": 4_0})",
        R"({"reasoning": "fine", "verdict": NaN})",
        R"({"reasoning": "fine", "verdict": Infinity})",
        R"({"reasoning": "fine", "verdict": -Infinity})",
        R"({"reasoning": "fine", "verdict": 1e400})",
        R"({"reasoning": "fine", "verdict": True})",
        R"({"reasoning": "fine", "verdict": None})",
        R"({"reasoning": "fine", "verdict": })",
        R"({"reasoning": "fine", "verdict": four})",
        R"({"reasoning": "fine", // sure
                "verdict": 4})",
        "{\"reasoning\": \"two\nlines\", \"verdict\": 4}",
        "{\"reasoning\": \"a \\x escape\", \"verdict\": 4}",
        "\xEF\xBB\xBF{\"reasoning\": \"fine\", \"verdict\": 4}x",
        std::string("{\"reasoning\": \"fine\", \"verdict\": 4}\0", 36),
        "{\"reasoning\": \"\xff\xfe\", \"verdict\": 4}",
        R"({"reasoning": "fine", "verdict": 99999999999999999999})",
        std::string(100'000, '[') + "4",
        std::string(500, '{'),
        // A key twice.
        R"({"reasoning": "fine", "verdict": 1, "verdict": 5})",
        R"({"verdict": 5, "reasoning": "fine", "verdict": 5})",
        R"({"reasoning": "poor", "reasoning": "fine", "verdict": 4})",
    };
}

std::vector<Json> json_of_another_form() {
    return {
        // JSON of another form.
        4,
        4.0,
        true,
        nullptr,
        Json::array(),
        Json::object(),
        Json::array({4}),
        "4",
        "null",
        "[]",
        "{}",
        "\"4\"",
        Json::array({verdict_json(4)}),
        {{"verdict", 4}},
        {{"reasoning", "fine"}},
        {{"score", 4}, {"reasoning", "fine"}},
        {{"Reasoning", "fine"}, {"Verdict", 4}},
        {{"result", verdict_json(4)}},
        {{"answer", to_text(verdict_json(4))}},
        {{"content", nullptr},
         {"tool_calls", {{{"id", "1"}, {"name", "verdict"}, {"arguments", verdict_json(4)}}}}},
        // One member too many.
        {{"reasoning", "fine"}, {"verdict", 4}, {"confidence", 0.9}},
        {{"reasoning", "fine"}, {"verdict", 4}, {"verdict2", 5}},
        {{"reasoning", "fine"}, {"verdict", 4}, {"Verdict", 5}},
        {{"reasoning", "fine"}, {"verdict", 4}, {"", 5}},
    };
}

std::vector<Json> members_that_do_not_fit() {
    return {
        // The wrong type.
        verdict_json("4"),
        verdict_json("5"),
        verdict_json("four"),
        verdict_json(""),
        verdict_json(nullptr),
        verdict_json(true),
        verdict_json(false),
        verdict_json(Json::array({4})),
        verdict_json(Json::array()),
        verdict_json({{"value", 4}}),
        verdict_json("4/5"),
        verdict_json("4.0"),
        // Out of range, or between the numbers.
        verdict_json(0),
        verdict_json(6),
        verdict_json(-1),
        verdict_json(-4),
        verdict_json(10),
        verdict_json(40),
        verdict_json(100),
        verdict_json(4.5),
        verdict_json(0.8),
        verdict_json(5.000001),
        verdict_json(0.999999),
        verdict_json(1e9),
        verdict_json(-1e300),
        // No reasons.
        verdict_json(4, ""),
        verdict_json(4, "   "),
        verdict_json(4, "\n\t"),
        {{"reasoning", nullptr}, {"verdict", 4}},
        {{"reasoning", 4}, {"verdict", 4}},
        {{"reasoning", true}, {"verdict", 4}},
        {{"reasoning", {"fine"}}, {"verdict", 4}},
        {{"reasoning", {{"text", "fine"}}}, {"verdict", 4}},
        {{"reasoning", Json::array()}, {"verdict", 4}},
    };
}

std::vector<Json> cut_anywhere() {
    const std::string whole = to_text(verdict_json(4));
    std::vector<Json> replies;
    for (std::size_t length = 1; length < whole.size(); ++length) {
        replies.emplace_back(whole.substr(0, length));
    }
    return replies;
}

const std::vector<Json>& malformed_replies() {
    static const std::vector<Json> k_replies = [] {
        std::vector<Json> replies;
        for (auto* const group : {&prose, &broken_json, &json_of_another_form,
                                  &members_that_do_not_fit, &cut_anywhere}) {
            std::ranges::move(group(), std::back_inserter(replies));
        }
        return replies;
    }();
    return k_replies;
}

constexpr std::string_view k_rubric = R"({"criteria": "Is it polite?",
    "result": {"min": 1, "max": 5, "integer": true}})";

Json rubric() { return value_of(parse_json(k_rubric)); }

}  // namespace

TEST_CASE("malformed replies: not one of more than a hundred becomes a score", "[judges]") {
    REQUIRE(malformed_replies().size() >= 140);
    for (const Json& reply : malformed_replies()) {
        INFO(to_text(reply).substr(0, 200));
        JudgeScene scene({reply});
        scene.make("rubric", rubric());
        const EvaluationReply evaluated = scene.evaluate();
        REQUIRE(evaluated.scores.empty());
        REQUIRE_THAT(evaluated.error, Catch::StartsWith("the judge's reply ") &&
                                          Catch::EndsWith("; it was asked twice"));
        REQUIRE(scene.model.asked.size() == 2);
        // What was said is kept, and what it cost.
        REQUIRE(evaluated.judge.has_value());
        REQUIRE(evaluated.judge->observations.size() == 2);
        REQUIRE(evaluated.judge->observations.front().output == reply);
        REQUIRE(evaluated.judge->observations.back().output == reply);
        REQUIRE(evaluated.judge->calls == 2);
        REQUIRE(evaluated.judge->cost == 2 * *make_reply().cost);
    }
}

TEST_CASE("malformed replies: every one of them is followed by the question again", "[judges]") {
    for (const Json& reply : malformed_replies()) {
        INFO(to_text(reply).substr(0, 200));
        JudgeScene scene({reply, verdict_json(2, "second thoughts")});
        scene.make("rubric", rubric());
        const EvaluationReply evaluated = scene.evaluate();
        REQUIRE(evaluated.error.empty());
        REQUIRE(evaluated.scores.size() == 1);
        REQUIRE(evaluated.scores.front().value == ScoreValue(2.0));
        REQUIRE(evaluated.scores.front().comment == "second thoughts");
    }
}

TEST_CASE("malformed replies: a refusal and a cut reply are none whatever they hold", "[judges]") {
    ProviderReply refused = reply_of(verdict_json(5));
    refused.refusal = "I cannot judge people.";
    ProviderReply cut = reply_of(verdict_json(5));
    cut.truncated = true;
    for (const ProviderReply& reply : {refused, cut}) {
        JudgeScene scene([&reply](const ProviderRequest&) { return Result<ProviderReply>(reply); });
        scene.make("rubric", rubric());
        const EvaluationReply evaluated = scene.evaluate();
        CHECK(evaluated.scores.empty());
        CHECK(evaluated.error == (reply.truncated
                                      ? "the judge's reply was cut at the length limit; it was "
                                        "asked twice"
                                      : "the judge's reply is a refusal: \"I cannot judge "
                                        "people.\"; it was asked twice"));
        CHECK(scene.model.asked.size() == 2);
    }
}

TEST_CASE("malformed replies: one repetition that fails leaves no score of the others",
          "[judges]") {
    JudgeScene scene({verdict_json(4), "4", "4", verdict_json(4)});
    Json parameters = rubric();
    parameters["repetitions"] = 3;
    scene.make("rubric", parameters);
    const EvaluationReply evaluated = scene.evaluate();
    CHECK(evaluated.scores.empty());
    CHECK_FALSE(evaluated.error.empty());
    CHECK(evaluated.judge->calls == 3);
}

}  // namespace assay::test
