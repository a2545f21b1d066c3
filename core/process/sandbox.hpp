#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/limits.hpp"
#include "core/process/spawn.hpp"

namespace assay {

/// What a program in the sandbox may see and use. docs/sandbox.md says what it protects.
struct SandboxSpec {
    bool network = false;
    std::vector<std::filesystem::path> read;  ///< absolute; files and folders it may read
    std::vector<std::string> environment;     ///< names of our variables that it is given
    std::uint64_t memory_bytes = limits::k_sandbox_memory_bytes;
    std::chrono::milliseconds cpu = limits::k_sandbox_cpu;    ///< of one item
    std::chrono::milliseconds wall = limits::k_sandbox_wall;  ///< of one item
    int processes = limits::k_sandbox_processes;              ///< and threads, at a time
    std::uint64_t disk_bytes = limits::k_sandbox_disk_bytes;  ///< of the scratch folder
};

/// The program behind bubblewrap: no network, an empty environment, the system, the program's own
/// installation and its folder read-only, a scratch folder at /tmp, an unprivileged user, limits
/// and a system call filter. CPU and wall time of an item are for the caller to watch.
/// @param program  an absolute folder, and a command that is found through PATH or in the folder.
/// @error not_found when there is no such program or path; permission_denied when we are root and
///        the unprivileged user could not read the folder.
[[nodiscard]] Result<ProcessOptions> in_sandbox(const SandboxSpec& spec, ProcessOptions program);

/// Starts a sandbox and ends it (about 15 ms).
/// @error unavailable: why programs cannot be shut in here, and the remedy.
[[nodiscard]] Result<void> sandbox_available();

}  // namespace assay
