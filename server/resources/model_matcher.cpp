#include "server/resources/model_matcher.hpp"

#include <algorithm>

namespace assay {
namespace {

bool compare(double found, std::string_view op, double value) {
    if (op == "gt") return found > value;
    if (op == "gte") return found >= value;
    if (op == "lt") return found < value;
    if (op == "lte") return found <= value;
    if (op == "eq") return found == value;
    return found != value;
}

}  // namespace

bool PricedModel::UsageCondition::holds(const Json& usage) const {
    if (!type.compiled()) return false;
    double units = 0;
    for (const auto& [key, count] : usage.items()) {
        if (count.is_number() && type.found_in(key)) units += count.get<double>();
    }
    return compare(units, op, value);
}

bool PricedModel::MemberCondition::holds(const PricedObservation& observation) const {
    const Json& members = in_metadata ? observation.metadata : observation.model_parameters;
    if (!members.is_object()) return false;
    const auto found = members.find(key);
    return found != members.end() && !found->is_null() &&
           std::ranges::find(values, as_text(*found)) != values.end();
}

PricedModel::Condition PricedModel::compile(const Json& condition) {
    if (condition.contains("source")) {
        MemberCondition member{.in_metadata = condition["source"] == "metadata",
                               .key = condition.value("key", ""),
                               .values = {}};
        for (const Json& value : condition.value("values", Json::array())) {
            member.values.push_back(as_text(value));
        }
        return member;
    }
    const std::string_view flags = condition.value("caseSensitive", false) ? "" : "(?i)";
    return UsageCondition{
        .type = LazyRegex(std::string(flags) + condition.value("usageDetailPattern", "")),
        .op = condition.value("operator", ""),
        .value = condition.value("value", 0.0)};
}

PricedModel::PricedModel(ModelDefinition definition)
    : definition_(std::move(definition)), match_(definition_.match_pattern) {
    std::ranges::sort(definition_.tiers, {}, [](const PriceTier& tier) {
        return std::pair(tier.is_default, tier.priority);
    });
    for (const PriceTier& tier : definition_.tiers) {
        std::vector<Condition>& compiled = conditions_.emplace_back();
        for (const Json& condition : tier.conditions) compiled.push_back(compile(condition));
    }
}

bool PricedModel::matches(std::string_view name) const {
    return match_.compiled() && match_.found_in(name);
}

const PriceTier* PricedModel::tier_for(const PricedObservation& observation,
                                       const Json& usage) const {
    const auto holds = [&](const Condition& condition) {
        const auto* const by_usage = std::get_if<UsageCondition>(&condition);
        return by_usage != nullptr ? by_usage->holds(usage)
                                   : std::get<MemberCondition>(condition).holds(observation);
    };
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
        if (std::ranges::all_of(conditions_[i], holds)) return &definition_.tiers[i];
    }
    return nullptr;
}

ModelMatcher::ModelMatcher(std::vector<ModelDefinition> definitions) {
    // Of definitions that begin at one time the one that was made last comes first.
    std::ranges::sort(definitions, [](const ModelDefinition& a, const ModelDefinition& b) {
        return std::tie(b.start, b.created, b.id) < std::tie(a.start, a.created, a.id);
    });
    models_.reserve(definitions.size());
    for (ModelDefinition& each : definitions) models_.emplace_back(std::move(each));
}

const PricedModel* ModelMatcher::find(const std::string& name, Time at) {
    for (const PricedModel* const model : matches(name)) {
        const auto& start = model->definition().start;
        if (!start || *start <= at) return model;
    }
    return nullptr;
}

const std::vector<const PricedModel*>& ModelMatcher::matches(const std::string& name) {
    const auto known = remembered_.find(name);
    if (known != remembered_.end()) return known->second;
    if (remembered_.size() >= k_names_remembered_max) remembered_.clear();
    std::vector<const PricedModel*>& found = remembered_[name];
    for (const PricedModel& model : models_) {
        if (model.matches(name)) found.push_back(&model);
    }
    return found;
}

}  // namespace assay
