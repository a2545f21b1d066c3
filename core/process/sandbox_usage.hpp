#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "core/process/spawn.hpp"

namespace assay {

/// What a worker in a sandbox may use; 0 = no limit.
struct UsageLimits {
    std::chrono::milliseconds cpu{0};  ///< of one item, all processes together
    std::uint64_t memory_bytes = 0;    ///< of all processes together, at any time
    const char* item = "one item";     ///< what the CPU time is of, for messages
};

/// Reads from outside what the processes in a sandbox use. No control group is needed: a sandbox
/// has a /proc of its own that lists exactly its processes, and we look into that one.
class SandboxUsage {
  public:
    /// @param bubblewrap  the process that was started for the sandbox.
    explicit SandboxUsage(pid_t bubblewrap) : bubblewrap_(bubblewrap) {}

    /// Which limit is exceeded, in words; "" when none is, or when there is nothing to see yet.
    /// CPU time counts from the first look after begin_item().
    [[nodiscard]] std::string exceeded(const UsageLimits& limits);
    void begin_item() { cpu_before_.reset(); }

  private:
    struct Sample {
        std::chrono::milliseconds cpu{0};
        std::uint64_t memory_bytes = 0;
    };
    bool find();
    [[nodiscard]] Sample sample() const;
    [[nodiscard]] std::uint64_t private_bytes() const;
    [[nodiscard]] std::uint64_t scratch_files() const;

    pid_t bubblewrap_;
    FileDescriptor proc_;     ///< the sandbox's own /proc
    FileDescriptor scratch_;  ///< its /tmp
    std::optional<std::chrono::milliseconds> cpu_before_;
};

}  // namespace assay
