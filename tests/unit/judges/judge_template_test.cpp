#include "configs/judge_template.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

namespace assay::test {
namespace {

constexpr std::string_view k_sound = R"(judge: brevity
version: 3
summary: Whether the answer is short.
variables:
  output: what is judged
  context: facts that it may use
output:
  type: NUMERIC
  min: 0
  max: 10
  integer: true
  points:
    10: {meaning: one word}
    9: two words
    0: a novel
prompt:
  - role: system
    content: You count words.
  - role: user
    content: |
      {{context.title | default('')}} {{metadata.tier}} {{steps.a.output}}
      {{output}}
)";

std::string problems_of(std::string text) {
    Diagnostics diagnostics;
    const auto read = read_judge_template(text, "own.yaml", diagnostics);
    CHECK_FALSE(read.has_value());
    return to_string(diagnostics);
}

std::string with(std::string_view from, std::string_view to) {
    std::string text(k_sound);
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("judge template: a sound one is read whole", "[judges]") {
    Diagnostics diagnostics;
    const auto read = read_judge_template(k_sound, "own.yaml", diagnostics);
    INFO(to_string(diagnostics));
    REQUIRE(read.has_value());
    CHECK(diagnostics.empty());
    CHECK(read->id == "brevity");
    CHECK(read->version == 3);
    CHECK(read->summary == "Whether the answer is short.");
    CHECK(read->sha256.size() == 64);
    REQUIRE(read->variables.size() == 2);
    CHECK(read->variables[0].name == "context");
    CHECK_FALSE(read->variables[0].needed);
    CHECK(read->variables[1].name == "output");
    CHECK(read->variables[1].description == "what is judged");
    CHECK(read->variables[1].needed);
    REQUIRE(read->prompt.size() == 2);
    CHECK(read->prompt[0].role == "system");
    CHECK(read->prompt[1].content.text().ends_with("\n{{output}}"));
    CHECK(read->output.integer);
    REQUIRE(read->output.points.size() == 3);
    CHECK(read->output.points[0].label == "0");
    CHECK(read->output.points[1].label == "9");
    CHECK(read->output.points[2].meaning == "one word");
}

TEST_CASE("judge template: mistakes are told with their places", "[judges]") {
    CHECK_THAT(problems_of(with("judge: brevity", "judge: Brevity!")),
               Catch::StartsWith("own.yaml:1:8: `judge` is a name"));
    CHECK_THAT(problems_of(with("version: 3", "version: three")),
               Catch::StartsWith("own.yaml:2:10: "));
    CHECK_THAT(problems_of(with("summary:", "sumary:")),
               Catch::Contains("own.yaml:3:1: unknown key \"sumary\"; did you mean \"summary\"?") &&
                   Catch::Contains("needs the key `summary`"));
    CHECK_THAT(problems_of(with("  max: 10", "  max: ten")), Catch::StartsWith("own.yaml:10:8: "));
    CHECK_THAT(problems_of(with("  max: 10", "  max: .inf")),
               Catch::Contains("is not a finite number"));
    CHECK_THAT(problems_of(with("    9: two words", "    11: two words")),
               Catch::Contains("the point \"11\" is no whole number from 0 to 10"));
    CHECK_THAT(problems_of(with("role: user", "role: human")), Catch::Contains("unknown role"));
    CHECK_THAT(problems_of(with("role: user", "role: assistant")),
               Catch::Contains("the last message of `prompt` is the user's"));
    CHECK_THAT(problems_of(with("{{output}}", "{{output")), Catch::Contains("template line 2"));
    CHECK_THAT(problems_of("judge: a\njudge: b\n"), Catch::StartsWith("own.yaml:2:1: "));
    CHECK_THAT(problems_of("[]"), Catch::Contains("must be a map"));
    CHECK_FALSE(problems_of("").empty());
}

TEST_CASE("judge template: variables and prompt agree", "[judges]") {
    CHECK_THAT(problems_of(with("  context: facts that it may use\n", "")),
               Catch::Contains("`prompt` uses {{context}}, which `variables` does not describe"));
    CHECK_THAT(problems_of(with("  context: facts", "  contxt: facts")),
               Catch::Contains("own.yaml:6:3: the variable \"contxt\" does not stand in `prompt`"));
    CHECK_THAT(problems_of("judge: a\nversion: 1\nsummary: s\nvariables: {}\n"
                           "output: {type: BOOLEAN}\nprompt: Is it?\n"),
               Catch::Contains("`prompt` has no variable"));
}

TEST_CASE("judge template: the shipped ones are sound and say what each point means", "[judges]") {
    const auto& all = list_judge_templates();
    REQUIRE(all.size() >= 26);
    CHECK(std::ranges::is_sorted(all, {}, &JudgeTemplate::id));
    std::set<std::string> ids;
    for (const JudgeTemplate& shipped : all) {
        INFO(shipped.id);
        CHECK(ids.insert(shipped.id).second);
        CHECK(find_judge_template(shipped.id) == &shipped);
        CHECK(shipped.summary.ends_with('.'));
        REQUIRE(shipped.output.points.size() >= 2);
        std::set<std::string> meanings;
        for (const VerdictScale::Point& point : shipped.output.points) {
            INFO(point.label);
            CHECK_FALSE(point.meaning.empty());
            CHECK(meanings.insert(point.meaning).second);
        }
        for (const JudgeTemplate::Variable& variable : shipped.variables) {
            INFO(variable.name);
            CHECK_FALSE(variable.description.empty());
        }
    }
    CHECK(find_judge_template("nothing") == nullptr);
}

TEST_CASE("judge template: the shipped ones explain their whole scale", "[judges]") {
    for (const JudgeTemplate& shipped : list_judge_templates()) {
        INFO(shipped.id);
        const VerdictScale& scale = shipped.output;
        if (scale.type == ScoreDataType::boolean) {
            CHECK(scale.points.size() == 2);
            continue;
        }
        // Numbers come from labels with a meaning each: a bare range means nothing to a judge.
        REQUIRE(scale.type == ScoreDataType::categorical);
        REQUIRE(scale.scores_points);
        CHECK(scale.points.front().score == 1.0);
        CHECK(scale.points.back().score == 0.0);
        for (std::size_t i = 1; i < scale.points.size(); ++i) {
            CHECK(*scale.points[i].score < *scale.points[i - 1].score);
        }
    }
}

TEST_CASE("judge template: the shipped ones look at something and reason first", "[judges]") {
    static const std::set<std::string> k_known = {"input", "output", "expected_output", "context",
                                                  "tools"};
    for (const JudgeTemplate& shipped : list_judge_templates()) {
        INFO(shipped.id);
        std::set<std::string> names;
        for (const JudgeTemplate::Variable& variable : shipped.variables) {
            CHECK(k_known.contains(variable.name));
            names.insert(variable.name);
        }
        // A judge of what was retrieved looks at that alone.
        CHECK((names.contains("output") || names.contains("context")));
        REQUIRE(shipped.prompt.size() == 2);
        CHECK(shipped.prompt[0].role == "system");
        CHECK_FALSE(shipped.prompt[0].content.has_variables());
        CHECK(shipped.prompt[1].role == "user");
        const std::string& system = shipped.prompt[0].content.text();
        const std::size_t first = system.find("First ");
        const std::size_t verdict = std::min(
            {system.rfind("Only then"), system.rfind("then decide"), system.rfind("only after")});
        CHECK(first < verdict);
        CHECK(verdict != std::string::npos);
    }
}

}  // namespace assay::test
