#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "configs/model_prices.hpp"
#include "server/resources/model_store.hpp"
#include "server/resources/pricing.hpp"

// Definitions in the form in which they are tried: expressions compiled, names that were looked for
// remembered.

namespace assay {

class PricedModel {
  public:
    explicit PricedModel(ModelDefinition definition);

    [[nodiscard]] const ModelDefinition& definition() const { return definition_; }
    [[nodiscard]] bool matches(std::string_view name) const;
    /// The tier that holds for an observation: the others in the order of their priorities, then
    /// the default. nullptr = a definition without tiers.
    /// @param usage  completed.
    [[nodiscard]] const PriceTier* tier_for(const PricedObservation& observation,
                                            const Json& usage) const;

  private:
    struct UsageCondition {
        LazyRegex type;
        std::string op;
        double value = 0;
        [[nodiscard]] bool holds(const Json& usage) const;
    };
    struct MemberCondition {
        bool in_metadata = false;
        std::string key;
        std::vector<std::string> values;
        [[nodiscard]] bool holds(const PricedObservation& observation) const;
    };
    using Condition = std::variant<UsageCondition, MemberCondition>;
    [[nodiscard]] static Condition compile(const Json& condition);

    ModelDefinition definition_;  ///< its tiers in the order in which they are tried
    LazyRegex match_;
    std::vector<std::vector<Condition>> conditions_;  ///< of the tiers
};

/// A set of definitions to look for names in.
class ModelMatcher {
  public:
    explicit ModelMatcher(std::vector<ModelDefinition> definitions);

    /// Of those that match the one that began last before `at`. nullptr = none.
    [[nodiscard]] const PricedModel* find(const std::string& name, Time at);

    static constexpr std::size_t k_names_remembered_max = 1024;

  private:
    [[nodiscard]] const std::vector<const PricedModel*>& matches(const std::string& name);

    std::vector<PricedModel> models_;  ///< newest first, those without a start last
    std::unordered_map<std::string, std::vector<const PricedModel*>> remembered_;
};

}  // namespace assay
