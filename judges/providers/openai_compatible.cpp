#include <utility>

#include "judges/providers/builtin.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/openai_formats.hpp"

namespace assay {
namespace {

Result<std::unique_ptr<Provider>> make_openai_compatible(ProviderSettings settings) {
    auto format = openai_chat_format({.base_url = settings.base_url}, settings.options);
    auto credentials = bearer_key(settings);
    return make_model_service({.settings = std::move(settings),
                               .format = std::move(format),
                               .credentials = std::move(credentials),
                               .key_variable = ""});
}

}  // namespace

const ProviderDefinition openai_compatible_definition{
    .id = "openai-compatible",
    .summary = "Any server that speaks OpenAI's Chat Completions; `base_url` says where it is.",
    .embeds = true,
    .make = &make_openai_compatible};

}  // namespace assay
