#pragma once

#include <cstdint>

#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/store/database.hpp"

namespace assay {

/// Whose metadata: each has an index of its own.
enum class MetadataIndex : std::uint8_t { traces, observations };

/// A row and what it is found by.
struct IndexedRow {
    MetadataIndex index;
    const ProjectId& project;
    std::int64_t row = 0;
};

/// Makes a row findable by `after`. Needs a transaction.
/// @param before  what it is found by now, as it was put in: the index itself keeps no content.
///                Null on either side: nothing.
[[nodiscard]] Result<void> replace_metadata(Session& writer, const IndexedRow& indexed,
                                            const Json& before, const Json& after);

}  // namespace assay
