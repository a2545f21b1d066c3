#include "evaluators/json_schema_validator.hpp"

#include "core/base/json.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

/// A schema, a newline and an instance.
void fuzz_json_schema(std::string_view bytes) {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const auto schema = parse_json(bytes.substr(0, end));
    if (!schema) return;
    const auto compiled = JsonSchema::compile(*schema);
    if (!compiled) return;
    const auto instance = parse_json(bytes.substr(end));
    const auto violations = compiled->validate(instance ? *instance : *schema, 3);
    if (!violations) return;
    ASSAY_ASSERT(violations->size() <= 3, "no more than was asked for");
    for (const JsonSchema::Violation& violation : *violations) (void)to_string(violation);
}

}  // namespace assay::test
