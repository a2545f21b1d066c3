#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.hpp"

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

/// Starts a program in a new process group, with default signal handling and no descriptor of ours
/// but its three pipes.
/// @error not_found, permission_denied, invalid_argument (no program there), resource_exhausted,
///        unavailable; with the remedy.
[[nodiscard]] Result<SpawnedProcess> spawn(const std::vector<std::string>& command,
                                           const std::filesystem::path& folder);

}  // namespace assay
