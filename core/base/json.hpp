#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/limits.hpp"

namespace assay {

/// JSON values. Object keys are sorted, so the same value always gives the same bytes.
using Json = nlohmann::json;
/// JSON whose keys stay in the order they were written: reports, for people's eyes.
using OrderedJson = nlohmann::ordered_json;

struct JsonLimits {
    std::size_t depth_max = limits::k_json_depth_max;
    bool allow_duplicate_keys = true;  ///< when allowed, the last one wins
};

/// Parses one JSON text.
///
/// @error invalid_argument for a syntax error (with line and column, counted from 1), nesting
///        deeper than the limit, bytes that are not UTF-8, an integer beyond 64 bits (it would
///        silently become a rounded double) or, when refused, a duplicate key.
[[nodiscard]] Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

/// Why a text is not JSON, and where. Line and column count from 1; 0 = unknown.
struct JsonError {
    std::size_t line = 0;
    std::size_t column = 0;
    std::string message;
};

/// parse_json() for callers whose text is a part of a file: they name the place themselves.
[[nodiscard]] std::expected<Json, JsonError> parse_json_part(std::string_view text,
                                                             const JsonLimits& limits = {});

/// Compact JSON text. Never throws: bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string to_text(const Json& value);
[[nodiscard]] std::string to_text(const OrderedJson& value);
/// The same, indented by two spaces and ended by a newline.
[[nodiscard]] std::string to_pretty_text(const Json& value);
[[nodiscard]] std::string to_pretty_text(const OrderedJson& value);

/// A string as it is, anything else as compact JSON: how a value enters a prompt or a comparison
/// of text.
[[nodiscard]] std::string as_text(const Json& value);
/// The same without copying a string: a view of it, or of `scratch`, which holds other values.
[[nodiscard]] std::string_view as_text(const Json& value, std::string& scratch);

/// "a string", "an object", ...: how messages name a value's type.
[[nodiscard]] std::string_view type_phrase(const Json& value);

}  // namespace assay
