#include "server/resources/pricing.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>

#include "server/resources/limits.hpp"
#include "server/resources/model_matcher.hpp"
#include "server/resources/token_estimate.hpp"

namespace assay {
namespace {

constexpr const char* k_total = "total";

/// Definitions, compiled, of the program and of the projects that were last asked for in a session.
/// Those of a project are found by the state of the table, so nothing has to tell that one changed
/// or that a change was undone.
struct KnownDefinitions {
    struct Project {
        std::string version;
        ModelMatcher matcher;
    };
    static constexpr std::size_t k_projects_max = 64;

    ModelMatcher shipped{shipped_models()};
    std::map<std::int64_t, Project> projects;
};

/// nullptr = the project has none.
Result<ModelMatcher*> matcher_of(Session& session, std::int64_t project) {
    ASSAY_TRY(std::string version, models_version(session, project));
    if (version.empty()) return nullptr;
    auto& projects = session.kept<KnownDefinitions>().projects;
    const auto found = projects.find(project);
    if (found != projects.end() && found->second.version == version) return &found->second.matcher;
    ASSAY_TRY(auto models, models_of(session, project));
    if (projects.size() >= KnownDefinitions::k_projects_max) projects.clear();
    KnownDefinitions::Project known{std::move(version), ModelMatcher(std::move(models))};
    return &projects.insert_or_assign(project, std::move(known)).first->second.matcher;
}

/// nullptr = no definition. Valid until the next call.
Result<const PricedModel*> find_definition(Session& session, std::int64_t project,
                                           const PricedObservation& observation) {
    if (observation.model.empty()) return nullptr;
    ASSAY_TRY(ModelMatcher* const own, matcher_of(session, project));
    if (own != nullptr) {
        const PricedModel* const model = own->find(observation.model, observation.start);
        if (model != nullptr) return model;
    }
    return session.kept<KnownDefinitions>().shipped.find(observation.model, observation.start);
}

std::int64_t units_of(const Json& value) {
    constexpr std::int64_t k_max = std::numeric_limits<std::int64_t>::max();
    if (value.is_number_unsigned()) {
        return static_cast<std::int64_t>(
            std::min(value.get<std::uint64_t>(), static_cast<std::uint64_t>(k_max)));
    }
    return value.is_number_integer() ? std::max<std::int64_t>(value.get<std::int64_t>(), 0) : 0;
}

void complete_total(Json& usage) {
    if (usage.empty() || usage.contains(k_total)) return;
    std::int64_t total = 0;
    for (const Json& units : usage) {
        if (__builtin_add_overflow(total, units_of(units), &total)) {
            total = std::numeric_limits<std::int64_t>::max();
            break;
        }
    }
    usage[k_total] = total;
}

/// What the client says something cost, with its total; an empty object when it says nothing.
Json given_costs(const Json& cost_details) {
    Json costs = Json::object();
    long double sum = 0;
    for (const auto& [kind, cost] : cost_details.items()) {
        if (!cost.is_number() || !(cost.get<double>() >= 0)) continue;
        costs[kind] = cost;
        sum += cost.get<double>();
    }
    if (!costs.empty() && !costs.contains(k_total)) costs[k_total] = in_decimals(sum);
    return costs;
}

Json inferred_costs(const Json& usage, const Json& prices) {
    Json costs = Json::object();
    long double sum = 0;
    const auto apply = [&](const std::string& kind, std::int64_t units) {
        const auto price = prices.find(kind);
        if (price == prices.end() || !price->is_number()) return;
        const long double cost =
            static_cast<long double>(price->get<double>()) * static_cast<long double>(units);
        costs[kind] = in_decimals(cost);
        sum += cost;
    };
    for (const auto& [kind, units] : usage.items()) {
        if (kind != k_total) apply(kind, units_of(units));
    }
    if (costs.empty() && usage.contains(k_total)) apply(k_total, units_of(usage[k_total]));
    if (!costs.empty()) costs[k_total] = in_decimals(sum);
    return costs;
}

/// The price of a usage type, or null.
Json price_of(const PriceTier& tier, const char* kind) { return tier.prices.value(kind, Json()); }

}  // namespace

double in_decimals(long double amount) {
    constexpr int k_digits = 15;
    std::array<char, 32> text{};
    const auto written = std::to_chars(text.begin(), text.end(), static_cast<double>(amount),
                                       std::chars_format::general, k_digits);
    double rounded = 0;
    std::from_chars(text.begin(), written.ptr, rounded);
    return std::min(rounded, limits::k_cost_usd_max);
}

Result<Pricing> price_observation(Session& session, std::int64_t project,
                                  const PricedObservation& observation) {
    ASSAY_TRY(const PricedModel* const model, find_definition(session, project, observation));
    Pricing pricing;
    if (observation.usage_details.is_object()) pricing.usage_details = observation.usage_details;
    if (model != nullptr && pricing.usage_details.empty()) {
        pricing.usage_details = estimate_usage(model->definition(), observation);
        if (!pricing.usage_details.empty()) pricing.details["isUsageEstimated"] = true;
    }
    complete_total(pricing.usage_details);
    const PriceTier* const tier =
        model == nullptr ? nullptr : model->tier_for(observation, pricing.usage_details);
    pricing.cost_details = given_costs(observation.cost_details);
    if (pricing.cost_details.empty() && tier != nullptr) {
        pricing.cost_details = inferred_costs(pricing.usage_details, tier->prices);
    }
    const auto total = pricing.cost_details.find(k_total);
    if (total != pricing.cost_details.end()) {
        pricing.total_cost = std::min(total->get<double>(), limits::k_cost_usd_max);
    }
    if (model != nullptr) {
        pricing.model_id = model->definition().id.value();
        pricing.details["modelId"] = *pricing.model_id;
    }
    if (tier != nullptr) {
        pricing.details["tierId"] = tier->id;
        pricing.details["tierName"] = tier->name;
        pricing.details["inputPrice"] = price_of(*tier, "input");
        pricing.details["outputPrice"] = price_of(*tier, "output");
        pricing.details["totalPrice"] = price_of(*tier, k_total);
    }
    return pricing;
}

}  // namespace assay
