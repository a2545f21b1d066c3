#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.hpp"

namespace assay {

/// The whole file.
/// @error not_found, permission_denied, or resource_exhausted when it is larger than `bytes_max`;
///        the message names the path and the remedy.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path,
                                            std::uint64_t bytes_max);

/// What a power loss right after writing may undo. `none` is for what can be made again and whose
/// reader notices damage: it is many times faster.
enum class Durability : std::uint8_t { synced, none };

/// Writes a file so that a reader sees the old content or the new, never a part: a temporary file
/// beside it (PATH.*.tmp), fsync, rename. Creates missing folders. Safe for several writers.
/// @error permission_denied, resource_exhausted (disk full) or unavailable, with the path.
[[nodiscard]] Result<void> write_file_atomically(const std::filesystem::path& path,
                                                 std::string_view content,
                                                 Durability durability = Durability::synced);

/// Writes a file piece by piece with the same promise: nothing is visible before commit().
class AtomicFileWriter {
  public:
    /// @error as write_file_atomically.
    static Result<AtomicFileWriter> create(const std::filesystem::path& path);
    AtomicFileWriter(AtomicFileWriter&&) noexcept = default;
    AtomicFileWriter& operator=(AtomicFileWriter&&) noexcept;
    ~AtomicFileWriter();

    [[nodiscard]] Result<void> write(std::string_view text);
    [[nodiscard]] Result<void> commit(Durability durability = Durability::synced);

  private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { (void)std::fclose(file); }
    };
    AtomicFileWriter(std::filesystem::path path, std::filesystem::path temporary, std::FILE* file)
        : path_(std::move(path)), temporary_(std::move(temporary)), file_(file) {}
    void discard() noexcept;

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    std::unique_ptr<std::FILE, Close> file_;
};

/// Reads a text file line by line in constant memory. A UTF-8 byte-order mark at the start is
/// skipped; "\n" and "\r\n" both end a line.
class LineReader {
  public:
    /// @error not_found or permission_denied, with the path.
    static Result<LineReader> open(const std::filesystem::path& path, std::size_t line_bytes_max);

    struct Line {
        std::string_view text;     ///< valid until the next call
        std::uint64_t number = 0;  ///< counts from 1
    };
    /// The next line, or nothing at the end.
    /// @error resource_exhausted when a line is longer than the limit (with its number);
    ///        unavailable when reading fails.
    [[nodiscard]] Result<std::optional<Line>> next();

  private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { (void)std::fclose(file); }
    };
    LineReader(std::filesystem::path path, std::FILE* file, std::size_t line_bytes_max)
        : path_(std::move(path)), file_(file), line_bytes_max_(line_bytes_max) {}
    [[nodiscard]] Result<bool> fill();

    std::filesystem::path path_;
    std::unique_ptr<std::FILE, Close> file_;
    std::size_t line_bytes_max_;
    std::string buffer_;
    std::size_t begin_ = 0;
    std::uint64_t number_ = 0;
    bool at_end_ = false;
};

/// The failure that `errno` after a failed file operation means, in plain words.
[[nodiscard]] Error file_error(int error_number, std::string_view doing,
                               const std::filesystem::path& path);

}  // namespace assay
