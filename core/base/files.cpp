#include "core/base/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr int k_temporary_names_max = 1000;

}  // namespace

Error file_error(int error_number, std::string_view doing, const fs::path& path) {
    const std::string what = fmt::format("cannot {} {}", doing, path.string());
    switch (error_number) {
        case ENOENT: return {ErrorCode::not_found, what + ": there is no such file"};
        case ENOTDIR: return {ErrorCode::not_found, what + ": a part of the path is not a folder"};
        case EISDIR: return {ErrorCode::invalid_argument, what + ": it is a folder, not a file"};
        case EACCES:
        case EPERM:
            return {ErrorCode::permission_denied, what +
                                                      ": permission denied; check the file's "
                                                      "owner and mode"};
        case EROFS: return {ErrorCode::permission_denied, what + ": the file system is read-only"};
        case ENOSPC:
        case EDQUOT:
            return {ErrorCode::resource_exhausted, what +
                                                       ": the disk is full; free some space "
                                                       "and run again"};
        case EFBIG:
            return {ErrorCode::resource_exhausted, what + ": the file would exceed the size limit"};
        default: return {ErrorCode::unavailable, what + ": " + std::strerror(error_number)};
    }
}

Result<std::string> read_file(const fs::path& path, std::uint64_t bytes_max) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               &std::fclose);
    if (!file) return std::unexpected(file_error(errno, "read", path));
    std::string content;
    std::string chunk(64U << 10U, '\0');
    while (true) {
        const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), file.get());
        if (count == 0 && std::ferror(file.get()) != 0) {
            return std::unexpected(file_error(errno, "read", path));
        }
        if (count == 0) return content;
        content.append(chunk, 0, count);
        if (content.size() > bytes_max) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("{} is larger than {} MB, the most this kind of file may "
                                       "have",
                                       path.string(), bytes_max >> 20U));
        }
    }
}

Result<AtomicFileWriter> AtomicFileWriter::create(const fs::path& path) {
    std::error_code error;
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
    if (error) return std::unexpected(file_error(error.value(), "create the folder of", path));
    // Another writer may have our process id: a thread of ours, or a process in another container.
    for (int attempt = 0;; ++attempt) {
        fs::path temporary = path;
        temporary += fmt::format(".{}.{}.tmp", ::getpid(), attempt);
        std::FILE* const file = std::fopen(temporary.c_str(), "wbx");
        if (file != nullptr) return AtomicFileWriter(path, std::move(temporary), file);
        if (errno != EEXIST || attempt >= k_temporary_names_max) {
            return std::unexpected(file_error(errno, "write", path));
        }
    }
}

AtomicFileWriter& AtomicFileWriter::operator=(AtomicFileWriter&& other) noexcept {
    discard();
    path_ = std::move(other.path_);
    temporary_ = std::move(other.temporary_);
    file_ = std::move(other.file_);
    return *this;
}

AtomicFileWriter::~AtomicFileWriter() { discard(); }

void AtomicFileWriter::discard() noexcept {
    if (!file_) return;
    file_.reset();
    (void)::unlink(temporary_.c_str());  // best effort: the file is ours and incomplete
}

Result<void> AtomicFileWriter::write(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size()) return {};
    return std::unexpected(file_error(errno, "write", path_));
}

Result<void> AtomicFileWriter::commit(Durability durability) {
    const bool flushed = std::fflush(file_.get()) == 0 &&
                         (durability == Durability::none || ::fsync(::fileno(file_.get())) == 0);
    const int flush_error = errno;
    if (!flushed) {
        discard();
        return std::unexpected(file_error(flush_error, "write", path_));
    }
    if (std::fclose(file_.release()) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
        const int error = errno;
        (void)::unlink(temporary_.c_str());
        return std::unexpected(file_error(error, "write", path_));
    }
    return {};
}

Result<void> write_file_atomically(const fs::path& path, std::string_view content,
                                   Durability durability) {
    ASSAY_TRY(AtomicFileWriter writer, AtomicFileWriter::create(path));
    ASSAY_CHECK(writer.write(content));
    return writer.commit(durability);
}

Result<LineReader> LineReader::open(const fs::path& path, std::size_t line_bytes_max) {
    std::FILE* const file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return std::unexpected(file_error(errno, "read", path));
    LineReader reader(path, file, line_bytes_max);
    struct stat status{};
    if (::fstat(::fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
        return std::unexpected(file_error(EISDIR, "read", path));
    }
    ASSAY_TRY(const bool more, reader.fill());
    if (more && reader.buffer_.starts_with("\xEF\xBB\xBF")) reader.begin_ = 3;
    return reader;
}

Result<bool> LineReader::fill() {
    if (at_end_) return false;
    buffer_.erase(0, begin_);
    begin_ = 0;
    const std::size_t old_size = buffer_.size();
    buffer_.resize(old_size + (256U << 10U));
    const std::size_t count =
        std::fread(buffer_.data() + old_size, 1, buffer_.size() - old_size, file_.get());
    buffer_.resize(old_size + count);
    if (count == 0) {
        if (std::ferror(file_.get()) != 0) return std::unexpected(file_error(errno, "read", path_));
        at_end_ = true;
    }
    return count > 0;
}

Result<std::optional<LineReader::Line>> LineReader::next() {
    std::size_t searched = 0;
    while (true) {
        const std::size_t end = buffer_.find('\n', begin_ + searched);
        const bool found = end != std::string::npos;
        const std::size_t length = (found ? end : buffer_.size()) - begin_;
        if (length > line_bytes_max_) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("{}:{}: the line is longer than {} MB", path_.string(),
                                       number_ + 1, line_bytes_max_ >> 20U));
        }
        if (found || at_end_) {
            if (!found && length == 0) return std::nullopt;
            Line line{std::string_view(buffer_).substr(begin_, length), ++number_};
            if (line.text.ends_with('\r')) line.text.remove_suffix(1);
            begin_ += length + (found ? 1 : 0);
            return line;
        }
        searched = length;
        ASSAY_CHECK(fill());
    }
}

}  // namespace assay
