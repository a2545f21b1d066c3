#pragma once

#include <string>

namespace assay {

/// A seccomp filter for the sandbox, as bubblewrap's `--seccomp` reads it: the bytes of an array of
/// sock_filter. Everything is allowed but what an evaluator has no use for and attacks begin with:
/// io_uring, key rings, tracing other processes, namespaces, mounts, kernel modules, shared memory
/// that no limit counts, and system calls newer than the ones that were looked at.
/// @param network  false: no sockets at all but pairs. true: Internet sockets; never local ones,
///                 whose abstract names would reach the host's services.
[[nodiscard]] std::string seccomp_filter(bool network);

}  // namespace assay
