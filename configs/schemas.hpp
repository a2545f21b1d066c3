#pragma once

#include <string_view>

namespace assay {

// Texts of this folder, put into the program by assay_embed_texts().
extern const std::string_view k_experiment_schema_json;
extern const std::string_view k_report_schema_json;
extern const std::string_view k_judge_attacks_yaml;
extern const std::string_view k_prices_json;

}  // namespace assay
