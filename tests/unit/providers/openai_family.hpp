#pragma once

#include <string>
#include <vector>

#include "tests/unit/providers/chat_model.hpp"

namespace assay::test {

/// Answers of one API that mean the same in each.
struct ApiBodies {
    std::string text;           ///< "Paris" of the model "small-1", its usage 20 + 5
    std::string tool_call;      ///< find({"city": "Paris"}) with the id "call_1"
    std::string refusal;        ///< "I cannot help with that."
    std::string length;         ///< "Par", cut at a length limit
    std::string filtered;       ///< "Par", cut by a content filter
    std::string structured;     ///< {"capital": "Paris"}
    std::string usage;          ///< input 20 + 80 cached, output 20 + 30 reasoning
    std::string thoughts;       ///< "4" with the reasoning "2 and 2"
    std::string stream;         ///< `text` in pieces
    std::string broken_stream;  ///< an error after a piece of the text: "overloaded"
};

/// What a server says when it does not answer, and what it comes to.
struct ApiError {
    int status;
    std::string body;
    ErrorCode code;
    bool retryable;
    std::string said;  ///< in the message
};

/// One of the APIs that are OpenAI's or follow it, and how it is reached.
struct OpenAiApi {
    std::string name;  ///< for messages
    std::string kind;
    Json own = Json::object();
    std::string base;  ///< path of the base URL
    std::string target;
    std::string key_header;
    std::string key;  ///< its value
    ApiBodies bodies;
    std::vector<ApiError> errors;
    Json image_request;       ///< to the question of image_question()
    Json structured_request;  ///< to that of structured_question()
    Json tool_request;        ///< to that of tool_question()

    [[nodiscard]] ProviderSettings settings() const {
        ProviderSettings settings;
        settings.own = own;
        return settings;
    }
};

[[nodiscard]] const std::vector<OpenAiApi>& openai_apis();

inline ProviderRequest image_question() {
    ProviderRequest request{.model = "small"};
    request.messages = {
        {"system", "Short."},
        {"user",
         Json::array({{{"type", "text"}, {"text", "What is it?"}},
                      {{"type", "image"}, {"media_type", "image/png"}, {"data", "iVBORw0="}}})}};
    return request;
}

inline ProviderRequest structured_question() {
    ProviderRequest request = question();
    request.parameters = {{"temperature", 0}, {"max_tokens", 16}};
    request.response_schema = Json::parse(
        R"({"type":"object","properties":{"capital":{"type":"string"}},"required":["capital"]})");
    return request;
}

/// A conversation in which a tool was called, and that offers it again.
inline ProviderRequest tool_question() {
    ProviderRequest request{.model = "small"};
    request.messages = {
        {"user", "Where is Paris?"},
        {"assistant", Json::array({{{"type", "tool_call"},
                                    {"id", "call_0"},
                                    {"name", "find"},
                                    {"arguments", {{"city", "Paris"}}}}})},
        {"tool",
         Json::array({{{"type", "tool_result"}, {"id", "call_0"}, {"content", "48.9 north"}}})}};
    request.tools = Json::parse(R"([{"name":"find","description":"Finds a city.",
        "parameters":{"type":"object","properties":{"city":{"type":"string"}}}}])");
    return request;
}

}  // namespace assay::test
