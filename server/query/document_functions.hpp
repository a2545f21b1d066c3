#pragma once

#include "server/store/database.hpp"

namespace assay {

/// Makes the functions that conditions call known to the session's connection, and forgets the
/// documents that an earlier statement read:
///
/// - assay_starts_with(text, prefix), assay_ends_with(text, suffix), assay_matches(text, words);
/// - assay_number(text): the number that a text is, or NULL;
/// - assay_trace_metadata(trace [, key]), assay_observation_metadata(observation [, key]),
///   assay_json_metadata(json [, key]): the member of the metadata, a string as it is and anything
///   else as JSON, or NULL when there is none; without a key all of it, or NULL when it is empty;
/// - assay_trace_text(trace, what), assay_observation_text(observation, what): the input (0) or
///   the output (1), or NULL;
/// - assay_experiment_member(observation, key): what the client said of its experiment, or NULL.
[[nodiscard]] Result<void> prepare_document_functions(Session& session);

}  // namespace assay
