#include "server/api/error_body.hpp"

#include <array>
#include <utility>

namespace assay {
namespace {

/// How the contract calls a status, in the two shapes that name it.
struct StatusName {
    int status;
    std::string_view error;
    std::string_view code;
};

constexpr std::array k_names = {
    StatusName{400, "InvalidRequestError", "invalid_request"},
    StatusName{401, "UnauthorizedError", "authentication_failed"},
    StatusName{403, "ForbiddenError", "access_denied"},
    StatusName{404, "LangfuseNotFoundError", "resource_not_found"},
    StatusName{405, "MethodNotAllowedError", "method_not_allowed"},
    StatusName{409, "LangfuseConflictError", "conflict"},
    StatusName{413, "PayloadTooLargeError", "invalid_body"},
    StatusName{422, "PayloadTooLargeError", "invalid_body"},
    StatusName{429, "RateLimitError", "rate_limited"},
    StatusName{503, "ServiceUnavailable", "internal_error"},
};

StatusName name_of(int status) {
    for (const StatusName& name : k_names) {
        if (name.status == status) return name;
    }
    return status < 500 ? StatusName{status, "InvalidRequestError", "invalid_request"}
                        : StatusName{status, "InternalServerError", "internal_error"};
}

}  // namespace

int status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument: return 400;
        case ErrorCode::not_found: return 404;
        case ErrorCode::already_exists: return 409;
        case ErrorCode::resource_exhausted:
        case ErrorCode::unavailable:
        case ErrorCode::deadline_exceeded:
        case ErrorCode::cancelled: return 503;
        // The system or a provider refused us; that a caller may not do something is no Error.
        case ErrorCode::permission_denied:
        case ErrorCode::unauthenticated:
        case ErrorCode::data_loss:
        case ErrorCode::internal: return 500;
    }
    std::unreachable();
}

ApiResponse json_response(int status, const OrderedJson& body) {
    return {.status = status,
            .content_type = "application/json; charset=utf-8",
            .body = to_text(body),
            .headers = {}};
}

ApiResponse error_response(ErrorShape shape, int status, std::string_view message) {
    const StatusName name = name_of(status);
    switch (shape) {
        case ErrorShape::named:
            return json_response(status, {{"message", message}, {"error", name.error}});
        case ErrorShape::message: return json_response(status, {{"message", message}});
        case ErrorShape::error: return json_response(status, {{"error", message}});
        case ErrorShape::coded:
            return json_response(status, {{"message", message}, {"code", name.code}});
    }
    std::unreachable();
}

ApiResponse error_response(ErrorShape shape, const Error& error) {
    const int status = status_of(error.code);
    if (status == 500) return error_response(shape, status, "Internal Server Error");
    if (status != 503) return error_response(shape, status, error.message);
    ApiResponse response = error_response(shape, status, "The server cannot do this now");
    response.headers.emplace_back("Retry-After", "1");
    return response;
}

}  // namespace assay
