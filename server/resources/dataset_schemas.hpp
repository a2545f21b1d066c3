#pragma once

#include <optional>
#include <string>

#include "core/base/json.hpp"
#include "evaluators/json_schema_validator.hpp"

namespace assay {

/// The JSON Schemas that the items of a dataset obey, as far as it has any.
class DatasetSchemas {
  public:
    /// @param input,expected_output  null = no schema.
    /// @error invalid_argument naming the schema and the place in it.
    static Result<DatasetSchemas> compile(const Json& input, const Json& expected_output);

    /// What is wrong with an item, in one sentence without an end; "" when nothing is.
    [[nodiscard]] std::string find_faults(const Json& input, const Json& expected_output) const;

    [[nodiscard]] bool is_empty() const { return !input_ && !expected_output_; }

  private:
    std::optional<JsonSchema> input_;
    std::optional<JsonSchema> expected_output_;
};

}  // namespace assay
