#include <catch2/catch.hpp>

#include "tests/unit/ingest/otlp_support.hpp"

namespace assay::test {
namespace {

Json usage_of(const Json& attributes_of_span, const char* scope = "test") {
    return observe(attributes_of_span, {.scope = scope}).value("usageDetails", Json());
}

Json costs_of(const Json& attributes_of_span) {
    return observe(attributes_of_span).value("costDetails", Json());
}

TEST_CASE("otlp usage: the SDK's own counts are taken as they are", "[ingest][otlp]") {
    const char* const key = "langfuse.observation.usage_details";
    CHECK(usage_of({{key, R"({"input":5,"custom":"2","output":1.5,"bad":-1})"},
                    {"gen_ai.usage.input_tokens", 9}}) == Json{{"input", 5}, {"custom", 2}});
    CHECK(usage_of({{key, R"({"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,)"
                          R"("prompt_tokens_details":{"cached_tokens":3}})"}}) ==
          Json{{"input", 7}, {"input_cached_tokens", 3}, {"output", 4}, {"total", 14}});
    CHECK(usage_of({{key, "nonsense"}, {"gen_ai.usage.input_tokens", 9}}) == Json{{"input", 9}});
}

TEST_CASE("otlp usage: conventions name the same counts differently", "[ingest][otlp]") {
    const Json plain = {{"input", 10}, {"output", 4}};
    CHECK(usage_of({{"gen_ai.usage.input_tokens", 10}, {"gen_ai.usage.output_tokens", 4}}) ==
          plain);
    CHECK(usage_of({{"gen_ai.usage.prompt_tokens", "10"},
                    {"gen_ai.usage.completion_tokens", "4"}}) == plain);
    CHECK(usage_of({{"llm.token_count.prompt", 10}, {"llm.token_count.completion", 4}}) == plain);
    CHECK(usage_of({{"llm.token_count.prompt", 10},
                    {"llm.token_count.completion", 4},
                    {"llm.token_count.total", 14}}) ==
          Json{{"input", 10}, {"output", 4}, {"total", 14}});
    // Libraries that send a number under both names count it once.
    CHECK(usage_of({{"gen_ai.usage.prompt_tokens", 10},
                    {"gen_ai.usage.input_tokens", 10},
                    {"gen_ai.usage.details.input_tokens", 10},
                    {"gen_ai.usage.output_tokens", 4}}) == plain);
    CHECK(usage_of({{"gen_ai.usage.input_tokens", 1},
                    {"gen_ai.usage.details.images", 2},
                    {"gen_ai.usage.seconds", "3"},
                    {"gen_ai.usage.words", "many"},
                    {"gen_ai.usage.negative", -1}}) ==
          Json{{"input", 1}, {"images", 2}, {"seconds", 3}});
    CHECK(usage_of({{"http.status", 200}}).is_null());
}

TEST_CASE("otlp usage: what is counted within another number is taken out of it",
          "[ingest][otlp]") {
    const Json expected = {
        {"input", 50}, {"input_cached_tokens", 30}, {"input_cache_creation", 20}};
    for (const char* const read :
         {"cache_read.input_tokens", "cache_read_input_tokens", "cache_read_tokens",
          "details.cache_read_tokens", "details.cache_read_input_tokens", "input_cached_tokens"}) {
        for (const char* const written :
             {"cache_creation.input_tokens", "cache_creation_input_tokens", "cache_write_tokens",
              "details.cache_write_tokens", "input_cache_creation"}) {
            INFO(read << " " << written);
            CHECK(usage_of({{"gen_ai.usage.input_tokens", 100},
                            {std::string("gen_ai.usage.") + read, 30},
                            {std::string("gen_ai.usage.") + written, 20}}) == expected);
        }
    }
    CHECK(usage_of({{"llm.token_count.prompt", 100},
                    {"llm.token_count.prompt_details.cache_read", 30},
                    {"llm.token_count.prompt_details.cache_write", 20}}) == expected);
    CHECK(usage_of({{"llm.token_count.completion", 10},
                    {"llm.token_count.completion_details.reasoning", 6},
                    {"llm.token_count.completion_details.audio", 3}}) ==
          Json{{"output", 1}, {"output_reasoning_tokens", 6}, {"output_audio_tokens", 3}});
    CHECK(usage_of(
              {{"gen_ai.usage.output_tokens", 10}, {"gen_ai.usage.reasoning.output_tokens", 4}}) ==
          Json{{"output", 6}, {"output_reasoning_tokens", 4}});
    // Anthropic's input does not count what came from the cache: never below nothing.
    CHECK(usage_of(
              {{"gen_ai.usage.input_tokens", 5}, {"gen_ai.usage.cache_read_input_tokens", 100}}) ==
          Json{{"input", 0}, {"input_cached_tokens", 100}});
}

TEST_CASE("otlp usage: the AI SDK's counts are read from all its places", "[ingest][otlp]") {
    CHECK(usage_of({{"gen_ai.usage.input_tokens", 10},
                    {"gen_ai.usage.output_tokens", 4},
                    {"ai.usage.promptTokens", 99},
                    {"ai.usage.completionTokens", 99}},
                   "ai") == Json{{"input", 10}, {"output", 4}});
    CHECK(usage_of({{"gen_ai.usage.prompt_tokens", 10},
                    {"gen_ai.usage.completion_tokens", 4},
                    {"ai.usage.tokens", 14},
                    {"ai.usage.cachedInputTokens", 6},
                    {"ai.usage.reasoningTokens", "1"}},
                   "ai") == Json{{"input", 4},
                                 {"input_cached_tokens", 6},
                                 {"output", 3},
                                 {"output_reasoning_tokens", 1},
                                 {"total", 14}});
    CHECK(usage_of({{"gen_ai.usage.input_tokens", 10},
                    {"gen_ai.usage.output_tokens", 9},
                    {"ai.response.providerMetadata",
                     R"({"openai":{"cachedPromptTokens":4,"reasoningTokens":2,)"
                     R"("acceptedPredictionTokens":1,"rejectedPredictionTokens":3}})"}},
                   "ai") == Json{{"input", 6},
                                 {"input_cached_tokens", 4},
                                 {"output", 7},
                                 {"output_reasoning_tokens", 2},
                                 {"accepted_prediction_tokens", 1},
                                 {"rejected_prediction_tokens", 3}});
    CHECK(usage_of({{"gen_ai.usage.input_tokens", 100},
                    {"ai.response.providerMetadata",
                     R"({"anthropic":{"usage":{"cache_creation_input_tokens":30,)"
                     R"("cache_read_input_tokens":20,"cache_creation":)"
                     R"({"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":5}}}})"}},
                   "ai") == Json{{"input", 50},
                                 {"input_cached_tokens", 20},
                                 {"input_cache_creation", 15},
                                 {"input_cache_creation_5m", 10},
                                 {"input_cache_creation_1h", 5}});
    CHECK(usage_of(
              {{"gen_ai.usage.input_tokens", 10},
               {"ai.response.providerMetadata", R"({"bedrock":{"usage":{"cacheReadInputTokens":4,)"
                                                R"("cacheWriteInputTokens":2}}})"}},
              "ai") == Json{{"input", 6}, {"input_cache_read", 4}, {"input_cache_write", 2}});
    CHECK(usage_of({{"gen_ai.usage.input_tokens", 10},
                    {"gen_ai.usage.output_tokens", 9},
                    {"gen_ai.usage.cache_read.input_tokens", 3},
                    {"gen_ai.usage.cache_creation.input_tokens", 2},
                    {"gen_ai.usage.reasoning.output_tokens", 4}},
                   "ai") == Json{{"input", 5},
                                 {"input_cached_tokens", 3},
                                 {"input_cache_creation", 2},
                                 {"output", 5},
                                 {"output_reasoning_tokens", 4}});
    CHECK(usage_of({{"gen_ai.usage.input_tokens", 1}, {"ai.response.providerMetadata", "broken"}},
                   "ai") == Json{{"input", 1}});
}

TEST_CASE("otlp usage: Genkit says it in the output of a model", "[ingest][otlp]") {
    CHECK(
        usage_of({{"genkit:output", R"({"message":{},"usage":{"inputTokens":42,"outputTokens":17,)"
                                    R"("totalTokens":59,"thoughtsTokens":3}})"}}) ==
        Json{{"input", 42}, {"output", 14}, {"output_reasoning_tokens", 3}, {"total", 59}});
}

TEST_CASE("otlp usage: costs are taken from whoever says them", "[ingest][otlp]") {
    const char* const key = "langfuse.observation.cost_details";
    CHECK(costs_of({{key, R"({"input":0.5,"output":-1})"}, {"gen_ai.usage.cost", 9}}) ==
          Json{{"input", 0.5}});
    CHECK(costs_of({{"gen_ai.usage.cost", 0.25}}) == Json{{"total", 0.25}});
    CHECK(costs_of({{"gen_ai.usage.cost", "0.25"}}) == Json{{"total", 0.25}});
    CHECK(costs_of({{"llm.cost.total", 0.125}}) == Json{{"total", 0.125}});
    CHECK(costs_of({{"gen_ai.usage.cost", "much"}}).is_null());
    CHECK(usage_of({{"gen_ai.usage.cost", 1}}).is_null());
}

}  // namespace
}  // namespace assay::test
