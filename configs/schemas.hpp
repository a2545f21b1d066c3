#pragma once

#include <string_view>

namespace assay {

// The texts of configs/schemas, put into the program by embed_texts.cmake.
extern const std::string_view k_experiment_schema_json;
extern const std::string_view k_report_schema_json;

}  // namespace assay
