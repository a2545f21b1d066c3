#include "server/tracing/score_events.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr const char* k_subject = "subject";
constexpr const char* k_timestamp = "timestamp";
constexpr const char* k_environment = "environment";
constexpr const char* k_assessment = "assessment";
constexpr const char* k_metadata = "metadata";

/// What a message may say or leave out.
struct OptionalMember {
    const char* name;
    std::optional<std::string> ScoreRecord::* member;
};
constexpr std::array k_optional_members = {
    OptionalMember{"comment", &ScoreRecord::comment},
    OptionalMember{"configId", &ScoreRecord::config_id},
    OptionalMember{"queueId", &ScoreRecord::queue_id},
    OptionalMember{"author", &ScoreRecord::author},
    OptionalMember{"observationId", &ScoreRecord::observation_id},
};

template <class Value>
Json or_null(const std::optional<Value>& value) {
    return value ? Json(*value) : Json();
}

template <class Value>
std::optional<Value> or_nothing(const Json& value) {
    return value.is_null() ? std::nullopt : std::optional(value.get<Value>());
}

}  // namespace

FieldRule score_field_rule(const std::string& name) {
    if (name == k_subject || name == k_timestamp || name == k_environment) return FieldRule::first;
    return name == k_metadata ? FieldRule::deep : FieldRule::last;
}

EntityEvent event_of(const ScoreRecord& score) {
    EntityEvent event{.at = score.timestamp};
    Json& fields = event.fields;
    fields[k_subject] = {std::to_underlying(score.subject_kind), score.subject_id};
    fields[k_timestamp] = to_nanoseconds(score.timestamp);
    fields[k_environment] = score.environment;
    fields[k_assessment] = {score.name, score.data_type, score.source, or_null(score.value),
                            or_null(score.string_value)};
    for (const auto& [name, member] : k_optional_members) {
        if (score.*member) fields[name] = *(score.*member);
    }
    if (!score.metadata.empty()) fields[k_metadata] = score.metadata;
    return event;
}

Result<ScoreRecord> score_of(const ScoreId& id, const std::vector<EntityEvent>& events) {
    const MergedEntity merged = merge_events(events, &score_field_rule);
    ScoreRecord score{.id = id};
    try {
        const Json& subject = merged.fields.at(k_subject);
        score.subject_kind = static_cast<ScoreSubjectKind>(subject.at(0).get<std::uint8_t>());
        score.subject_id = subject.at(1);
        score.timestamp = to_time(merged.fields.at(k_timestamp).get<std::int64_t>());
        score.environment = merged.fields.at(k_environment);
        const Json& assessment = merged.fields.at(k_assessment);
        score.name = assessment.at(0);
        score.data_type = assessment.at(1);
        score.source = assessment.at(2);
        score.value = or_nothing<double>(assessment.at(3));
        score.string_value = or_nothing<std::string>(assessment.at(4));
        for (const auto& [name, member] : k_optional_members) {
            const auto said = merged.fields.find(name);
            if (said != merged.fields.end()) score.*member = said->get<std::string>();
        }
        score.metadata = merged.fields.value(k_metadata, Json::object());
    } catch (const Json::exception&) {
        return failure(ErrorCode::data_loss, "the messages of a stored score cannot be read");
    }
    return score;
}

std::string stored_events(const std::vector<EntityEvent>& events) {
    Json list = Json::array();
    for (const EntityEvent& event : events) {
        list.push_back({to_nanoseconds(event.at), event.fields});
    }
    return to_text(list);
}

Result<std::vector<EntityEvent>> parse_events(std::string_view stored) {
    std::vector<EntityEvent> events;
    const auto list = parse_json(stored);
    const auto is_event = [](const Json& entry) {
        return entry.is_array() && entry.size() == 2 && entry[0].is_number_integer() &&
               entry[1].is_object();
    };
    if (!list || !list->is_array() || list->empty() || !std::ranges::all_of(*list, is_event)) {
        return failure(ErrorCode::data_loss, "the messages of a stored score cannot be read");
    }
    for (const Json& entry : *list) {
        events.push_back({.at = to_time(entry[0].get<std::int64_t>()), .fields = entry[1]});
    }
    return events;
}

}  // namespace assay
