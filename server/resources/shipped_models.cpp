#include <algorithm>
#include <array>
#include <set>

#include "configs/model_prices.hpp"
#include "core/base/hash.hpp"
#include "server/resources/model_store.hpp"
#include "server/resources/token_estimate.hpp"

// The price table of the program as definitions of the contract: prices a unit instead of a
// million, and a price under each name that clients have for the same kind of usage.

namespace assay {
namespace {

constexpr std::size_t k_id_characters = 24;

/// A kind of usage by another name, or a part of a kind: it costs what `same_as` costs unless the
/// table says otherwise. In an order in which each may use those before it.
struct UsageName {
    const char* name;
    const char* same_as;
};
constexpr std::array k_usage_names = {
    UsageName{"input_tokens", "input"},
    UsageName{"output_tokens", "output"},
    UsageName{"input_cached_tokens", "input"},
    UsageName{"input_cache_read", "input_cached_tokens"},
    UsageName{"cache_read_input_tokens", "input_cached_tokens"},
    UsageName{"input_cache_creation", "input"},
    UsageName{"cache_creation_input_tokens", "input_cache_creation"},
    UsageName{"input_cache_creation_5m", "input_cache_creation"},
    UsageName{"input_cache_creation_1h", "input_cache_creation"},
    UsageName{"output_reasoning_tokens", "output"},
    UsageName{"output_reasoning", "output"},
    UsageName{"output_accepted_prediction_tokens", "output"},
    UsageName{"output_rejected_prediction_tokens", "output"},
};

/// Gateways call a model by its maker, too.
struct Maker {
    std::string_view provider;
    std::string_view prefix;
    std::string_view tokenizer;  ///< "" = none that is known
};
constexpr std::array k_makers = {
    Maker{"openai", "(openai/)?", "openai"},
    Maker{"anthropic", "(anthropic/)?", "claude"},
    Maker{"google-ai-studio", "(google/|gemini/|models/)?", ""},
};

Maker maker_of(const ModelPrice& price) {
    const auto* const found = std::ranges::find(k_makers, price.provider, &Maker::provider);
    return found == k_makers.end() ? Maker{} : *found;
}

Json unit_prices(const std::map<std::string, double>& usd_per_million) {
    Json prices = Json::object();
    for (const auto& [kind, usd] : usd_per_million) prices[kind] = usd / 1e6;
    for (const UsageName& usage : k_usage_names) {
        if (prices.contains(usage.same_as) && !prices.contains(usage.name)) {
            prices[usage.name] = Json(prices[usage.same_as]);
        }
    }
    return prices;
}

Json conditions_of(const ModelPrice::Tier& tier) {
    Json conditions = Json::array();
    for (const ModelPrice::Condition& condition : tier.conditions) {
        conditions.push_back({{"usageDetailPattern", condition.usage.pattern()},
                              {"operator", condition.op},
                              {"value", condition.value},
                              {"caseSensitive", true}});
    }
    return conditions;
}

std::vector<PriceTier> tiers_of(const ModelPrice& price, const ModelId& id) {
    std::vector<PriceTier> tiers;
    std::int64_t priority = 0;
    for (const ModelPrice::Tier& tier : price.tiers) {
        const bool is_default = tier.conditions.empty();
        const std::int64_t place = is_default ? 0 : ++priority;
        tiers.push_back({.id = id.value() + "_tier_" + std::to_string(place),
                         .name = is_default ? "Standard" : tier.name,
                         .is_default = is_default,
                         .priority = place,
                         .conditions = conditions_of(tier),
                         .prices = unit_prices(tier.usd_per_million)});
    }
    std::ranges::sort(tiers, {}, &PriceTier::priority);
    return tiers;
}

ModelDefinition definition_of(const ModelPrice& price, Time created) {
    const Maker maker = maker_of(price);
    const std::string start = price.start ? to_rfc3339(*price.start) : "";
    const std::string identity = "model|" + price.provider + "|" + price.model + "|" + start;
    ModelDefinition model{.id = ModelId(sha256_hex(identity, k_id_characters)),
                          .name = price.model,
                          .match_pattern = {},
                          .start = price.start,
                          .unit = "TOKENS",
                          .tiers = {},
                          .is_shipped = true,
                          .created = created};
    model.match_pattern = "(?i)^" + std::string(maker.prefix) + "(" + price.match.pattern() + ")$";
    model.tiers = tiers_of(price, model.id);
    if (!maker.tokenizer.empty() && !is_reasoning_model(price.model)) {
        model.tokenizer = std::string(maker.tokenizer);
        if (maker.tokenizer == "openai") {
            model.tokenizer_config = {
                {"tokenizerModel", price.model}, {"tokensPerName", 1}, {"tokensPerMessage", 3}};
        }
    }
    return model;
}

}  // namespace

const std::vector<ModelDefinition>& shipped_models() {
    static const std::vector<ModelDefinition> k_models = [] {
        const PriceTable& table = PriceTable::shipped();
        const auto created = parse_rfc3339(table.date() + "T00:00:00Z");
        ASSAY_ASSERT(created.has_value(), "the price table of the program has a date");
        std::vector<ModelDefinition> models;
        std::set<std::pair<std::string, std::optional<Time>>> seen;
        for (const ModelPrice& price : table.prices()) {
            // What matches every name says something of a provider, and a trace names none.
            if (price.match.matches_all("")) continue;
            // The same model from two providers: the table has its maker's price first.
            if (!seen.emplace(price.model, price.start).second) continue;
            models.push_back(definition_of(price, *created));
        }
        std::ranges::sort(models, {}, [](const ModelDefinition& model) {
            return std::tie(model.name, model.start, model.id);
        });
        return models;
    }();
    return k_models;
}

}  // namespace assay
