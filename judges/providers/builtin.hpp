#pragma once

#include "judges/provider.hpp"

namespace assay {

// Each provider defines its `NAME_definition` in its own file; the list is builtin.def.
#define ASSAY_PROVIDER(name) extern const ProviderDefinition name##_definition;
#include "judges/providers/builtin.def"
#undef ASSAY_PROVIDER

}  // namespace assay
