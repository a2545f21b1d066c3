#pragma once

#include <filesystem>
#include <string>

#include "core/base/error.hpp"

namespace assay {

/// Says to every process that looks at a file that somebody works with what it stands for. The
/// kernel releases it when its process dies, however that happens, so a lock that is held means a
/// process that lives.
class FileLock {
  public:
    /// Makes the file, with missing folders, and writes our process id into it.
    /// @error already_exists when somebody has the lock, this process included;
    ///        permission_denied or resource_exhausted when the file cannot be written.
    static Result<FileLock> acquire(std::filesystem::path file);
    FileLock(FileLock&& other) noexcept;
    FileLock& operator=(FileLock&&) = delete;
    /// Removes the file and releases the lock.
    ~FileLock();

    [[nodiscard]] const std::filesystem::path& file() const { return file_; }

    /// Whether anybody has the lock, this process included.
    [[nodiscard]] static bool is_held(const std::filesystem::path& file);
    /// " (pid 123)", to be put behind a word for who has the lock; "" when it is not known.
    [[nodiscard]] static std::string holder(const std::filesystem::path& file);

  private:
    FileLock(std::filesystem::path file, int descriptor);
    /// Writes our process id into the file.
    Result<FileLock> sign() &&;

    std::filesystem::path file_;
    int descriptor_;  ///< -1 when moved from
};

}  // namespace assay
