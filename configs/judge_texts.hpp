#pragma once

#include <string_view>

namespace assay {

// The texts of configs/judges, put into the program by assay_embed_texts().
#define ASSAY_JUDGE_TEMPLATE(name) extern const std::string_view k_##name##_yaml;
#include "configs/judges/builtin.def"
#undef ASSAY_JUDGE_TEMPLATE

}  // namespace assay
