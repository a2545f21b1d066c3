#include "server/store/run_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <string>
#include <utility>

#include "core/base/files.hpp"
#include "core/base/hash.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t k_name_characters_max = 128;

/// An id is any text; one that is no plain file name is replaced by its hash.
std::string file_name(const std::string& id) {
    const bool is_plain = !id.empty() && id.size() <= k_name_characters_max &&
                          std::ranges::all_of(id, [](unsigned char character) {
                              return std::isalnum(character) != 0 || character == '-';
                          });
    return is_plain ? id : sha256_hex(id);
}

fs::path lock_file(const RunLock::Place& place) {
    return place.store / "runs" / file_name(place.project.value()) /
           (file_name(place.run.value()) + ".lock");
}

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

/// Why the lock was not given. Whoever has it wrote its process id into the file.
Error refusal(int cause, const fs::path& file, int descriptor, const RunId& run) {
    if (cause != EAGAIN && cause != EACCES) return file_error(cause, "lock", file);
    std::array<char, 16> text{};
    const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
    const std::string who =
        size > 0 ? fmt::format(" (pid {})",
                               std::string_view(text.data(), static_cast<std::size_t>(size)))
                 : "";
    return {ErrorCode::already_exists,
            fmt::format("run {} is being executed by another process{}; wait for it to end",
                        run.value(), who)};
}

}  // namespace

RunLock::RunLock(fs::path file, int descriptor) : file_(std::move(file)), descriptor_(descriptor) {}

RunLock::RunLock(RunLock&& other) noexcept
    : file_(std::move(other.file_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

RunLock::~RunLock() {
    if (descriptor_ < 0) return;
    (void)::unlink(file_.c_str());  // a file that stays is in nobody's way
    (void)::close(descriptor_);     // releases the lock whatever it returns
}

Result<RunLock> RunLock::acquire(const Place& place) {
    const fs::path file = lock_file(place);
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
            Error refused = refusal(errno, file, descriptor, place.run);
            (void)::close(descriptor);
            return std::unexpected(std::move(refused));
        }
        if (is_at(file, descriptor)) return RunLock(file, descriptor).sign();
        (void)::close(descriptor);
    }
}

Result<RunLock> RunLock::sign() && {
    const std::string pid = std::to_string(::getpid());
    const bool written =
        ::ftruncate(descriptor_, 0) == 0 &&
        ::pwrite(descriptor_, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
    if (!written) return std::unexpected(file_error(errno, "write", file_));
    return std::move(*this);
}

fs::path RunLock::beside(std::string_view extension) const {
    return fs::path(file_).replace_extension(extension);
}

bool RunLock::is_held(const Place& place) {
    const int descriptor = ::open(lock_file(place).c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return false;
    struct flock lock = whole_file();
    const bool known = ::fcntl(descriptor, F_OFD_GETLK, &lock) == 0;
    (void)::close(descriptor);
    return known && lock.l_type != F_UNLCK;
}

}  // namespace assay
