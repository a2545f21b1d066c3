#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/json.hpp"

namespace assay {

/// A compiled JSON Schema, draft 7 or 2020-12 (chosen by `$schema`; 2020-12 when absent). Ours,
/// because the packaged C++ validators evaluate `pattern` with std::regex, which hostile input can
/// take down. Remote `$ref`s are never fetched; the drafts' own schemas of schemas are built in.
/// `format` and the `content...` keywords are annotations, as 2020-12 has it: they assert nothing.
/// `pattern` is ECMA-262 as far as RE2 can express it. Immutable, safe to use from several threads.
class JsonSchema {
  public:
    /// One violation.
    struct Violation {
        /// JSON pointer into the instance, "" = the whole. Of an unknown or missing property, it
        /// is the object's.
        std::string pointer;
        std::string keyword;   ///< "type", "additionalProperties", ...
        std::string message;   ///< "must be a string", without the place
        std::string property;  ///< the property an object has too many of or lacks, else ""
        std::vector<std::string> known;  ///< for an unknown property: the names that exist here
    };

    /// @error invalid_argument naming the place in the schema: a keyword of the wrong type, an
    ///        invalid pattern, a `$ref` that leads nowhere or to another document, another draft;
    ///        nesting deeper than limits::k_json_depth_max.
    static Result<JsonSchema> compile(const Json& schema);

    /// The violations, at most `violations_max` (at least 1) and about a megabyte, in the order of
    /// the instance. Empty: the instance is valid. Of the branches of an `anyOf` or `oneOf` that
    /// all fail, the violations of the one that got furthest are given.
    /// @error resource_exhausted when the schema recurses beyond limits::k_json_schema_depth_max or
    ///        takes more than limits::k_json_schema_steps_max steps.
    [[nodiscard]] Result<std::vector<Violation>> validate(const Json& instance,
                                                          std::size_t violations_max = 100) const;

    JsonSchema(JsonSchema&&) noexcept;
    JsonSchema& operator=(JsonSchema&&) noexcept;
    ~JsonSchema();

  private:
    struct State;
    explicit JsonSchema(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// "$.items[2].name: must be a string", for comments and messages.
[[nodiscard]] std::string to_string(const JsonSchema::Violation& violation);

}  // namespace assay
