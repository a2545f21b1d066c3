#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/model/unit.hpp"
#include "server/store/database.hpp"
#include "server/store/document.hpp"

// The rows that every trace has, whatever it is of: itself, its document, its observations and
// their metadata index. All of it needs a transaction.

namespace assay {

/// Whose trace it is.
struct TraceOwner {
    const ProjectId& project;
    std::int64_t project_row = 0;
    TraceId id;
};

/// What stands in a trace's row.
struct TraceFacts {
    Time timestamp;
    std::int64_t name = 0;         ///< symbol
    std::int64_t environment = 0;  ///< symbol
    std::int64_t item_version = 0;
};

/// Adds the row of a trace. @return nothing when the trace is there already.
[[nodiscard]] Result<std::optional<std::int64_t>> add_trace(Session& writer,
                                                            const TraceOwner& owner,
                                                            const TraceFacts& facts);
[[nodiscard]] Result<std::optional<std::int64_t>> find_trace(Session& session,
                                                             std::int64_t project_row,
                                                             const TraceId& id);

/// What a trace consists of besides its row.
struct TraceContent {
    const DocumentWriter& document;
    const Json& metadata;  ///< of the trace, as the document has it
    const std::vector<Observation>& observations;
    const std::vector<std::size_t>& slots;  ///< the first of each observation
    std::int64_t environment = 0;           ///< symbol
};
[[nodiscard]] Result<void> put_content(Session& writer, const TraceOwner& owner, std::int64_t trace,
                                       const TraceContent& content);

/// @error data_loss when the trace has none.
[[nodiscard]] Result<Document> read_document(Session& session, std::int64_t project_row,
                                             std::int64_t trace);
/// Removes what put_content() wrote. @param document  as it is stored.
[[nodiscard]] Result<void> clear_content(Session& writer, const TraceOwner& owner,
                                         std::int64_t trace, const Document& document);

}  // namespace assay
