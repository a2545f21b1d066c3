#include "judges/calls/reply_cache.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "judges/calls/reply_file.hpp"
#include "judges/calls/reply_folder.hpp"

namespace assay {
namespace fs = std::filesystem;
namespace {

/// The share of the bound that is written between two trims.
constexpr std::uint64_t k_trims_per_bound = 8;
/// Why a folder cannot be used, as an errno; 0 = it can, or there is none yet.
int problem_of(const fs::path& folder) {
    std::error_code error;
    const fs::file_status status = fs::status(folder, error);
    if (status.type() == fs::file_type::not_found) {
        return error == std::errc::not_a_directory ? ENOTDIR : 0;
    }
    if (error) return error.value();
    if (!fs::is_directory(status)) return ENOTDIR;
    return ::access(folder.c_str(), R_OK | X_OK) == 0 ? 0 : errno;
}

}  // namespace

struct ReplyCache::State {
    fs::path folder;
    Limits limits;
    const Clock& clock;
    bool has_kept = false;
    std::uint64_t written_bytes = 0;  ///< since the last trim
};

ReplyCache::ReplyCache(std::unique_ptr<State> state) : state_(std::move(state)) {}
ReplyCache::~ReplyCache() = default;

std::optional<ReplyCache::Key> ReplyCache::key_of(const Provider& provider,
                                                  const ProviderRequest& request) {
    const auto canonical = canonical_request(provider, request);
    if (!canonical) return std::nullopt;
    return key_of_request(*canonical);
}

Result<std::unique_ptr<ReplyCache>> ReplyCache::open(fs::path folder, Limits limits,
                                                     const Clock& clock) {
    if (limits.bytes_max == 0) limits.bytes_max = limits::k_cache_bytes_max;
    if (limits.age_max.count() == 0) limits.age_max = limits::k_cache_age_max;
    if (limits.file_bytes_max == 0) limits.file_bytes_max = limits::k_cache_file_bytes_max;
    const int problem = problem_of(folder);
    if (problem != 0) {
        Error failed = file_error(problem, "use the cache", folder);
        if (failed.code != ErrorCode::permission_denied) failed.code = ErrorCode::unavailable;
        failed.message += "; name another folder with --cache-dir, or run with --no-cache";
        return std::unexpected(std::move(failed));
    }
    return std::unique_ptr<ReplyCache>(new ReplyCache(std::make_unique<State>(
        State{.folder = std::move(folder), .limits = limits, .clock = clock})));
}

Result<std::optional<ProviderReply>> ReplyCache::find(const Key& key) {
    const fs::path path = reply_path(state_->folder, key);
    auto text = read_file(path, state_->limits.file_bytes_max);
    if (!text) {
        const ErrorCode code = text.error().code;
        const bool is_none = code == ErrorCode::not_found || code == ErrorCode::resource_exhausted;
        if (is_none) return std::nullopt;
        return failure(ErrorCode::unavailable, std::move(text.error().message));
    }
    auto recorded = read_reply_file(*text);
    if (!recorded || recorded->key != key) return std::nullopt;
    const Time now = state_->clock.now();
    const auto used = used_of(path);
    if (used && now - *used >= limits::k_cache_use_precision) set_used(path, now);
    return std::move(recorded->reply);
}

Result<void> ReplyCache::put(const Key& key, const Provider& provider,
                             const ProviderRequest& request, const ProviderReply& reply) {
    ASSAY_ASSERT(!reply.truncated, "truncated replies are never kept");
    auto canonical = canonical_request(provider, request);
    ASSAY_ASSERT(canonical && key_of_request(*canonical) == key, "the key is that of the request");
    const std::string text =
        write_reply_file({.key = key, .request = std::move(*canonical), .reply = reply});
    if (text.size() > state_->limits.file_bytes_max) {
        return failure(ErrorCode::resource_exhausted,
                       fmt::format("with its request it has {} bytes, and {} are the most",
                                   text.size(), state_->limits.file_bytes_max));
    }
    const fs::path path = reply_path(state_->folder, key);
    // Damage by a power loss is noticed and costs one call; syncing would cost every reply.
    ASSAY_CHECK(write_file_atomically(path, text, Durability::none));
    set_used(path, state_->clock.now());
    state_->has_kept = true;
    state_->written_bytes += text.size();
    if (state_->written_bytes >= state_->limits.bytes_max / k_trims_per_bound) {
        (void)trim();  // the reply is kept; the folder is only larger than it should be
    }
    return {};
}

Result<void> ReplyCache::trim() {
    if (!state_->has_kept) return {};
    state_->written_bytes = 0;
    ASSAY_TRY(ReplyFolder found, list_replies(state_->folder));
    const Time now = state_->clock.now();
    Result<void> result;
    const auto remove = [&](const fs::path& path) {
        auto removed = remove_reply(path);
        const bool is_gone = removed.has_value();
        if (!is_gone) result = std::move(removed);
        return is_gone;
    };
    for (const fs::path& path : found.unfinished) {
        const auto written = used_of(path);
        const bool is_given_up = written && now - *written > limits::k_cache_unfinished_age_max;
        if (is_given_up) remove(path);
    }
    std::uint64_t bytes = 0;
    for (const ReplyFileInfo& file : found.replies) bytes += file.bytes;
    std::ranges::sort(found.replies, {},
                      [](const ReplyFileInfo& file) { return std::tie(file.used, file.key); });
    for (const ReplyFileInfo& file : found.replies) {
        const bool is_too_old = now - file.used > state_->limits.age_max;
        if (!is_too_old && bytes <= state_->limits.bytes_max) break;
        if (remove(file.path)) bytes -= file.bytes;
    }
    return result;
}

}  // namespace assay
