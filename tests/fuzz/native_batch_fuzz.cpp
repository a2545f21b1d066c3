#include "server/ingest/client_json.hpp"
#include "server/ingest/native_batch.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {
namespace {

void check(std::vector<EntityEvent> events, FieldRules rules) {
    for (const EntityEvent& event : events) {
        ASSAY_ASSERT(parse_json(to_text(event.fields)), "events are JSON");
    }
    reduce_events(events, rules);
    (void)merge_events(events, rules);
}

}  // namespace

void fuzz_native_batch(std::string_view bytes) {
    auto body = parse_client_json(bytes);
    if (!body || !body->is_array()) return;
    const std::size_t events = body->size();
    NativeBatch batch =
        read_native_batch(std::move(body->get_ref<Json::array_t&>()), SenderScope::project);
    std::vector<EntityEvent> of_traces;
    for (TraceEvent& trace : batch.entities.traces) of_traces.push_back(std::move(trace.event));
    check(std::move(of_traces), &trace_field_rule);
    std::vector<EntityEvent> of_observations;
    for (ObservationEvent& observation : batch.entities.observations) {
        of_observations.push_back(std::move(observation.event));
    }
    check(std::move(of_observations), &observation_field_rule);
    for (PendingScore& score : std::exchange(batch.scores, {})) {
        settle_score(batch, std::move(score), nullptr);
    }
    ASSAY_ASSERT(batch.results.size() == events, "each event has its result");
    ASSAY_ASSERT(parse_json(to_text(to_json(batch.results))), "the answer is JSON");
}

}  // namespace assay::test
