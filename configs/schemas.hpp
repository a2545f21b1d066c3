#pragma once

#include <string_view>

namespace assay {

// The texts of configs/schemas, put into the program by assay_embed_texts().
extern const std::string_view k_experiment_schema_json;
extern const std::string_view k_report_schema_json;

}  // namespace assay
