#include "server/tracing/ingest.hpp"

#include <algorithm>
#include <map>
#include <numeric>
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

/// The places of scores, the earliest first: of several of one id the latest is to count.
std::vector<std::size_t> in_time_order(const std::vector<ScoreWrite>& scores) {
    std::vector<std::size_t> places(scores.size());
    std::iota(places.begin(), places.end(), 0U);
    std::ranges::sort(places, {}, [&](std::size_t place) {
        return std::pair(scores[place].score.timestamp, place);
    });
    return places;
}

}  // namespace

Result<IngestOutcome> ingest(Session& writer, const ProjectId& project, IngestBatch batch,
                             Time now) {
    ASSAY_TRY(const std::int64_t project_row, writer.ensure_project(project));
    const IngestContext context{writer, project, project_row, now};
    auto traces =
        gather<TraceId>(batch.traces, [](const TraceEvent& event) { return event.trace; });
    for (auto& [id, events] : traces) {
        ASSAY_CHECK(put_trace_events(context, id, std::move(events)));
    }
    auto observations = gather<ObservationKey>(batch.observations, [](const auto& event) {
        return ObservationKey{event.id, event.trace, event.is_id_unique};
    });
    for (auto& [key, events] : observations) {
        ASSAY_CHECK(put_observation_events(context, key, std::move(events)));
    }
    IngestOutcome outcome;
    for (const std::size_t i : in_time_order(batch.scores)) {
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
