#pragma once

#include <filesystem>
#include <string_view>

#include "core/base/file_lock.hpp"
#include "core/model/ids.hpp"

namespace assay {

/// Says that a run is being executed, to every process that looks at its store: a lock on the file
/// `runs/PROJECT/ID.lock` beside the database.
class RunLock {
  public:
    /// Which run of which store.
    struct Place {
        const std::filesystem::path& store;  ///< its folder
        const ProjectId& project;
        const RunId& run;
    };

    /// @error already_exists when the run is being executed, naming the process;
    ///        permission_denied or resource_exhausted when the file cannot be written.
    static Result<RunLock> acquire(const Place& place);

    /// A path for what only the holder of the lock may use: `runs/PROJECT/ID` with this extension.
    [[nodiscard]] std::filesystem::path beside(std::string_view extension) const;

    /// Whether anybody has the lock, this process included.
    [[nodiscard]] static bool is_held(const Place& place);

  private:
    explicit RunLock(FileLock lock) : lock_(std::move(lock)) {}

    FileLock lock_;
};

}  // namespace assay
