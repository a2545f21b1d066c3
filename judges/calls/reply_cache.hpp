#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "configs/spec.hpp"
#include "core/base/clock.hpp"
#include "judges/provider.hpp"

namespace assay {

/// Replies kept in a folder of portable files, one a reply: it can be committed or kept by a CI
/// cache. Safe for several processes. The format is described in judges/calls/README.md.
class ReplyCache {
  public:
    /// Names a reply: SHA-256, 64 hex digits, over everything that can change it: the provider's
    /// identity, the model, the full request, the repetition. Described to the byte in
    /// judges/calls/README.md.
    using Key = std::string;

    /// The key, or nothing when replies to this must not be kept (a program: its files can change
    /// unseen).
    [[nodiscard]] static std::optional<Key> key_of(const Provider& provider,
                                                   const ProviderRequest& request);

    struct Limits {
        std::uint64_t bytes_max = 0;       ///< 0 = limits::k_cache_bytes_max
        std::chrono::seconds age_max{0};   ///< 0 = limits::k_cache_age_max
        std::uint64_t file_bytes_max = 0;  ///< 0 = limits::k_cache_file_bytes_max
    };
    /// Creates nothing before the first reply is kept.
    /// @error permission_denied, unavailable: the folder cannot be used; with the remedy.
    static Result<std::unique_ptr<ReplyCache>> open(std::filesystem::path folder, Limits limits,
                                                    const Clock& clock);
    ~ReplyCache();

    /// The kept reply; nothing when there is none. A damaged file counts as none and is replaced
    /// by the next put().
    /// @error unavailable when the file is there and cannot be read.
    [[nodiscard]] Result<std::optional<ProviderReply>> find(const Key& key);
    /// Keeps a reply; trims from time to time. The caller keeps no errors and no truncated replies.
    /// @error resource_exhausted when the disk is full or the reply too large for a file;
    ///        permission_denied, unavailable, with the path.
    [[nodiscard]] Result<void> put(const Key& key, const Provider& provider,
                                   const ProviderRequest& request, const ProviderReply& reply);
    /// Removes what was neither recorded nor used for too long, then the least recently used until
    /// the folder is within its bound. Files that are being written stay. Does nothing when this
    /// object kept nothing: who only reads leaves the folder, which may be committed, as it is.
    /// @error permission_denied, unavailable: something could not be removed; the rest was.
    [[nodiscard]] Result<void> trim();

  private:
    struct State;
    explicit ReplyCache(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

[[nodiscard]] inline bool reads_cache(CacheMode mode) {
    return mode == CacheMode::read || mode == CacheMode::read_write || mode == CacheMode::replay;
}
[[nodiscard]] inline bool writes_cache(CacheMode mode) {
    return mode == CacheMode::write || mode == CacheMode::read_write;
}

}  // namespace assay
