#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "server/api/http_message.hpp"

namespace assay {

/// Which of the contract's bodies an error has on a route.
enum class ErrorShape : std::uint8_t {
    named,    ///< {message, error: "LangfuseNotFoundError"}: most routes
    message,  ///< {message}: administration of projects, keys and organisations
    error,    ///< {error}: OpenTelemetry
    coded,    ///< {message, code}: evaluators, evaluation rules, what is unstable
};

/// The HTTP status of an error of ours.
[[nodiscard]] int status_of(ErrorCode code);
[[nodiscard]] ApiResponse json_response(int status, const OrderedJson& body);
[[nodiscard]] ApiResponse error_response(ErrorShape shape, int status, std::string_view message);
/// An error of ours on a route. What the sender can do nothing about is not told, only its kind.
[[nodiscard]] ApiResponse error_response(ErrorShape shape, const Error& error);

}  // namespace assay
