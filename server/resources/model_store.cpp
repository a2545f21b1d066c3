#include "server/resources/model_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

#include "core/model/regex.hpp"
#include "server/resources/limits.hpp"
#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr const char* k_models =
    "SELECT id, name, match_pattern, start_date, unit, tokenizer, tokenizer_config, tiers, "
    "created_at FROM models WHERE project = ?1 ORDER BY name, start_date, model";
constexpr const char* k_find_model =
    "SELECT id, name, match_pattern, start_date, unit, tokenizer, tokenizer_config, tiers, "
    "created_at FROM models WHERE project = ?1 AND id = ?2";
// Asked before every price. The id tells a definition from one that was made in its place at the
// same time.
constexpr const char* k_version =
    "SELECT (SELECT count(*) FROM models WHERE project = ?1), updated_at, id FROM models "
    "WHERE project = ?1 ORDER BY updated_at DESC LIMIT 1";
constexpr const char* k_count_others =
    "SELECT count(*) FROM models WHERE project = ?1 AND id <> ?2";
// Times of changes never repeat, whatever the clock does.
constexpr const char* k_put_model =
    "INSERT INTO models(project, id, name, match_pattern, start_date, unit, tokenizer, "
    "tokenizer_config, tiers, created_at, updated_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
    "?10, max(?11, (SELECT coalesce(max(updated_at), 0) + 1 FROM models WHERE project = ?1))) "
    "ON CONFLICT(project, id) DO UPDATE SET name = excluded.name, "
    "match_pattern = excluded.match_pattern, start_date = excluded.start_date, "
    "unit = excluded.unit, tokenizer = excluded.tokenizer, "
    "tokenizer_config = excluded.tokenizer_config, tiers = excluded.tiers, "
    "updated_at = excluded.updated_at";
constexpr const char* k_remove_model = "DELETE FROM models WHERE project = ?1 AND id = ?2";

constexpr std::array<std::string_view, 6> k_operators = {"gt", "gte", "lt", "lte", "eq", "neq"};

Json to_json(const std::vector<PriceTier>& tiers) {
    Json list = Json::array();
    for (const PriceTier& tier : tiers) {
        list.push_back({{"id", tier.id},
                        {"name", tier.name},
                        {"isDefault", tier.is_default},
                        {"priority", tier.priority},
                        {"conditions", tier.conditions},
                        {"prices", tier.prices}});
    }
    return list;
}

std::vector<PriceTier> read_tiers(const Json& list) {
    std::vector<PriceTier> tiers;
    for (const Json& tier : list) {
        tiers.push_back({.id = tier.value("id", ""),
                         .name = tier.value("name", ""),
                         .is_default = tier.value("isDefault", false),
                         .priority = tier.value("priority", std::int64_t{0}),
                         .conditions = tier.value("conditions", Json::array()),
                         .prices = tier.value("prices", Json::object())});
    }
    return tiers;
}

Result<ModelDefinition> read_model(const Rows& rows) {
    ASSAY_TRY(const Json tiers, json_at(rows, 7));
    ModelDefinition model{.id = ModelId(rows.id(0)),
                          .name = std::string(rows.bytes(1)),
                          .match_pattern = std::string(rows.bytes(2)),
                          .unit = text_at(rows, 4),
                          .tokenizer = text_at(rows, 5),
                          .tiers = read_tiers(tiers),
                          .created = time_at(rows, 8)};
    if (!rows.is_null(3)) model.start = time_at(rows, 3);
    ASSAY_TRY(model.tokenizer_config, json_at(rows, 6));
    return model;
}

std::unexpected<Error> invalid(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

Result<void> check_usage_condition(const Json& condition) {
    const auto pattern = condition.find("usageDetailPattern");
    if (!pattern->is_string()) return invalid("usageDetailPattern must be a string");
    if (const auto regex = Regex::compile(pattern->get_ref<const std::string&>()); !regex) {
        return invalid("usageDetailPattern: " + regex.error().message);
    }
    const auto op = condition.find("operator");
    const auto is_op = [&](std::string_view name) { return *op == name; };
    if (op == condition.end() || std::ranges::none_of(k_operators, is_op)) {
        return invalid("operator must be gt, gte, lt, lte, eq or neq");
    }
    const auto value = condition.find("value");
    if (value == condition.end() || !value->is_number()) return invalid("value must be a number");
    const auto sensitive = condition.find("caseSensitive");
    if (sensitive != condition.end() && !sensitive->is_boolean()) {
        return invalid("caseSensitive must be true or false");
    }
    return {};
}

Result<void> check_member_condition(const Json& condition) {
    const auto source = condition.find("source");
    if (*source != "model_parameters" && *source != "metadata") {
        return invalid("source must be model_parameters or metadata");
    }
    const auto key = condition.find("key");
    if (key == condition.end() || !key->is_string() || key->get_ref<const std::string&>().empty()) {
        return invalid("key must be a text");
    }
    if (condition.value("operator", Json()) != "in") return invalid("operator must be in");
    const auto values = condition.find("values");
    const bool is_list = values != condition.end() && values->is_array() && !values->empty();
    if (!is_list || std::ranges::any_of(*values, &Json::is_structured)) {
        return invalid("values must be a list of at least one text");
    }
    return {};
}

Result<void> check_prices(const Json& prices) {
    if (prices.size() > limits::k_prices_max) {
        return invalid(
            fmt::format("a tier has prices for at most {} usage types", limits::k_prices_max));
    }
    for (const auto& [kind, price] : prices.items()) {
        const double usd = price.is_number() ? price.get<double>() : -1;
        if (kind.empty() || !(usd >= 0 && usd <= limits::k_unit_price_usd_max)) {
            return invalid(fmt::format("the price of \"{}\" must be a number between 0 and {}",
                                       kind, limits::k_unit_price_usd_max));
        }
    }
    return {};
}

Result<void> check_tier(const PriceTier& tier) {
    if (tier.name.empty()) return invalid("a pricing tier needs a name");
    if (tier.is_default && (tier.priority != 0 || !tier.conditions.empty())) {
        return invalid("the default pricing tier must have priority 0 and no conditions");
    }
    if (!tier.is_default && (tier.priority <= 0 || tier.conditions.empty())) {
        return invalid(
            fmt::format("the pricing tier \"{}\" is not the default and must have a "
                        "priority above 0 and at least one condition",
                        tier.name));
    }
    if (tier.conditions.size() > limits::k_tier_conditions_max) {
        return invalid(
            fmt::format("a pricing tier has at most {} conditions", limits::k_tier_conditions_max));
    }
    for (const Json& condition : tier.conditions) {
        if (const auto checked = check_tier_condition(condition); !checked) {
            return invalid(fmt::format("conditions of the pricing tier \"{}\": {}", tier.name,
                                       checked.error().message));
        }
    }
    return check_prices(tier.prices);
}

std::vector<std::string> usage_types(const PriceTier& tier) {
    std::vector<std::string> types;
    for (const auto& [kind, price] : tier.prices.items()) types.push_back(kind);
    return types;
}

}  // namespace

Result<std::vector<ModelDefinition>> models_of(Session& session, std::int64_t project) {
    ASSAY_TRY(Rows rows, session.connection().query(k_models, project));
    std::vector<ModelDefinition> models;
    while (true) {
        ASSAY_TRY(const bool found, rows.next());
        if (!found) return models;
        ASSAY_TRY(ModelDefinition model, read_model(rows));
        models.push_back(std::move(model));
    }
}

Result<std::string> models_version(Session& session, std::int64_t project) {
    ASSAY_TRY(Rows rows, session.connection().query(k_version, project));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::string();
    return fmt::format("{} {} {}", rows.integer(0), rows.integer(1), rows.id(2));
}

Result<std::optional<ModelDefinition>> find_model(Session& session, std::int64_t project,
                                                  const ModelId& id) {
    const auto shipped = std::ranges::find(shipped_models(), id, &ModelDefinition::id);
    if (shipped != shipped_models().end()) return *shipped;
    ASSAY_TRY(Rows rows, session.connection().query(k_find_model, project, StoredId(id)));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    ASSAY_TRY(ModelDefinition model, read_model(rows));
    return model;
}

Result<void> put_model(Session& writer, std::int64_t project, const ModelDefinition& model,
                       Time now) {
    ASSAY_TRY(const auto count,
              writer.connection().find_integer(k_count_others, project, StoredId(model.id)));
    if (*count >= static_cast<std::int64_t>(limits::k_models_max)) {
        return invalid(
            fmt::format("A project has at most {} model definitions", limits::k_models_max));
    }
    const auto start =
        model.start ? std::optional(to_nanoseconds(*model.start)) : std::optional<std::int64_t>();
    return writer.connection().run(
        k_put_model, project, StoredId(model.id), std::string_view(model.name),
        std::string_view(model.match_pattern), start, model.unit, model.tokenizer,
        stored_json(model.tokenizer_config), std::string_view(to_text(to_json(model.tiers))),
        to_nanoseconds(model.created), to_nanoseconds(now));
}

Result<bool> remove_model(Session& writer, std::int64_t project, const ModelId& id) {
    ASSAY_CHECK(writer.connection().run(k_remove_model, project, StoredId(id)));
    return writer.connection().changes() > 0;
}

Result<void> check_tier_condition(const Json& condition) {
    if (!condition.is_object()) return invalid("a condition must be an object");
    if (condition.contains("usageDetailPattern")) return check_usage_condition(condition);
    if (condition.contains("source")) return check_member_condition(condition);
    return invalid("a condition must have a usageDetailPattern or a source");
}

Result<void> check_model(const ModelDefinition& model) {
    if (const auto regex = Regex::compile(model.match_pattern); !regex) {
        return invalid("matchPattern: " + regex.error().message);
    }
    if (model.tiers.size() > limits::k_price_tiers_max) {
        return invalid(
            fmt::format("a model has at most {} pricing tiers", limits::k_price_tiers_max));
    }
    if (std::ranges::count(model.tiers, true, &PriceTier::is_default) != 1) {
        return invalid("exactly one pricing tier must be the default");
    }
    std::set<std::string> names;
    std::set<std::int64_t> priorities;
    for (const PriceTier& tier : model.tiers) {
        ASSAY_CHECK(check_tier(tier));
        if (!names.insert(tier.name).second) {
            return invalid(fmt::format("two pricing tiers are called \"{}\"", tier.name));
        }
        if (!priorities.insert(tier.priority).second) {
            return invalid(fmt::format("two pricing tiers have the priority {}", tier.priority));
        }
        if (usage_types(tier) != usage_types(model.tiers.front())) {
            return invalid("all pricing tiers must have prices for the same usage types");
        }
    }
    return {};
}

}  // namespace assay
