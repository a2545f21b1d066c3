#include "server/ingest/native_entity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <set>
#include <span>
#include <utility>

#include "core/base/text.hpp"
#include "server/ingest/limits.hpp"
#include "server/ingest/usage.hpp"
#include "server/tracing/limits.hpp"

namespace assay {
namespace {

/// How a member of a body is read.
enum class MemberKind : std::uint8_t {
    text,
    trace_name,
    reference,  ///< an id of something else; "" says nothing
    time,
    flag,
    whole_number,
    level,
    environment,
    tags,
    input,
    output,
    metadata,
    parameters,
    usage,  ///< the legacy form, which says less than the two after it
    usage_details,
    cost_details,
};

struct Member {
    const char* name;
    MemberKind kind;
};

constexpr std::array k_trace_members = {
    Member{"timestamp", MemberKind::time},
    Member{"name", MemberKind::trace_name},
    Member{"userId", MemberKind::reference},
    Member{"sessionId", MemberKind::reference},
    Member{"release", MemberKind::text},
    Member{"version", MemberKind::text},
    Member{"environment", MemberKind::environment},
    Member{"public", MemberKind::flag},
    Member{"tags", MemberKind::tags},
    Member{"input", MemberKind::input},
    Member{"output", MemberKind::output},
    Member{"metadata", MemberKind::metadata},
};

constexpr std::array k_observation_members = {
    Member{"name", MemberKind::text},
    Member{"startTime", MemberKind::time},
    Member{"parentObservationId", MemberKind::reference},
    Member{"level", MemberKind::level},
    Member{"statusMessage", MemberKind::text},
    Member{"version", MemberKind::text},
    Member{"environment", MemberKind::environment},
    Member{"input", MemberKind::input},
    Member{"output", MemberKind::output},
    Member{"metadata", MemberKind::metadata},
};

constexpr std::array k_end_members = {Member{"endTime", MemberKind::time}};

constexpr std::array k_generation_members = {
    Member{"completionStartTime", MemberKind::time},
    Member{"model", MemberKind::text},
    Member{"modelParameters", MemberKind::parameters},
    Member{"promptName", MemberKind::text},
    Member{"promptVersion", MemberKind::whole_number},
    Member{"usage", MemberKind::usage},
    Member{"usageDetails", MemberKind::usage_details},
    Member{"costDetails", MemberKind::cost_details},
};

constexpr std::array<std::string_view, 4> k_levels = {"DEBUG", "DEFAULT", "WARNING", "ERROR"};
constexpr std::array<std::string_view, 10> k_observation_types = {
    "SPAN",  "EVENT",     "GENERATION", "AGENT",     "TOOL",
    "CHAIN", "RETRIEVER", "EVALUATOR",  "EMBEDDING", "GUARDRAIL",
};

/// Puts the members of one body into its event.
class EntityReader {
  public:
    EntityReader(Json& body, EntityEvent& event, CutFields& cut)
        : body_(body), event_(event), cut_(cut) {}

    FieldResult<void> read(std::span<const Member> members) {
        for (const Member& member : members) {
            const auto value = body_.find(member.name);
            if (value == body_.end() || value->is_null()) continue;
            ASSAY_CHECK(read(member, *value));
        }
        return {};
    }

  private:
    /// @param value  not null; what is stored is taken out of it.
    FieldResult<void> read(const Member& member, Json& value) {
        const char* const name = member.name;
        switch (member.kind) {
            case MemberKind::text: return read_text(name, value);
            case MemberKind::trace_name: return read_trace_name(name, value);
            case MemberKind::reference:
                if (value == "") return {};
                return say(name, id_from(name, value));
            case MemberKind::time: return read_time(name, value);
            case MemberKind::flag: return say(name, flag_from(name, value));
            case MemberKind::whole_number: return read_whole_number(name, value);
            case MemberKind::level: return say(name, word_from(name, value, k_levels));
            case MemberKind::environment: return read_environment(name, value);
            case MemberKind::tags: return read_tags(name, value);
            case MemberKind::input:
                event_.input = stored_text(std::move(value), name, cut_);
                return {};
            case MemberKind::output:
                event_.output = stored_text(std::move(value), name, cut_);
                return {};
            case MemberKind::metadata:
                say_map(name, stored_metadata(std::move(value), name, cut_));
                return {};
            case MemberKind::parameters: return read_parameters(name, value);
            case MemberKind::usage: return read_usage(name, value);
            case MemberKind::usage_details: return read_map(name, read_usage_details(value));
            case MemberKind::cost_details: return read_map(name, read_cost_details(value));
        }
        std::unreachable();
    }

    template <class Value>
    FieldResult<void> say(const char* name, FieldResult<Value> value) {
        ASSAY_TRY(event_.fields[name], std::move(value));
        return {};
    }

    /// An empty map says nothing.
    void say_map(const char* name, Json map) {
        if (!map.empty()) event_.fields[name] = std::move(map);
    }

    FieldResult<void> read_map(const char* name, Result<Json> map) {
        if (!map) return field_fault(name, std::move(map.error().message));
        say_map(name, std::move(*map));
        return {};
    }

    FieldResult<void> read_text(const char* name, const Json& value) {
        ASSAY_TRY(auto text, string_from(name, value));
        event_.fields[name] = short_text(std::move(text), name, cut_);
        return {};
    }

    FieldResult<void> read_trace_name(const char* name, const Json& value) {
        ASSAY_TRY(auto text, string_from(name, value));
        if (count_code_points(text) > limits::k_trace_name_characters_max) {
            return field_fault(name, fmt::format("must have at most {} characters",
                                                 limits::k_trace_name_characters_max));
        }
        event_.fields[name] = short_text(std::move(text), name, cut_);
        return {};
    }

    FieldResult<void> read_time(const char* name, const Json& value) {
        ASSAY_TRY(const Time time, time_from(name, value));
        event_.fields[name] = time.time_since_epoch().count();
        return {};
    }

    FieldResult<void> read_whole_number(const char* name, const Json& value) {
        const double number = value.is_number() ? value.get<double>() : -1;
        const auto whole = static_cast<std::int32_t>(number >= 0 && number < 0x1p31 ? number : -1);
        if (whole < 0 || whole != number) return field_fault(name, "must be a whole number");
        event_.fields[name] = whole;
        return {};
    }

    FieldResult<void> read_environment(const char* name, const Json& value) {
        ASSAY_TRY(const auto text, string_from(name, value));
        event_.fields[name] = normal_environment(text);
        return {};
    }

    FieldResult<void> read_tags(const char* name, const Json& tags) {
        if (!tags.is_array()) return wrong_field_type(name, "a list of strings", tags);
        if (tags.size() > limits::k_tags_max) {
            return field_fault(name,
                               fmt::format("must have at most {} elements", limits::k_tags_max));
        }
        std::set<std::string> set;
        for (const Json& tag : tags) {
            if (!tag.is_string()) return wrong_field_type(name, "a list of strings", tag);
            set.insert(short_text(tag.get<std::string>(), name, cut_));
        }
        if (!set.empty()) event_.fields[name] = set;
        return {};
    }

    FieldResult<void> read_parameters(const char* name, Json& value) {
        if (!value.is_object()) return wrong_field_type(name, "an object", value);
        for (auto member = value.begin(); member != value.end();) {
            member = member->is_null() ? value.erase(member) : std::next(member);
        }
        say_map(name, stored_metadata(std::move(value), name, cut_));
        return {};
    }

    FieldResult<void> read_usage(const char* name, const Json& value) {
        auto usage = read_legacy_usage(value);
        if (!usage) return field_fault(name, std::move(usage.error().message));
        say_map("usageDetails", std::move(usage->usage_details));
        say_map("costDetails", std::move(usage->cost_details));
        return {};
    }

    Json& body_;
    EntityEvent& event_;
    CutFields& cut_;
};

FieldResult<std::string> read_type(const Json& body, const ObservationEventType& type) {
    if (!type.name.empty()) return std::string(type.name);
    ASSAY_TRY(auto word, read_word(body, "type", k_observation_types));
    if (!word && !type.is_update) return wrong_field_type("type", "a string", Json());
    return word.value_or("");
}

}  // namespace

FieldResult<TraceEvent> read_trace_body(Json& body, const EventFrame& frame, CutFields& cut) {
    ASSAY_TRY(auto id, read_id(body, "id"));
    TraceEvent trace{.trace = TraceId(id ? std::move(*id) : frame.derive_id()),
                     .event = {.at = frame.at}};
    ASSAY_CHECK(EntityReader(body, trace.event, cut).read(k_trace_members));
    return trace;
}

FieldResult<ObservationEvent> read_observation_body(Json& body, const EventFrame& frame,
                                                    const ObservationEventType& type,
                                                    CutFields& cut) {
    ASSAY_TRY(auto id, read_id(body, "id"));
    ASSAY_TRY(auto trace, read_id(body, "traceId"));
    ASSAY_TRY(auto type_name, read_type(body, type));
    ObservationEvent observation{
        .id = ObservationId(id ? std::move(*id) : frame.derive_id()),
        .trace = trace ? std::optional(TraceId(std::move(*trace))) : std::nullopt,
        .event = {.at = frame.at, .is_update = type.is_update}};
    EntityEvent& event = observation.event;
    EntityReader reader(body, event, cut);
    ASSAY_CHECK(reader.read(k_observation_members));
    if (type_name != "EVENT") ASSAY_CHECK(reader.read(k_end_members));
    if (type.has_model) ASSAY_CHECK(reader.read(k_generation_members));
    if (event.fields.contains("promptName") != event.fields.contains("promptVersion")) {
        return field_fault("promptName", "and promptVersion must be given together");
    }
    if (!type_name.empty()) event.fields[type.is_update ? "updateType" : "type"] = type_name;
    return observation;
}

}  // namespace assay
