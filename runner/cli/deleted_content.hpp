#pragma once

#include "datasets/dataset.hpp"

namespace assay {

/// Whether what an item of a run said was deleted through the server since: only the hash of it is
/// left.
[[nodiscard]] inline bool is_content_deleted(const DatasetItem& item) {
    const bool is_empty =
        item.input.is_null() && item.expected_output.is_null() && item.metadata.is_null();
    return is_empty && item.content_hash != content_hash_of(DatasetItem());
}

}  // namespace assay
