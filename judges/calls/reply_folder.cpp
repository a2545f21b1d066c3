#include "judges/calls/reply_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <system_error>

#include "core/base/files.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t k_shard_digits = 2;
constexpr std::size_t k_key_digits = 64;

bool is_hex(std::string_view text, std::size_t digits) {
    return text.size() == digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// Nanoseconds in 64 bits end in 2262; a file may claim any year, and its age must not overflow.
constexpr std::int64_t k_seconds_max = 9'000'000'000;

Time time_of(const struct stat& status) {
    const std::int64_t seconds = std::clamp<std::int64_t>(status.st_mtim.tv_sec, 0, k_seconds_max);
    return Time(std::chrono::seconds(seconds) + std::chrono::nanoseconds(status.st_mtim.tv_nsec));
}

std::optional<struct stat> status_of(const fs::path& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
    return status;
}

/// The entries of a folder. One that does not exist, or that somebody removes, has none.
Result<std::vector<fs::path>> entries_of(const fs::path& folder) {
    std::vector<fs::path> entries;
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        entries.push_back(at->path());
    }
    if (error && error != std::errc::no_such_file_or_directory) {
        return std::unexpected(file_error(error.value(), "read the folder", folder));
    }
    return entries;
}

void add_file(const fs::path& path, std::string_view shard, ReplyFolder& found) {
    const std::string name = path.filename().string();
    const std::string_view key = std::string_view(name).substr(0, k_key_digits);
    if (!is_hex(key, k_key_digits) || !key.starts_with(shard)) return;
    const std::string_view ending = std::string_view(name).substr(k_key_digits);
    if (!ending.starts_with(".json")) return;
    const auto status = status_of(path);
    if (!status || !S_ISREG(status->st_mode)) return;
    if (ending == ".json") {
        found.replies.push_back({.key = std::string(key),
                                 .path = path,
                                 .bytes = static_cast<std::uint64_t>(status->st_size),
                                 .used = time_of(*status)});
    } else if (ending.ends_with(".tmp")) {
        found.unfinished.push_back(path);
    }
}

}  // namespace

fs::path reply_path(const fs::path& folder, std::string_view key) {
    return folder / key.substr(0, k_shard_digits) / fmt::format("{}.json", key);
}

Result<ReplyFolder> list_replies(const fs::path& folder) {
    ReplyFolder found;
    ASSAY_TRY(const std::vector<fs::path> shards, entries_of(folder));
    for (const fs::path& shard : shards) {
        const std::string name = shard.filename().string();
        const auto status = status_of(shard);
        const bool is_shard = status && S_ISDIR(status->st_mode) && is_hex(name, k_shard_digits);
        if (!is_shard) continue;
        ASSAY_TRY(const std::vector<fs::path> files, entries_of(shard));
        for (const fs::path& file : files) add_file(file, name, found);
    }
    std::ranges::sort(found.replies, {}, &ReplyFileInfo::key);
    return found;
}

Result<void> remove_reply(const fs::path& path) {
    std::error_code error;
    fs::remove(path, error);
    if (error) return std::unexpected(file_error(error.value(), "remove", path));
    return {};
}

void set_used(const fs::path& path, Time used) {
    const auto since = used.time_since_epoch();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    timespec time{};
    time.tv_sec = seconds.count();
    time.tv_nsec = (since - seconds).count();
    const timespec times[2] = {time, time};
    (void)::utimensat(AT_FDCWD, path.c_str(), times, 0);
}

std::optional<Time> used_of(const fs::path& path) {
    const auto status = status_of(path);
    return status ? std::optional(time_of(*status)) : std::nullopt;
}

}  // namespace assay
