#include "judges/providers/anthropic_format.hpp"
#include "judges/providers/builtin.hpp"
#include "judges/providers/model_service.hpp"

namespace assay {
namespace {

constexpr std::string_view k_base_url = "https://api.anthropic.com";
constexpr std::string_view k_key_variable = "ANTHROPIC_API_KEY";

Result<std::unique_ptr<Provider>> make_anthropic(ProviderSettings settings) {
    if (settings.base_url.empty()) settings.base_url = k_base_url;
    auto format = std::make_unique<AnthropicFormat>(settings);
    auto key = header_key(settings, "x-api-key");
    return make_model_service({.settings = std::move(settings),
                               .format = std::move(format),
                               .credentials = std::move(key),
                               .key_variable = k_key_variable});
}

}  // namespace

const ProviderDefinition anthropic_definition{.id = "anthropic",
                                              .summary = "Anthropic's models by the Messages API.",
                                              .default_base_url = k_base_url,
                                              .api_key_variable = k_key_variable,
                                              .base_url_variable = "ANTHROPIC_BASE_URL",
                                              .key_required = true,
                                              .settings_schema = R"({
        "type": "object",
        "properties": {
            "version": {"type": "string", "description": "The API's version."},
            "beta": {"type": "array", "items": {"type": "string"},
                     "description": "Features in beta to turn on."},
            "structured_output": {"enum": ["native", "tool"],
                "description": "How a response schema is sent. Default: as the schema allows."}
        }
    })",
                                              .example_model = "claude-sonnet-4-5",
                                              .make = &make_anthropic};

}  // namespace assay
