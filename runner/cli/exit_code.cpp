#include "runner/cli/exit_code.hpp"

#include <utility>

namespace assay {

ExitCode exit_code_for(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_argument:
        case ErrorCode::not_found:
        case ErrorCode::already_exists: return ExitCode::usage;
        case ErrorCode::permission_denied:
        case ErrorCode::unauthenticated:
        case ErrorCode::unavailable:
        case ErrorCode::deadline_exceeded:
        case ErrorCode::resource_exhausted:
        case ErrorCode::data_loss:
        case ErrorCode::internal: return ExitCode::incomplete;
        case ErrorCode::cancelled: return ExitCode::interrupted;
    }
    std::unreachable();
}

}  // namespace assay
