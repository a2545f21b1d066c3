#include <utility>

#include "judges/providers/builtin.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/openai_formats.hpp"
#include "judges/providers/reply_json.hpp"

namespace assay {
namespace {

constexpr std::string_view k_base_url = "https://api.openai.com/v1";
constexpr std::string_view k_key_variable = "OPENAI_API_KEY";
constexpr std::string_view k_settings_schema = R"({
    "type": "object",
    "properties": {
        "api": {"enum": ["chat", "responses"], "description":
            "Which of OpenAI's APIs is used: Chat Completions (the default) or Responses."}
    }
})";

Result<std::unique_ptr<Provider>> make_openai(ProviderSettings settings) {
    if (settings.base_url.empty()) settings.base_url = k_base_url;
    const OpenAiAddress address{.base_url = settings.base_url};
    const bool is_responses = text_member(settings.own, "api") == "responses";
    auto format = is_responses ? openai_responses_format(address, settings.options)
                               : openai_chat_format(address, settings.options);
    auto credentials = bearer_key(settings);
    return make_model_service({.settings = std::move(settings),
                               .format = std::move(format),
                               .credentials = std::move(credentials),
                               .key_variable = k_key_variable});
}

}  // namespace

const ProviderDefinition openai_definition{
    .id = "openai",
    .summary = "OpenAI's models by Chat Completions, or by Responses with `api: responses`.",
    .default_base_url = k_base_url,
    .api_key_variable = k_key_variable,
    .base_url_variable = "OPENAI_BASE_URL",
    .key_required = true,
    .settings_schema = k_settings_schema,
    .embeds = true,
    .example_model = "gpt-4.1-mini",
    .make = &make_openai};

}  // namespace assay
