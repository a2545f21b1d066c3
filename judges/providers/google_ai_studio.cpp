#include <array>

#include "judges/providers/builtin.hpp"
#include "judges/providers/gemini_format.hpp"
#include "judges/providers/model_service.hpp"

namespace assay {
namespace {

constexpr std::string_view k_base_url = "https://generativelanguage.googleapis.com/v1beta";
constexpr std::string_view k_key_variable = "GEMINI_API_KEY";
constexpr std::string_view k_other_key_variable = "GOOGLE_API_KEY";
constexpr std::array k_variables = {k_other_key_variable};

/// Google's own programs read two names of the variable.
Secret key_of(const ProviderSettings& settings) {
    const auto other = settings.environment.find(k_other_key_variable);
    const bool takes_other = settings.api_key.empty() && other != settings.environment.end();
    return takes_other ? other->second : settings.api_key;
}

std::string missing_of_studio(const ProviderSettings& settings) {
    const bool is_default = settings.base_url.empty() || settings.base_url == k_base_url;
    if (!is_default || !key_of(settings).empty()) return "";
    return "a key: set GEMINI_API_KEY or name an `api_key` under `providers:`";
}

Result<std::unique_ptr<Provider>> make_google_ai_studio(ProviderSettings settings) {
    if (settings.base_url.empty()) settings.base_url = k_base_url;
    settings.api_key = key_of(settings);
    auto format = std::make_unique<GeminiFormat>(
        GeminiFormat::Address{.base_url = settings.base_url, .embeds = true}, settings);
    // In a header and not in the URL, where logs on the way would keep it.
    auto key = header_key(settings, "x-goog-api-key");
    return make_model_service({.settings = std::move(settings),
                               .format = std::move(format),
                               .credentials = std::move(key),
                               .key_variable = k_key_variable});
}

}  // namespace

const ProviderDefinition google_ai_studio_definition{
    .id = "google-ai-studio",
    .summary = "Google's Gemini models by the Gemini API, with a key of AI Studio.",
    .default_base_url = k_base_url,
    .api_key_variable = k_key_variable,
    .base_url_variable = "GOOGLE_GEMINI_BASE_URL",
    .variables = k_variables,
    .missing = &missing_of_studio,
    .embeds = true,
    .example_model = "gemini-2.5-flash",
    .make = &make_google_ai_studio};

}  // namespace assay
