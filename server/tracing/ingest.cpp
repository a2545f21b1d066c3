#include "server/tracing/ingest.hpp"

#include <map>
#include <utility>

#include "server/tracing/observation_writer.hpp"
#include "server/tracing/score_records.hpp"
#include "server/tracing/trace_writer.hpp"

namespace assay {
namespace {

/// What is said of each entity, so that each is read and written once; in the order of the first
/// word about it.
template <class Key, class Events, class KeyOf>
std::vector<std::pair<Key, std::vector<EntityEvent>>> gather(Events& events, KeyOf key_of) {
    std::vector<std::pair<Key, std::vector<EntityEvent>>> entities;
    std::map<Key, std::size_t> places;
    for (auto& said : events) {
        const auto [place, is_new] = places.try_emplace(key_of(said), entities.size());
        if (is_new) entities.emplace_back(place->first, std::vector<EntityEvent>());
        entities[place->second].second.push_back(std::move(said.event));
    }
    return entities;
}

/// The traces of observations whose ids are unique: all messages of such an id are of one, whether
/// they name its trace or not. The first to name one counts.
std::map<ObservationId, TraceId> named_traces(const std::vector<ObservationEvent>& events) {
    std::map<ObservationId, TraceId> traces;
    std::map<ObservationId, Time> times;
    for (const ObservationEvent& said : events) {
        if (!said.is_id_unique || !said.trace) continue;
        const auto [time, is_new] = times.try_emplace(said.id, said.event.at);
        if (!is_new && time->second <= said.event.at) continue;
        time->second = said.event.at;
        traces.insert_or_assign(said.id, *said.trace);
    }
    return traces;
}

}  // namespace

Result<IngestOutcome> ingest(Session& writer, const ProjectId& project, IngestBatch batch,
                             Time now) {
    ASSAY_TRY(const std::int64_t project_row, writer.ensure_project(project));
    const IngestContext context{writer, project, project_row, now};
    TraceWriter traces(context);
    auto of_traces =
        gather<TraceId>(batch.traces, [](const TraceEvent& event) { return event.trace; });
    for (auto& [id, events] : of_traces) {
        ASSAY_CHECK(traces.put_events(id, std::move(events)));
    }
    const auto named = named_traces(batch.observations);
    auto of_observations = gather<ObservationKey>(batch.observations, [&](const auto& said) {
        const auto trace = said.is_id_unique ? named.find(said.id) : named.end();
        return ObservationKey{said.id, trace == named.end() ? said.trace : trace->second,
                              said.is_id_unique};
    });
    for (auto& [key, events] : of_observations) {
        ASSAY_CHECK(put_observation_events(context, traces, key, std::move(events)));
    }
    IngestOutcome outcome;
    for (std::size_t i = 0; i < batch.scores.size(); ++i) {
        Result<void> stored = put_score(writer, project, batch.scores[i].score, now);
        if (!stored && stored.error().code == ErrorCode::not_found) {
            outcome.refused.push_back({i, std::move(stored.error().message)});
            continue;
        }
        ASSAY_CHECK(std::move(stored));
    }
    return outcome;
}

}  // namespace assay
