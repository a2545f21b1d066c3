#include <algorithm>
#include <array>

#include "core/base/random.hpp"
#include "server/api/answer_job.hpp"
#include "server/api/member_reader.hpp"
#include "server/api/paging.hpp"
#include "server/api/request_body.hpp"
#include "server/api/route.hpp"
#include "server/resources/model_store.hpp"

// Model definitions: a project's own, and those that come with the program, which nobody can
// change.

namespace assay {
namespace {

constexpr std::size_t k_id_bytes = 12;
constexpr std::array<std::string_view, 6> k_units = {"TOKENS",  "CHARACTERS", "MILLISECONDS",
                                                     "SECONDS", "IMAGES",     "REQUESTS"};
constexpr std::array<std::string_view, 2> k_tokenizers = {"openai", "claude"};
constexpr const char* k_not_found = "No model with this id found.";

OrderedJson to_json(const PriceTier& tier) {
    OrderedJson json;
    json["id"] = tier.id;
    json["name"] = tier.name;
    json["isDefault"] = tier.is_default;
    json["priority"] = tier.priority;
    json["conditions"] = tier.conditions;
    json["prices"] = tier.prices;
    return json;
}

OrderedJson to_json(const ModelDefinition& model) {
    const auto standard = std::ranges::find(model.tiers, true, &PriceTier::is_default);
    const Json prices = standard == model.tiers.end() ? Json::object() : standard->prices;
    OrderedJson by_type = OrderedJson::object();
    for (const auto& [type, price] : prices.items()) by_type[type] = {{"price", price}};
    OrderedJson tiers = OrderedJson::array();
    for (const PriceTier& tier : model.tiers) tiers.push_back(to_json(tier));
    OrderedJson json;
    json["id"] = model.id.value();
    json["modelName"] = model.name;
    json["matchPattern"] = model.match_pattern;
    json["startDate"] = to_api_time(model.start);
    json["unit"] = or_null(model.unit);
    json["inputPrice"] = prices.value("input", Json());
    json["outputPrice"] = prices.value("output", Json());
    json["totalPrice"] = prices.value("total", Json());
    json["tokenizerId"] = or_null(model.tokenizer);
    json["tokenizerConfig"] = model.tokenizer_config;
    json["isLangfuseManaged"] = model.is_shipped;
    json["createdAt"] = to_api_time(model.created);
    json["prices"] = std::move(by_type);
    json["pricingTiers"] = std::move(tiers);
    return json;
}

PriceTier read_tier(MemberReader reader) {
    PriceTier tier;
    tier.name = reader.required_text("name");
    tier.is_default = reader.boolean("isDefault").value_or(false);
    if (reader.find("isDefault").is_null()) {
        reader.refuse("isDefault", "invalid_type", "Invalid input: expected boolean");
    }
    tier.priority = reader.integer("priority").value_or(0);
    if (reader.find("priority").is_null()) {
        reader.refuse("priority", "invalid_type", "Invalid input: expected int");
    }
    if (const Json* const conditions = reader.array("conditions")) tier.conditions = *conditions;
    const Json* const prices = reader.object("prices");
    if (prices != nullptr) {
        tier.prices = *prices;
    } else if (reader.find("prices").is_null()) {
        reader.refuse("prices", "invalid_type", "Invalid input: expected object");
    }
    return tier;
}

/// The one tier of a definition with a price for input, output or everything.
PriceTier read_flat_prices(MemberReader& reader) {
    PriceTier tier{.id = {}, .name = "Standard", .is_default = true};
    const auto input = reader.number("inputPrice");
    const auto output = reader.number("outputPrice");
    const auto total = reader.number("totalPrice");
    if (total && (input || output)) {
        reader.refuse("totalPrice", "custom",
                      "If totalPrice is set, inputPrice and outputPrice must be null");
    }
    if (input) tier.prices["input"] = *input;
    if (output) tier.prices["output"] = *output;
    if (total) tier.prices["total"] = *total;
    return tier;
}

void read_prices(MemberReader& reader, ModelDefinition& model) {
    PriceTier flat = read_flat_prices(reader);
    const Json* const tiers = reader.array("pricingTiers");
    if (tiers == nullptr || tiers->empty()) {
        model.tiers.push_back(std::move(flat));
        return;
    }
    if (!flat.prices.empty()) {
        reader.refuse("pricingTiers", "custom",
                      "Must use either flat prices (inputPrice, outputPrice, totalPrice) or "
                      "pricingTiers, not both");
    }
    for (std::size_t i = 0; i < tiers->size(); ++i) {
        model.tiers.push_back(read_tier(reader.element("pricingTiers", i)));
    }
    std::ranges::sort(model.tiers, {}, &PriceTier::priority);
}

/// What a body says of a definition.
ModelDefinition read_model(MemberReader reader) {
    ModelDefinition model{.id = {}, .name = {}, .match_pattern = {}, .tiers = {}, .created = {}};
    model.name = reader.required_text("modelName");
    model.match_pattern = reader.required_text("matchPattern");
    model.start = reader.time("startDate");
    model.unit = reader.choice("unit", k_units);
    model.tokenizer = reader.choice("tokenizerId", k_tokenizers);
    if (const Json* const config = reader.object("tokenizerConfig")) {
        model.tokenizer_config = *config;
    }
    read_prices(reader, model);
    return model;
}

/// A tier keeps its id as long as it keeps its name.
void name_tiers(ModelDefinition& model, const std::vector<PriceTier>& before) {
    for (PriceTier& tier : model.tiers) {
        const auto same = std::ranges::find(before, tier.name, &PriceTier::name);
        tier.id = same == before.end() ? random_hex(k_id_bytes) : same->id;
    }
}

Result<ApiResponse> store(Session& writer, const ProjectId& project, const ModelDefinition& model,
                          Time now) {
    ASSAY_TRY(const std::int64_t row, writer.ensure_project(project));
    ASSAY_CHECK(put_model(writer, row, model, now));
    return json_response(200, to_json(model));
}

Result<ApiResponse> get_models(const ApiContext& /*context*/, const RouteCall& call,
                               Session& reader) {
    QueryParameters query(call.request);
    const Page page = query.page();
    if (!query.ok()) return query.refusal();
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(auto models, models_of(reader, project));
    models.insert(models.end(), shipped_models().begin(), shipped_models().end());
    std::ranges::sort(models, {}, [](const ModelDefinition& model) {
        return std::tie(model.name, model.is_shipped, model.start, model.id);
    });
    const auto total = static_cast<std::int64_t>(models.size());
    OrderedJson data = OrderedJson::array();
    const std::int64_t end = std::min(page.offset() + page.limit, total);
    for (std::int64_t i = page.offset(); i < end; ++i) {
        data.push_back(to_json(models[static_cast<std::size_t>(i)]));
    }
    return page_response(std::move(data), page, total);
}

Result<WriteJob> post_model(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Json body, parse_object(call.request));
    std::vector<Invalid> faults;
    ModelDefinition model = read_model(MemberReader(body, faults));
    if (!faults.empty()) return answer_job(invalid_data(faults));
    ASSAY_CHECK(check_model(model));
    model.id = ModelId(random_hex(k_id_bytes));
    model.created = context.clock.now();
    name_tiers(model, {});
    return [model = std::move(model), project = call.project(), now = context.clock.now()](
               Session& writer) { return store(writer, project, model, now); };
}

Result<ApiResponse> get_model(const ApiContext& /*context*/, const RouteCall& call,
                              Session& reader) {
    ASSAY_TRY(const std::int64_t project, reader.find_project(call.project()));
    ASSAY_TRY(const auto model, find_model(reader, project, ModelId(call.parameter("id"))));
    if (!model) return error_response(call.errors, 404, k_not_found);
    return json_response(200, to_json(*model));
}

Result<WriteJob> put_model_of(const ApiContext& context, const RouteCall& call) {
    ASSAY_TRY(const Json body, parse_object(call.request));
    std::vector<Invalid> faults;
    ModelDefinition model = read_model(MemberReader(body, faults));
    if (!faults.empty()) return answer_job(invalid_data(faults));
    ASSAY_CHECK(check_model(model));
    model.id = ModelId(call.parameter("id"));
    return [model = std::move(model), project = call.project(),
            now = context.clock.now()](Session& writer) mutable -> Result<ApiResponse> {
        ASSAY_TRY(const std::int64_t row, writer.find_project(project));
        ASSAY_TRY(const auto stored, find_model(writer, row, model.id));
        if (!stored || stored->is_shipped) return failure(ErrorCode::not_found, k_not_found);
        model.created = stored->created;
        name_tiers(model, stored->tiers);
        return store(writer, project, model, now);
    };
}

Result<WriteJob> delete_model(const ApiContext& /*context*/, const RouteCall& call) {
    return [id = ModelId(call.parameter("id")),
            project = call.project()](Session& writer) -> Result<ApiResponse> {
        ASSAY_TRY(const std::int64_t row, writer.find_project(project));
        ASSAY_TRY(const bool removed, remove_model(writer, row, id));
        if (!removed) return failure(ErrorCode::not_found, k_not_found);
        return json_response(200, {{"message", "Model successfully deleted"}});
    };
}

constexpr std::array k_routes = {
    Route{"GET", "/api/public/models", RouteAuth::project_or_admin, ReadHandler{&get_models},
          "Model definitions of the project and those that come with the server"},
    Route{"POST", "/api/public/models", RouteAuth::project_or_admin, WriteHandler{&post_model},
          "Make a model definition"},
    Route{"GET", "/api/public/models/{id}", RouteAuth::project_or_admin, ReadHandler{&get_model},
          "A model definition"},
    Route{"PUT", "/api/public/models/{id}", RouteAuth::project_or_admin,
          WriteHandler{&put_model_of}, "Replace a model definition of the project"},
    Route{"DELETE", "/api/public/models/{id}", RouteAuth::project_or_admin,
          WriteHandler{&delete_model}, "Remove a model definition of the project"},
};

}  // namespace

std::span<const Route> model_routes() { return k_routes; }

}  // namespace assay
