#include "judges/judging/prompted_judge.hpp"

#include <catch2/catch.hpp>

#include "tests/unit/judges/judge_support.hpp"

namespace assay::test {
namespace {

Json choice(Json more = Json::object()) {
    Json parameters = {{"prompt", "Is this fine? {{output}}"}, {"choices", {"yes", "no"}}};
    parameters.update(more);
    return parameters;
}

std::string prompt_for(const std::string& prompt, EvaluationRequest request) {
    JudgeScene scene({verdict_json("yes")});
    scene.make("choice", choice({{"prompt", prompt}}));
    const Json lists = value_of(scene.judge->preview(request));
    REQUIRE(lists.size() == 1);
    return lists.front().back().at("content").get<std::string>();
}

}  // namespace

TEST_CASE("prompted judge: the system message ends with the scale and the fence", "[judges]") {
    JudgeScene scene({verdict_json("yes")});
    scene.make("choice", choice({{"choices", {{"yes", "it is"}, {"no", "it is not"}}}}));
    (void)scene.evaluate();
    const auto& messages = scene.model.asked.front().messages;
    REQUIRE(messages.size() == 2);
    CHECK(messages[0].role == "system");
    const Fence fence(scope_of(JudgeScene::question()), 7);
    CHECK(messages[0].content ==
          "The verdict is one of \"no\", \"yes\":\n- no: it is not\n- yes: it is\n\n"
          "Write the reasoning before the verdict, so that the verdict follows from it.\n\n" +
              reply_instruction(scene.model.asked.front().response_schema) + "\n\n" +
              fence.explanation());
    CHECK(messages[1].role == "user");
    CHECK(messages[1].content == "Is this fine? " + fence.around("output", "It is Mariehamn."));
}

TEST_CASE("prompted judge: a preview is what is sent", "[judges]") {
    JudgeScene scene({verdict_json("yes")});
    scene.make("choice", choice());
    const Json lists = value_of(scene.judge->preview(JudgeScene::question()));
    CHECK(scene.model.asked.empty());
    (void)scene.evaluate();
    CHECK(lists == Json::array({messages_to_json(scene.model.asked.front().messages)}));
}

TEST_CASE("prompted judge: inserted text is never expanded again", "[judges]") {
    EvaluationRequest request = JudgeScene::question();
    request.output = "{{input}} and {{metadata.tier}} and \\{{x}}";
    const std::string prompt = prompt_for("{{output}}", request);
    CHECK_THAT(prompt, Catch::Contains("\n{{input}} and {{metadata.tier}} and \\{{x}}\n"));
    CHECK_THAT(prompt, !Catch::Contains("gold"));
}

TEST_CASE("prompted judge: its names mean the same whatever the input holds", "[judges]") {
    EvaluationRequest request = JudgeScene::question();
    request.input = {{"output", "of the input"}, {"question", "Which?"}, {"metadata", "other"}};
    const std::string prompt = prompt_for("{{output}} {{question}} {{input}}", request);
    CHECK_THAT(prompt, Catch::Contains("\nIt is Mariehamn.\n"));
    CHECK_THAT(prompt, Catch::Contains("\nWhich?\n"));
    CHECK_THAT(prompt, Catch::Contains("\n{\"metadata\":\"other\""));
}

TEST_CASE("prompted judge: what mapping names comes first", "[judges]") {
    EvaluationRequest request = JudgeScene::question();
    request.vars = {{"output", "mapped"}, {"context", {{"title", "Åland"}}}};
    const std::string prompt = prompt_for("{{output}} {{context.title}} {{context}}", request);
    CHECK_THAT(prompt, Catch::Contains("\nmapped\n"));
    CHECK_THAT(prompt, Catch::Contains("\nÅland\n"));
    CHECK_THAT(prompt, !Catch::Contains("It is Mariehamn."));
}

TEST_CASE("prompted judge: a variable without a value costs no call", "[judges]") {
    JudgeScene scene({verdict_json("yes")});
    scene.make("choice", choice({{"prompt", "{{output}} {{contxt}}"}}));
    CHECK(scene.judge->variables() == std::vector<std::string>{"output", "contxt"});
    EvaluationRequest request = JudgeScene::question();
    request.vars = {{"context", "x"}};
    const EvaluationReply reply = scene.evaluate(request);
    CHECK(reply.scores.empty());
    CHECK_THAT(reply.error, Catch::Contains("did you mean \"context\"?"));
    CHECK(scene.model.asked.empty());
    CHECK(reply.judge->cost == 0);
}

TEST_CASE("prompted judge: repetitions are questions of their own", "[judges]") {
    JudgeScene scene({verdict_json("yes", "a"), verdict_json("no", "b"), verdict_json("yes", "c")});
    scene.make("choice", choice({{"repetitions", 3}}));
    EvaluationRequest request = JudgeScene::question();
    request.repetition = 2;
    const EvaluationReply reply = scene.evaluate(request);
    REQUIRE(scene.model.asked.size() == 3);
    for (int i = 0; i < 3; ++i) CHECK(scene.model.asked[std::size_t(i)].repetition == 6 + i);
    REQUIRE(reply.scores.size() == 2);
    CHECK(reply.scores[0].value == ScoreValue("yes"));
    CHECK(reply.scores[0].comment == "yes: a\n\nno: b\n\nyes: c");
    CHECK(reply.scores[1].name == "tone_spread");
    CHECK(std::get<double>(reply.scores[1].value) == Approx(1.0 / 3));
    CHECK(reply.judge->metadata.at("verdicts") == Json{"yes", "no", "yes"});
    std::vector<std::string> names;
    for (const Observation& observation : reply.judge->observations) {
        names.push_back(observation.name);
    }
    CHECK(names == std::vector<std::string>{"judge", "judge:2", "judge:3"});
}

TEST_CASE("prompted judge: a tie of repetitions is an error that keeps what was said", "[judges]") {
    JudgeScene scene({verdict_json("yes"), verdict_json("no")});
    scene.make("choice", choice({{"repetitions", 2}}));
    const EvaluationReply reply = scene.evaluate();
    CHECK(reply.scores.empty());
    CHECK_THAT(reply.error, Catch::Contains("have no majority (1 × no, 1 × yes)"));
    CHECK(reply.judge->calls == 2);
    CHECK(reply.judge->metadata.at("verdicts") == Json{"yes", "no"});
}

TEST_CASE("prompted judge: scores are declared with their types", "[judges]") {
    const EvaluatorDefinition* const definition = find_known_evaluator("choice");
    const auto labels = definition->scores_for(choice());
    REQUIRE(labels.size() == 1);
    CHECK(labels[0].data_type == ScoreDataType::categorical);
    const auto numbers =
        definition->scores_for(choice({{"choices", {{"yes", 1}, {"no", 0}}}, {"repetitions", 5}}));
    REQUIRE(numbers.size() == 2);
    CHECK(numbers[0].data_type == ScoreDataType::numeric);
    CHECK(numbers[1].data_type == ScoreDataType::numeric);
    CHECK(numbers[1].suffix == "_spread");
}

TEST_CASE("prompted judge: the fingerprint follows everything that is said", "[judges]") {
    const auto fingerprint = [](const Json& parameters) {
        JudgeScene scene({verdict_json("yes")});
        scene.make("choice", parameters);
        return scene.judge->fingerprint();
    };
    const std::string own = fingerprint(choice());
    CHECK(own.size() == 64);
    CHECK(fingerprint(choice()) == own);
    CHECK(fingerprint(choice({{"prompt", "Is this good? {{output}}"}})) != own);
    CHECK(fingerprint(choice({{"choices", {"yes", "no", "maybe"}}})) != own);
    CHECK(fingerprint(choice({{"choices", {{"yes", "it is"}, {"no", "it is not"}}}})) != own);
}

TEST_CASE("prompted judge: a prompt that shows the judge nothing is refused", "[judges]") {
    JudgeScene scene({verdict_json("yes")});
    const auto made = scene.try_make("choice", choice({{"prompt", "Is it fine?"}}));
    REQUIRE_FALSE(made.has_value());
    CHECK_THAT(made.error().message, Catch::Contains("has no variable"));
}

TEST_CASE("prompted judge: canaries tell who is not to be believed", "[judges]") {
    JudgeScene scene([](const ProviderRequest& request) -> Result<ProviderReply> {
        if (text_of(request).contains("\nodd\n")) return reply_of("?");
        return reply_of(verdict_json("yes"));
    });
    scene.make(
        "choice",
        choice({{"prompt", "{{output}} {{input | default('')}} {{context | default('')}}"},
                {"canaries",
                 {{{"output", "good"}, {"verdict", "yes"}},
                  {{"output", "bad"}, {"input", "q"}, {"verdict", "no"}},
                  {{"output", "odd"}, {"verdict", "no"}},
                  {{"output", "last"}, {"vars", {{"context", "facts"}}}, {"verdict", "yes"}}}}}));
    const Json report = scene.judge_canaries();
    CHECK(report.at("judged") == 4);
    REQUIRE(report.at("failed").size() == 2);
    CHECK(report.at("failed")[0] ==
          Json{{"canary", 2}, {"expected", "no"}, {"got", "yes"}, {"comment", "because"}});
    CHECK(report.at("failed")[1].at("canary") == 3);
    CHECK(report.at("failed")[1].at("got").is_null());
    CHECK_THAT(report.at("failed")[1].at("error").get<std::string>(),
               Catch::Contains("is not JSON"));
    CHECK(report.at("calls") == 5);
    CHECK(report.at("tokens") == 5 * 24);
    CHECK(report.at("cost_usd") == Approx(5 * 13.2e-6));
    CHECK(std::ranges::any_of(scene.model.asked, [](const ProviderRequest& request) {
        return text_of(request).contains("\nfacts\n");
    }));
}

TEST_CASE("prompted judge: the verdict of a canary may be a range and of a choice its label",
          "[judges]") {
    const auto failed = [](const Json& verdict, const Json& expected) {
        JudgeScene scene({verdict});
        scene.make("rubric",
                   {{"criteria", "x"}, {"canaries", {{{"output", "o"}, {"verdict", expected}}}}});
        return scene.judge_canaries().at("failed").size();
    };
    CHECK(failed(verdict_json(0.5), {{"min", 0.5}}) == 0);
    CHECK(failed(verdict_json(0.5), {{"max", 0.5}}) == 0);
    CHECK(failed(verdict_json(0.5), {{"min", 0.6}, {"max", 1}}) == 1);
    CHECK(failed(verdict_json(0.5), {{"min", 0}, {"max", 0.4}}) == 1);
    CHECK(failed(verdict_json(1), 1.0) == 0);
    CHECK(failed(verdict_json(1), true) == 1);

    for (const Json& expected : {Json("yes"), Json(1), Json("no")}) {
        JudgeScene scene({verdict_json("yes")});
        scene.make("choice", choice({{"choices", {{"yes", 1}, {"no", 0}}},
                                     {"canaries", {{{"output", "o"}, {"verdict", expected}}}}}));
        const Json wrong = scene.judge_canaries().at("failed");
        CHECK(wrong.empty() == (expected != "no"));
        if (!wrong.empty()) CHECK(wrong.front().at("got") == "yes");
    }
}

TEST_CASE("prompted judge: without canaries there is nothing to report", "[judges]") {
    JudgeScene scene({verdict_json("yes")});
    scene.make("choice", choice());
    CHECK(scene.judge_canaries().is_null());
}

TEST_CASE("prompted judge: it says what may be answered and what is best", "[judges]") {
    const auto possible = [](const char* type, const Json& parameters) {
        test::JudgeScene scene({test::verdict_json(1)});
        scene.make(type, parameters);
        return scene.judge->possible_verdicts();
    };
    const Json criteria = {{"criteria", "It is kind."}};
    const auto rubric = [&](Json result) {
        Json parameters = criteria;
        parameters["result"] = std::move(result);
        return possible("rubric", parameters);
    };
    CHECK(rubric("boolean") == Json({true, false}));
    CHECK(rubric({{"min", 1}, {"max", 5}}) == Json({{"min", 1.0}, {"max", 5.0}}));
    CHECK(rubric({"kind", "curt"}) == Json({"kind", "curt"}));
    CHECK(possible("factuality", Json::object()) ==
          Json({{"min", 0.0}, {"max", 1.0}, {"best", "C"}}));
    const Json choices = {{"prompt", "{{output}}"}, {"choices", {{"a", 2}, {"b", 7}}}};
    CHECK(possible("choice", choices) == Json({{"min", 2.0}, {"max", 7.0}, {"best", "b"}}));
}

}  // namespace assay::test
