#include <array>

#include "core/base/random.hpp"
#include "server/api/answer_job.hpp"
#include "server/api/request_body.hpp"
#include "server/api/route.hpp"
#include "server/api/validation.hpp"
#include "server/ingest/client_json.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/score_body.hpp"
#include "server/tracing/ingest.hpp"

// Scores that are sent one by one.

namespace assay {
namespace {

constexpr std::size_t k_event_id_bytes = 16;

ApiResponse refuse(const FieldFault& fault) {
    Invalid invalid{.code = "custom", .path = {}, .message = fault.sentence()};
    if (!fault.field.empty()) invalid.path.emplace_back(fault.field);
    return invalid_data(invalid);
}

/// A score that was read, on its way to the store.
struct ScoreRequest {
    ScoreDraft draft;
    CutFields cut;
    ProjectId project;
    Time now;
};

Result<ApiResponse> store(Session& writer, ScoreRequest request) {
    std::optional<ScoreConfig> config;
    if (const auto& id = request.draft.score.config_id) {
        ASSAY_TRY(const std::int64_t row, writer.find_project(request.project));
        ASSAY_TRY(config, find_score_config(writer, row, ScoreConfigId(*id)));
        if (!config) return refuse({"configId", "names no score config of this project"});
    }
    auto score = finish_score(std::move(request.draft), config ? &*config : nullptr);
    if (!score) return refuse(score.error());
    OrderedJson answer;
    answer["id"] = score->id.value();
    if (!request.cut.empty()) answer["truncated"] = request.cut;
    IngestBatch batch;
    batch.scores.push_back({std::move(*score)});
    ASSAY_TRY(const IngestOutcome outcome,
              ingest(writer, request.project, std::move(batch), request.now));
    if (!outcome.refused.empty()) {
        return invalid_data({.code = "custom", .path = {}, .message = outcome.refused[0].why});
    }
    return json_response(200, answer);
}

Result<WriteJob> post_score(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(Json body, parse_client_json(call.request.body));
    if (!body.is_object()) return answer_job(invalid_data(wrong_type({}, "object", body)));
    ScoreRequest request{
        .draft = {}, .cut = {}, .project = call.project(), .now = context.clock.now()};
    auto draft = read_score_body(
        body, {.at = request.now, .event_id = random_hex(k_event_id_bytes)}, request.cut);
    if (!draft) return answer_job(refuse(draft.error()));
    request.draft = std::move(*draft);
    return [request = std::move(request)](Session& writer) mutable {
        return store(writer, std::move(request));
    };
}

constexpr std::array k_routes = {
    Route{.method = "POST",
          .pattern = "/api/public/scores",
          .auth = RouteAuth::project_or_scores_key,
          .handler = WriteHandler{&post_score},
          .summary = "Give a score",
          .body_bytes_max = limits::k_batch_body_bytes_max},
};

}  // namespace

std::span<const Route> score_write_routes() { return k_routes; }

}  // namespace assay
