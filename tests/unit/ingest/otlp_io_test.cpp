#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/unit/ingest/otlp_support.hpp"

// Where the families of instrumentation put inputs and outputs.

namespace assay::test {
namespace {

/// What comes out: texts as they are, JSON parsed.
struct Io {
    Json input;
    Json output;
};

Json value_of(const Json& said, const char* name) {
    if (!said.contains(name)) return nullptr;
    const std::string& text = said[name].get_ref<const std::string&>();
    auto parsed = parse_json(text);
    return parsed ? *parsed : Json(text);
}

Io io_of(const Json& attributes_of_span, const char* scope = "test",
         const Json& members = Json::object()) {
    const Json said = observe(attributes_of_span, {.scope = scope}, members);
    return {value_of(said, "input"), value_of(said, "output")};
}

Json event(const char* name, const Json& attributes_of_event) {
    return {{"timeUnixNano", std::to_string(k_start)},
            {"name", name},
            {"attributes", attributes(attributes_of_event)}};
}

struct Golden {
    const char* name;
    const char* scope;
    Json attributes;
    Json input;
    Json output;
};

void check(const std::vector<Golden>& table) {
    for (const Golden& golden : table) {
        INFO(golden.name);
        const Io io = io_of(golden.attributes, golden.scope);
        CHECK(io.input == golden.input);
        CHECK(io.output == golden.output);
    }
}

TEST_CASE("otlp io: the SDKs' own attributes come first", "[ingest][otlp]") {
    check({
        {"SDK",
         "langfuse-sdk",
         {{"langfuse.observation.input", "i"}, {"langfuse.observation.output", "o"}},
         "i",
         "o"},
        {"SDK with an empty object",
         "langfuse-sdk",
         {{"langfuse.observation.input", "{}"}},
         Json::object(),
         nullptr},
        {"SDK before others",
         "x",
         {{"langfuse.observation.output", "o"}, {"input.value", "no"}},
         nullptr,
         "o"},
        {"Genkit",
         "x",
         {{"genkit:input", R"({"q":1})"}, {"genkit:output", R"("a")"}},
         {{"q", 1}},
         "a"},
        {"AI SDK messages",
         "ai",
         {{"ai.prompt.messages", R"([{"role":"user"}])"},
          {"ai.prompt", "no"},
          {"ai.response.text", "hi"}},
         Json::array({{{"role", "user"}}}),
         "hi"},
        {"AI SDK prompt",
         "ai",
         {{"ai.prompt", R"({"prompt":"x"})"}, {"ai.response.object", R"({"a":1})"}},
         {{"prompt", "x"}},
         {{"a", 1}}},
        {"AI SDK tool",
         "ai",
         {{"ai.toolCall.args", R"({"city":"Rome"})"}, {"ai.toolCall.result", R"({"t":20})"}},
         {{"city", "Rome"}},
         {{"t", 20}}},
        {"AI SDK calls",
         "ai",
         {{"ai.response.text", ""}, {"ai.response.toolCalls", R"([{"n":1}])"}},
         nullptr,
         Json::array({{{"n", 1}}})},
        {"AI SDK text and calls",
         "ai",
         {{"ai.response.text", "hm"}, {"ai.response.toolCalls", R"([{"n":1}])"}},
         nullptr,
         {{"role", "assistant"}, {"content", "hm"}, {"tool_calls", Json::array({{{"n", 1}}})}}},
        {"AI SDK before version 4", "ai", {{"ai.prompt", "p"}, {"ai.result.text", "r"}}, "p", "r"},
        {"AI SDK embedding",
         "ai",
         {{"ai.value", R"("words")"}, {"ai.embedding", "[0.5,-0.5]"}},
         "words",
         {0.5, -0.5}},
        {"not the AI SDK", "x", {{"ai.prompt", "p"}, {"input", "i"}}, "i", nullptr},
    });
}

TEST_CASE("otlp io: every framework's attributes are found", "[ingest][otlp]") {
    check({
        {"Google's agents",
         "gcp.vertex.agent",
         {{"gcp.vertex.agent.llm_request", R"({"m":1})"},
          {"gcp.vertex.agent.llm_response", R"({"m":2})"}},
         {{"m", 1}},
         {{"m", 2}}},
        {"Google's tools",
         "gcp.vertex.agent",
         {{"gcp.vertex.agent.llm_request", "{}"},
          {"gcp.vertex.agent.tool_call_args", R"({"a":1})"},
          {"gcp.vertex.agent.llm_response", "{}"},
          {"gcp.vertex.agent.tool_response", "done"}},
         {{"a", 1}},
         "done"},
        {"Logfire",
         "logfire",
         {{"prompt", "p"}, {"all_messages_events", R"([{"r":1}])"}},
         "p",
         Json::array({{{"r", 1}}})},
        {"LiveKit",
         "livekit-agents",
         {{"lk.chat_ctx", "c"}, {"lk.user_transcript", "t"}, {"lk.response.text", "r"}},
         "t",
         "r"},
        {"Logfire's list of events",
         "logfire",
         {{"events", R"([{"event.name":"gen_ai.user.message","content":"q"},)"
                     R"({"event.name":"gen_ai.choice","index":0}])"}},
         Json::array({{{"event.name", "gen_ai.user.message"}, {"content", "q"}}}),
         {{"event.name", "gen_ai.choice"}, {"index", 0}}},
        {"MLflow",
         "mlflow",
         {{"mlflow.spanInputs", R"({"x":1})"}, {"mlflow.spanOutputs", "2"}},
         {{"x", 1}},
         2},
        {"Traceloop",
         "traceloop",
         {{"traceloop.entity.input", "i"}, {"traceloop.entity.output", "o"}},
         "i",
         "o"},
        {"OpenInference",
         "openinference",
         {{"input.value", "i"},
          {"input.mime_type", "text/plain"},
          {"output.value", "o"},
          {"llm.input_messages.0.message.role", "user"}},
         "i",
         "o"},
        {"plain", "pipecat", {{"input", "i"}, {"output", "o"}}, "i", "o"},
        {"Pydantic's agents",
         "pydantic-ai",
         {{"pydantic_ai.all_messages", R"([{"role":"user"}])"}, {"final_result", "f"}},
         Json::array({{{"role", "user"}}}),
         "f"},
        {"Pydantic's agents with instructions",
         "pydantic-ai",
         {{"pydantic_ai.all_messages", R"([{"role":"user"}])"},
          {"gen_ai.system_instructions", R"([{"type":"text","content":"be"}])"}},
         Json::array({{{"role", "system"}, {"content", "be"}}, {{"role", "user"}}}),
         nullptr},
        {"Pydantic's tools",
         "pydantic-ai",
         {{"tool_arguments", R"({"a":1})"}, {"tool_response", "r"}},
         {{"a", 1}},
         "r"},
    });
}

TEST_CASE("otlp io: each of Flue's spans has contents of its own", "[ingest][otlp]") {
    check({
        {"Flue's calls of models",
         "@flue/opentelemetry",
         {{"flue.turn.input", R"({"messages":[]})"},
          {"flue.turn.output", R"({"role":"assistant"})"},
          {"gen_ai.input.messages", "no"}},
         {{"messages", Json::array()}},
         {{"role", "assistant"}}},
        {"Flue's tools",
         "@flue/opentelemetry",
         {{"flue.tool.arguments", R"({"city":"Rome"})"}, {"flue.tool.result", "20"}},
         {{"city", "Rome"}},
         20},
        {"Flue's tasks",
         "@flue/opentelemetry",
         {{"flue.task.prompt", "write"}, {"flue.task.result", "done"}},
         "write",
         "done"},
        {"Flue's workflows",
         "@flue/opentelemetry",
         {{"flue.workflow.payload", R"({"a":1})"}, {"flue.workflow.result", "r"}},
         {{"a", 1}},
         "r"},
        {"Flue's operations",
         "@flue/opentelemetry",
         {{"flue.operation.result", "r"}},
         nullptr,
         "r"},
    });
}

TEST_CASE("otlp io: messages come numbered or in lists", "[ingest][otlp]") {
    check({
        {"OpenLLMetry",
         "x",
         {{"gen_ai.prompt.0.role", "system"},
          {"gen_ai.prompt.0.content", "be"},
          {"gen_ai.prompt.1.role", "user"},
          {"gen_ai.prompt.10.role", "late"},
          {"gen_ai.prompt.1.tool_calls.0.name", "f"},
          {"gen_ai.completion.0.content", "ok"}},
         Json::array({{{"role", "system"}, {"content", "be"}},
                      {{"role", "user"}, {"tool_calls", Json::array({{{"name", "f"}}})}},
                      {{"role", "late"}}}),
         Json::array({{{"content", "ok"}}})},
        {"one prompt as a whole",
         "x",
         {{"gen_ai.prompt", "p"}, {"gen_ai.completion", "c"}},
         "p",
         "c"},
        {"OpenInference's messages",
         "x",
         {{"llm.input_messages.0.message.role", "user"},
          {"llm.input_messages.0.message.content", "q"},
          {"llm.output_messages.0.message.content", "a"}},
         Json::array({{{"message", {{"role", "user"}, {"content", "q"}}}}}),
         Json::array({{{"message", {{"content", "a"}}}}})},
        {"GenAI messages",
         "x",
         {{"gen_ai.input.messages", R"([{"role":"user"}])"},
          {"gen_ai.output.messages", R"([{"role":"assistant"}])"}},
         Json::array({{{"role", "user"}}}),
         Json::array({{{"role", "assistant"}}})},
        {"GenAI messages after instructions",
         "x",
         {{"gen_ai.system_instructions", R"([{"type":"text","content":"be"}])"},
          {"gen_ai.input.messages", R"([{"role":"user"}])"}},
         Json::array({{{"role", "system"}, {"content", "be"}}, {{"role", "user"}}}),
         nullptr},
        {"OpenInference embeddings",
         "x",
         {{"embedding.embeddings.1.embedding.text", "b"},
          {"embedding.embeddings.0.embedding.text", "a"},
          {"embedding.embeddings.0.embedding.vector", {0.5, 0.25}},
          {"embedding.embeddings.2.embedding.vector", {0.5}}},
         {"a", "b"},
         nullptr},
        {"GenAI tools",
         "x",
         {{"gen_ai.tool.call.arguments", R"({"a":1})"}, {"gen_ai.tool.call.result", "r"}},
         {{"a", 1}},
         "r"},
        {"nothing", "x", {{"http.method", "GET"}}, nullptr, nullptr},
    });
}

TEST_CASE("otlp io: instructions come in many forms and once", "[ingest][otlp]") {
    const Json user = {{"role", "user"}, {"content", "q"}};
    const auto input = [&](const char* instructions, const char* messages) {
        return io_of({{"gen_ai.system_instructions", instructions},
                      {"gen_ai.input.messages", messages}})
            .input;
    };
    const auto with = [&](const char* instructions) {
        Json messages = input(instructions, R"([{"role":"user","content":"q"}])");
        REQUIRE(messages.back() == user);
        messages.erase(messages.size() - 1);
        return messages;
    };
    const auto said = [](const char* text) {
        return Json::array({{{"role", "system"}, {"content", text}}});
    };
    CHECK(with("Be brief.") == said("Be brief."));
    CHECK(with(R"("Be brief.")") == said("Be brief."));
    CHECK(with(R"([{"type":"text","content":"a"},{"type":"text","content":"b"}])") == said("a\nb"));
    CHECK(with(R"(["a","b"])") == said("a\nb"));
    const Json parts = Json::array({{{"type", "text"}, {"content", "a"}}, {{"type", "image"}}});
    const Json message = {{"role", "system"}, {"parts", parts}};
    CHECK(with(to_text(Json::array({message})).c_str()) == Json::array({message}));
    CHECK(with(to_text(Json::array({{{"parts", parts}}})).c_str()) == Json::array({message}));
    CHECK(with(R"([{"type":"text","content":"a"},{"parts":[{"content":"b"}]}])") == said("a\nb"));
    for (const char* const nothing : {"[]", "[42,true,null]", R"([{"type":"image"}])"}) {
        CHECK(with(nothing) == Json::array());
    }
    // One that is there already is not told twice.
    CHECK(input("be", R"([{"role":"system","content":"x"}])") ==
          Json::array({{{"role", "system"}, {"content", "x"}}}));
    CHECK(input("be", "just a text") ==
          Json::array({{{"role", "system"}, {"content", "be"}},
                       {{"role", "user"}, {"content", "just a text"}}}));
}

TEST_CASE("otlp io: span events hold messages", "[ingest][otlp]") {
    const Json messages = {
        {"events",
         {event("gen_ai.system.message", {{"content", "be"}}),
          event("gen_ai.user.message", {{"content", "q"}}),
          event("gen_ai.assistant.message", {{"content", "a"}, {"role", "model"}}),
          event("exception", {{"exception.type", "E"}}),
          event("gen_ai.tool.message", {{"id", "7"}}),
          event("gen_ai.choice", {{"index", 0}, {"message", R"({"content":"ok"})"}})}}};
    const Io io = io_of({{"input.value", "later"}}, "x", messages);
    CHECK(io.input == Json::array({{{"role", "system"}, {"content", "be"}},
                                   {{"role", "user"}, {"content", "q"}},
                                   {{"role", "model"}, {"content", "a"}},
                                   {{"role", "tool"}, {"id", "7"}}}));
    CHECK(io.output == Json{{"index", 0}, {"message", R"({"content":"ok"})"}});

    const Json choices = {
        {"events",
         {event("gen_ai.choice", {{"index", 0}}), event("gen_ai.choice", {{"index", 1}})}}};
    CHECK(io_of(Json::object(), "x", choices).output ==
          Json::array({{{"index", 0}}, {{"index", 1}}}));
}

TEST_CASE("otlp io: one event may hold the whole operation", "[ingest][otlp]") {
    const Json events = {
        {"events",
         Json::array({event("gen_ai.client.inference.operation.details",
                            {{"gen_ai.input.messages", R"([{"role":"user"}])"},
                             {"gen_ai.system_instructions", "be"},
                             {"gen_ai.output.messages", R"([{"role":"assistant"}])"}})})}};
    const Io io = io_of(Json::object(), "x", events);
    CHECK(io.input == Json::array({{{"role", "system"}, {"content", "be"}}, {{"role", "user"}}}));
    CHECK(io.output == Json::array({{{"role", "assistant"}}}));
}

TEST_CASE("otlp io: early conventions put contents into events", "[ingest][otlp]") {
    const Json whole = {
        {"events",
         {event("gen_ai.content.prompt", {{"gen_ai.prompt", R"([{"role":"user"}])"}}),
          event("gen_ai.content.completion", {{"gen_ai.completion", "done"}})}}};
    CHECK(io_of(Json::object(), "x", whole).input == Json::array({{{"role", "user"}}}));
    CHECK(io_of(Json::object(), "x", whole).output == "done");
    const Json other = {{"events", Json::array({event("gen_ai.content.prompt", {{"text", "q"}})})}};
    CHECK(io_of(Json::object(), "x", other).input == Json{{"text", "q"}});
}

TEST_CASE("otlp io: inputs and outputs are not told again as metadata", "[ingest][otlp]") {
    const Json said = observe({{"input.value", "i"},
                               {"output.value", "o"},
                               {"input.mime_type", "text/plain"},
                               {"llm.input_messages.0.message.role", "user"},
                               {"gen_ai.prompt.0.content", "q"},
                               {"gen_ai.completion.0.content", "a"},
                               {"traceloop.entity.input", "i"},
                               {"langfuse.trace.input", "t"},
                               {"http.method", "GET"}});
    CHECK(said.at("metadata").at("attributes") ==
          Json{{"input.mime_type", "text/plain"}, {"http.method", "GET"}});
}

TEST_CASE("otlp io: numbered keys make no lists longer than they are many", "[ingest][otlp]") {
    const Json said = observe({{"gen_ai.prompt.4000000000.content", "far"},
                               {"gen_ai.prompt.99999999999999999999.content", "farther"}});
    CHECK(said.at("input") ==
          R"({"4000000000":{"content":"far"},"99999999999999999999":{"content":"farther"}})");
    CHECK(observe({{"gen_ai.prompt.4000000000.content", "far"}}).at("input") ==
          R"([{"content":"far"}])");
    // A key of very many parts nests no deeper than a few.
    std::string key = "gen_ai.prompt";
    for (int i = 0; i < 100'000; ++i) key += ".a";
    const std::string deep = observe({{key, "x"}}).at("input");
    CHECK(deep.starts_with(R"({"a":{"a":)"));
    CHECK(std::count(deep.begin(), deep.end(), '{') == 16);
    // A value beside members of the same name is one of them.
    CHECK(observe({{"gen_ai.prompt.0.content", "c"}, {"gen_ai.prompt.0.content.0.text", "t"}})
              .at("input") == R"([{"content":{"0":{"text":"t"},"value":"c"}}])");
}

TEST_CASE("otlp io: long inputs are cut and the answer says so", "[ingest][otlp]") {
    const std::string fits(limits::k_field_bytes_max, 'x');
    CHECK(observe({{"input.value", fits}}).at("input") == fits);
    const std::string cut = observe({{"input.value", fits + "y"}}).at("input");
    CHECK(cut.size() == limits::k_field_bytes_max);
    CHECK(cut.ends_with("had 1048577 bytes]"));
}

}  // namespace
}  // namespace assay::test
