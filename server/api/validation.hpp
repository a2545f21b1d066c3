#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "server/api/http_message.hpp"

namespace assay {

/// What is wrong with one part of what was sent, in the terms of the contract's validation errors.
struct Invalid {
    std::string code;        ///< "invalid_type", "invalid_value", "too_big", "custom", ...
    std::vector<Json> path;  ///< of the part: names and indexes; empty = the whole
    std::string message;     ///< for the sender
};

/// A value of another type than the one wanted; no value at all when `received` is null.
/// @param expected  "string", "number", "array", ...
[[nodiscard]] Invalid wrong_type(std::vector<Json> path, std::string_view expected,
                                 const Json& received);

/// 400 {message: "Invalid request data", <key>: [{code, path, message}]}.
/// @param key  "error", but "errors" for a batch.
[[nodiscard]] ApiResponse invalid_data(std::span<const Invalid> faults,
                                       std::string_view key = "error");
[[nodiscard]] ApiResponse invalid_data(const Invalid& fault, std::string_view key = "error");

}  // namespace assay
