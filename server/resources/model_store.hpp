#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/store/database.hpp"

namespace assay {

using ModelId = StrongId<struct ModelTag>;

/// What units of usage cost when its conditions hold. The default has none.
struct PriceTier {
    std::string id;
    std::string name;
    bool is_default = false;
    std::int64_t priority = 0;        ///< those of a low one are tried first; 0 = the default
    Json conditions = Json::array();  ///< see check_tier_condition()
    Json prices = Json::object();     ///< US dollars a unit, by usage type
};

/// What is known of the models whose names a pattern matches, from a day on.
struct ModelDefinition {
    ModelId id;
    std::string name;
    std::string match_pattern;  ///< RE2, found anywhere in the name that a client gives
    std::optional<Time> start = std::nullopt;
    std::optional<std::string> unit = std::nullopt;
    std::optional<std::string> tokenizer = std::nullopt;  ///< "openai" or "claude"
    Json tokenizer_config = nullptr;
    std::vector<PriceTier> tiers;
    bool is_shipped = false;  ///< comes with the program
    Time created;
};

/// The definitions that come with the program, by name: its price table in the contract's terms.
[[nodiscard]] const std::vector<ModelDefinition>& shipped_models();

/// The definitions of a project, by name.
[[nodiscard]] Result<std::vector<ModelDefinition>> models_of(Session& session,
                                                             std::int64_t project);
/// Which state the definitions of a project are in: equal as long as nothing changed.
[[nodiscard]] Result<std::string> models_version(Session& session, std::int64_t project);
/// One of the project or of the program.
[[nodiscard]] Result<std::optional<ModelDefinition>> find_model(Session& session,
                                                                std::int64_t project,
                                                                const ModelId& id);

// These need a transaction.

/// Adds a definition, or changes the one of this id.
/// @error invalid_argument when the project has limits::k_models_max already.
[[nodiscard]] Result<void> put_model(Session& writer, std::int64_t project,
                                     const ModelDefinition& model, Time now);
/// @return whether the project had it.
[[nodiscard]] Result<bool> remove_model(Session& writer, std::int64_t project, const ModelId& id);

/// Why a tier's condition cannot be used; nothing when it can. Two kinds:
/// {usageDetailPattern, operator, value, caseSensitive}: the sum of the usage whose type the
/// pattern finds; {source, key, operator: "in", values}: a member of the parameters or metadata.
[[nodiscard]] Result<void> check_tier_condition(const Json& condition);
/// What a definition must be beyond the types of its members.
/// @error invalid_argument with the place and the reason.
[[nodiscard]] Result<void> check_model(const ModelDefinition& model);

}  // namespace assay
