#pragma once

#include <span>

#include "server/store/sqlite_handle.hpp"

namespace assay {

/// One step of the file format. `sql` ends by setting `PRAGMA user_version` to `version`.
struct Migration {
    int version;
    const char* sql;
};

/// What a file must be like.
struct Format {
    /// Makes a new file at once, as all steps together do; null: the steps do it.
    const char* schema;
    std::span<const Migration> steps;  ///< oldest first
};

/// The format of this program.
[[nodiscard]] const Format& store_format();

/// Brings the file to the version of the last step, in one transaction: killed in the middle, it
/// is as it was before.
/// @error data_loss when a newer program wrote the file, or another program did.
[[nodiscard]] Result<void> migrate(Connection& connection, const Format& format);

}  // namespace assay
