#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/unit/providers/canned_model.hpp"

namespace assay::test {

namespace {

constexpr const char* k_message =
    R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"Paris"}]})";

ProviderSettings responses_settings(Json options = Json::object()) {
    ProviderSettings settings;
    settings.own = {{"api", "responses"}};
    settings.options = std::move(options);
    return settings;
}

std::string answer(const std::string& items, const std::string& more = "") {
    return fmt::format(R"({{"status":"completed","output":[{}]{}}})", items, more);
}

Result<ProviderReply> read(const std::string& body, ProviderRequest request = question()) {
    return read_as("openai", response(200, body), std::move(request), responses_settings());
}

ProviderReply reply_to(const std::string& body) {
    auto reply = read(body);
    if (!reply) FAIL(reply.error().message);
    return std::move(*reply);
}

Json body_sent(ProviderRequest request, Json options = Json::object()) {
    CannedModel model("openai", {{response(200, answer(k_message))}},
                      responses_settings(std::move(options)));
    const auto reply = model.ask(std::move(request));
    if (!reply) FAIL(reply.error().message);
    return model.sent();
}

std::string event(const std::string& data) { return "data: " + data + "\n\n"; }

Result<ProviderReply> read_stream(const std::string& events, bool breaks = false) {
    HttpResponse head{
        .status = 200, .headers = {{"content-type", "text/event-stream"}}, .body = {}};
    return CannedModel("openai",
                       {{.response = std::move(head), .pieces = {events}, .breaks = breaks}},
                       responses_settings())
        .ask();
}

}  // namespace

TEST_CASE("openai responses: the identity differs from that of Chat Completions") {
    const auto identity_of = [](ProviderSettings settings) {
        return CannedModel("openai", {{response(200, "{}")}}, std::move(settings))
            .provider->identity();
    };
    const Json identity = identity_of(responses_settings());
    CHECK(identity["kind"] == "openai_responses");
    CHECK(identity["url"] == "https://model.example/v1/responses");
    CHECK(identity_of({})["kind"] == "openai_chat");
}

TEST_CASE("openai responses: the system messages at the beginning are the instructions") {
    ProviderRequest request{.model = "small"};
    request.messages = {{"system", "Short."},
                        {"developer", "In French."},
                        {"user", "Capital?"},
                        {"system", "Now longer."},
                        {"user", "Again?"}};
    const Json body = body_sent(request);
    CHECK(body["instructions"] == "Short.\n\nIn French.");
    CHECK(body["input"] == Json::parse(R"([{"role":"user","content":"Capital?"},
        {"role":"system","content":"Now longer."},{"role":"user","content":"Again?"}])"));
    // There must be an input.
    request.messages = {{"system", "Say something."}};
    const Json alone = body_sent(request);
    CHECK(!alone.contains("instructions"));
    CHECK(alone["input"] == Json::parse(R"([{"role":"system","content":"Say something."}])"));
}

TEST_CASE("openai responses: parts of a message have its author's form") {
    ProviderRequest request{.model = "small"};
    const Json file = {{"type", "input_file"}, {"file_id", "file-1"}};
    request.messages = {
        {"user", Json::array({{{"type", "text"}, {"text", "See."}},
                              {{"type", "image"}, {"url", "https://pictures.example/a.png"}},
                              file})},
        {"assistant", Json::array({{{"type", "tool_call"}, {"id", "a"}, {"name", "find"}},
                                   {{"type", "text"}, {"text", "I look."}}})},
        {"user", Json::array({{{"type", "text"}, {"text", "So?"}},
                              {{"type", "tool_result"}, {"id", "a"}, {"content", {{"x", 1}}}}})}};
    CHECK(body_sent(request)["input"] == Json::parse(R"([
        {"role":"user","content":[{"type":"input_text","text":"See."},
            {"type":"input_image","image_url":"https://pictures.example/a.png"},
            {"type":"input_file","file_id":"file-1"}]},
        {"role":"assistant","content":[{"type":"output_text","text":"I look."}]},
        {"type":"function_call","call_id":"a","name":"find","arguments":"{}"},
        {"type":"function_call_output","call_id":"a","output":"{\"x\":1}"},
        {"role":"user","content":[{"type":"input_text","text":"So?"}]}])"));
}

TEST_CASE("openai responses: parameters are written as the API calls them") {
    ProviderRequest request = question();
    request.parameters = {{"max_tokens", 16},
                          {"temperature", 0},
                          {"top_p", 0.5},
                          {"reasoning", {{"effort", "low"}}},
                          {"stream", true}};
    const Json body = body_sent(request, {{"store", true}, {"temperature", 1}});
    CHECK(body["max_output_tokens"] == 16);
    CHECK(!body.contains("max_tokens"));
    CHECK(body["temperature"] == 0);
    CHECK(body["top_p"] == 0.5);
    CHECK(body["reasoning"] == Json({{"effort", "low"}}));
    CHECK(body["stream"] == true);
    CHECK(!body.contains("stream_options"));
    CHECK(body["store"] == true);
    request.parameters = {{"max_tokens", 16}, {"max_output_tokens", 32}};
    CHECK(body_sent(request)["max_output_tokens"] == 32);
    CHECK(body_sent(request)["store"] == false);
}

TEST_CASE("openai responses: what the API does not know is refused before it is sent") {
    for (const char* name : {"stop", "seed"}) {
        CannedModel model("openai", {{response(200, answer(k_message))}}, responses_settings());
        ProviderRequest request = question();
        request.parameters = {{name, 7}};
        const auto refused = model.ask(request);
        REQUIRE(!refused);
        CHECK(refused.error().code == ErrorCode::invalid_argument);
        CHECK_THAT(refused.error().message,
                   Catch::StartsWith(
                       fmt::format("openai: OpenAI's Responses API knows no `{}`: ", name)) &&
                       Catch::Contains("`api: chat`"));
        CHECK(model.transport.requests.empty());
    }
}

TEST_CASE("openai responses: tools are flat and a native one stays as it is") {
    ProviderRequest request = question();
    request.tools = Json::parse(R"([{"name":"find","parameters":{"type":"object"}},
        {"name":"go","parameters":{"type":"object"},"strict":true},
        {"type":"web_search"},{"type":"custom","name":"shell"}])");
    CHECK(body_sent(request)["tools"] == Json::parse(R"([
        {"type":"function","name":"find","parameters":{"type":"object"},"strict":false},
        {"type":"function","name":"go","parameters":{"type":"object"},"strict":true},
        {"type":"web_search"},{"type":"custom","name":"shell"}])"));
}

TEST_CASE("openai responses: a schema stands beside the other settings of the text") {
    ProviderRequest request = question();
    request.parameters = {{"text", {{"verbosity", "low"}}}};
    request.response_schema = {{"type", "object"}};
    CHECK(body_sent(request)["text"] == Json::parse(R"({"verbosity":"low","format":
        {"type":"json_schema","name":"response","strict":true,"schema":{"type":"object"}}})"));
}

TEST_CASE("openai responses: items of every kind make one reply") {
    const ProviderReply reply = reply_to(answer(R"(
        {"type":"reasoning","summary":[{"type":"summary_text","text":"One."},
                                       {"type":"summary_text","text":"Two."}],
         "content":[{"type":"reasoning_text","text":"Three."}]},
        {"type":"web_search_call","status":"completed"},
        {"type":"message","content":[{"type":"output_text","text":"I "},
                                     {"type":"output_text","text":"look. "}]},
        {"type":"message","content":[{"type":"output_text","text":"Now."}]},
        {"type":"function_call","call_id":"a","name":"find","arguments":"{\"x\":1}"},
        {"type":"function_call","call_id":"b","name":"go","arguments":"{broken"})"));
    CHECK(reply.reasoning == "One.\nTwo.\nThree.");
    CHECK(reply.output == Json::parse(R"({"content":"I look. Now.","tool_calls":[
        {"id":"a","name":"find","arguments":{"x":1}},
        {"id":"b","name":"go","arguments":"{broken"}]})"));
    CHECK(reply.finish_reason == "completed");
    CHECK(reply.usage.empty());
    CHECK(reply_to(answer("")).output == "");
}

TEST_CASE("openai responses: an answer that is not complete is none") {
    for (const char* status : {"failed", "cancelled", "queued", "in_progress"}) {
        const auto reply =
            read(fmt::format(R"({{"status":"{}","output":[{}]}})", status, k_message));
        REQUIRE(!reply);
        CHECK(reply.error().retryable);
        CHECK(reply.error().message ==
              fmt::format("openai: the answer is not complete: it is {}", status));
    }
    const auto failed =
        read(R"({"status":"failed","output":[],"error":{"code":"server_error","message":"m"}})");
    REQUIRE(!failed);
    CHECK(failed.error().message == "openai: the answer is an error: m");
    for (const char* other : {"{}", "[]", R"({"output":"x"})", R"({"choices":[]})"}) {
        CHECK(read(other).error().code == ErrorCode::invalid_argument);
    }
    for (const char* odd : {"7", "null", R"({"type":7})", R"({"type":"message","content":7})",
                            R"({"type":"message","content":[7,{"type":"output_text"}]})"}) {
        CHECK(reply_to(answer(odd)).output == "");
    }
}

TEST_CASE("openai responses: a stream ends with the whole answer and nothing after it counts") {
    const std::string last = event(R"({"type":"response.completed","response":)" +
                                   answer(k_message, R"(,"model":"small-1")") + "}");
    const auto late = read_stream(last + "data: garbage\n\n", true);
    REQUIRE(late);
    CHECK(late->output == "Paris");
    CHECK(late->model == "small-1");
    const auto cut = read_stream(
        event(R"({"type":"response.incomplete","response":{"status":"incomplete","output":[],)"
              R"("incomplete_details":{"reason":"max_output_tokens"}}})"));
    REQUIRE(cut);
    CHECK(cut->truncated);
    CHECK(cut->finish_reason == "max_output_tokens");
    // A server that names the kind of an event beside the data and not in it.
    CHECK(read_stream("event: response.completed\n" +
                      event(R"({"response":)" + answer(k_message) + "}"))
              ->output == "Paris");
}

TEST_CASE("openai responses: an error within a stream is the answer's error") {
    const std::string begin = event(R"({"type":"response.output_text.delta","delta":"Pa"})");
    for (const std::string& bad :
         {"event: error\n" + event(R"({"type":"error","code":"x","message":"overloaded"})"),
          event(R"({"type":"error","error":{"message":"overloaded"}})"),
          event(R"({"type":"response.failed","response":{"status":"failed","output":[],)"
                R"("error":{"message":"overloaded"}}})")}) {
        const auto broken = read_stream(begin + bad);
        REQUIRE(!broken);
        INFO(broken.error().message);
        CHECK(broken.error().retryable);
        CHECK(broken.error().message == "openai: the answer is an error: overloaded");
    }
    const auto spent =
        read_stream(begin + "event: error\n" +
                    event(R"({"type":"error","code":"insufficient_quota","message":"no money"})"));
    CHECK(spent.error().code == ErrorCode::resource_exhausted);
    CHECK(!spent.error().retryable);
    CHECK(read_stream(begin).error().message ==
          "openai: the stream ended before the answer was complete");
    CHECK(read_stream(begin, true).error().message == "openai: the wire broke");
}

TEST_CASE("openai responses: the first token is the first piece of an answer") {
    const std::string last =
        event(R"({"type":"response.completed","response":)" + answer(k_message) + "}");
    const auto first_of = [&](const std::string& type) {
        return read_stream(event(fmt::format(R"({{"type":"{}","delta":"x"}})", type)) + last)
            ->time_to_first_token;
    };
    CHECK(first_of("response.output_text.delta"));
    CHECK(first_of("response.refusal.delta"));
    CHECK(first_of("response.function_call_arguments.delta"));
    CHECK(!first_of("response.reasoning_summary_text.delta"));
    CHECK(!first_of("response.created"));
}

}  // namespace assay::test
