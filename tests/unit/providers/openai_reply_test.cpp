#include <catch2/catch.hpp>

#include "tests/unit/providers/canned_model.hpp"

namespace assay::test {

namespace {

/// A reply with this message (JSON) as its only choice.
HttpResponse with_message(const std::string& message, const std::string& more = "") {
    return response(
        200, R"({"model":"gpt-4.1-mini-2025","choices":[{"finish_reason":"stop","message":)" +
                 message + "}]" + more + "}");
}

ProviderReply read(const HttpResponse& from, const ProviderRequest& request = question()) {
    auto reply = read_as("openai", from, request);
    if (!reply) FAIL(reply.error().message);
    return std::move(*reply);
}

UsageDetails usage_of(const std::string& usage) {
    return read(with_message(R"({"content":"x"})", R"(,"usage":)" + usage)).usage;
}

}  // namespace

TEST_CASE("openai reply: text with its model and reason") {
    const ProviderReply reply = read(with_message(R"({"role":"assistant","content":"Paris"})"));
    CHECK(reply.output == "Paris");
    CHECK(reply.model == "gpt-4.1-mini-2025");
    CHECK(reply.finish_reason == "stop");
    CHECK(!reply.truncated);
    CHECK(reply.usage.empty());
    CHECK(!reply.cost);
}

TEST_CASE("openai reply: content of every form") {
    CHECK(read(with_message(R"({"content":""})")).output == "");
    CHECK(read(with_message(R"({"content":null})")).output == "");
    CHECK(
        read(with_message(R"({"content":[{"type":"text","text":"Pa"},{"text":"ris"}]})")).output ==
        "Paris");
    const ProviderReply cut = read(
        response(200, R"({"choices":[{"finish_reason":"length","message":{"content":"Par"}}]})"));
    CHECK(cut.truncated);
    CHECK(cut.output == "Par");
}

TEST_CASE("openai reply: tool calls are the output") {
    const Json expected = Json::parse(R"({"content":null,"tool_calls":[
        {"id":"a","name":"find","arguments":{"x":1}},
        {"id":"b","name":"go","arguments":"{broken"}]})");
    CHECK(read(with_message(R"({"content":null,"tool_calls":[
        {"id":"a","type":"function","function":{"name":"find","arguments":"{\"x\":1}"}},
        {"id":"b","type":"function","function":{"name":"go","arguments":"{broken"}}]})"))
              .output == expected);
    CHECK(read(with_message(
                   R"({"content":"I look","tool_calls":[{"id":"a","function":{"name":"f"}}]})"))
              .output["content"] == "I look");
    CHECK(read(with_message(R"({"content":"plain","tool_calls":[]})")).output == "plain");
}

TEST_CASE("openai reply: a refusal is an answer with that reason") {
    const ProviderReply reply = read(with_message(R"({"content":null,"refusal":"I cannot"})"));
    CHECK(reply.output == "I cannot");
    CHECK(reply.finish_reason == "refusal");
    CHECK(reply.refusal == "I cannot");
    const ProviderReply willing = read(with_message(R"({"content":"yes","refusal":null})"));
    CHECK(willing.finish_reason == "stop");
    CHECK(willing.refusal.empty());
    const ProviderReply both = read(with_message(R"({"content":"But","refusal":"I cannot"})"));
    CHECK(both.output == "But");
    CHECK(both.refusal == "I cannot");
}

TEST_CASE("openai reply: structured output is JSON where it can be read and text where not") {
    ProviderRequest request = question();
    request.response_schema = {{"type", "object"}};
    const HttpResponse good = with_message(R"({"content":"{\"team\":\"sales\"}"})");
    CHECK(read(good, request).output == Json({{"team", "sales"}}));
    CHECK(read(good).output == R"({"team":"sales"})");
    CHECK(read(with_message(R"({"content":"{\"team\":"})"), request).output == R"({"team":)");
}

TEST_CASE("openai reply: no token is counted twice") {
    CHECK(usage_of(R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":15})") ==
          UsageDetails{{"input", 10}, {"output", 5}, {"total", 15}});
    CHECK(usage_of(R"({"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
                       "prompt_tokens_details":{"cached_tokens":80},
                       "completion_tokens_details":{"reasoning_tokens":30}})") ==
          UsageDetails{{"input", 20},
                       {"input_cached_tokens", 80},
                       {"output", 20},
                       {"output_reasoning_tokens", 30},
                       {"total", 150}});
    // Reasoning beside the completion, as some servers report it.
    CHECK(usage_of(R"({"prompt_tokens":10,"completion_tokens":9,"total_tokens":219,
                       "completion_tokens_details":{"reasoning_tokens":200}})") ==
          UsageDetails{
              {"input", 10}, {"output", 9}, {"output_reasoning_tokens", 200}, {"total", 219}});
    CHECK(usage_of(R"({"prompt_tokens":10,"completion_tokens":300,"total_tokens":510,
                       "completion_tokens_details":{"reasoning_tokens":200}})")["output"] == 300);
    // What makes no sense does not become a negative count.
    CHECK(usage_of(R"({"prompt_tokens":10,"prompt_tokens_details":{"cached_tokens":99}})") ==
          UsageDetails{{"input", 0}, {"input_cached_tokens", 10}, {"output", 0}, {"total", 10}});
    CHECK(usage_of(R"({"prompt_tokens":"many","completion_tokens":-4})")["output"] == 0);
    CHECK(usage_of("null").empty());
}

TEST_CASE("openai reply: audio and predictions are counted apart and once") {
    CHECK(usage_of(R"({"prompt_tokens":100,"completion_tokens":90,"total_tokens":190,
        "prompt_tokens_details":{"cached_tokens":30,"audio_tokens":20},
        "completion_tokens_details":{"reasoning_tokens":10,"audio_tokens":15,
            "accepted_prediction_tokens":5,"rejected_prediction_tokens":7}})") ==
          UsageDetails{{"input", 50},
                       {"input_audio_tokens", 20},
                       {"input_cached_tokens", 30},
                       {"output", 53},
                       {"output_accepted_prediction_tokens", 5},
                       {"output_audio_tokens", 15},
                       {"output_reasoning_tokens", 10},
                       {"output_rejected_prediction_tokens", 7},
                       {"total", 190}});
    // Parts that are more than the whole are cut, for the sum must not grow.
    CHECK(usage_of(R"({"prompt_tokens":10,"completion_tokens":4,
        "prompt_tokens_details":{"cached_tokens":8,"audio_tokens":8},
        "completion_tokens_details":{"audio_tokens":9}})") ==
          UsageDetails{{"input", 0},
                       {"input_audio_tokens", 2},
                       {"input_cached_tokens", 8},
                       {"output", 0},
                       {"output_audio_tokens", 4},
                       {"total", 14}});
}

TEST_CASE("openai reply: cached tokens by the name that DeepSeek gives them") {
    CHECK(usage_of(R"({"prompt_tokens":100,"completion_tokens":1,"prompt_cache_hit_tokens":64,
                       "prompt_cache_miss_tokens":36})") ==
          UsageDetails{{"input", 36}, {"input_cached_tokens", 64}, {"output", 1}, {"total", 101}});
}

TEST_CASE("openai reply: a cost is that which the server states and nothing else") {
    const auto cost_of = [](const std::string& usage) {
        return read(with_message(R"({"content":"x"})", R"(,"usage":)" + usage)).cost;
    };
    CHECK(cost_of(R"({"prompt_tokens":1000,"completion_tokens":500})") == std::nullopt);
    CHECK(cost_of(R"({"prompt_tokens":1000,"cost":0.00123})") == 1'230'000);
    CHECK(cost_of(R"({"cost":0})") == 0);
    for (const char* none :
         {R"({"cost":-1})", R"({"cost":"0.1"})", R"({"cost":null})", R"({"cost":1e300})", "null"}) {
        CHECK(cost_of(none) == std::nullopt);
    }
}

TEST_CASE("openai reply: what a model shows of its thinking is no part of the output") {
    const ProviderReply deepseek =
        read(with_message(R"({"content":"4","reasoning_content":"2 and 2"})"));
    CHECK(deepseek.output == "4");
    CHECK(deepseek.reasoning == "2 and 2");
    CHECK(read(with_message(R"({"content":"4","reasoning":"two twos"})")).reasoning == "two twos");
    CHECK(read(with_message(R"({"content":"4"})")).reasoning.empty());
}

TEST_CASE("openai reply: an answer that a content filter stopped is a refusal") {
    const ProviderReply cut = read(response(200, R"({"choices":[
        {"finish_reason":"content_filter","message":{"content":"Once upon"}}]})"));
    CHECK(cut.output == "Once upon");
    CHECK(cut.refusal == "a content filter stopped the answer");
    CHECK(cut.finish_reason == "content_filter");
    CHECK(!cut.truncated);
    const ProviderReply nothing = read(response(200, R"({"choices":[
        {"finish_reason":"content_filter","message":{"content":null}}]})"));
    CHECK(nothing.output == "a content filter stopped the answer");
    CHECK(nothing.finish_reason == "content_filter");
}

TEST_CASE("openai reply: an answer that the server broke off is none") {
    for (const char* reason : {"error", "insufficient_system_resource", "abort"}) {
        const Json choice = {{"finish_reason", reason}, {"message", {{"content", "Par"}}}};
        const auto broken =
            read_as("openai", response(200, to_text(Json({{"choices", {choice}}}))));
        REQUIRE(!broken);
        CHECK(broken.error().code == ErrorCode::unavailable);
        CHECK(broken.error().retryable);
        CHECK(broken.error().message ==
              std::string("openai: the answer was broken off by the server, which says \"") +
                  reason + "\"");
    }
}

TEST_CASE("openai reply: arguments of a tool that are an object already are taken as they are") {
    const Json output = read(with_message(R"({"tool_calls":[
        {"id":"a","function":{"name":"find","arguments":{"x":1}}},
        {"id":7,"function":{"name":"go"}}]})"))
                            .output;
    CHECK(output["tool_calls"][0]["arguments"] == Json({{"x", 1}}));
    CHECK(output["tool_calls"][1] == Json({{"id", ""}, {"name", "go"}, {"arguments", ""}}));
}

}  // namespace assay::test
