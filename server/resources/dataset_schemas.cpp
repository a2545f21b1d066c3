#include "server/resources/dataset_schemas.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace assay {
namespace {

constexpr std::size_t k_faults_told_max = 5;

Result<std::optional<JsonSchema>> compile_one(std::string_view name, const Json& schema) {
    if (schema.is_null()) return std::nullopt;
    auto compiled = JsonSchema::compile(schema);
    if (compiled) return std::optional(std::move(*compiled));
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("{} is no JSON Schema that can be used: {}", name, compiled.error().message));
}

void tell_faults(std::string_view name, const std::optional<JsonSchema>& schema, const Json& value,
                 std::string& faults) {
    if (!schema) return;
    const auto tell = [&](std::string_view fault) {
        fmt::format_to(std::back_inserter(faults), "{}{} {}", faults.empty() ? "" : "; ", name,
                       fault);
    };
    const auto violations = schema->validate(value, k_faults_told_max);
    if (!violations) return tell(violations.error().message);
    for (const JsonSchema::Violation& violation : *violations) tell(to_string(violation));
}

}  // namespace

Result<DatasetSchemas> DatasetSchemas::compile(const Json& input, const Json& expected_output) {
    DatasetSchemas schemas;
    ASSAY_TRY(schemas.input_, compile_one("inputSchema", input));
    ASSAY_TRY(schemas.expected_output_, compile_one("expectedOutputSchema", expected_output));
    return schemas;
}

std::string DatasetSchemas::find_faults(const Json& input, const Json& expected_output) const {
    std::string faults;
    tell_faults("input", input_, input, faults);
    tell_faults("expectedOutput", expected_output_, expected_output, faults);
    return faults;
}

}  // namespace assay
