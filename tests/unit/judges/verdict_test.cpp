#include "judges/judging/verdict.hpp"

#include <catch2/catch.hpp>
#include <cmath>

#include "core/base/random.hpp"
#include "tests/support/seed.hpp"
#include "tests/unit/judges/judge_support.hpp"

namespace assay::test {
namespace {

VerdictScale stars() { return {.min = 1, .max = 5, .integer = true}; }
VerdictScale grades() {
    return {.type = ScoreDataType::categorical,
            .points = {{.label = "good"}, {.label = "bad"}, {.label = "not judged"}}};
}
VerdictScale worths() {
    return {.type = ScoreDataType::categorical,
            .points = {{.label = "A", .score = 1}, {.label = "B", .score = -0.5}},
            .scores_points = true};
}

Verdict read(const Json& reply, const VerdictScale& scale) {
    return value_of(read_verdict(reply, scale));
}

std::string problem(const Json& reply, const VerdictScale& scale) {
    const auto verdict = read_verdict(reply, scale);
    REQUIRE_FALSE(verdict.has_value());
    CHECK(verdict.error().code == ErrorCode::invalid_argument);
    return verdict.error().message;
}

bool is_on(const VerdictScale& scale, const ScoreValue& value) {
    if (scale.type == ScoreDataType::boolean) return std::holds_alternative<bool>(value);
    if (scale.scores_points) {
        return std::ranges::any_of(scale.points, [&](const VerdictScale::Point& point) {
            return value == ScoreValue(*point.score);
        });
    }
    if (scale.type == ScoreDataType::categorical) {
        return std::ranges::any_of(scale.points, [&](const VerdictScale::Point& point) {
            return value == ScoreValue(point.label);
        });
    }
    const double* const number = std::get_if<double>(&value);
    return number != nullptr && *number >= scale.min && *number <= scale.max &&
           (!scale.integer || *number == std::floor(*number));
}

/// Changes a text as a careless model, or a clever one, might.
std::string mutated(std::string text, Rng& rng) {
    static const std::vector<std::string> k_pieces = {"```",
                                                      "```json\n",
                                                      "\n```",
                                                      "{",
                                                      "}",
                                                      "[",
                                                      "]",
                                                      ",",
                                                      ":",
                                                      "\"",
                                                      "\\",
                                                      "null",
                                                      "NaN",
                                                      "1e400",
                                                      "-1",
                                                      "6",
                                                      "5.5",
                                                      "true",
                                                      "false",
                                                      "\"A\"",
                                                      "\"good\"",
                                                      "\"verdict\"",
                                                      "\"verdict\": 5",
                                                      "\"reasoning\": \"x\",",
                                                      "{\"reasoning\": \"x\", \"verdict\": 3}",
                                                      "\xff",
                                                      std::string(1, '\0'),
                                                      "\xEF\xBB\xBF",
                                                      " "};
    const std::uint64_t changes = 1 + rng.next_below(4);
    for (std::uint64_t i = 0; i < changes; ++i) {
        const std::size_t at = rng.next_below(text.size() + 1);
        const std::size_t length = std::min<std::size_t>(rng.next_below(8), text.size() - at);
        switch (rng.next_below(4)) {
            case 0: text.erase(at, length); break;
            case 1: text.insert(at, k_pieces[rng.next_below(k_pieces.size())]); break;
            case 2: text.insert(at, text.substr(at, length)); break;
            default:
                if (at < text.size()) text[at] = static_cast<char>(rng.next_below(256));
        }
    }
    return text;
}

}  // namespace

TEST_CASE("verdict: each type of scale gives its value", "[judges]") {
    CHECK(read(verdict_json(4), stars()).value == ScoreValue(4.0));
    CHECK(read(verdict_json(4.0), stars()).value == ScoreValue(4.0));
    CHECK(read(verdict_json(0.25), VerdictScale()).value == ScoreValue(0.25));
    CHECK(read(verdict_json(true), {.type = ScoreDataType::boolean}).value == ScoreValue(true));
    CHECK(read(verdict_json("not judged"), grades()).value == ScoreValue("not judged"));
    const Verdict worth = read(verdict_json("B", "for reasons"), worths());
    CHECK(worth.value == ScoreValue(-0.5));
    CHECK(worth.label == "B");
    CHECK(worth.reasoning == "for reasons");
}

TEST_CASE("verdict: both ends of a range belong to it", "[judges]") {
    CHECK(read(verdict_json(1), stars()).value == ScoreValue(1.0));
    CHECK(read(verdict_json(5), stars()).value == ScoreValue(5.0));
    CHECK(problem(verdict_json(0), stars()).starts_with("does not obey its schema: $.verdict"));
    CHECK(problem(verdict_json(6), stars()).starts_with("does not obey its schema: $.verdict"));
    CHECK_FALSE(read_verdict(verdict_json(1.0000001), VerdictScale()).has_value());
}

TEST_CASE("verdict: text is read as JSON bare or in one code fence", "[judges]") {
    const std::string json = to_text(verdict_json(4));
    for (const std::string& text :
         {json, "  " + json + "\n", "```json\n" + json + "\n```", "```\n" + json + "\n```\n",
          "```JSON\n" + json + "```", "```" + json + "```"}) {
        INFO(text);
        CHECK(read(text, stars()).value == ScoreValue(4.0));
    }
}

TEST_CASE("verdict: a code fence inside the reasoning is no fence around the reply", "[judges]") {
    const Json reply = verdict_json(2, "it says ```json\n{\"verdict\": 5}\n``` which is no answer");
    CHECK(read(to_text(reply), stars()).value == ScoreValue(2.0));
    CHECK(read("```json\n" + to_text(reply) + "\n```", stars()).value == ScoreValue(2.0));
}

TEST_CASE("verdict: the message says what is wrong with the reply", "[judges]") {
    CHECK(problem("", stars()) == "is empty");
    CHECK(problem(nullptr, stars()).starts_with("does not obey its schema: $"));
    CHECK_THAT(problem("Four of five.", stars()), Catch::StartsWith("is not JSON ("));
    CHECK_THAT(problem(R"({"reasoning": "x", "verdict": 1, "verdict": 5})", stars()),
               Catch::Contains("verdict"));
    CHECK_THAT(problem({{"reasoning", "x"}}, stars()), Catch::Contains("verdict"));
    CHECK_THAT(problem(verdict_json("great"), grades()), Catch::Contains("\"good\""));
    CHECK(problem(verdict_json(3, " \n"), stars()) == "gives no reasons: \"reasoning\" is empty");
}

TEST_CASE("verdict: no reply whatever gives a value outside the scale", "[judges]") {
    const std::vector<std::pair<VerdictScale, std::vector<Json>>> cases = {
        {stars(), {verdict_json(1), verdict_json(5, "a \"quoted\" ``` word")}},
        {VerdictScale(), {verdict_json(0.125), verdict_json(1)}},
        {{.type = ScoreDataType::boolean}, {verdict_json(true), verdict_json(false)}},
        {grades(), {verdict_json("good"), verdict_json("not judged")}},
        {worths(), {verdict_json("A"), verdict_json("B")}}};
    const std::uint64_t seed = seed_of_test();
    INFO("ASSAY_SEED=" << seed);
    Rng rng(seed);
    std::size_t read_count = 0;
    std::size_t refused = 0;
    for (int round = 0; round < 8000; ++round) {
        const auto& [scale, replies] = cases[rng.next_below(cases.size())];
        std::string text = to_text(replies[rng.next_below(replies.size())]);
        if (rng.next_below(3) == 0) text = "```json\n" + text + "\n```";
        text = mutated(std::move(text), rng);
        const auto verdict = read_verdict(text, scale);
        if (!verdict) {
            ++refused;
            continue;
        }
        ++read_count;
        INFO(text);
        REQUIRE(is_on(scale, verdict->value));
        REQUIRE_FALSE(verdict->reasoning.empty());
    }
    CHECK(read_count > 100);  // some changes are harmless, or the test would prove nothing
    CHECK(refused > 1000);
}

TEST_CASE("verdict: numbers that are combined give their mean and standard deviation", "[judges]") {
    const std::vector<Verdict> verdicts = {{.value = 2.0, .reasoning = "dull"},
                                           {.value = 4.0, .reasoning = "bright"},
                                           {.value = 3.0, .reasoning = "so so"}};
    const CombinedVerdict combined = value_of(combine(verdicts));
    CHECK(combined.value == ScoreValue(3.0));
    CHECK(combined.spread == Approx(1.0));
    CHECK(combined.comment == "2: dull\n\n4: bright\n\n3: so so");
}

TEST_CASE("verdict: labels that are combined give the majority and the share that differs",
          "[judges]") {
    const std::vector<Verdict> verdicts = {{.value = "good", .reasoning = "a"},
                                           {.value = "bad", .reasoning = "b"},
                                           {.value = "good", .reasoning = "c"}};
    const CombinedVerdict combined = value_of(combine(verdicts));
    CHECK(combined.value == ScoreValue("good"));
    CHECK(combined.spread == Approx(1.0 / 3));
    const std::vector<Verdict> flags = {{.value = true}, {.value = true}, {.value = false}};
    CHECK(value_of(combine(flags)).value == ScoreValue(true));
}

TEST_CASE("verdict: a tie is an error and not a guess", "[judges]") {
    const std::vector<Verdict> verdicts = {{.value = true}, {.value = false}};
    const auto combined = combine(verdicts);
    REQUIRE_FALSE(combined.has_value());
    CHECK(combined.error().message ==
          "the judge's 2 answers have no majority (1 × false, 1 × true); set `repetitions` to "
          "another number");
}

TEST_CASE("verdict: one answer is commented with its reasons and a choice with its label",
          "[judges]") {
    const std::vector<Verdict> plain = {{.value = 4.0, .reasoning = "fine"}};
    CHECK(value_of(combine(plain)).comment == "fine");
    CHECK(value_of(combine(plain)).spread == 0);
    const std::vector<Verdict> choice = {{.value = 0.4, .label = "A", .reasoning = "a part"}};
    CHECK(value_of(combine(choice)).comment == "A: a part");
}

}  // namespace assay::test
