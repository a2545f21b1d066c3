#include "tests/crash/fault_vfs.hpp"

#include <sqlite3.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>

#include "tests/support/temporary_folder.hpp"

namespace assay::test {
namespace {

constexpr std::uint64_t k_sector_bytes = 512;

FaultVfs* active = nullptr;       // C callbacks have no other way to it
sqlite3_vfs* real_vfs = nullptr;  // the one that has the files
sqlite3_vfs fault_vfs{};
sqlite3_io_methods fault_methods{};

/// An open file. The real one stands behind it in the same memory, as SQLite allocates it.
struct FaultFile {
    sqlite3_file base;
    const char* path;  ///< SQLite keeps it as long as the file is open; null = temporary

    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
    static FaultFile* of(sqlite3_file* file) { return reinterpret_cast<FaultFile*>(file); }
};

sqlite3_file* real_of(sqlite3_file* file) { return FaultFile::of(file)->real(); }

}  // namespace

struct FaultMethods {
    using Operation = FaultVfs::Operation;

    static FaultVfs::Disk* disk_of(sqlite3_file* file) {
        const char* const path = FaultFile::of(file)->path;
        return path == nullptr ? nullptr : &active->files_[path];
    }

    static int open(sqlite3_vfs* /*vfs*/, const char* path, sqlite3_file* file, int flags,
                    int* flags_out) {
        file->pMethods = nullptr;
        if (path != nullptr) active->remember(path);
        if (active->fails(Operation::open)) return SQLITE_CANTOPEN;
        FaultFile* const opened = FaultFile::of(file);
        opened->path = path;
        const int code = real_vfs->xOpen(real_vfs, path, opened->real(), flags, flags_out);
        if (code == SQLITE_OK) file->pMethods = &fault_methods;
        return code;
    }

    static int remove(sqlite3_vfs* /*vfs*/, const char* path, int sync_folder) {
        if (active->fails(Operation::remove)) return SQLITE_IOERR_DELETE;
        active->files_.erase(path);
        return real_vfs->xDelete(real_vfs, path, sync_folder);
    }

    static int close(sqlite3_file* file) {
        const int code = real_of(file)->pMethods->xClose(real_of(file));
        file->pMethods = nullptr;
        return code;
    }

    static int read(sqlite3_file* file, void* into, int size, sqlite3_int64 offset) {
        if (active->fails(Operation::read)) return SQLITE_IOERR_READ;
        return real_of(file)->pMethods->xRead(real_of(file), into, size, offset);
    }

    static int write(sqlite3_file* file, const void* from, int size, sqlite3_int64 offset) {
        const bool failing = active->fails(Operation::write);
        const int written = failing ? size / 2 : size;
        if (FaultVfs::Disk* const disk = disk_of(file)) {
            disk->since.push_back(
                {static_cast<std::uint64_t>(offset),
                 std::string(static_cast<const char*>(from), static_cast<std::size_t>(written))});
        }
        const int code = real_of(file)->pMethods->xWrite(real_of(file), from, written, offset);
        return failing ? SQLITE_IOERR_WRITE : code;
    }

    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        if (active->fails(Operation::truncate)) return SQLITE_IOERR_TRUNCATE;
        if (FaultVfs::Disk* const disk = disk_of(file)) {
            disk->since.push_back({static_cast<std::uint64_t>(size), "", true});
        }
        return real_of(file)->pMethods->xTruncate(real_of(file), size);
    }

    /// What a failed sync did not write is never written by a later one: systems forget it.
    static int sync(sqlite3_file* file, int /*flags*/) {
        FaultVfs::Disk* const disk = disk_of(file);
        const bool failing = active->fails(Operation::sync);
        if (disk != nullptr) {
            for (const FaultVfs::Change& change : disk->since) {
                if (!failing) FaultVfs::apply(change, disk->synced);
            }
            disk->since.clear();
        }
        return failing ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    }

    static int map(sqlite3_file* file, int region, int size, int extend, void volatile** at) {
        if (active->fails(Operation::map)) return SQLITE_IOERR_SHMMAP;
        return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, at);
    }

    // The rest is passed on.
    static int file_size(sqlite3_file* file, sqlite3_int64* size) {
        return real_of(file)->pMethods->xFileSize(real_of(file), size);
    }
    static int lock(sqlite3_file* file, int level) {
        return real_of(file)->pMethods->xLock(real_of(file), level);
    }
    static int unlock(sqlite3_file* file, int level) {
        return real_of(file)->pMethods->xUnlock(real_of(file), level);
    }
    static int check_lock(sqlite3_file* file, int* is_locked) {
        return real_of(file)->pMethods->xCheckReservedLock(real_of(file), is_locked);
    }
    static int control(sqlite3_file* file, int operation, void* argument) {
        return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
    }
    static int sector_size(sqlite3_file* file) {
        return real_of(file)->pMethods->xSectorSize(real_of(file));
    }
    /// No promises, so that SQLite relies on none.
    static int characteristics(sqlite3_file* /*file*/) { return 0; }
    static int lock_shared_memory(sqlite3_file* file, int offset, int count, int flags) {
        return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
    }
    static void order_shared_memory(sqlite3_file* file) {
        real_of(file)->pMethods->xShmBarrier(real_of(file));
    }
    static int unmap(sqlite3_file* file, int remove_it) {
        return real_of(file)->pMethods->xShmUnmap(real_of(file), remove_it);
    }

    static void install() {
        real_vfs = sqlite3_vfs_find(nullptr);
        REQUIRE(real_vfs != nullptr);
        fault_vfs = *real_vfs;
        fault_vfs.zName = "fault";
        fault_vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + real_vfs->szOsFile;
        fault_vfs.xOpen = &open;
        fault_vfs.xDelete = &remove;
        fault_methods = {.iVersion = 2,  // without memory-mapped reads, which cannot be failed
                         .xClose = &close,
                         .xRead = &read,
                         .xWrite = &write,
                         .xTruncate = &truncate,
                         .xSync = &sync,
                         .xFileSize = &file_size,
                         .xLock = &lock,
                         .xUnlock = &unlock,
                         .xCheckReservedLock = &check_lock,
                         .xFileControl = &control,
                         .xSectorSize = &sector_size,
                         .xDeviceCharacteristics = &characteristics,
                         .xShmMap = &map,
                         .xShmLock = &lock_shared_memory,
                         .xShmBarrier = &order_shared_memory,
                         .xShmUnmap = &unmap,
                         .xFetch = nullptr,
                         .xUnfetch = nullptr};
        REQUIRE(sqlite3_vfs_register(&fault_vfs, 1) == SQLITE_OK);
    }
};

FaultVfs::FaultVfs() {
    REQUIRE(active == nullptr);
    active = this;
    FaultMethods::install();
}

FaultVfs::~FaultVfs() {
    (void)sqlite3_vfs_unregister(&fault_vfs);
    (void)sqlite3_vfs_register(real_vfs, 1);
    active = nullptr;
}

void FaultVfs::fail(std::uint64_t operation, Failing how) {
    until_failure_ = operation;
    failing_ = how;
    only_syncs_ = false;
    failed_ = false;
}

void FaultVfs::fail_syncs(Failing how) {
    fail(1, how);
    only_syncs_ = true;
}

void FaultVfs::heal() { failing_ = Failing::never; }

bool FaultVfs::fails(Operation operation) {
    if (failing_ == Failing::never) return false;
    if (only_syncs_ && operation != Operation::sync) return false;
    if (failed_) {
        const bool reads = operation == Operation::open || operation == Operation::read ||
                           operation == Operation::map;
        return failing_ == Failing::for_good || (failing_ == Failing::writes_for_good && !reads);
    }
    if (--until_failure_ > 0) return false;
    failed_ = true;
    return true;
}

void FaultVfs::remember(const std::string& path) {
    if (files_.contains(path)) return;
    files_[path].synced = std::filesystem::exists(path) ? read_text(path) : "";
}

void FaultVfs::apply(const Change& change, std::string& content) {
    if (change.is_truncation) {
        content.resize(change.offset);
        return;
    }
    if (content.size() < change.offset + change.bytes.size()) {
        content.resize(change.offset + change.bytes.size());
    }
    content.replace(change.offset, change.bytes.size(), change.bytes);
}

void FaultVfs::lose_power(const std::filesystem::path& folder, const std::filesystem::path& into,
                          Rng& rng) const {
    for (const auto& [path, disk] : files_) {
        if (std::filesystem::path(path).parent_path() != folder) continue;
        std::string content = disk.synced;
        // Some disks do all, some nothing, most something in between, a sector at a time.
        const std::uint64_t done_of_4 = rng.next_below(5);
        for (const Change& change : disk.since) {
            if (change.is_truncation) {
                if (rng.next_below(4) < done_of_4) apply(change, content);
                continue;
            }
            for (std::uint64_t at = 0; at < change.bytes.size(); at += k_sector_bytes) {
                if (rng.next_below(4) >= done_of_4) continue;
                apply({change.offset + at, change.bytes.substr(at, k_sector_bytes)}, content);
            }
        }
        const auto name = std::filesystem::path(path).filename();
        std::ofstream stream(into / name, std::ios::binary);
        stream << content;
        stream.close();
        REQUIRE(stream.good());
    }
}

}  // namespace assay::test
