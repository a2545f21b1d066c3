#pragma once

#include <string_view>

namespace assay {

// The files of runner/cli/init, put into the program by assay_embed_texts().
extern const std::string_view k_reviews_eval_yaml;
extern const std::string_view k_reviews_jsonl;
extern const std::string_view k_eval_yml;

}  // namespace assay
