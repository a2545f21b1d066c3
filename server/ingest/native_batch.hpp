#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.hpp"
#include "server/ingest/fields.hpp"
#include "server/ingest/score_body.hpp"
#include "server/tracing/ingest.hpp"

// The batches of the ingestion API: the contract, section 3.

namespace assay {

/// What became of one event.
struct EventResult {
    std::string id = "unknown";  ///< of the event
    std::string entity;          ///< the id of what it is about
    int status = 201;
    std::string message = {};  ///< of an event that failed, as is `error`
    std::string error = {};
    CutFields cut = {};      ///< of one that did not
    bool is_silent = false;  ///< accepted, and not mentioned in the answer

    [[nodiscard]] bool failed() const { return status != 201; }
};

/// A score that names a config, which the store knows.
struct PendingScore {
    ScoreDraft draft;
    std::size_t event;  ///< of its result
};

struct NativeBatch {
    IngestBatch entities;
    std::vector<std::size_t> score_events;  ///< of entities.scores, one each: their results
    std::vector<PendingScore> scores;
    std::vector<EventResult> results;  ///< one an event, in their order
};

enum class SenderScope : std::uint8_t {
    project,
    scores,  ///< may send nothing but scores
};

/// Reads the events of a batch one by one. One that cannot be taken fails, and only it.
[[nodiscard]] NativeBatch read_native_batch(Json::array_t events, SenderScope scope);

/// Puts a score whose config was found, or was not, where it belongs.
/// @param config  null when there is none of that id.
void settle_score(NativeBatch& batch, PendingScore score, const ScoreConfig* config);

/// Fails the event of a score that the store refused. @param why  a sentence.
void refuse_score(NativeBatch& batch, const RefusedScore& refused);

/// 207's body: {successes, errors}.
[[nodiscard]] OrderedJson to_json(const std::vector<EventResult>& results);

}  // namespace assay
