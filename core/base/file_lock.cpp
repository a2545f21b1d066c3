#include "core/base/file_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/base/files.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::uint64_t k_process_id_bytes_max = 16;

/// Locks of this kind belong to the open file, so that another object in the same process is
/// refused like another process, and closing some other descriptor does not release them.
struct flock whole_file() {
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return lock;
}

/// Whether the name still leads to the file that is open: whoever had the lock before removed it.
bool is_at(const fs::path& file, int descriptor) {
    struct stat named{};
    struct stat opened{};
    return ::stat(file.c_str(), &named) == 0 && ::fstat(descriptor, &opened) == 0 &&
           named.st_ino == opened.st_ino && named.st_dev == opened.st_dev;
}

/// Why the lock was not given.
Error refusal(int cause, const fs::path& file) {
    if (cause != EAGAIN && cause != EACCES) return file_error(cause, "lock", file);
    return {ErrorCode::already_exists, fmt::format("{} is locked by another process{}",
                                                   file.string(), FileLock::holder(file))};
}

}  // namespace

FileLock::FileLock(fs::path file, int descriptor)
    : file_(std::move(file)), descriptor_(descriptor) {}

FileLock::FileLock(FileLock&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
    if (descriptor_ < 0) return;
    (void)::unlink(file_.c_str());  // a file that stays is in nobody's way
    (void)::close(descriptor_);     // releases the lock whatever it returns
}

Result<FileLock> FileLock::acquire(fs::path file) {
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    if (error) {
        return std::unexpected(file_error(error.value(), "create the folder", file.parent_path()));
    }
    while (true) {
        const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (descriptor < 0) return std::unexpected(file_error(errno, "open", file));
        struct flock lock = whole_file();
        if (::fcntl(descriptor, F_OFD_SETLK, &lock) != 0) {
            Error refused = refusal(errno, file);
            (void)::close(descriptor);
            return std::unexpected(std::move(refused));
        }
        if (is_at(file, descriptor)) return FileLock(std::move(file), descriptor).sign();
        (void)::close(descriptor);
    }
}

Result<FileLock> FileLock::sign() && {
    const std::string pid = std::to_string(::getpid());
    const bool written =
        ::ftruncate(descriptor_, 0) == 0 &&
        ::pwrite(descriptor_, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
    if (!written) return std::unexpected(file_error(errno, "write", file_));
    return std::move(*this);
}

bool FileLock::is_held(const fs::path& file) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    struct flock lock = whole_file();
    const bool known = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
    (void)::close(descriptor);
    return known && lock.l_type != F_UNLCK;
}

std::string FileLock::holder(const fs::path& file) {
    const auto pid = read_file(file, k_process_id_bytes_max);
    const bool is_number =
        pid && !pid->empty() && pid->find_first_not_of("0123456789") == std::string::npos;
    return is_number ? fmt::format(" (pid {})", *pid) : "";
}

}  // namespace assay
