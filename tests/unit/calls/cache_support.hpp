#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>

#include "judges/provider.hpp"

namespace assay::test {

template <class T>
T value_of(Result<T> result) {
    if (!result) FAIL(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// A provider of ours as the program makes it; nothing is called.
inline std::unique_ptr<Provider> make_provider(std::string_view id, ProviderSettings settings) {
    return value_of(find_provider(id)->make(std::move(settings)));
}

inline std::unique_ptr<Provider> make_model() {
    ProviderSettings settings;
    settings.name = "openai";
    settings.api_key = Secret("sk-canary-11aa");
    settings.headers = {{"OpenAI-Project", Secret("project-canary-22bb")}};
    settings.options = {{"seed", 7}};
    return make_provider("openai", std::move(settings));
}

inline ProviderRequest make_question(
    const std::string& question = "Capital of Åland? \"quoted\"\n") {
    ProviderRequest request;
    request.model = "gpt-4.1-mini";
    request.messages = {{"system", "Answer with one word."}, {"user", question}};
    request.parameters = {{"temperature", 0.2}, {"max_tokens", 16}};
    request.repetition = 2;
    return request;
}

inline ProviderReply make_reply(const std::string& output = "Mariehamn") {
    ProviderReply reply;
    reply.output = output;
    reply.model = "gpt-4.1-mini-2025-04-14";
    reply.finish_reason = "stop";
    reply.usage = {{"input", 21}, {"output", 3}, {"total", 24}};
    reply.cost = 13'200;
    return reply;
}

}  // namespace assay::test
