#pragma once

#include "core/base/error.hpp"

namespace assay {

/// The exit codes of SPEC section 2.
enum class ExitCode : int {
    ok = 0,
    gate_failed = 1,
    usage = 2,
    undecided = 3,
    incomplete = 4,
    interrupted = 130,
};

/// What a command that failed with this error ends with.
[[nodiscard]] ExitCode exit_code_for(ErrorCode code);

}  // namespace assay
