#include "configs/schemas.hpp"

#include "configs/load_spec.hpp"

namespace assay {

std::string_view experiment_schema_text() { return k_experiment_schema_json; }
std::string_view report_schema_text() { return k_report_schema_json; }

}  // namespace assay
