#include <array>
#include <utility>

#include "judges/providers/builtin.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/openai_formats.hpp"
#include "judges/providers/reply_json.hpp"

// Source: Azure OpenAI in Azure AI Foundry Models, REST API reference, 2025.

namespace assay {
namespace {

constexpr std::string_view k_key_variable = "AZURE_OPENAI_API_KEY";
constexpr std::string_view k_version_variable = "OPENAI_API_VERSION";
constexpr std::array k_variables = {k_version_variable};
/// The newest dated version of the inference API that is no preview.
constexpr std::string_view k_default_version = "2024-10-21";
constexpr std::string_view k_unversioned = "v1";
constexpr std::string_view k_settings_schema = R"({
    "type": "object",
    "properties": {
        "api_version": {"type": "string", "description":
            "A version's date; or v1, and the model stands in the request and not in its address."}
    }
})";

/// What stands before /openai in the addresses: portals show it with and without what follows.
std::string_view resource_of(std::string_view base_url) {
    for (const std::string_view end : {"/", "/v1", "/", "/openai", "/"}) {
        while (base_url.ends_with(end)) base_url.remove_suffix(end.size());
    }
    return base_url;
}

std::string api_version_of(const ProviderSettings& settings) {
    const std::string& own = text_member(settings.own, "api_version");
    if (!own.empty()) return own;
    const auto variable = settings.environment.find(k_version_variable);
    const bool is_set = variable != settings.environment.end() && !variable->second.empty();
    return is_set ? variable->second.reveal() : std::string(k_default_version);
}

std::string missing_in(const ProviderSettings& settings) {
    if (settings.base_url.empty()) {
        return "the address of its resource: set AZURE_OPENAI_ENDPOINT or name a `base_url`, e.g. "
               "https://NAME.openai.azure.com";
    }
    const bool has_key = !settings.api_key.empty() || !settings.headers.empty();
    return has_key ? "" : "a key: set AZURE_OPENAI_API_KEY or name an `api_key` under `providers:`";
}

Result<std::unique_ptr<Provider>> make_azure_openai(ProviderSettings settings) {
    const std::string version = api_version_of(settings);
    settings.own["api_version"] = version;  // whatever says so: the identity tells it
    const bool is_unversioned = version == k_unversioned;
    const std::string_view path = is_unversioned ? "/openai/v1" : "/openai";
    OpenAiAddress address{.base_url = join_url(resource_of(settings.base_url), path),
                          .api_version = is_unversioned ? "" : version,
                          .has_model_in_path = !is_unversioned,
                          .base_url_end = ".openai.azure.com"};
    auto format = openai_chat_format(std::move(address), settings.options);
    auto credentials = header_key(settings, "api-key");
    return make_model_service({.settings = std::move(settings),
                               .format = std::move(format),
                               .credentials = std::move(credentials),
                               .key_variable = k_key_variable});
}

}  // namespace

const ProviderDefinition azure_openai_definition{
    .id = "azure-openai",
    .summary = "OpenAI's models in a resource of yours at Azure; a model is a deployment's name.",
    .api_key_variable = k_key_variable,
    .base_url_variable = "AZURE_OPENAI_ENDPOINT",
    .key_required = true,
    .variables = k_variables,
    .settings_schema = k_settings_schema,
    .missing = &missing_in,
    .embeds = true,
    .example_model = "my-gpt-4.1-mini",
    .make = &make_azure_openai};

}  // namespace assay
