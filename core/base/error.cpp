#include "core/base/error.hpp"

#include <cstdio>
#include <cstdlib>

namespace assay {

const char* to_string(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument: return "invalid_argument";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::already_exists: return "already_exists";
        case ErrorCode::permission_denied: return "permission_denied";
        case ErrorCode::unauthenticated: return "unauthenticated";
        case ErrorCode::unavailable: return "unavailable";
        case ErrorCode::deadline_exceeded: return "deadline_exceeded";
        case ErrorCode::resource_exhausted: return "resource_exhausted";
        case ErrorCode::data_loss: return "data_loss";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::internal: return "internal";
    }
    std::unreachable();
}

namespace detail {

void assertion_failed(const char* condition, const char* why, const std::source_location& where) {
    std::fprintf(stderr, "assay: internal error at %s:%u: %s (%s)\n", where.file_name(),
                 where.line(), why, condition);
    std::abort();
}

}  // namespace detail
}  // namespace assay
