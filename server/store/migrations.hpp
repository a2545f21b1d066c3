#pragma once

#include <span>

#include "server/store/sqlite_handle.hpp"

namespace assay {

/// One step of the file format. `sql` ends by setting `PRAGMA user_version` to `version`.
struct Migration {
    int version;
    const char* sql;
};

/// All steps, oldest first: from an empty file to the format of this program.
[[nodiscard]] std::span<const Migration> store_migrations();

/// Brings the file to the version of the last step, in one transaction: killed in the middle, it
/// is as it was before.
/// @error data_loss when a newer program wrote the file, or another program did.
[[nodiscard]] Result<void> migrate(Connection& connection, std::span<const Migration> steps);

}  // namespace assay
