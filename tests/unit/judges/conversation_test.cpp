#include "judge_support.hpp"

namespace assay {
namespace {

using test::JudgeScene;
using test::text_of;
using test::value_of;
using test::verdict_json;

std::string asked_about(Json input, Json output) {
    JudgeScene scene({verdict_json(0.5)});
    scene.make("conversation", {{"criteria", "The user is understood."}});
    EvaluationRequest request = JudgeScene::question();
    request.input = std::move(input);
    request.output = std::move(output);
    const EvaluationReply reply = scene.evaluate(std::move(request));
    REQUIRE(reply.error.empty());
    REQUIRE(reply.scores.size() == 1);
    CHECK(reply.scores[0].value == ScoreValue(0.5));
    return text_of(scene.model.asked.front());
}

Json message(const char* role, const char* content) {
    return {{"role", role}, {"content", content}};
}

TEST_CASE("conversation: turns are numbered from the first to the last", "[conversation]") {
    const Json before = {message("user", "Hello"), message("assistant", "Good day"),
                         message("user", "Where is my parcel?")};
    const std::string whole =
        "[1] user: Hello\n\n[2] assistant: Good day\n\n[3] user: Where is my parcel?\n\n"
        "[4] assistant: In Turku.";
    CHECK_THAT(asked_about(before, "In Turku."), Catch::Contains(whole));
    CHECK_THAT(asked_about({{"messages", before}}, "In Turku."), Catch::Contains(whole));
    // An output that repeats the conversation is not told twice.
    Json all = before;
    all.push_back(message("assistant", "In Turku."));
    const std::string repeated = asked_about(before, all);
    CHECK_THAT(repeated, Catch::Contains(whole));
    CHECK_THAT(repeated, !Catch::Contains("[5]"));
    CHECK_THAT(asked_about("Where is it?", "In Turku."),
               Catch::Contains("[1] user: Where is it?\n\n[2] assistant: In Turku."));
    CHECK_THAT(asked_about(nullptr, {{"messages", all}}), Catch::Contains(whole));
}

TEST_CASE("conversation: parts and tool calls are told as well", "[conversation]") {
    const Json output = {
        {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "Book it."}}}}},
        {{"role", "assistant"}, {"content", nullptr}, {"tool_calls", {{{"name", "book"}}}}}};
    const std::string text = asked_about(nullptr, output);
    CHECK_THAT(text, Catch::Contains("[1] user: Book it."));
    CHECK_THAT(text, Catch::Contains(R"([2] assistant: calls [{"name":"book"}])"));
}

TEST_CASE("conversation: the verdict is of the type that the spec asks for", "[conversation]") {
    JudgeScene scene({verdict_json(true)});
    scene.make("conversation", {{"criteria", "It ends well."}, {"result", "boolean"}});
    CHECK(scene.evaluate().scores.front().value == ScoreValue(true));
    CHECK(scene.judge->variables().empty());
    const Json questions = value_of(scene.judge->preview(JudgeScene::question()));
    REQUIRE(questions.size() == 1);
    CHECK_THAT(questions[0].back()["content"].get<std::string>(), Catch::Contains("[2] assistant"));
}

}  // namespace
}  // namespace assay
