#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/base/random.hpp"

namespace assay::test {

/// The disk under SQLite, as long as this lives: a VFS that counts operations, fails the n-th, and
/// knows what a power loss would leave. Operations are: open, read, write, truncate, sync and
/// delete of a file, and the mapping of shared memory. Nothing waits for the real disk. One at a
/// time, for one thread.
class FaultVfs {
  public:
    enum class Failing : std::uint8_t {
        never,
        once,
        for_good,         ///< nothing works any more
        writes_for_good,  ///< what is there can still be read
    };

    FaultVfs();
    ~FaultVfs();
    FaultVfs(const FaultVfs&) = delete;
    FaultVfs& operator=(const FaultVfs&) = delete;

    /// Fails the `operation`-th operation from now, counted from 1; a write that fails has written
    /// its first half.
    void fail(std::uint64_t operation, Failing how);
    /// Fails only syncs, the next one first.
    void fail_syncs(Failing how);
    void heal();
    [[nodiscard]] bool has_failed() const { return failed_; }

    /// Writes into a folder what the files of `folder` would hold after a power loss at this
    /// moment: all that was synced, and of what was written since then whatever the disk happened
    /// to have done.
    void lose_power(const std::filesystem::path& folder, const std::filesystem::path& into,
                    Rng& rng) const;

  private:
    friend struct FaultMethods;
    enum class Operation : std::uint8_t { open, read, write, truncate, sync, remove, map };

    /// One change that is not synced: bytes written at an offset, or a new size.
    struct Change {
        std::uint64_t offset = 0;
        std::string bytes;
        bool is_truncation = false;  ///< to `offset`
    };
    struct Disk {
        std::string synced;
        std::vector<Change> since;
    };

    [[nodiscard]] bool fails(Operation operation);
    /// What a file holds that was there before.
    void remember(const std::string& path);
    static void apply(const Change& change, std::string& content);

    std::map<std::string, Disk> files_;  ///< by path
    std::uint64_t until_failure_ = 0;    ///< 0 = no failure is due
    Failing failing_ = Failing::never;
    bool only_syncs_ = false;
    bool failed_ = false;
};

}  // namespace assay::test
