#pragma once

#include <string_view>

namespace assay {

// The tables as js-tiktoken has them; empty when the program was built without them.
extern const std::string_view k_cl100k_base_js;
extern const std::string_view k_o200k_base_js;

}  // namespace assay
