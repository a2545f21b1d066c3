#include "judges/providers/builtin.hpp"
#include "judges/providers/openai_chat.hpp"

namespace assay {
namespace {

Result<std::unique_ptr<Provider>> make_openai_compatible(ProviderSettings settings) {
    return make_openai_chat(std::move(settings), "");
}

}  // namespace

const ProviderDefinition openai_compatible_definition{
    .id = "openai-compatible",
    .summary = "Any server that speaks OpenAI's Chat Completions; `base_url` says where it is.",
    .make = &make_openai_compatible};

}  // namespace assay
