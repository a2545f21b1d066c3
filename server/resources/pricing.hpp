#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "server/store/database.hpp"

namespace assay {

/// What decides the cost of an observation.
struct PricedObservation {
    std::string model;  ///< as the client called it; "" = none
    Time start;
    std::string level;
    const Json& usage_details;           ///< by usage type, integers; empty = unknown
    const Json& cost_details;            ///< as the client gave it; empty = unknown
    const Json& model_parameters;        ///< conditions of tiers may ask for them
    const Json& metadata;                ///< the same
    const std::string* input = nullptr;  ///< to estimate what was used
    const std::string* output = nullptr;
};

/// Usage and cost as they are stored and served.
struct Pricing {
    Json usage_details = Json::object();  ///< with `total`, completed or estimated
    Json cost_details = Json::object();   ///< US dollars, with `total`
    std::optional<double> total_cost;     ///< US dollars; nothing: unknown
    std::optional<std::string> model_id;  ///< of the definition that matched
    /// {modelId, tierId, tierName, inputPrice, outputPrice, totalPrice, isUsageEstimated}, as far
    /// as they are known; prices in US dollars a unit, in the definition's own digits.
    Json details = Json::object();
};

/// An amount of US dollars in the digits that it would have if it had been computed in decimals: 15
/// digits are what a double keeps of any decimal number. Never above limits::k_cost_usd_max.
[[nodiscard]] double in_decimals(long double amount);

/// What the contract (9.2, 9.3) makes of it: definitions of the project before those that come with
/// the program, the newest that had begun, tiers by priority; a cost that the client gave holds.
[[nodiscard]] Result<Pricing> price_observation(Session& session, std::int64_t project,
                                                const PricedObservation& observation);

}  // namespace assay
