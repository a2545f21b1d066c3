#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"

namespace assay {

// The files of a cache: FOLDER/ab/abcd….json, one a reply, named by their keys. Other files of
// the folder are left alone. Others may write and remove files at the same time.

struct ReplyFileInfo {
    std::string key;
    std::filesystem::path path;
    std::uint64_t bytes = 0;
    Time used;  ///< the file's time: when the reply was recorded or last used
};

struct ReplyFolder {
    std::vector<ReplyFileInfo> replies;             ///< by key
    std::vector<std::filesystem::path> unfinished;  ///< files being written, or given up
};

[[nodiscard]] std::filesystem::path reply_path(const std::filesystem::path& folder,
                                               std::string_view key);

/// Looks through the folder; one that does not exist is empty.
/// @error permission_denied, unavailable, with the path and the remedy.
[[nodiscard]] Result<ReplyFolder> list_replies(const std::filesystem::path& folder);

/// Removes a file; one that is gone is no error. Its folder stays, even empty: another process may
/// be about to write into it.
[[nodiscard]] Result<void> remove_reply(const std::filesystem::path& path);

/// Gives a file its time. Best effort: a folder that cannot be written has no order of use.
void set_used(const std::filesystem::path& path, Time used);
/// The file's time; nothing when the file is gone.
[[nodiscard]] std::optional<Time> used_of(const std::filesystem::path& path);

}  // namespace assay
