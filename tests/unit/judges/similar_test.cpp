#include <cmath>

#include "tests/unit/judges/judge_support.hpp"

namespace assay::test {
namespace {

/// The evaluator, whose model gives the embeddings.
struct Scene : JudgeScene {
    explicit Scene(Json embeddings, const Json& parameters = Json::object())
        : JudgeScene(std::vector<Json>{std::move(embeddings)}) {
        Json all = parameters;
        if (!all.contains("provider")) all["provider"] = "stub:embed-small";
        auto made = find_known_evaluator("similar")->make_async(all, environment());
        if (!made) FAIL(made.error().message);
        judge = std::move(*made);
    }

    double value() { return std::get<double>(score().value); }
    std::string problem() {
        const EvaluationReply reply = evaluate();
        CHECK(reply.scores.empty());
        REQUIRE(reply.judge);
        return reply.error;
    }
};

Json pair(Json a, Json b) { return Json::array({std::move(a), std::move(b)}); }

}  // namespace

TEST_CASE("similar: the cosine of the angle between output and expected output", "[judges]") {
    CHECK(Scene(pair({1, 0}, {1, 0})).value() == Approx(1));
    CHECK(Scene(pair({1, 0}, {0, 2})).value() == Approx(0));
    CHECK(Scene(pair({1, 0}, {-3, 0})).value() == Approx(-1));
    CHECK(Scene(pair({1, 0}, {1, 1})).value() == Approx(std::sqrt(0.5)));
    // Rounding must not carry it beyond 1.
    const Json vector = {0.1, 0.2, 0.3, 0.7};
    CHECK(Scene(pair(vector, vector)).value() <= 1);
}

TEST_CASE("similar: the other measures are more for what is more similar as well", "[judges]") {
    CHECK(Scene(pair({1, 2}, {3, 4}), {{"measure", "dot"}}).value() == Approx(11));
    CHECK(Scene(pair({0, 1}, {3, 5}), {{"measure", "euclidean"}}).value() == Approx(1.0 / 6));
    CHECK(Scene(pair({3, 5}, {3, 5}), {{"measure", "euclidean"}}).value() == Approx(1));
}

TEST_CASE("similar: both texts are embedded by one request", "[judges]") {
    Scene scene(pair({1, 0}, {1, 0}), {{"parameters", {{"dimensions", 2}}}});
    const EvaluationReply reply = scene.evaluate();
    REQUIRE(scene.model.asked.size() == 1);
    const ProviderRequest& asked = scene.model.asked.front();
    CHECK(asked.model == "embed-small");
    CHECK(asked.texts == std::vector<std::string>{"It is Mariehamn.", "Mariehamn"});
    CHECK(asked.messages.empty());
    CHECK(to_text(asked.parameters) == R"({"dimensions":2})");
    REQUIRE(reply.judge);
    CHECK(reply.judge->calls == 1);
    CHECK(reply.judge->cost == make_reply().cost);
    CHECK(reply.judge->usage == make_reply().usage);
    CHECK(scene.judge->questions().at("stub:embed-small").each_evaluation == 1);
    REQUIRE(reply.judge->observations.size() == 1);
    CHECK(reply.judge->observations[0].model == make_reply().model);
    CHECK(to_text(reply.judge->observations[0].output) == R"({"dimensions":2,"embeddings":2})");
    CHECK(to_text(reply.judge->observations[0].input) == R"(["It is Mariehamn.","Mariehamn"])");
}

TEST_CASE("similar: values that are no text are embedded as JSON", "[judges]") {
    Scene scene(pair({1, 0}, {1, 0}));
    EvaluationRequest request = JudgeScene::question();
    request.output = {{"city", "Mariehamn"}};
    (void)scene.evaluate(std::move(request));
    CHECK(scene.model.asked.front().texts.front() == R"({"city":"Mariehamn"})");
}

TEST_CASE("similar: what cannot be compared is an error and never a score", "[judges]") {
    CHECK_THAT(Scene(pair({1, 0}, {1})).problem(), Catch::Contains("different lengths, 2 and 1"));
    CHECK_THAT(Scene(pair({0, 0}, {1, 0})).problem(), Catch::Contains("is zero"));
    CHECK_THAT(Scene(pair({1, 0}, {0, 0}), {{"measure", "dot"}}).problem(),
               Catch::Contains("is zero"));
    CHECK_THAT(Scene(Json::array({{1, 0}})).problem(), Catch::Contains("one embedding for each"));
    CHECK_THAT(Scene("text").problem(), Catch::Contains("one embedding for each"));
    CHECK_THAT(Scene(pair({1, "x"}, {1, 0})).problem(), Catch::Contains("no number"));
    CHECK_THAT(Scene(pair(Json::array(), Json::array())).problem(),
               Catch::Contains("no embedding"));
    CHECK_THAT(Scene(pair({1e200, 1e200}, {1e200, 1e200})).problem(), Catch::Contains("too large"));
}

TEST_CASE("similar: an empty text is an error and nothing is called", "[judges]") {
    Scene scene(pair({1, 0}, {1, 0}));
    EvaluationRequest request = JudgeScene::question();
    request.output = " \n";
    const EvaluationReply reply = scene.evaluate(std::move(request));
    CHECK_THAT(reply.error, Catch::Contains("an empty text has no embedding"));
    CHECK(scene.model.asked.empty());
}

TEST_CASE("similar: a failed call is an error that keeps its record", "[judges]") {
    JudgeScene scene([](const ProviderRequest&) {
        return Result<ProviderReply>(failure(ErrorCode::invalid_argument, "no such model"));
    });
    scene.judge = value_of(find_known_evaluator("similar")->make_async(
        {{"provider", "stub:embed-small"}}, scene.environment()));
    const EvaluationReply reply = scene.evaluate();
    CHECK(reply.error == "no such model");
    REQUIRE(reply.judge);
    CHECK(reply.judge->observations.size() == 1);
}

TEST_CASE("similar: a model that gives no embeddings is refused before the run", "[judges]") {
    JudgeScene scene(std::vector<Json>{pair({1, 0}, {1, 0})});
    const auto made = find_known_evaluator("similar")->make_async({{"provider", "stub:judge"}},
                                                                  scene.environment());
    REQUIRE_FALSE(made.has_value());
    CHECK_THAT(made.error().message,
               Catch::StartsWith("\"provider\": stub:judge gives no embeddings"));
}

TEST_CASE("similar: the distance from a threshold makes it pass or fail", "[judges]") {
    JudgeScene scene(std::vector<Json>{pair({1, 0}, {1, 0})});
    std::vector<ParameterMistake> mistakes;
    const auto bound =
        BoundEvaluator::bind(*find_known_evaluator("similar"),
                             {"close", {{"provider", "stub:embed-small"}}, {{"threshold", 0.9}}},
                             mistakes, scene.environment());
    REQUIRE(mistakes.empty());
    REQUIRE(bound);
    CHECK(bound->score_names() == std::vector<std::string>{"close", "close_pass"});
}

}  // namespace assay::test
