#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/unit/ingest/otlp_support.hpp"

// What the attributes of each family of instrumentation say, field by field.

namespace assay::test {
namespace {

struct Golden {
    const char* name;
    RequestParts parts;
    Json attributes;
    Json members;   ///< of the span, besides
    Json expected;  ///< some fields of its observation; null: it must not have it
};

void check(const std::vector<Golden>& table) {
    for (const Golden& golden : table) {
        INFO(golden.name);
        const Json said = observe(golden.attributes, golden.parts, golden.members);
        INFO(to_text(said));
        for (const auto& [field, value] : golden.expected.items()) {
            INFO(field);
            if (value.is_null()) {
                CHECK_FALSE(said.contains(field));
            } else {
                CHECK(said.value(field, Json()) == value);
            }
        }
    }
}

const RequestParts k_sdk = {.scope = "langfuse-sdk", .version = "5.11.1"};
const RequestParts k_ai = {.scope = "ai"};

Json of_type(const char* type) { return {{"type", type}}; }

std::int64_t at_ms(std::int64_t ms) { return (k_start / 1'000'000 + ms) * 1'000'000; }

TEST_CASE("otlp fields: the SDK's keys say every field of an observation", "[ingest][otlp]") {
    const Json said =
        observe({{"langfuse.observation.type", "generation"},
                 {"langfuse.observation.input", R"([{"role":"user","content":"hi"}])"},
                 {"langfuse.observation.output", "hello"},
                 {"langfuse.observation.level", "WARNING"},
                 {"langfuse.observation.status_message", "slow"},
                 {"langfuse.observation.model.name", "gpt-4o"},
                 {"langfuse.observation.model.parameters",
                  R"({"temperature":0.5,"stop":["a","b"],"nested":{"x":1},"none":null,"on":true})"},
                 {"langfuse.observation.usage_details", R"({"input":3,"output":4,"total":7})"},
                 {"langfuse.observation.cost_details", R"({"input":0.25,"output":0.5})"},
                 {"langfuse.observation.completion_start_time", "\"2026-11-01T09:30:00.5125Z\""},
                 {"langfuse.observation.prompt.name", "greeting"},
                 {"langfuse.observation.prompt.version", 3},
                 {"langfuse.observation.metadata.plan", "pro"},
                 {"langfuse.observation.metadata.tries", "2"},
                 {"langfuse.observation.metadata.nested", R"({"a":[1]})"},
                 {"langfuse.environment", "Staging"},
                 {"langfuse.version", "v2"},
                 {"langfuse.internal.is_app_root", true}},
                k_sdk, {{"parentSpanId", k_parent_id}, {"name", "call"}});
    CHECK(
        said ==
        Json{{"type", "GENERATION"},
             {"name", "call"},
             {"parentObservationId", k_parent_id},
             {"startTime", at_ms(0)},
             {"endTime", at_ms(1500)},
             {"completionStartTime", at_ms(500)},
             {"input", R"([{"role":"user","content":"hi"}])"},
             {"output", "hello"},
             {"level", "WARNING"},
             {"statusMessage", "slow"},
             {"model", "gpt-4o"},
             {"modelParameters",
              {{"temperature", 0.5}, {"stop", {"a", "b"}}, {"nested", R"({"x":1})"}, {"on", true}}},
             {"usageDetails", {{"input", 3}, {"output", 4}, {"total", 7}}},
             {"costDetails", {{"input", 0.25}, {"output", 0.5}}},
             {"promptName", "greeting"},
             {"promptVersion", 3},
             {"environment", "staging"},
             {"version", "v2"},
             {"appRoot", true},
             {"metadata",
              {{"plan", "pro"},
               {"tries", 2},
               {"nested", {{"a", {1}}}},
               {"resourceAttributes", Json::object()},
               {"scope",
                {{"name", "langfuse-sdk"},
                 {"version", "5.11.1"},
                 {"attributes", Json::object()}}}}}});
}

TEST_CASE("otlp fields: the ten types are read in any case", "[ingest][otlp]") {
    for (const std::string type : {"SPAN", "GENERATION", "EVENT", "EMBEDDING", "AGENT", "TOOL",
                                   "CHAIN", "RETRIEVER", "GUARDRAIL", "EVALUATOR"}) {
        std::string lower = type;
        for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
        CHECK(observe({{"langfuse.observation.type", type}}).at("type") == type);
        CHECK(observe({{"langfuse.observation.type", lower}}).at("type") == type);
    }
    CHECK(observe({{"langfuse.observation.type", "nonsense"}}).at("type") == "SPAN");
    CHECK_FALSE(observe({{"langfuse.observation.type", "event"}}).contains("endTime"));
}

TEST_CASE("otlp fields: a type is what the first convention says that knows", "[ingest][otlp]") {
    const RequestParts python = {.scope = "langfuse-sdk",
                                 .version = "3.3.0",
                                 .resource = {{"telemetry.sdk.language", "python"}}};
    RequestParts later_python = python;
    later_python.version = "3.4.0";
    const Json old_span = {{"langfuse.observation.type", "span"},
                           {"langfuse.observation.model.name", "gpt-4o"}};
    check({
        {"old Python SDK", python, old_span, {}, of_type("GENERATION")},
        {"later Python SDK", later_python, old_span, {}, of_type("SPAN")},
        {"old Python SDK without a model",
         python,
         {{"langfuse.observation.type", "span"}},
         {},
         of_type("SPAN")},
        {"own type before OpenInference",
         {},
         {{"langfuse.observation.type", "tool"}, {"openinference.span.kind", "LLM"}},
         {},
         of_type("TOOL")},
        {"OpenInference model",
         {},
         {{"openinference.span.kind", "LLM"}},
         {},
         of_type("GENERATION")},
        {"OpenInference retriever",
         {},
         {{"openinference.span.kind", "RETRIEVER"}},
         {},
         of_type("RETRIEVER")},
        {"OpenInference kind without a type of its own",
         {},
         {{"openinference.span.kind", "RERANKER"}, {"llm.model_name", "m"}},
         {},
         of_type("SPAN")},
        {"chat", {}, {{"gen_ai.operation.name", "chat"}}, {}, of_type("GENERATION")},
        {"generate_content",
         {},
         {{"gen_ai.operation.name", "generate_content"}},
         {},
         of_type("GENERATION")},
        {"embeddings", {}, {{"gen_ai.operation.name", "embeddings"}}, {}, of_type("EMBEDDING")},
        {"invoke_agent",
         {},
         {{"gen_ai.operation.name", "invoke_agent"}, {"gen_ai.request.model", "m"}},
         {},
         of_type("AGENT")},
        {"execute_tool", {}, {{"gen_ai.operation.name", "execute_tool"}}, {}, of_type("TOOL")},
        {"Genkit flow", {}, {{"genkit:metadata:subtype", "flow"}}, {}, of_type("SPAN")},
        {"Genkit model in the background",
         {},
         {{"genkit:metadata:subtype", "background-model"}},
         {},
         of_type("GENERATION")},
        {"Genkit model", {}, {{"genkit:metadata:subtype", "model"}}, {}, of_type("GENERATION")},
    });
}

TEST_CASE("otlp fields: the AI SDK and others tell types by operations and names",
          "[ingest][otlp]") {
    check({
        {"AI SDK call",
         k_ai,
         {{"ai.operationId", "ai.generateText.doGenerate"}, {"ai.model.id", "gpt-4o"}},
         {},
         of_type("GENERATION")},
        {"AI SDK call whose operation carries the function's name",
         k_ai,
         {{"operation.name", "ai.streamText.doStream answer"}, {"ai.model.id", "gpt-4o"}},
         {},
         of_type("GENERATION")},
        {"AI SDK call without a model",
         k_ai,
         {{"ai.operationId", "ai.generateText.doGenerate"}},
         {},
         of_type("SPAN")},
        {"AI SDK embedding",
         k_ai,
         {{"ai.operationId", "ai.embed.doEmbed"}, {"ai.model.id", "e"}},
         {},
         of_type("EMBEDDING")},
        {"AI SDK outer span",
         k_ai,
         {{"ai.operationId", "ai.generateText"}, {"ai.model.id", "gpt-4o"}},
         {},
         of_type("SPAN")},
        {"AI SDK tool", k_ai, {{"ai.operationId", "ai.toolCall"}}, {}, of_type("TOOL")},
        {"tool by its name", {}, {{"gen_ai.tool.name", "search"}}, {}, of_type("TOOL")},
        {"tool by its call", {}, {{"gen_ai.tool.call.id", "c1"}}, {}, of_type("TOOL")},
        {"LiveKit tool",
         {.scope = "livekit-agents"},
         Json::object(),
         {{"name", "function_tool"}},
         of_type("TOOL")},
        {"LiveKit turn",
         {.scope = "livekit-agents"},
         Json::object(),
         {{"name", "agent_turn"}},
         of_type("AGENT")},
        {"LiveKit activity",
         {.scope = "livekit-agents"},
         Json::object(),
         {{"name", "start_agent_activity"}},
         {{"type", "AGENT"}, {"level", "DEBUG"}}},
        {"LiveKit call of a model",
         {.scope = "livekit-agents"},
         {{"gen_ai.request.model", "m"}},
         {{"name", "llm_request"}},
         of_type("GENERATION")},
        {"LiveKit session",
         {.scope = "livekit-agents"},
         Json::object(),
         {{"name", "agent_session"}},
         of_type("SPAN")},
        {"LiveKit's names of others",
         {},
         Json::object(),
         {{"name", "function_tool"}},
         of_type("SPAN")},
        {"Flue workflow", {}, Json::object(), {{"name", "flue.workflow report"}}, of_type("SPAN")},
        {"Flue operation", {}, Json::object(), {{"name", "flue.operation x"}}, of_type("SPAN")},
        {"Flue tool", {}, Json::object(), {{"name", "flue.tool weather"}}, of_type("TOOL")},
        {"Flue task", {}, Json::object(), {{"name", "flue.task writer"}}, of_type("AGENT")},
        {"any model", {}, {{"llm.model_name", "m"}}, {}, of_type("GENERATION")},
        {"plain span", {}, {{"http.method", "GET"}}, {}, of_type("SPAN")},
    });
}

TEST_CASE("otlp fields: a name comes from the convention that has one", "[ingest][otlp]") {
    check({
        {"tool", {}, {{"gen_ai.tool.name", "search"}}, {}, {{"name", "search"}}},
        {"Genkit", {}, {{"genkit:name", "menu"}}, {}, {{"name", "menu"}}},
        {"Logfire", {}, {{"logfire.msg", "agent run"}}, {}, {{"name", "agent run"}}},
        {"AI SDK tool", k_ai, {{"ai.toolCall.name", "weather"}}, {}, {{"name", "weather"}}},
        {"AI SDK operation",
         k_ai,
         {{"ai.operationId", "ai.generateText"}},
         {},
         {{"name", "ai.generateText"}}},
        {"AI SDK function",
         k_ai,
         {{"ai.operationId", "ai.generateText"}, {"ai.telemetry.functionId", "answer"}},
         {},
         {{"name", "answer:ai.generateText"}}},
        {"span", {}, Json::object(), {}, {{"name", "work"}}},
    });
}

TEST_CASE("otlp fields: levels have many names", "[ingest][otlp]") {
    const std::vector<std::pair<const char*, const char*>> names = {
        {"TRACE", "DEBUG"},    {"verbose", "DEBUG"},   {"DEBUG", "DEBUG"},
        {"info", "DEFAULT"},   {"LOG", "DEFAULT"},     {"OK", "DEFAULT"},
        {"NOTICE", "DEFAULT"}, {"SUCCESS", "DEFAULT"}, {"DEFAULT", "DEFAULT"},
        {"warn", "WARNING"},   {"WARNING", "WARNING"}, {"FATAL", "ERROR"},
        {"critical", "ERROR"}, {"ERROR", "ERROR"},     {"unheard", "DEFAULT"}};
    for (const auto& [said, level] : names) {
        CHECK(observe({{"langfuse.observation.level", said}}).at("level") == level);
    }
    const Json failed = {{"status", {{"code", 2}, {"message", "broken pipe"}}}};
    check({
        {"status",
         {},
         Json::object(),
         failed,
         {{"level", "ERROR"}, {"statusMessage", "broken pipe"}}},
        {"a level of its own counts more",
         {},
         {{"langfuse.observation.level", "DEBUG"}},
         failed,
         {{"level", "DEBUG"}}},
        {"a status of no error",
         {},
         Json::object(),
         {{"status", {{"code", 1}}}},
         {{"level", "DEFAULT"}, {"statusMessage", nullptr}}},
        {"LiveKit's noise",
         {.scope = "livekit-agents"},
         Json::object(),
         {{"name", "tts_node"}},
         {{"level", "DEBUG"}}},
        {"the same name of others",
         {},
         Json::object(),
         {{"name", "tts_node"}},
         {{"level", "DEFAULT"}}},
    });
}

TEST_CASE("otlp fields: the model is the one that answered", "[ingest][otlp]") {
    check({
        {"own",
         {},
         {{"langfuse.observation.model.name", "a"}, {"gen_ai.response.model", "b"}},
         {},
         {{"model", "a"}}},
        {"response",
         {},
         {{"gen_ai.request.model", "b"}, {"gen_ai.response.model", "b-1"}},
         {},
         {{"model", "b-1"}}},
        {"AI SDK",
         k_ai,
         {{"ai.model.id", "c"}, {"gen_ai.request.model", "d"}},
         {},
         {{"model", "c"}}},
        {"OpenInference", {}, {{"llm.model_name", "e"}}, {}, {{"model", "e"}}},
        {"plain", {}, {{"model", "f"}}, {}, {{"model", "f"}}},
        {"OpenInference embedding",
         {},
         {{"openinference.span.kind", "EMBEDDING"}, {"embedding.model_name", "e-3"}},
         {},
         {{"model", "e-3"}, {"type", "EMBEDDING"}}},
        {"Genkit",
         {},
         {{"genkit:metadata:subtype", "model"}, {"genkit:name", "googleai/g"}},
         {},
         {{"model", "googleai/g"}}},
        {"Genkit tool",
         {},
         {{"genkit:metadata:subtype", "tool"}, {"genkit:name", "t"}},
         {},
         {{"model", nullptr}}},
        {"AI SDK span around calls",
         k_ai,
         {{"ai.operationId", "ai.generateText"},
          {"ai.model.id", "g"},
          {"ai.usage.cachedInputTokens", 5}},
         {},
         {{"model", "g"}, {"usageDetails", nullptr}}},
        {"AI SDK agent",
         k_ai,
         {{"gen_ai.operation.name", "invoke_agent"},
          {"gen_ai.request.model", "g"},
          {"gen_ai.usage.input_tokens", 5}},
         {},
         {{"model", nullptr}, {"usageDetails", nullptr}}},
    });
}

TEST_CASE("otlp fields: parameters of a model are read from each convention", "[ingest][otlp]") {
    check({
        {"AI SDK",
         k_ai,
         {{"ai.settings.maxRetries", 2},
          {"ai.settings.maxSteps", 5},
          {"gen_ai.request.temperature", 0.25},
          {"gen_ai.request.max_tokens", 100},
          {"gen_ai.request.service_tier", "priority"},
          {"gen_ai.request.seed", 7},
          {"gen_ai.response.finish_reasons", Json::array({"stop"})},
          {"gen_ai.system", "openai"}},
         {},
         {{"modelParameters",
           {{"maxRetries", "2"},
            {"maxSteps", "5"},
            {"temperature", "0.25"},
            {"maxTokens", "100"},
            {"service_tier", "priority"},
            {"seed", "7"},
            {"finishReason", "stop"},
            {"system", "openai"}}}}},
        {"OpenInference",
         {},
         {{"llm.invocation_parameters", R"({"temperature":1,"tools":[{"x":1}]})"}},
         {},
         {{"modelParameters", {{"temperature", 1}, {"tools", R"([{"x":1}])"}}}}},
        {"model_config",
         {},
         {{"model_config", R"({"top_p":0.5})"}},
         {},
         {{"modelParameters", {{"top_p", 0.5}}}}},
        {"GenAI conventions",
         {},
         {{"gen_ai.request.model", "m"},
          {"gen_ai.request.top_p", 0.5},
          {"gen_ai.request.stop_sequences", {"a", "b"}},
          {"llm.invocation_parameters.seed", 7}},
         {},
         {{"modelParameters",
           {{"top_p", "0.5"}, {"stop_sequences", R"(["a","b"])"}, {"seed", "7"}}}}},
        {"what is no JSON is passed over",
         {},
         {{"langfuse.observation.model.parameters", "{"}, {"gen_ai.request.seed", 1}},
         {},
         {{"modelParameters", {{"seed", "1"}}}}},
        {"none", {}, {{"gen_ai.request.model", "m"}}, {}, {{"modelParameters", nullptr}}},
    });
}

TEST_CASE("otlp fields: the first piece of an answer came when it is said", "[ingest][otlp]") {
    const char* const key = "langfuse.observation.completion_start_time";
    check({
        {"plain", {}, {{key, "2026-11-01T09:30:01Z"}}, {}, {{"completionStartTime", at_ms(988)}}},
        {"an offset",
         {},
         {{key, "2026-11-01T10:30:01.000+01:00"}},
         {},
         {{"completionStartTime", at_ms(988)}}},
        {"quoted twice",
         {},
         {{key, R"("\"2026-11-01T09:30:01Z\"")"}},
         {},
         {{"completionStartTime", at_ms(988)}}},
        {"no time", {}, {{key, "soon"}}, {}, {{"completionStartTime", nullptr}}},
        {"AI SDK",
         k_ai,
         {{"ai.response.msToFirstChunk", 250.2}},
         {},
         {{"completionStartTime", at_ms(251)}}},
        {"AI SDK as a text",
         k_ai,
         {{"ai.stream.msToFirstChunk", "250"}},
         {},
         {{"completionStartTime", at_ms(250)}}},
        {"AI SDK nonsense",
         k_ai,
         {{"ai.response.msToFirstChunk", 1e300}},
         {},
         {{"completionStartTime", nullptr}}},
    });
}

TEST_CASE("otlp fields: only generations are linked to prompts", "[ingest][otlp]") {
    const Json linked = {{"promptName", "p"}, {"promptVersion", 2}};
    const Json free = {{"promptName", nullptr}, {"promptVersion", nullptr}};
    check({
        {"own",
         {},
         {{"model", "m"},
          {"langfuse.observation.prompt.name", "p"},
          {"langfuse.observation.prompt.version", 2}},
         {},
         linked},
        {"short keys and a text",
         {},
         {{"model", "m"}, {"langfuse.prompt.name", "p"}, {"langfuse.prompt.version", "2"}},
         {},
         linked},
        {"AI SDK",
         {},
         {{"model", "m"},
          {"ai.telemetry.metadata.langfusePrompt", R"({"name":"p","version":2,"labels":["x"]})"}},
         {},
         linked},
        {"no generation",
         {},
         {{"langfuse.prompt.name", "p"}, {"langfuse.prompt.version", 2}},
         {},
         free},
        {"no version", {}, {{"model", "m"}, {"langfuse.prompt.name", "p"}}, {}, free},
        {"no such version",
         {},
         {{"model", "m"}, {"langfuse.prompt.name", "p"}, {"langfuse.prompt.version", 0}},
         {},
         free},
    });
}

TEST_CASE("otlp fields: environment and version come from the span before its process",
          "[ingest][otlp]") {
    const RequestParts process = {.resource = {{"deployment.environment", "old"},
                                               {"deployment.environment.name", "process"},
                                               {"service.version", "1.2"}}};
    check({
        {"process", process, Json::object(), {}, {{"environment", "process"}, {"version", "1.2"}}},
        {"span",
         process,
         {{"deployment.environment.name", "span"}, {"langfuse.version", "2"}},
         {},
         {{"environment", "span"}, {"version", "2"}}},
        {"a key before the next of either",
         process,
         {{"deployment.environment", "span"}},
         {},
         {{"environment", "process"}}},
        {"the SDK's key",
         process,
         {{"langfuse.environment", "sdk-experiment"}},
         {},
         {{"environment", "sdk-experiment"}}},
        {"a reserved name",
         {},
         {{"langfuse.environment", "langfuse-x"}},
         {},
         {{"environment", "x"}}},
        {"none", {}, Json::object(), {}, {{"environment", nullptr}, {"version", nullptr}}},
    });
}

TEST_CASE("otlp fields: what an experiment says is kept", "[ingest][otlp]") {
    check({{"all",
            {},
            {{"langfuse.experiment.id", "e1"},
             {"langfuse.experiment.name", "nightly"},
             {"langfuse.experiment.description", "d"},
             {"langfuse.experiment.metadata", R"({"a":1})"},
             {"langfuse.experiment.dataset.id", "d1"},
             {"langfuse.experiment.item.id", "7"},
             {"langfuse.experiment.item.version", "2026-11-01T00:00:00Z"},
             {"langfuse.experiment.item.metadata", R"({"b":[2]})"},
             {"langfuse.experiment.item.expected_output", "plain text"},
             {"langfuse.experiment.item.root_observation_id", k_span_id}},
            {},
            {{"experiment",
              {{"id", "e1"},
               {"name", "nightly"},
               {"description", "d"},
               {"metadata", {{"a", 1}}},
               {"datasetId", "d1"},
               {"itemId", "7"},
               {"itemVersion", "2026-11-01T00:00:00Z"},
               {"itemMetadata", {{"b", {2}}}},
               {"itemExpectedOutput", "plain text"},
               {"itemRootObservationId", k_span_id}}}}}});
    CHECK_FALSE(observe(Json::object()).contains("experiment"));
}

TEST_CASE("otlp fields: metadata is gathered from each convention", "[ingest][otlp]") {
    const Json origin = {{"resourceAttributes", {{"service.name", "shop"}}},
                         {"scope", {{"name", "sqlalchemy"}, {"attributes", Json::object()}}}};
    const RequestParts parts = {.scope = "sqlalchemy", .resource = {{"service.name", "shop"}}};
    const auto metadata = [&](const Json& attributes_of_span) {
        return observe(attributes_of_span, parts).at("metadata");
    };
    Json plain = origin;
    plain["attributes"] = {{"db.system", "postgresql"}, {"db.rows", "12"}, {"db.tags", R"(["a"])"}};
    CHECK(metadata({{"db.system", "postgresql"}, {"db.rows", 12}, {"db.tags", {"a"}}}) == plain);

    const Json own = metadata({{"langfuse.observation.metadata", R"({"a":1,"b":"x"})"},
                               {"langfuse.observation.metadata.b", "y"},
                               {"langfuse.metadata.c", "true"},
                               {"ai.telemetry.metadata.d", "z"},
                               {"ai.telemetry.metadata.userId", "u"},
                               {"ai.prompt.tools", {"t1", "t2"}}});
    CHECK(own.at("a") == 1);
    CHECK(own.at("b") == "y");
    CHECK(own.at("c") == true);
    CHECK(own.at("d") == "z");
    CHECK(own.at("tools") == Json{"t1", "t2"});
    CHECK_FALSE(own.contains("userId"));
    CHECK(own.at("scope") == origin.at("scope"));

    CHECK(metadata({{"langfuse.metadata", "no JSON"}}).at("metadata") == "no JSON");
    CHECK(metadata({{"langfuse.metadata", "[1]"}}).at("metadata") == Json{1});
    // What a process says is beneath what its spans say.
    const RequestParts process = {.resource = {{"langfuse.metadata", R"({"region":"eu","b":1})"},
                                               {"langfuse.metadata.host", "h1"},
                                               {"langfuse.trace.metadata.team", "t"}}};
    const Json said = observe({{"langfuse.metadata.b", "2"}}, process).at("metadata");
    CHECK(said.at("region") == "eu");
    CHECK(said.at("host") == "h1");
    CHECK(said.at("team") == "t");
    CHECK(said.at("b") == 2);
    // The SDK says everything under keys of its own.
    CHECK_FALSE(observe({{"x", 1}}, k_sdk).at("metadata").contains("attributes"));
}

TEST_CASE("otlp fields: keys that JavaScript takes for its own are plain keys", "[ingest][otlp]") {
    const Json said = observe({{"__proto__", "a"},
                               {"constructor.prototype.x", "b"},
                               {"langfuse.observation.metadata.__proto__", R"({"polluted":true})"},
                               {"gen_ai.prompt.__proto__.polluted", "yes"},
                               {"gen_ai.prompt.0.content", "hi"}});
    CHECK(said.at("metadata").at("attributes").at("__proto__") == "a");
    CHECK(said.at("metadata").at("attributes").at("constructor.prototype.x") == "b");
    CHECK(said.at("metadata").at("__proto__") == Json{{"polluted", true}});
    CHECK(said.at("input") == R"({"0":{"content":"hi"},"__proto__":{"polluted":"yes"}})");
}

}  // namespace
}  // namespace assay::test
