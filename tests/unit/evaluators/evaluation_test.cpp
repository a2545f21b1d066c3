#include "evaluators/evaluation.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cmath>
#include <stdexcept>
#include <thread>

#include "evaluator_helpers.hpp"

namespace assay {
namespace {

using test::bound;
using test::comment_of;
using test::is_error;
using test::item_expecting;
using test::json;
using test::mistakes_in;
using test::outcome;
using Mistakes = std::vector<std::string>;

DatasetItem full_item() {
    DatasetItem item;
    item.input = json(R"({"question": "What is 6 x 7?", "unit": "apples"})");
    item.expected_output = "42 apples";
    item.metadata = json(R"({"keyword": "forty", "labels": ["a", "b"], "pattern": "^[0-9]+$"})");
    return item;
}

// --- value and expected_extract -------------------------------------------------------------

TEST_CASE("evaluation: value stands in for expected_output", "[evaluation]") {
    CHECK(outcome(bound("exact_match", {{"value", "x"}}), "x", "y") == true);
    CHECK(outcome(bound("exact_match", {{"value", json("[1, 2]")}}), json("[1, 2.0]"), "y") ==
          true);
    CHECK(outcome(bound("exact_match", {{"value", nullptr}}), nullptr, "y") == true);
}

TEST_CASE("evaluation: value may hold variables of the unit", "[evaluation]") {
    const auto keyword = bound("contains", {{"value", "{{metadata.keyword}}"}});
    CHECK(outcome(keyword.evaluate(full_item(), "forty-two")) == true);
    CHECK(outcome(keyword.evaluate(full_item(), "42")) == false);
    CHECK(keyword.variables() == Mistakes{"metadata.keyword"});

    const auto list = bound("exact_match", {{"value", "{{metadata.labels}} {{unit}}"}});
    CHECK(outcome(list.evaluate(full_item(), R"(["a","b"] apples)")) == true);
}

TEST_CASE("evaluation: braces behind a backslash are text", "[evaluation]") {
    const auto evaluator = bound("exact_match", {{"value", "\\{{x}}"}});
    CHECK(evaluator.variables().empty());
    CHECK(outcome(evaluator, "{{x}}") == true);
}

TEST_CASE("evaluation: an expected value that cannot be read is an error", "[evaluation]") {
    const Json missing = outcome(bound("exact_match"), "x");
    CHECK(is_error(missing));
    CHECK(missing.get<std::string>().find("no expected_output") != std::string::npos);

    const auto extracting = bound("exact_match", {{"expected_extract", "A: (.+)"}});
    CHECK(outcome(extracting, "42", "it is so. A: 42") == true);
    const Json unmatched = outcome(extracting, "42", "forty-two");
    CHECK(unmatched == "error: the expected value does not match \"A: (.+)\": \"forty-two\"");

    const Json no_variable = outcome(bound("exact_match", {{"value", "{{metadata.nope}}"}}), "x");
    CHECK(is_error(no_variable));
    CHECK(no_variable.get<std::string>().find("metadata.nope") != std::string::npos);
}

TEST_CASE("evaluation: an unreadable expected value is an error for a wrong output too",
          "[evaluation]") {
    const Json keys = {{"extract", "A: (.+)"}};
    CHECK(outcome(bound("numeric_match", keys), "no answer", "18") == false);
    CHECK(is_error(outcome(bound("numeric_match", keys), "no answer", "eighteen")));
    CHECK(is_error(outcome(bound("contains", keys), "no answer", "")));
    const std::string long_text(limits::k_edit_distance_characters_max + 1, 'x');
    CHECK(is_error(outcome(bound("levenshtein", keys), "no answer", long_text)));
}

// --- on and extract ----------------------------------------------------------------------------

TEST_CASE("evaluation: on selects a part of the output", "[evaluation]") {
    const auto answer = bound("exact_match", {{"on", "$.answer"}});
    CHECK(outcome(answer, json(R"({"answer": "x"})"), "x") == true);
    CHECK(outcome(answer, R"({"answer": "x"})", "x") == true);
    CHECK(outcome(answer, R"({"answer": "y"})", "x") == false);
    CHECK(outcome(bound("exact_match", {{"on", "$"}}), "{\"a\": 1}", json(R"({"a": 1.0})")) ==
          true);
    CHECK(outcome(bound("exact_match", {{"on", "$.*"}}), R"({"a": 1, "b": 2})", json("[1, 2]")) ==
          true);
}

TEST_CASE("evaluation: on may be the input", "[evaluation]") {
    const auto length = bound("length", {{"on", "input"}, {"unit", "words"}});
    DatasetItem item;
    item.input = "two words";
    CHECK(outcome(length.evaluate(item, "a much longer output")) == 2);
}

TEST_CASE("evaluation: an output without the part in question is a wrong answer", "[evaluation]") {
    const auto answer = bound("exact_match", {{"on", "$.answer"}});
    CHECK(outcome(answer, R"({"other": 1})", "x") == false);
    CHECK(comment_of(answer, R"({"other": 1})", "x") == "$.answer selects nothing in the output");
    CHECK(outcome(answer, "no JSON", "x") == false);
    CHECK(comment_of(answer, "no JSON", "x").starts_with("the output is not JSON: line 1"));

    const auto extracting = bound("exact_match", {{"extract", "A: (.+)"}});
    CHECK(outcome(extracting, "I do not know", "x") == false);
    CHECK(comment_of(extracting, "I do not know", "x") ==
          "the output does not match \"A: (.+)\": \"I do not know\"");
}

TEST_CASE("evaluation: a wrong answer stays wrong under not and is 0 as a number", "[evaluation]") {
    const Json inverted = {{"extract", "A: (.+)"}, {"not", true}};
    CHECK(outcome(bound("exact_match", inverted), "no answer", "x") == false);
    CHECK(outcome(bound("exact_match", inverted), "A: y", "x") == true);
    CHECK(outcome(bound("numeric_match", {{"not", true}}), "19", "18") == true);
    CHECK(outcome(bound("numeric_match", {{"not", true}}), "18.0", "18") == false);
    CHECK(outcome(bound("numeric_match", {{"not", true}}), "no number", "18") == false);
    CHECK(outcome(bound("json_valid", {{"not", true}}), "no JSON") == true);

    const auto similarity = bound("levenshtein", {{"extract", "A: (.+)"}, {"threshold", 0}});
    const Evaluation wrong = similarity.evaluate(item_expecting("x"), "no answer");
    REQUIRE(wrong.scores.size() == 2);
    CHECK(to_json(wrong.scores[0].value) == 0.0);
    CHECK(to_json(wrong.scores[1].value) == false);
    CHECK(wrong.scores[1].name == "score_pass");
}

TEST_CASE("evaluation: extract takes the first group of the last match", "[evaluation]") {
    const auto answer = bound("exact_match", {{"extract", "A: (.+)"}});
    CHECK(outcome(answer, "Job A: 2000 hours\nA: 8400", "8400") == true);
    CHECK(outcome(bound("exact_match", {{"extract", "[0-9]+"}}), "6 x 7 = 42!", "42") == true);
    CHECK(outcome(bound("exact_match", {{"extract", "(?m)^(.*)$"}}), "first\nlast", "last") ==
          true);
    CHECK(outcome(bound("exact_match", {{"extract", "(.*)"}}), "all of it", "all of it") == true);
    CHECK(outcome(bound("exact_match", {{"extract", "is (\\w+)|so (\\w+)"}}), "is a so b", "a") ==
          true);
    CHECK(outcome(bound("exact_match", {{"extract", "^(.)"}}), "abc", "a") == true);
    CHECK(outcome(bound("exact_match", {{"extract", "x*"}}), "abc", "") == true);
}

TEST_CASE("evaluation: extract reads values that are not text as JSON", "[evaluation]") {
    CHECK(outcome(bound("exact_match", {{"extract", "\"a\":(\\d)"}}), json(R"({"a": 7})"), "7") ==
          true);
}

TEST_CASE("evaluation: an expression that matches without end is an error and ends",
          "[evaluation]") {
    const std::string text(200'000, 'a');
    const Json result = outcome(bound("exact_match", {{"extract", "a.*b|a"}}), text, "a");
    CHECK(is_error(result));
    CHECK(result.get<std::string>().find("matches too often") != std::string::npos);
}

TEST_CASE("evaluation: strip takes white space off both texts", "[evaluation]") {
    CHECK(outcome(bound("exact_match"), " x\n", "x") == false);
    CHECK(outcome(bound("exact_match", {{"strip", true}}), " x\n", "\tx ") == true);
    CHECK(outcome(bound("exact_match", {{"strip", true}, {"extract", "A:(.*)"}}), "A: x ", "x") ==
          true);
    CHECK(outcome(bound("exact_match", {{"strip", true}}), 5, 5.0) == true);
}

// --- the result --------------------------------------------------------------------------------

TEST_CASE("evaluation: threshold adds a BOOLEAN score", "[evaluation]") {
    const auto similar = bound("levenshtein", {{"threshold", 0.8}, {"check", true}});
    CHECK(similar.score_names() == Mistakes{"score", "score_pass"});
    CHECK(similar.data_type("score") == ScoreDataType::numeric);
    CHECK(similar.data_type("score_pass") == ScoreDataType::boolean);
    CHECK_FALSE(similar.data_type("other").has_value());
    CHECK(similar.is_check());

    const Evaluation far = similar.evaluate(item_expecting("abcd"), "abxx");
    REQUIRE(far.scores.size() == 2);
    CHECK(to_json(far.scores[0].value) == 0.5);
    CHECK(to_json(far.scores[1].value) == false);
    CHECK(far.scores[1].comment == "0.5 is below 0.8");
    const Evaluation at_threshold = similar.evaluate(item_expecting("abcde"), "abcdx");
    CHECK(to_json(at_threshold.scores[1].value) == true);
}

TEST_CASE("evaluation: scores carry the name of the entry", "[evaluation]") {
    std::vector<ParameterMistake> mistakes;
    const auto named = test::try_bind("exact_match", Json::object(), mistakes, "answer");
    REQUIRE(named.has_value());
    const Evaluation evaluation = named->evaluate(item_expecting("x"), "x");
    CHECK(evaluation.evaluator == "answer");
    CHECK(evaluation.scores.front().name == "answer");
    CHECK(named->score_names() == Mistakes{"answer"});

    const auto unnamed = test::try_bind("exact_match", Json::object(), mistakes, "");
    CHECK(unnamed->name() == "exact_match");
}

// --- parameters with variables -----------------------------------------------------------------

TEST_CASE("evaluation: text parameters and expressions may hold variables", "[evaluation]") {
    const auto pattern = bound("regex", {{"pattern", "{{metadata.pattern}}"}});
    CHECK(outcome(pattern.evaluate(full_item(), "42")) == true);
    CHECK(outcome(pattern.evaluate(full_item(), "forty")) == false);
    DatasetItem bad = full_item();
    bad.metadata["pattern"] = "(";
    const Json broken = outcome(pattern.evaluate(bad, "42"));
    CHECK(is_error(broken));
    CHECK(broken.get<std::string>().find("\"pattern\"") != std::string::npos);
    CHECK(is_error(outcome(pattern.evaluate(item_expecting("x"), "42"))));

    const auto extract = bound("exact_match", {{"extract", "([0-9]+) {{unit}}"},
                                               {"expected_extract", "([0-9]+) {{unit}}"}});
    CHECK(outcome(extract.evaluate(full_item(), "3 pears and 42 apples")) == true);
    CHECK(outcome(extract.evaluate(full_item(), "42 pears")) == false);
    CHECK(extract.variables() == Mistakes{"unit", "unit"});
}

TEST_CASE("evaluation: more renderings than are kept give the same scores from many threads",
          "[evaluation]") {
    const auto pattern = bound("regex", {{"pattern", "^{{input}}$"}});
    constexpr int k_renderings = static_cast<int>(limits::k_evaluator_renderings_max) * 3;
    std::atomic<int> wrong = 0;
    const auto work = [&](int first) {
        for (int i = 0; i < k_renderings; ++i) {
            DatasetItem item;
            item.input = std::to_string((first + i) % k_renderings);
            const bool matches =
                to_json(pattern.evaluate(item, item.input).scores.at(0).value) == true;
            const bool other = to_json(pattern.evaluate(item, "x").scores.at(0).value) == true;
            if (!matches || other) ++wrong;
        }
    };
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) threads.emplace_back(work, i * 100);
    }
    CHECK(wrong == 0);
}

// --- mistakes ----------------------------------------------------------------------------------

TEST_CASE("evaluation: an unknown key is refused with the nearest known name", "[evaluation]") {
    CHECK(mistakes_in("regex", {{"patern", "x"}, {"pattern", "x"}}) ==
          Mistakes{R"(/patern: unknown key "patern"; did you mean "pattern"?)"});
    CHECK(mistakes_in("exact_match", {{"expected_extrct", "x"}}) ==
          Mistakes{R"(/expected_extrct: unknown key "expected_extrct"; )"
                   R"(did you mean "expected_extract"?)"});
    const Mistakes far = mistakes_in("exact_match", {{"a/b", 1}});
    REQUIRE(far.size() == 1);
    CHECK(far.front().starts_with(R"(/a~1b: unknown key "a/b"; known are ignore_case, )"));
}

TEST_CASE("evaluation: keys whose engine comes later are refused", "[evaluation]") {
    CHECK(mistakes_in("exact_match", {{"weight", 1}}) ==
          Mistakes{R"(/weight: "weight" has no use: scores are not added up)"});
    CHECK(mistakes_in("exact_match", {{"on", "trace"}}) ==
          Mistakes{R"(/on: "on: trace" is not available yet)"});
}

TEST_CASE("evaluation: what an evaluator waits for has the right type or is refused",
          "[evaluation]") {
    CHECK(mistakes_in("exact_match", {{"needs", {"a", "b"}}, {"when", "a = 1"}}).empty());
    CHECK(mistakes_in("exact_match", {{"needs", "a"}}).size() == 1);
    CHECK(mistakes_in("exact_match", {{"needs", {1}}}).size() == 1);
    CHECK(mistakes_in("exact_match", {{"needs", {"a", "a"}}}).size() == 1);
    CHECK(mistakes_in("exact_match", {{"when", true}}).size() == 1);
    CHECK(mistakes_in("exact_match", {{"when", ""}}).size() == 1);
}

TEST_CASE("evaluation: the output of a step is judged", "[evaluation]") {
    UnitResult unit;
    unit.output = "the end";
    unit.observations = {{.name = "find", .output = Json{{"id", 7}}}, {.name = "ask"}};
    const auto judge = [&unit](Json keys) {
        return bound("contains", std::move(keys)).evaluate(unit);
    };
    CHECK(outcome(judge({{"on", "steps.find.output"}, {"value", "7"}})) == true);
    CHECK(outcome(judge({{"on", "steps.find.output"}, {"value", "end"}})) == false);
    CHECK(outcome(judge({{"on", "steps.find.output"}, {"value", "7"}, {"extract", "id.:(.)"}})) ==
          true);
    CHECK(outcome(judge({{"value", "{{steps.find.output.id}}"}})) == false);
    CHECK(outcome(judge({{"value", "the {{steps.missing.output | default('end')}}"}})) == true);
    // What is not there is nobody's wrong answer.
    CHECK(is_error(outcome(judge({{"on", "steps.fnd.output"}, {"value", "7"}}))));
    CHECK(is_error(outcome(judge({{"value", "{{steps.fnd.output}}"}}))));
    for (const char* on : {"steps.find", "steps..output", "steps.find.output.id", "steps."}) {
        CHECK(mistakes_in("exact_match", {{"on", on}}).size() == 1);
    }
}

TEST_CASE("evaluation: keys that mean nothing to an evaluator are refused", "[evaluation]") {
    CHECK(mistakes_in("json_valid", {{"ignore_case", true}}) ==
          Mistakes{R"(/ignore_case: "ignore_case" does not apply to json_valid)"});
    CHECK(mistakes_in("json_valid", {{"value", "x"}}) ==
          Mistakes{R"(/value: "value" does not apply to json_valid, )"
                   "which looks at the output alone"});
    CHECK(mistakes_in("length", {{"not", true}}).size() == 1);
    CHECK(mistakes_in("exact_match", {{"threshold", 0.5}}).size() == 1);
    CHECK(mistakes_in("length", {{"threshold", 5}, {"max", 5}}).size() == 1);
    CHECK(mistakes_in("length", {{"check", true}}).size() == 1);
    CHECK(mistakes_in("length", {{"check", true}, {"max", 5}, {"not", true}}).empty());
    CHECK(mistakes_in("length", {{"check", true}, {"threshold", 5}}).empty());
}

TEST_CASE("evaluation: a value of the wrong type is named in plain words", "[evaluation]") {
    const Mistakes pattern = mistakes_in("regex", {{"pattern", 5}});
    REQUIRE(pattern.size() == 1);
    CHECK(pattern.front().starts_with(R"(/pattern: "pattern" must be a string)"));
    CHECK(mistakes_in("regex", Json::object()) == Mistakes{R"(: regex needs "pattern")"});
    const Mistakes strip = mistakes_in("exact_match", {{"strip", "yes"}});
    REQUIRE(strip.size() == 1);
    CHECK(strip.front().starts_with(R"(/strip: "strip" must be a boolean)"));
    CHECK(mistakes_in("numeric_match", {{"absolute_tolerance", -1}}).size() == 1);
    CHECK(mistakes_in("length", {{"unit", "letters"}}).size() == 1);
}

TEST_CASE("evaluation: bad expressions and paths are found before the run", "[evaluation]") {
    const auto pointer = [](std::string_view type, Json keys) {
        const Mistakes mistakes = mistakes_in(type, std::move(keys));
        REQUIRE(mistakes.size() == 1);
        return mistakes.front().substr(0, mistakes.front().find(": "));
    };
    CHECK(pointer("exact_match", {{"extract", "("}}) == "/extract");
    CHECK(pointer("exact_match", {{"expected_extract", "a(?=b)"}}) == "/expected_extract");
    CHECK(pointer("exact_match", {{"on", "answer"}}) == "/on");
    CHECK(pointer("exact_match", {{"on", "$.["}}) == "/on");
    CHECK(pointer("exact_match", {{"value", "{{"}}) == "/value");
    CHECK(pointer("regex", {{"pattern", "["}}) == "/pattern");
    CHECK(pointer("length", {{"min", 3}, {"max", 2}}) == "/min");
    CHECK(pointer("numeric_match", {{"value", "many"}}) == "/value");
    CHECK(pointer("contains", {{"value", ""}}) == "/value");
}

TEST_CASE("evaluation: all mistakes of an entry are found at once", "[evaluation]") {
    const Mistakes mistakes = mistakes_in(
        "regex",
        {{"pattern", "("}, {"on", "x"}, {"extract", "("}, {"weight", 2}, {"stripp", true}});
    CHECK(mistakes.size() == 5);
}

TEST_CASE("evaluation: a key may stand in either part of the entry", "[evaluation]") {
    std::vector<ParameterMistake> mistakes;
    const auto bound = BoundEvaluator::bind(
        *find_evaluator("exact_match"),
        {"n", {{"strip", true}}, {{"ignore_case", true}, {"type", "exact_match"}, {"name", "n"}}},
        mistakes);
    REQUIRE(bound.has_value());
    CHECK(outcome(*bound, " X", "x") == true);
    CHECK(BoundEvaluator::bind(*find_evaluator("exact_match"), {"n", nullptr, nullptr}, mistakes)
              .has_value());
}

TEST_CASE("evaluation: the hash changes with all that can change a score", "[evaluation]") {
    const auto hash = [](std::string_view type, Json keys) { return bound(type, keys).hash(); };
    const std::string plain = hash("exact_match", Json::object());
    CHECK(plain.size() == 64);
    CHECK(hash("exact_match", Json::object()) == plain);
    CHECK(hash("contains", Json::object()) != plain);
    CHECK(hash("exact_match", {{"strip", true}}) != plain);
    CHECK(hash("exact_match", {{"ignore_case", true}}) != plain);
    CHECK(hash("exact_match", {{"value", "x"}}) != plain);
    CHECK(hash("exact_match", {{"when", "a = 1"}}) != plain);
    CHECK(hash("exact_match", {{"needs", {"a"}}}) != plain);
    CHECK(hash("exact_match", {{"check", true}}) == plain);
}

TEST_CASE("evaluation: the common keys are a JSON Schema with a description each", "[evaluation]") {
    const Json schema = json(common_keys_schema());
    for (const char* key : {"name", "type", "value", "on", "extract", "expected_extract", "strip",
                            "not", "threshold", "check", "needs", "when", "weight", "mapping"}) {
        CHECK(schema["properties"].contains(key));
    }
}

// --- definitions of the tests' own ----------------------------------------------------------

class Answers final : public Evaluator {
  public:
    explicit Answers(ScoreValue value) : value_(std::move(value)) {}
    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        if (input.output == "throw") throw std::runtime_error("out of cheese");
        return std::vector<Score>{{.value = value_}, {.name = "second", .value = value_}};
    }

  private:
    ScoreValue value_;
};

template <ScoreDataType Type>
EvaluatorDefinition answering(Result<std::unique_ptr<Evaluator>> (*make)(const Json&)) {
    return {.id = "answers",
            .summary = "",
            .data_type = Type,
            .needs_expected = false,
            .parameters_schema = R"({"type": "object", "properties": {}})",
            .examples = "[]",
            .make = make};
}

Json outcome_of(const EvaluatorDefinition& definition, const Json& output, Json keys = nullptr) {
    std::vector<ParameterMistake> mistakes;
    const auto bound = BoundEvaluator::bind(definition, {"n", nullptr, std::move(keys)}, mistakes);
    REQUIRE(bound.has_value());
    return outcome(bound->evaluate({}, output));
}

TEST_CASE("evaluation: a score that is no finite number is an error", "[evaluation]") {
    const auto nan = answering<ScoreDataType::numeric>([](const Json&) {
        return Result<std::unique_ptr<Evaluator>>(std::make_unique<Answers>(std::nan("")));
    });
    CHECK(outcome_of(nan, "x") == R"(error: the score "n" is nan, which is no value of a score)");
    const auto infinite = answering<ScoreDataType::numeric>([](const Json&) {
        return Result<std::unique_ptr<Evaluator>>(std::make_unique<Answers>(HUGE_VAL));
    });
    CHECK(is_error(outcome_of(infinite, "x")));
}

TEST_CASE("evaluation: an evaluator that throws is an error", "[evaluation]") {
    const auto category = answering<ScoreDataType::categorical>([](const Json&) {
        return Result<std::unique_ptr<Evaluator>>(std::make_unique<Answers>("billing"));
    });
    CHECK(outcome_of(category, "throw") == "error: the evaluator broke: out of cheese");
    CHECK(outcome_of(category, "x") == "billing");
}

TEST_CASE("evaluation: a category has no wrong value so what cannot be read is an error",
          "[evaluation]") {
    const auto category = answering<ScoreDataType::categorical>([](const Json&) {
        return Result<std::unique_ptr<Evaluator>>(std::make_unique<Answers>("billing"));
    });
    CHECK(is_error(outcome_of(category, "x", {{"extract", "A: (.+)"}})));
    CHECK(outcome_of(category, "A: x", {{"extract", "A: (.+)"}}) == "billing");
}

}  // namespace
}  // namespace assay
