#pragma once

#include "core/model/run.hpp"
#include "server/store/document.hpp"

namespace assay {

/// A run as a document: everything of RunRecord, in the order of server/store/FORMAT.md.
void write_run(const RunRecord& run, DocumentWriter& document);
/// @error data_loss when the document is no run.
[[nodiscard]] Result<RunRecord> read_run(const Document& document);

}  // namespace assay
