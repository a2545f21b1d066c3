#include "server/resources/pricing.hpp"

#include <catch2/catch.hpp>

#include "core/model/regex.hpp"
#include "server/resources/limits.hpp"
#include "server/resources/model_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

namespace {

const Json k_nothing = Json::object();

Time day(const std::string& text) { return parse_rfc3339(text + "T00:00:00Z").value(); }

PriceTier standard(Json prices) {
    return {.id = "t0", .name = "Standard", .is_default = true, .prices = std::move(prices)};
}

ModelDefinition definition(const std::string& id, const std::string& pattern, Json prices) {
    return {.id = ModelId(id),
            .name = id,
            .match_pattern = pattern,
            .tiers = {standard(std::move(prices))},
            .created = day("2026-01-01")};
}

/// A store with two projects, in which models can be priced.
class PricingStore {
  public:
    PricingStore() : database_(Database::open(folder_.path(), Database::Missing::create).value()) {
        write([&](Session& writer) -> Result<void> {
            ASSAY_TRY(project_, writer.ensure_project(ProjectId("p")));
            ASSAY_TRY(other_, writer.ensure_project(ProjectId("q")));
            return {};
        });
    }

    template <class Write>
    void write(Write job) {
        const Result<void> done = database_->transact([&] { return job(database_->writer()); });
        INFO((done ? "" : done.error().message));
        REQUIRE(done.has_value());
    }
    void put(const ModelDefinition& model, Time now = day("2026-01-01")) {
        write([&](Session& writer) { return put_model(writer, project_, model, now); });
    }
    void remove(const std::string& id) {
        write([&](Session& writer) -> Result<void> {
            ASSAY_CHECK(remove_model(writer, project_, ModelId(id)));
            return {};
        });
    }
    Pricing price(const PricedObservation& observation) {
        return price_observation(database_->writer(), project_, observation).value();
    }
    Pricing price_elsewhere(const PricedObservation& observation) {
        return price_observation(database_->writer(), other_, observation).value();
    }
    std::optional<std::string> model_of(const std::string& name, Time at = day("2026-06-01")) {
        return price({.model = name,
                      .start = at,
                      .level = "DEFAULT",
                      .usage_details = k_nothing,
                      .cost_details = k_nothing,
                      .model_parameters = k_nothing,
                      .metadata = k_nothing})
            .model_id;
    }
    /// Of a use of the model "m".
    Pricing price_use(const Json& usage, const Json& costs = k_nothing,
                      const Json& parameters = k_nothing, const Json& metadata = k_nothing) {
        return price({.model = "m",
                      .start = day("2026-06-01"),
                      .level = "DEFAULT",
                      .usage_details = usage,
                      .cost_details = costs,
                      .model_parameters = parameters,
                      .metadata = metadata});
    }
    Database& database() { return *database_; }
    [[nodiscard]] std::int64_t project() const { return project_; }

  private:
    TemporaryFolder folder_;
    std::unique_ptr<Database> database_;
    std::int64_t project_ = 0;
    std::int64_t other_ = 0;
};

PricedObservation use_of(const std::string& model, const Json& usage) {
    return {.model = model,
            .start = day("2026-06-01"),
            .level = "DEFAULT",
            .usage_details = usage,
            .cost_details = k_nothing,
            .model_parameters = k_nothing,
            .metadata = k_nothing};
}

}  // namespace

TEST_CASE("pricing: a model is found by its pattern and the newest start that has come",
          "[resources]") {
    PricingStore store;
    ModelDefinition always = definition("always", "(?i)^(my-model)$", {{"input", 1}});
    ModelDefinition spring = definition("spring", "(?i)^(my-model)$", {{"input", 2}});
    ModelDefinition autumn = definition("autumn", "(?i)^(my-model)$", {{"input", 3}});
    spring.start = day("2026-03-01");
    autumn.start = day("2026-09-01");
    for (const auto& model : {always, spring, autumn}) store.put(model);
    CHECK(store.model_of("my-model", day("2026-01-01")) == "always");
    CHECK(store.model_of("my-model", day("2026-02-28")) == "always");
    CHECK(store.model_of("my-model", day("2026-03-01")) == "spring");
    CHECK(store.model_of("MY-Model", day("2026-08-31")) == "spring");
    CHECK(store.model_of("my-model", day("2027-01-01")) == "autumn");
    CHECK_FALSE(store.model_of("my-model-2"));
    CHECK_FALSE(store.model_of(""));
}

TEST_CASE("pricing: a pattern without anchors is found anywhere", "[resources]") {
    PricingStore store;
    store.put(definition("loose", "llama", {{"input", 1}}));
    CHECK(store.model_of("meta/llama-3") == "loose");
    CHECK_FALSE(store.model_of("meta/LLAMA-3"));
}

TEST_CASE("pricing: definitions of the project come before those of the program", "[resources]") {
    PricingStore store;
    const Json usage = {{"input", 1'000'000}, {"output", 1'000'000}};
    CHECK(store.price(use_of("gpt-4o", usage)).total_cost == 12.5);
    store.put(definition("mine", "(?i)^gpt-4o$", {{"input", 1e-6}}));
    CHECK(store.price(use_of("gpt-4o", usage)).model_id == "mine");
    CHECK(store.price(use_of("gpt-4o", usage)).total_cost == 1);
    CHECK(store.price_elsewhere(use_of("gpt-4o", usage)).total_cost == 12.5);
}

TEST_CASE("pricing: a change of the definitions counts at once and what was undone does not",
          "[resources]") {
    PricingStore store;
    const Json usage = {{"input", 10}};
    store.put(definition("m", "^m$", {{"input", 1}}));
    CHECK(store.price_use(usage).total_cost == 10);
    store.put(definition("m", "^m$", {{"input", 2}}));
    CHECK(store.price_use(usage).total_cost == 20);
    store.remove("m");
    CHECK_FALSE(store.price_use(usage).total_cost);
    store.put(definition("n", "^m$", {{"input", 3}}));  // in its place, at the same time
    CHECK(store.price_use(usage).total_cost == 30);
    const auto undone = store.database().transact([&]() -> Result<void> {
        Session& writer = store.database().writer();
        ASSAY_CHECK(put_model(writer, store.project(), definition("n", "^m$", {{"input", 4}}),
                              day("2026-01-02")));
        CHECK(store.price_use(usage).total_cost == 40);
        return failure(ErrorCode::unavailable, "undone");
    });
    CHECK_FALSE(undone.has_value());
    CHECK(store.price_use(usage).total_cost == 30);
}

TEST_CASE("pricing: usage without a total has the sum of its types and a total holds",
          "[resources]") {
    PricingStore store;
    const auto usage_of = [&](const Json& usage) { return store.price_use(usage).usage_details; };
    CHECK(usage_of({{"input", 3}, {"output", 4}, {"audio", 5}}) ==
          Json({{"input", 3}, {"output", 4}, {"audio", 5}, {"total", 12}}));
    CHECK(usage_of({{"input", 3}, {"total", 9}}) == Json({{"input", 3}, {"total", 9}}));
    CHECK(usage_of(k_nothing) == k_nothing);
    CHECK(usage_of({{"a", INT64_MAX}, {"b", INT64_MAX}})["total"] == INT64_MAX);
    CHECK(usage_of({{"a", UINT64_MAX}})["total"] == INT64_MAX);
}

TEST_CASE("pricing: costs are the prices of the types of usage that have one", "[resources]") {
    struct Case {
        Json prices;
        Json usage;
        Json costs;
    };
    const std::vector<Case> cases = {
        {{{"input", 0.1}, {"output", 0.2}},
         {{"input", 3}, {"output", 4}},
         {{"input", 0.3}, {"output", 0.8}, {"total", 1.1}}},
        {{{"input", 0.00000015}}, {{"input", 1234}}, {{"input", 0.0001851}, {"total", 0.0001851}}},
        // A type without a price is ignored.
        {{{"input", 1}}, {{"input", 3}, {"audio", 4}}, {{"input", 3}, {"total", 3}}},
        {{{"input", 1}}, {{"audio", 4}}, k_nothing},
        {{{"input", 1}}, {{"input_tokens", 4}}, k_nothing},
        // A price of everything counts when no other does.
        {{{"total", 2}}, {{"input", 3}, {"output", 4}}, {{"total", 14}}},
        {{{"total", 2}}, {{"total", 5}}, {{"total", 10}}},
        {{{"total", 2}, {"input", 1}}, {{"input", 3}, {"output", 4}}, {{"input", 3}, {"total", 3}}},
        {{{"total", 2}, {"audio", 1}}, {{"input", 3}}, {{"total", 6}}},
        {{{"input", 0}}, {{"input", 3}}, {{"input", 0}, {"total", 0}}},
        {{{"input", 1}}, {{"input", 0}}, {{"input", 0}, {"total", 0}}},
        {k_nothing, {{"input", 3}}, k_nothing},
    };
    for (const Case& each : cases) {
        INFO(each.prices << " " << each.usage);
        PricingStore store;
        store.put(definition("m", "^m$", each.prices));
        const Pricing pricing = store.price_use(each.usage);
        CHECK(pricing.cost_details == each.costs);
        CHECK(pricing.total_cost.has_value() == !each.costs.empty());
        CHECK(pricing.model_id == "m");
        CHECK(pricing.details["tierName"] == "Standard");
        CHECK(pricing.details["inputPrice"] == each.prices.value("input", Json()));
        CHECK_FALSE(pricing.details.contains("isUsageEstimated"));
    }
}

TEST_CASE("pricing: a cost that the client gave holds", "[resources]") {
    struct Case {
        Json given;
        Json costs;
        double total;
    };
    const std::vector<Case> cases = {
        {{{"input", 0.1}, {"output", 0.2}}, {{"input", 0.1}, {"output", 0.2}, {"total", 0.3}}, 0.3},
        {{{"total", 7}}, {{"total", 7}}, 7},
        {{{"input", 1}, {"total", 7}}, {{"input", 1}, {"total", 7}}, 7},
        {{{"input", 1}, {"output", 2}, {"audio", 3}},
         {{"input", 1}, {"output", 2}, {"audio", 3}, {"total", 6}},
         6},
        {{{"total", 0}}, {{"total", 0}}, 0},
        {{{"input", -1}, {"output", 2}}, {{"output", 2}, {"total", 2}}, 2},
    };
    for (const Case& each : cases) {
        INFO(each.given);
        PricingStore store;
        store.put(definition("m", "^m$", {{"input", 100}}));
        const Pricing pricing = store.price_use({{"input", 1}}, each.given);
        CHECK(pricing.cost_details == each.costs);
        CHECK(pricing.total_cost == each.total);
        CHECK(pricing.model_id == "m");
        CHECK(store.price(use_of("unknown", k_nothing)).total_cost == std::nullopt);
    }
    PricingStore store;
    CHECK(store.price_use(k_nothing, {{"total", 1e300}}).total_cost == limits::k_cost_usd_max);
    CHECK(store.price_use(k_nothing, {{"total", 5}}).total_cost == 5);  // without a definition
}

TEST_CASE("pricing: a name that nothing matches has no cost", "[resources]") {
    PricingStore store;
    const Pricing pricing = store.price(use_of("no-such-model", {{"input", 5}, {"output", 6}}));
    CHECK(pricing.cost_details == k_nothing);
    CHECK_FALSE(pricing.total_cost);
    CHECK_FALSE(pricing.model_id);
    CHECK(pricing.details == k_nothing);
    CHECK(pricing.usage_details["total"] == 11);
}

TEST_CASE("pricing: the first tier whose conditions hold counts and else the default",
          "[resources]") {
    PricingStore store;
    ModelDefinition model = definition("m", "^m$", {{"input", 1}});
    const auto add = [&](const std::string& name, std::int64_t priority, Json conditions) {
        model.tiers.push_back({.id = name,
                               .name = name,
                               .priority = priority,
                               .conditions = std::move(conditions),
                               .prices = {{"input", 10 * priority}}});
    };
    add("batch", 3,
        {{{"source", "metadata"},
          {"key", "mode"},
          {"operator", "in"},
          {"values", {"batch", "7"}}}});
    add("huge", 1,
        {{{"usageDetailPattern", "INPUT"}, {"operator", "gt"}, {"value", 200'000}},
         {{"source", "model_parameters"},
          {"key", "speed"},
          {"operator", "in"},
          {"values", {"fast"}}}});
    add("large", 2, {{{"usageDetailPattern", "input"}, {"operator", "gt"}, {"value", 200'000}}});
    store.put(model);
    const Json small = {{"input", 5}};
    const Json edge = {{"input_a", 150'000}, {"input_b", 50'000}};
    const Json large = {{"input_a", 150'000}, {"input_b", 50'001}};
    const auto tier = [&](const Json& usage, const Json& parameters, const Json& metadata) {
        return store.price_use(usage, k_nothing, parameters, metadata).details["tierName"];
    };
    CHECK(tier(small, k_nothing, k_nothing) == "Standard");
    CHECK(tier(edge, k_nothing, k_nothing) == "Standard");
    CHECK(tier(large, k_nothing, k_nothing) == "large");
    CHECK(tier(large, {{"speed", "fast"}}, k_nothing) == "huge");
    CHECK(tier(large, {{"speed", "slow"}}, {{"mode", "batch"}}) == "large");
    CHECK(tier(small, {{"speed", "fast"}}, {{"mode", "batch"}}) == "batch");
    CHECK(tier(small, k_nothing, {{"mode", 7}}) == "batch");
    CHECK(tier(small, k_nothing, {{"mode", "other"}}) == "Standard");
    CHECK(tier(small, Json("text"), Json()) == "Standard");
    CHECK(store.price_use(small, k_nothing, k_nothing, {{"mode", "batch"}}).total_cost == 150);
}

TEST_CASE("pricing: each operator of a tier compares as it is called", "[resources]") {
    const std::vector<std::pair<std::string, std::array<bool, 3>>> operators = {
        {"gt", {false, false, true}}, {"gte", {false, true, true}}, {"lt", {true, false, false}},
        {"lte", {true, true, false}}, {"eq", {false, true, false}}, {"neq", {true, false, true}}};
    for (const auto& [name, holds] : operators) {
        INFO(name);
        PricingStore store;
        ModelDefinition model = definition("m", "^m$", {{"input", 1}});
        model.tiers.push_back({.id = "t1",
                               .name = "other",
                               .priority = 1,
                               .conditions = {{{"usageDetailPattern", "^Input$"},
                                               {"operator", name},
                                               {"value", 5},
                                               {"caseSensitive", false}}},
                               .prices = {{"input", 2}}});
        store.put(model);
        for (int i = 0; i < 3; ++i) {
            const Pricing pricing = store.price_use({{"input", 4 + i}});
            CHECK((pricing.details["tierName"] == "other") == holds[static_cast<std::size_t>(i)]);
        }
    }
}

TEST_CASE("pricing: clients' names for the same kind of usage cost the same", "[resources]") {
    PricingStore store;
    const auto cost = [&](const std::string& model, const std::string& kind) {
        return store.price(use_of(model, {{kind, 1'000'000}})).total_cost;
    };
    CHECK(cost("gpt-4o", "input") == 2.5);
    CHECK(cost("gpt-4o", "input_tokens") == 2.5);
    CHECK(cost("openai/GPT-4o", "input_cached_tokens") == 1.25);
    CHECK(cost("gpt-4o", "input_cache_read") == 1.25);
    CHECK(cost("gpt-4o", "output_reasoning_tokens") == 10);
    CHECK_FALSE(cost("gpt-4o", "input_audio_tokens"));
    CHECK(cost("claude-3-5-sonnet-20241022", "cache_read_input_tokens") == 0.3);
    CHECK(cost("claude-3-5-sonnet-20241022", "cache_creation_input_tokens") == 3.75);
}

TEST_CASE("pricing: older models are found by the names that clients send", "[resources]") {
    PricingStore store;
    const Json usage = {{"input", 1'000'000}, {"output", 1'000'000}};
    const std::vector<std::pair<const char*, double>> prices = {
        {"gpt-3.5-turbo", 2},      {"openai/gpt-3.5-turbo-0125", 2}, {"GPT-4", 90},
        {"gpt-4-0613", 90},        {"gpt-4-turbo-2024-04-09", 40},   {"gpt-4-0125-preview", 40},
        {"o1-preview", 75},        {"claude-3-sonnet-20240229", 18}, {"claude-2.0", 32},
        {"chatgpt-4o-latest", 20},
    };
    for (const auto& [name, usd] : prices) {
        INFO(name);
        CHECK(store.price(use_of(name, usage)).total_cost == usd);
    }
    CHECK_FALSE(store.model_of("gpt-4-mine"));
    CHECK_FALSE(store.model_of("gpt-3.5"));
}

TEST_CASE("pricing: no name is free because some provider is", "[resources]") {
    PricingStore store;
    CHECK_FALSE(store.model_of("anything"));
    for (const ModelDefinition& model : shipped_models()) {
        INFO(model.name);
        CHECK(check_model(model).has_value());
        CHECK(model.is_shipped);
        CHECK_FALSE(Regex::compile(model.match_pattern)->found_in("anything"));
    }
}

}  // namespace assay::test
