#include "server/tracing/entity_event.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <ranges>
#include <span>
#include <string_view>
#include <utility>

#include "server/tracing/limits.hpp"

namespace assay {
namespace {

struct NamedRule {
    std::string_view name;
    FieldRule rule;
};

constexpr std::array k_trace_rules = {
    NamedRule{"timestamp", FieldRule::first},
    NamedRule{"environment", FieldRule::first},
    NamedRule{"metadata", FieldRule::deep},
    NamedRule{"tags", FieldRule::all},
};

constexpr std::array k_observation_rules = {
    NamedRule{"startTime", FieldRule::first},
    NamedRule{"environment", FieldRule::first},
    NamedRule{"metadata", FieldRule::deep},
    NamedRule{"experiment", FieldRule::deep},
};

FieldRule find_rule(std::span<const NamedRule> rules, std::string_view name) {
    const auto found = std::ranges::find(rules, name, &NamedRule::name);
    return found == rules.end() ? FieldRule::last : found->rule;
}

/// Puts what `later` says over what `target` says.
void merge_into(Json& target, const Json& later) {
    for (const auto& [key, value] : later.get_ref<const Json::object_t&>()) {
        const auto before = target.find(key);
        if (before != target.end() && before->is_object() && value.is_object()) {
            merge_into(*before, value);
        } else {
            target[key] = value;
        }
    }
}

/// A set of texts, sorted; what is more than may be is left out.
void unite(Json& set, const Json& more) {
    auto& texts = set.get_ref<Json::array_t&>();
    for (const Json& text : more) {
        const auto place = std::ranges::lower_bound(texts, text);
        if (place != texts.end() && *place == text) continue;
        if (texts.size() < limits::k_entity_tags_max) texts.insert(place, text);
    }
}

/// Puts one member of an event over what earlier ones said.
void apply(Json& target, const std::string& name, const Json& value, FieldRule rule) {
    const auto known = target.find(name);
    if (known == target.end()) {
        Json& first = target[name] = rule == FieldRule::all ? Json::array() : value;
        if (rule == FieldRule::all) unite(first, value);
        return;
    }
    switch (rule) {
        case FieldRule::first: return;
        case FieldRule::last: *known = value; return;
        case FieldRule::deep: merge_into(*known, value); return;
        case FieldRule::all: unite(*known, value); return;
    }
    std::unreachable();
}

template <class Entity>
void absorb(Entity& target, const EntityEvent& later, FieldRules rules) {
    if (later.input) target.input = later.input;
    if (later.output) target.output = later.output;
    for (const auto& [name, value] : later.fields.get_ref<const Json::object_t&>()) {
        apply(target.fields, name, value, rules(name));
    }
}

/// Takes out of `members` what later ones overrule. `later` has their members, with true for what
/// is no object: that overrules whatever came before it. It learns of the members that stay.
void strip_overruled(Json& members, Json& later) {
    for (auto member = members.begin(); member != members.end();) {
        const auto known = later.find(member.key());
        const bool was_known = known != later.end();
        Json& overruling = was_known ? *known : later[member.key()];
        bool is_gone = was_known && !overruling.is_object();
        if (!is_gone && member->is_object()) {
            if (!was_known) overruling = Json::object();
            strip_overruled(*member, overruling);
            is_gone = was_known && member->empty();
        } else if (!is_gone) {
            overruling = true;
        }
        member = is_gone ? members.erase(member) : std::next(member);
    }
}

/// What is said once and for all stays with the earliest event that says it; sets gather there.
void keep_earliest(std::vector<EntityEvent>& events, FieldRules rules) {
    std::map<std::string, Json*> earliest;
    for (EntityEvent& event : events) {
        for (auto member = event.fields.begin(); member != event.fields.end();) {
            const FieldRule rule = rules(member.key());
            const bool gathers = rule == FieldRule::first || rule == FieldRule::all;
            const auto known = gathers ? earliest.find(member.key()) : earliest.end();
            if (known == earliest.end()) {
                if (rule == FieldRule::all) {
                    const Json said = std::exchange(*member, Json::array());
                    unite(*member, said);
                }
                if (gathers) earliest.emplace(member.key(), &*member);
                ++member;
                continue;
            }
            if (rule == FieldRule::all) unite(*known->second, *member);
            member = event.fields.erase(member);
        }
    }
}

/// What is said anew stays with the latest event that says it.
void keep_latest(std::vector<EntityEvent>& events, FieldRules rules) {
    bool has_input = false;
    bool has_output = false;
    Json later = Json::object();
    for (EntityEvent& event : std::views::reverse(events)) {
        if (std::exchange(has_input, has_input || event.input)) event.input.reset();
        if (std::exchange(has_output, has_output || event.output)) event.output.reset();
        for (auto member = event.fields.begin(); member != event.fields.end();) {
            const FieldRule rule = rules(member.key());
            bool is_gone = false;
            if (rule == FieldRule::last) {
                is_gone = later.contains(member.key());
                later[member.key()] = true;
            } else if (rule == FieldRule::deep) {
                Json& known = later[member.key()];
                const bool was_known = !known.is_null();
                if (!was_known) known = Json::object();
                strip_overruled(*member, known);
                is_gone = was_known && member->empty();
            }
            member = is_gone ? event.fields.erase(member) : std::next(member);
        }
    }
}

/// In the order in which they count; what stands later counts more.
void sort_events(std::vector<EntityEvent>& events) {
    const auto order = [](const EntityEvent& event) {
        return std::pair(event.at, event.is_update);
    };
    for (auto next = events.begin(); next != events.end(); ++next) {
        const auto place = std::ranges::upper_bound(events.begin(), next, order(*next), {}, order);
        std::rotate(place, next, std::next(next));
    }
}

}  // namespace

FieldRule trace_field_rule(const std::string& name) { return find_rule(k_trace_rules, name); }

FieldRule observation_field_rule(const std::string& name) {
    return find_rule(k_observation_rules, name);
}

void reduce_events(std::vector<EntityEvent>& events, FieldRules rules) {
    if (events.size() < 2) return;
    sort_events(events);
    keep_earliest(events, rules);
    keep_latest(events, rules);
    // The earliest stays also when it says nothing any more: its time does.
    const auto says_nothing = [](const EntityEvent& event) {
        return !event.input && !event.output && event.fields.empty();
    };
    events.erase(std::remove_if(std::next(events.begin()), events.end(), says_nothing),
                 events.end());
    while (events.size() > limits::k_entity_events_max) {
        absorb(events[0], events[1], rules);
        events.erase(std::next(events.begin()));
    }
}

MergedEntity merge_events(const std::vector<EntityEvent>& events, FieldRules rules) {
    MergedEntity merged;
    if (events.empty()) return merged;
    merged.first = events.front().at;
    for (const EntityEvent& event : events) absorb(merged, event, rules);
    return merged;
}

}  // namespace assay
