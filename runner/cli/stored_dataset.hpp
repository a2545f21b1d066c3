#pragma once

#include <string>

#include "core/base/clock.hpp"
#include "datasets/dataset.hpp"

namespace assay {

/// Reads the datasets of the store in a folder, for plans and runs.
/// Errors of what it opens: not_found, with the nearest name, and those of Database::open().
[[nodiscard]] StoredRows stored_rows(std::string folder);

/// Fixes the moment as of which a stored dataset is read, where the spec leaves it open.
/// @param version  an earlier run's, RFC 3339; "" = now.
/// @error invalid_argument when it is no time.
[[nodiscard]] Result<void> fix_version(DatasetSpec& dataset, const std::string& version,
                                       const Clock& clock);

}  // namespace assay
