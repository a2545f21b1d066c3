#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/base/random.hpp"
#include "server/api/answer_job.hpp"
#include "server/api/request_body.hpp"
#include "server/api/route.hpp"
#include "server/api/validation.hpp"
#include "server/ingest/client_json.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/native_batch.hpp"
#include "server/tracing/limits.hpp"

// Batches of events, and the routes for single ones that old clients still use.

namespace assay {
namespace {

constexpr std::size_t k_event_id_bytes = 16;
/// Under what the faults of a whole batch stand.
constexpr const char* k_faults = "errors";

/// A batch that was read, on its way to the store.
struct IngestionRequest {
    NativeBatch batch;
    ProjectId project;
    Time now;
};

/// @return whether there were any.
Result<bool> settle_scores(Session& writer, IngestionRequest& request) {
    if (request.batch.scores.empty()) return false;
    ASSAY_TRY(const std::int64_t row, writer.find_project(request.project));
    for (PendingScore& score : std::exchange(request.batch.scores, {})) {
        const ScoreConfigId id(*score.draft.score.config_id);
        ASSAY_TRY(const auto config, find_score_config(writer, row, id));
        settle_score(request.batch, std::move(score), config ? &*config : nullptr);
    }
    return true;
}

/// Stores all that can be stored.
/// @return whether results can have changed by it.
Result<bool> store(Session& writer, IngestionRequest& request) {
    ASSAY_TRY(const bool had_pending, settle_scores(writer, request));
    ASSAY_TRY(const IngestOutcome outcome,
              ingest(writer, request.project, std::move(request.batch.entities), request.now));
    for (const RefusedScore& refused : outcome.refused) refuse_score(request.batch, refused);
    return had_pending || !outcome.refused.empty();
}

Result<WriteJob> post_ingestion(const ApiContext& context, const RouteCall& call) {
    auto body = parse_client_json(call.request.body);
    if (!body) {
        const Invalid fault{.code = "custom",
                            .path = {},
                            .message = "The body is not valid JSON: " + body.error().message};
        return answer_job(invalid_data(fault, k_faults));
    }
    const auto events = body->find("batch");
    if (events == body->end() || !events->is_array()) {
        return answer_job(
            invalid_data(wrong_type({"batch"}, "array", member_of(*body, "batch")), k_faults));
    }
    if (events->size() > limits::k_ingested_events_max) {
        const Invalid fault{
            .code = "too_big",
            .path = {"batch"},
            .message = fmt::format("A batch may have at most {} events; this one has {}. Send "
                                   "them in several batches",
                                   limits::k_ingested_events_max, events->size())};
        return answer_job(invalid_data(fault, k_faults));
    }
    const auto scope = call.caller.scores_only ? SenderScope::scores : SenderScope::project;
    IngestionRequest request{
        .batch = read_native_batch(std::move(events->get_ref<Json::array_t&>()), scope),
        .project = call.project(),
        .now = context.clock.now()};
    // Almost always the answer is known here, and need not be made where all have to wait for it.
    ApiResponse answer = json_response(207, to_json(request.batch.results));
    return [request = std::move(request),
            answer = std::move(answer)](Session& writer) mutable -> Result<ApiResponse> {
        ASSAY_TRY(const bool has_changed, store(writer, request));
        if (!has_changed) return std::move(answer);
        return json_response(207, to_json(request.batch.results));
    };
}

/// @param event  its type and its body.
Result<WriteJob> prepare_event(const ApiContext& context, const RouteCall& call, Json event) {
    const Time now = context.clock.now();
    event["id"] = random_hex(k_event_id_bytes);
    event["timestamp"] = to_rfc3339(now);
    return [request = IngestionRequest{
                .batch = read_native_batch({std::move(event)}, SenderScope::project),
                .project = call.project(),
                .now = now}](Session& writer) mutable -> Result<ApiResponse> {
        ASSAY_CHECK(store(writer, request));
        const EventResult& result = request.batch.results.front();
        if (result.failed()) {
            return invalid_data({.code = "custom", .path = {}, .message = result.error});
        }
        OrderedJson answer;
        answer["id"] = result.entity;
        if (!result.cut.empty()) answer["truncated"] = result.cut;
        return json_response(200, answer);
    };
}

Result<Json> parse_event_body(const ApiRequest& request) {
    ASSAY_TRY(Json body, parse_client_json(request.body));
    if (body.is_object()) return body;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("The body must be an object, not {}", type_phrase(body)));
}

template <const char* type>
Result<WriteJob> post_event(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(Json body, parse_event_body(call.request));
    return prepare_event(context, call, {{"type", type}, {"body", std::move(body)}});
}

/// @param id_name  how the body calls the id of what it changes.
template <const char* type, const char* id_name>
Result<WriteJob> patch_event(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(Json body, parse_event_body(call.request));
    if (const auto id = body.find(id_name); id != body.end()) body["id"] = *id;
    if (member_of(body, "id").is_null()) {
        return answer_job(invalid_data(wrong_type({id_name}, "string", Json())));
    }
    return prepare_event(context, call, {{"type", type}, {"body", std::move(body)}});
}

constexpr char k_trace_create[] = "trace-create";
constexpr char k_span_create[] = "span-create";
constexpr char k_span_update[] = "span-update";
constexpr char k_generation_create[] = "generation-create";
constexpr char k_generation_update[] = "generation-update";
constexpr char k_event_create[] = "event-create";
constexpr char k_span_id[] = "spanId";
constexpr char k_generation_id[] = "generationId";

constexpr Route route(std::string_view method, std::string_view pattern, WriteHandler handler,
                      std::string_view summary, RouteAuth auth = RouteAuth::project) {
    return {.method = method,
            .pattern = pattern,
            .auth = auth,
            .handler = handler,
            .summary = summary,
            .body_bytes_max = limits::k_batch_body_bytes_max};
}

constexpr std::array k_routes = {
    route("POST", "/api/public/ingestion", {&post_ingestion},
          "Send events of traces, observations and scores", RouteAuth::project_or_scores_key),
    route("POST", "/api/public/traces", {&post_event<k_trace_create>}, "Send one trace"),
    route("POST", "/api/public/spans", {&post_event<k_span_create>}, "Send one span"),
    route("PATCH", "/api/public/spans", {&patch_event<k_span_update, k_span_id>}, "Change a span"),
    route("POST", "/api/public/generations", {&post_event<k_generation_create>},
          "Send one generation"),
    route("PATCH", "/api/public/generations", {&patch_event<k_generation_update, k_generation_id>},
          "Change a generation"),
    route("POST", "/api/public/events", {&post_event<k_event_create>}, "Send one event"),
};

}  // namespace

std::span<const Route> ingestion_routes() { return k_routes; }

}  // namespace assay
