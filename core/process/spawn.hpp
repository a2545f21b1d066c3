#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/limits.hpp"

namespace assay {

/// A file descriptor that closes itself.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    FileDescriptor& operator=(FileDescriptor&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~FileDescriptor();

    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  private:
    int fd_ = -1;
};

/// A process that was just started, with our ends of its pipes. Whoever takes it kills and reaps.
struct SpawnedProcess {
    pid_t pid = -1;
    FileDescriptor exit;  ///< a pidfd: readable once the process has ended
    FileDescriptor input;
    FileDescriptor output;
    FileDescriptor errors;
};

struct ProcessOptions {
    std::vector<std::string> command;  ///< at least one word; found through our PATH
    std::filesystem::path folder;      ///< working directory; "" = ours
    /// "NAME=value" each, instead of our environment.
    std::optional<std::vector<std::string>> environment;
    std::string handed_down;  ///< what it can read from descriptor 3, at most 4 kB; "" = no such
    std::size_t output_bytes_max = limits::k_program_line_bytes_max;
    std::size_t log_bytes_max = limits::k_program_log_bytes_max;
};

/// Starts a program in a new process group, with default signal handling and no descriptor of ours
/// but its pipes.
/// @error not_found, permission_denied, invalid_argument (no program there), resource_exhausted,
///        unavailable; with the remedy.
[[nodiscard]] Result<SpawnedProcess> spawn(const ProcessOptions& options);

}  // namespace assay
