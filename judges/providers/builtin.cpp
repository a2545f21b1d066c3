#include "judges/providers/builtin.hpp"

#include <algorithm>

namespace assay {

const std::vector<const ProviderDefinition*>& builtin_providers() {
    static const std::vector<const ProviderDefinition*> k_definitions = {
#define ASSAY_PROVIDER(name) &name##_definition,
#include "judges/providers/builtin.def"
#undef ASSAY_PROVIDER
    };
    return k_definitions;
}

const ProviderDefinition* find_provider(std::string_view id) {
    const auto& all = builtin_providers();
    const auto found = std::ranges::find(all, id, &ProviderDefinition::id);
    return found == all.end() ? nullptr : *found;
}

}  // namespace assay
