#include "judges/providers/builtin.hpp"
#include "judges/providers/openai_chat.hpp"

namespace assay {
namespace {

constexpr std::string_view k_base_url = "https://api.openai.com/v1";
constexpr std::string_view k_key_variable = "OPENAI_API_KEY";

Result<std::unique_ptr<Provider>> make_openai(ProviderSettings settings) {
    if (settings.base_url.empty()) settings.base_url = k_base_url;
    return make_openai_chat(std::move(settings), k_key_variable);
}

}  // namespace

const ProviderDefinition openai_definition{.id = "openai",
                                           .summary = "OpenAI's models by Chat Completions.",
                                           .default_base_url = k_base_url,
                                           .api_key_variable = k_key_variable,
                                           .base_url_variable = "OPENAI_BASE_URL",
                                           .key_required = true,
                                           .make = &make_openai};

}  // namespace assay
