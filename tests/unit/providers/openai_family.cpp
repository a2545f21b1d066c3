#include "tests/unit/providers/openai_family.hpp"

#include <fmt/format.h>

namespace assay::test {
namespace {

using enum ErrorCode;

std::string event(const std::string& data, const std::string& type = "") {
    return (type.empty() ? "" : "event: " + type + "\n") + "data: " + data + "\n\n";
}

/// A whole Chat Completions object.
std::string chat(const std::string& message, const std::string& finish_reason = "stop",
                 const std::string& usage = R"({"prompt_tokens":20,"completion_tokens":5,
                     "total_tokens":25})") {
    return fmt::format(
        R"({{"id":"chatcmpl-1","object":"chat.completion","created":1764000000,"model":"small-1",
            "choices":[{{"index":0,"message":{},"logprobs":null,"finish_reason":"{}"}}],
            "usage":{},"service_tier":"default","system_fingerprint":"fp_1"}})",
        message, finish_reason, usage);
}

std::string chat_text(const std::string& text) {
    return to_text(Json({{"role", "assistant"}, {"content", text}, {"refusal", nullptr}}));
}

std::string chunk(const std::string& delta, const std::string& finish_reason = "null") {
    return event(
        fmt::format(R"({{"id":"chatcmpl-1","object":"chat.completion.chunk","model":"small-1",)"
                    R"("choices":[{{"index":0,"delta":{},"finish_reason":{}}}],"usage":null}})",
                    delta, finish_reason));
}

ApiBodies chat_bodies() {
    const std::string begin = chunk(R"({"role":"assistant","content":"","refusal":null})");
    return {.text = chat(chat_text("Paris")),
            .tool_call = chat(R"({"role":"assistant","content":null,"tool_calls":[{"id":"call_1",
            "type":"function","function":{"name":"find","arguments":"{\"city\": \"Paris\"}"}}]})",
                              "tool_calls"),
            .refusal =
                chat(R"({"role":"assistant","content":null,"refusal":"I cannot help with that."})"),
            .length = chat(chat_text("Par"), "length"),
            .filtered = chat(chat_text("Par"), "content_filter"),
            .structured = chat(chat_text(R"({"capital": "Paris"})")),
            .usage = chat(chat_text("Paris"), "stop",
                          R"({"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
            "prompt_tokens_details":{"cached_tokens":80,"audio_tokens":0},
            "completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":0,
                "accepted_prediction_tokens":0,"rejected_prediction_tokens":0}})"),
            .thoughts = chat(R"({"role":"assistant","content":"4","reasoning_content":"2 and 2"})"),
            .stream = begin + chunk(R"({"content":"Pa"})") + chunk(R"({"content":"ris"})") +
                      chunk("{}", R"("stop")") +
                      event(R"({"id":"chatcmpl-1","model":"small-1","choices":[],"usage":)"
                            R"({"prompt_tokens":20,"completion_tokens":5,"total_tokens":25}})") +
                      event("[DONE]"),
            .broken_stream = begin + chunk(R"({"content":"Pa"})") +
                             event(R"({"error":{"message":"overloaded","type":"server_error"}})")};
}

/// A whole Response object.
std::string responses(const std::string& items, const std::string& more = "",
                      const std::string& usage = R"({"input_tokens":20,
                          "input_tokens_details":{"cached_tokens":0},"output_tokens":5,
                          "output_tokens_details":{"reasoning_tokens":0},"total_tokens":25})") {
    const std::string status =
        more.empty() ? R"("status":"completed","incomplete_details":null)" : more;
    // On one line, so that it fits into an event.
    return to_text(Json::parse(fmt::format(
        R"({{"id":"resp_1","object":"response","created_at":1764000000,"model":"small-1",{},
            "error":null,"instructions":"Short.","output":[{}],"usage":{},"store":false}})",
        status, items, usage)));
}

std::string responses_message(const std::string& text) {
    return to_text(
        Json({{"type", "message"},
              {"id", "msg_1"},
              {"status", "completed"},
              {"role", "assistant"},
              {"content",
               {{{"type", "output_text"}, {"text", text}, {"annotations", Json::array()}}}}}));
}

std::string responses_event(const std::string& type, const std::string& more) {
    return event(fmt::format(R"({{"type":"{}","sequence_number":1,{}}})", type, more), type);
}

std::string incomplete(const std::string& reason) {
    return fmt::format(R"("status":"incomplete","incomplete_details":{{"reason":"{}"}})", reason);
}

ApiBodies responses_bodies() {
    const std::string text = responses(responses_message("Paris"));
    const std::string begin =
        responses_event("response.created", R"("response":{"status":"in_progress","error":null})") +
        responses_event("response.output_item.added", R"("item":{"type":"message"})") +
        responses_event("response.output_text.delta", R"("output_index":0,"delta":"Pa")");
    return {
        .text = text,
        .tool_call = responses(
            R"({"type":"reasoning","id":"rs_1","summary":[]},
               {"type":"function_call","id":"fc_1","call_id":"call_1","name":"find",
                "arguments":"{\"city\": \"Paris\"}","status":"completed"})"),
        .refusal = responses(R"({"type":"message","role":"assistant","content":[
            {"type":"refusal","refusal":"I cannot help with that."}]})"),
        .length = responses(responses_message("Par"), incomplete("max_output_tokens")),
        .filtered = responses(responses_message("Par"), incomplete("content_filter")),
        .structured = responses(responses_message(R"({"capital": "Paris"})")),
        .usage = responses(responses_message("Paris"), "",
                           R"({"input_tokens":100,"input_tokens_details":{"cached_tokens":80},
            "output_tokens":50,"output_tokens_details":{"reasoning_tokens":30},
            "total_tokens":150})"),
        .thoughts = responses(R"({"type":"reasoning","id":"rs_1",
            "summary":[{"type":"summary_text","text":"2 and 2"}]},)" +
                              responses_message("4")),
        .stream =
            begin +
            responses_event("response.output_text.delta", R"("output_index":0,"delta":"ris")") +
            responses_event("response.output_text.done", R"("text":"Paris")") +
            responses_event("response.completed", R"("response":)" + text),
        .broken_stream =
            begin + responses_event("response.failed",
                                    R"("response":{"status":"failed","output":[],)"
                                    R"("error":{"code":"server_error","message":"overloaded"}})")};
}

/// OpenAI's form of an error.
std::string openai_error(const std::string& message, const std::string& type,
                         const std::string& code) {
    return to_text(Json({{"error",
                          {{"message", message},
                           {"type", type},
                           {"param", nullptr},
                           {"code", code.empty() ? Json() : Json(code)}}}}));
}

std::vector<ApiError> openai_errors() {
    const char* const wrong = "invalid_request_error";
    return {
        {400, openai_error("Unknown parameter: 'tempo'.", wrong, "unknown_parameter"),
         invalid_argument, false, "openai refuses the request (400): Unknown parameter: 'tempo'."},
        {400, openai_error("The context has 9000 tokens.", wrong, "context_length_exceeded"),
         invalid_argument, false, "openai says the prompt is too long for the model (400)"},
        {401, openai_error("Incorrect API key provided.", wrong, "invalid_api_key"),
         unauthenticated, false, "openai does not accept the key (401); set OPENAI_API_KEY"},
        {403, openai_error("Country not supported.", "request_forbidden", "unsupported_country"),
         unauthenticated, false, "(403)"},
        {404, openai_error("The model does not exist.", wrong, "model_not_found"), invalid_argument,
         false, "openai knows no such model or address (404): The model"},
        {408, openai_error("Timed out.", "timeout", ""), unavailable, true,
         "openai cannot answer now (408): Timed out."},
        {409, openai_error("Locked.", wrong, ""), unavailable, true, "(409): Locked."},
        {413, openai_error("Too large.", wrong, ""), invalid_argument, false,
         "says the prompt is too long for the model (413)"},
        {429, openai_error("Rate limit reached.", "requests", "rate_limit_exceeded"),
         resource_exhausted, true, "openai limits the rate of requests (429): Rate limit reached."},
        {429, openai_error("You exceeded your quota.", "insufficient_quota", "insufficient_quota"),
         resource_exhausted, false, "openai says the account's quota is spent (429)"},
        {500, openai_error("The server had an error.", "server_error", ""), unavailable, true,
         "openai cannot answer now (500): The server had an error."},
        {503, openai_error("Overloaded.", "server_error", ""), unavailable, true, "(503)"},
        {529, openai_error("Overloaded.", "overloaded_error", ""), resource_exhausted, true,
         "openai is overloaded (529)"}};
}

/// Azure's form of an error.
std::string azure_error(const std::string& code, const std::string& message) {
    return to_text(Json({{"error", {{"code", code}, {"message", message}}}}));
}

std::vector<ApiError> azure_errors() {
    return {
        {400, azure_error("BadRequest", "Unsupported data type"), invalid_argument, false,
         "azure-openai refuses the request (400): Unsupported data type"},
        {400,
         R"({"error":{"message":"The prompt was filtered.","type":null,"param":"prompt",
             "code":"content_filter","status":400,"innererror":{
             "code":"ResponsibleAIPolicyViolation","content_filter_result":{
             "violence":{"filtered":true,"severity":"high"}}}}})",
         invalid_argument, false,
         "azure-openai refuses the prompt for its content (400): The prompt was filtered."},
        {400,
         R"({"error":{"message":"Filtered.","code":null,
             "innererror":{"code":"ResponsibleAIPolicyViolation"}}})",
         invalid_argument, false, "refuses the prompt for its content (400)"},
        {401, azure_error("401", "Access denied due to an invalid subscription key."),
         unauthenticated, false,
         "azure-openai does not accept the key (401); set AZURE_OPENAI_API_KEY"},
        {401, R"({"statusCode":401,"message":"Unauthorized. Token is missing."})", unauthenticated,
         false, "Unauthorized. Token is missing."},
        {403, azure_error("AccessDenied", "Public access is disabled."), unauthenticated, false,
         "(403)"},
        {404, azure_error("DeploymentNotFound", "The deployment does not exist."), invalid_argument,
         false, "knows no such model or address (404): The deployment"},
        {408, azure_error("Timeout", "The operation was timeout."), unavailable, true, "(408)"},
        {409, azure_error("Conflict", "Locked."), unavailable, true, "(409)"},
        {413, azure_error("RequestTooLarge", "Too large."), invalid_argument, false, "(413)"},
        {429, azure_error("429", "Requests exceeded the call rate limit."), resource_exhausted,
         true, "limits the rate of requests (429): Requests exceeded"},
        {429, azure_error("insufficient_quota", "The quota is exceeded."), resource_exhausted,
         false, "says the account's quota is spent (429)"},
        {500, azure_error("InternalServerError", "Backend failed."), unavailable, true, "(500)"},
        {503, azure_error("ServiceUnavailable", "Try later."), unavailable, true, "(503)"},
        {529, azure_error("Overloaded", "Overloaded."), resource_exhausted, true,
         "azure-openai is overloaded (529)"}};
}

/// As vLLM, llama.cpp and gateways word errors.
std::vector<ApiError> compatible_errors() {
    return {
        {400, R"({"object":"error","message":"No such tool","type":"BadRequestError","code":400})",
         invalid_argument, false, "local refuses the request (400): No such tool"},
        {401, R"({"error":"Unauthorized"})", unauthenticated, false,
         "local does not accept the key (401); set its `api_key` under `providers:`: Unauthorized"},
        {402, R"({"error":{"code":402,"message":"Insufficient credits"}})", resource_exhausted,
         false, "local says the account's quota is spent (402): Insufficient credits"},
        {403, R"({"error":{"code":403,"message":"Moderated"}})", unauthenticated, false, "(403)"},
        {404, R"({"object":"error","message":"The model `small` does not exist.","code":404})",
         invalid_argument, false, "local knows no such model or address (404): The model `small`"},
        {408, R"({"error":{"message":"Timed out","code":408}})", unavailable, true, "(408)"},
        {409, R"({"detail":"Conflict"})", unavailable, true, "(409): Conflict"},
        {413, R"({"error":{"message":"Too large"}})", invalid_argument, false, "(413)"},
        {422, R"({"detail":[{"loc":["body","messages"],"msg":"Field required"}]})",
         invalid_argument, false, "Field required"},
        {429, R"({"error":{"message":"Slow down","type":"tokens"}})", resource_exhausted, true,
         "local limits the rate of requests (429): Slow down"},
        {429, R"({"error":{"message":"No money","type":"insufficient_balance"}})",
         resource_exhausted, false, "says the account's quota is spent (429)"},
        {500, "Internal Server Error", unavailable, true, "(500): Internal Server Error"},
        {503, R"({"error":{"code":503,"message":"Loading model","type":"unavailable_error"}})",
         unavailable, true, "local cannot answer now (503): Loading model"},
        {529, R"({"error":{"message":"Overloaded"}})", resource_exhausted, true, "(529)"}};
}

/// The requests that the questions become, by Chat Completions.
void set_chat_requests(OpenAiApi& api) {
    api.image_request = Json::parse(R"({"model":"small","messages":[
        {"role":"system","content":"Short."},
        {"role":"user","content":[{"type":"text","text":"What is it?"},
            {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw0="}}]}]})");
    api.structured_request = Json::parse(R"({"model":"small","temperature":0,"max_tokens":16,
        "messages":[{"role":"system","content":"Short."},
                    {"role":"user","content":"Capital of France?"}],
        "response_format":{"type":"json_schema","json_schema":{"name":"response","strict":true,
            "schema":{"type":"object","properties":{"capital":{"type":"string"}},
                      "required":["capital"]}}}})");
    api.tool_request = Json::parse(R"({"model":"small","messages":[
        {"role":"user","content":"Where is Paris?"},
        {"role":"assistant","content":null,"tool_calls":[{"id":"call_0","type":"function",
            "function":{"name":"find","arguments":"{\"city\":\"Paris\"}"}}]},
        {"role":"tool","tool_call_id":"call_0","content":"48.9 north"}],
        "tools":[{"type":"function","function":{"name":"find","description":"Finds a city.",
            "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}}]})");
}

OpenAiApi chat_api(std::string name, std::string kind) {
    OpenAiApi api{.name = std::move(name),
                  .kind = std::move(kind),
                  .base = "/v1",
                  .target = "/v1/chat/completions",
                  .key_header = "authorization",
                  .key = fmt::format("Bearer {}", k_canary),
                  .bodies = chat_bodies(),
                  .errors = openai_errors()};
    set_chat_requests(api);
    return api;
}

OpenAiApi responses_api() {
    OpenAiApi api = chat_api("openai", "openai");
    api.own = {{"api", "responses"}};
    api.target = "/v1/responses";
    api.bodies = responses_bodies();
    api.image_request = Json::parse(R"({"model":"small","store":false,"instructions":"Short.",
        "input":[{"role":"user","content":[{"type":"input_text","text":"What is it?"},
            {"type":"input_image","image_url":"data:image/png;base64,iVBORw0="}]}]})");
    api.structured_request = Json::parse(R"({"model":"small","store":false,"temperature":0,
        "max_output_tokens":16,"instructions":"Short.",
        "input":[{"role":"user","content":"Capital of France?"}],
        "text":{"format":{"type":"json_schema","name":"response","strict":true,
            "schema":{"type":"object","properties":{"capital":{"type":"string"}},
                      "required":["capital"]}}}})");
    api.tool_request = Json::parse(R"({"model":"small","store":false,"input":[
        {"role":"user","content":"Where is Paris?"},
        {"type":"function_call","call_id":"call_0","name":"find",
         "arguments":"{\"city\":\"Paris\"}"},
        {"type":"function_call_output","call_id":"call_0","output":"48.9 north"}],
        "tools":[{"type":"function","name":"find","description":"Finds a city.","strict":false,
            "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}]})");
    return api;
}

OpenAiApi azure_api(const std::string& version) {
    OpenAiApi api = chat_api("azure-openai", "azure-openai");
    api.own = {{"api_version", version}};
    api.base = "";
    api.key_header = "api-key";
    api.key = k_canary;
    api.errors = azure_errors();
    if (version == "v1") {
        api.target = "/openai/v1/chat/completions";
        return api;
    }
    api.target = "/openai/deployments/small/chat/completions?api-version=" + version;
    for (Json* body : {&api.image_request, &api.structured_request, &api.tool_request}) {
        body->erase("model");  // its place is the address
    }
    return api;
}

OpenAiApi compatible_api() {
    OpenAiApi api = chat_api("local", "openai-compatible");
    api.errors = compatible_errors();
    return api;
}

}  // namespace

const std::vector<OpenAiApi>& openai_apis() {
    static const std::vector<OpenAiApi> k_apis = {chat_api("openai", "openai"), responses_api(),
                                                  azure_api("2024-10-21"), azure_api("v1"),
                                                  compatible_api()};
    return k_apis;
}

}  // namespace assay::test
