#include <catch2/catch.hpp>
#include <set>

#include "server/resources/limits.hpp"
#include "server/resources/model_store.hpp"
#include "tests/support/temporary_folder.hpp"

namespace assay::test {

namespace {

const Time k_now = parse_rfc3339("2026-01-01T00:00:00Z").value();

PriceTier tier(const std::string& name, std::int64_t priority) {
    const Json condition = {{"usageDetailPattern", "input"}, {"operator", "gt"}, {"value", 10}};
    return {.id = name,
            .name = name,
            .is_default = priority == 0,
            .priority = priority,
            .conditions = priority == 0 ? Json::array() : Json::array({condition}),
            .prices = {{"input", 0.25}, {"output", 1}}};
}

ModelDefinition model_with(std::vector<PriceTier> tiers) {
    return {.id = ModelId("m"),
            .name = "model",
            .match_pattern = "(?i)^(model)$",
            .tiers = std::move(tiers),
            .created = k_now};
}

std::string fault_of(const ModelDefinition& model) {
    const auto checked = check_model(model);
    return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("models: what is stored is read back in every field", "[resources]") {
    const TemporaryFolder folder;
    const auto database = Database::open(folder.path(), Database::Missing::create).value();
    ModelDefinition model = model_with({tier("Standard", 0), tier("large", 1)});
    model.id = ModelId("0123456789abcdef01234567");
    model.start = parse_rfc3339("2025-05-05T05:05:05.123Z").value();
    model.unit = "TOKENS";
    model.tokenizer = "openai";
    model.tokenizer_config = {{"tokenizerModel", "gpt-4o"}};
    std::int64_t project = 0;
    REQUIRE(database->transact([&]() -> Result<void> {
        ASSAY_TRY(project, database->writer().ensure_project(ProjectId("p")));
        return put_model(database->writer(), project, model, k_now);
    }));
    const auto read = find_model(database->reader(), project, model.id).value().value();
    CHECK(read.id == model.id);
    CHECK(read.name == "model");
    CHECK(read.match_pattern == model.match_pattern);
    CHECK(read.start == model.start);
    CHECK(read.unit == model.unit);
    CHECK(read.tokenizer == model.tokenizer);
    CHECK(read.tokenizer_config == model.tokenizer_config);
    CHECK(read.created == k_now);
    CHECK_FALSE(read.is_shipped);
    REQUIRE(read.tiers.size() == 2);
    CHECK(read.tiers[1].id == "large");
    CHECK(read.tiers[1].priority == 1);
    CHECK(read.tiers[1].conditions == model.tiers[1].conditions);
    CHECK(read.tiers[1].prices == model.tiers[1].prices);
    CHECK(models_of(database->reader(), project)->size() == 1);
    CHECK(models_of(database->reader(), project + 1)->empty());
    CHECK_FALSE(find_model(database->reader(), project + 1, model.id).value());
    REQUIRE(database->transact([&]() -> Result<void> {
        CHECK_FALSE(remove_model(database->writer(), project + 1, model.id).value());
        CHECK(remove_model(database->writer(), project, model.id).value());
        CHECK_FALSE(remove_model(database->writer(), project, model.id).value());
        return {};
    }));
    CHECK_FALSE(find_model(database->reader(), project, model.id).value());
}

TEST_CASE("models: a project has a bounded number of them", "[resources]") {
    const TemporaryFolder folder;
    const auto database = Database::open(folder.path(), Database::Missing::create).value();
    ModelDefinition model = model_with({tier("Standard", 0)});
    REQUIRE(database->transact([&]() -> Result<void> {
        for (std::size_t i = 0; i < limits::k_models_max; ++i) {
            model.id = ModelId("m" + std::to_string(i));
            CHECK(put_model(database->writer(), 1, model, k_now).has_value());
        }
        CHECK(put_model(database->writer(), 1, model, k_now).has_value());  // in its place
        model.id = ModelId("one more");
        CHECK_FALSE(put_model(database->writer(), 1, model, k_now).has_value());
        CHECK(put_model(database->writer(), 2, model, k_now).has_value());
        return {};
    }));
}

TEST_CASE("models: those of the program have ids of their own that stay", "[resources]") {
    std::set<ModelId> ids;
    for (const ModelDefinition& model : shipped_models()) ids.insert(model.id);
    CHECK(ids.size() == shipped_models().size());
    CHECK(ids.size() > 30);
    const TemporaryFolder folder;
    const auto database = Database::open(folder.path(), Database::Missing::create).value();
    const auto found = find_model(database->reader(), -1, shipped_models().front().id).value();
    REQUIRE(found);
    CHECK(found->is_shipped);
}

TEST_CASE("models: only what can be matched and priced is a definition", "[resources]") {
    CHECK(fault_of(model_with({tier("Standard", 0)})).empty());
    CHECK(fault_of(model_with({tier("Standard", 0), tier("large", 1), tier("huge", 2)})).empty());

    ModelDefinition model = model_with({tier("Standard", 0)});
    for (const char* pattern : {"(", "(?=a)", "[z-a]", "(a)\\1", "a**"}) {
        model.match_pattern = pattern;
        INFO(pattern);
        CHECK(fault_of(model).starts_with("matchPattern: "));
    }
    CHECK(fault_of(model_with({})).find("exactly one") != std::string::npos);
    CHECK(fault_of(model_with({tier("large", 1)})).find("exactly one") != std::string::npos);
    CHECK(fault_of(model_with({tier("a", 0), tier("b", 0)})).find("exactly one") !=
          std::string::npos);
    CHECK(fault_of(model_with({tier("a", 0), tier("a", 1)})).find("called \"a\"") !=
          std::string::npos);
    CHECK(fault_of(model_with({tier("a", 0), tier("b", 1), tier("c", 1)})).find("priority 1") !=
          std::string::npos);

    auto two = [](auto change) {
        std::vector<PriceTier> tiers = {tier("a", 0), tier("b", 1)};
        change(tiers[1]);
        return fault_of(model_with(std::move(tiers)));
    };
    CHECK(two([](PriceTier&) {}).empty());
    CHECK_FALSE(two([](PriceTier& b) { b.prices = {{"input", 1}}; }).empty());
    CHECK_FALSE(two([](PriceTier& b) { b.prices["output"] = -1; }).empty());
    CHECK_FALSE(two([](PriceTier& b) { b.prices["output"] = "1"; }).empty());
    CHECK_FALSE(two([](PriceTier& b) { b.prices["output"] = 1e7; }).empty());
    CHECK(two([](PriceTier& b) { b.prices["output"] = 1e6; }).empty());
    CHECK_FALSE(two([](PriceTier& b) { b.conditions = Json::array(); }).empty());
    CHECK_FALSE(two([](PriceTier& b) { b.priority = -1; }).empty());
    CHECK_FALSE(two([](PriceTier& b) { b.name = ""; }).empty());
    PriceTier conditional = tier("a", 0);
    conditional.conditions = tier("b", 1).conditions;
    CHECK_FALSE(fault_of(model_with({conditional})).empty());
}

TEST_CASE("models: the parts of a condition are checked", "[resources]") {
    const Json usage = {{"usageDetailPattern", "input"}, {"operator", "gt"}, {"value", 1}};
    const Json member = {
        {"source", "metadata"}, {"key", "k"}, {"operator", "in"}, {"values", {"a"}}};
    CHECK(check_tier_condition(usage).has_value());
    CHECK(check_tier_condition(member).has_value());
    const auto with = [](Json condition, const char* name, Json value) {
        condition[name] = std::move(value);
        return check_tier_condition(condition).has_value();
    };
    CHECK(with(usage, "caseSensitive", true));
    CHECK_FALSE(with(usage, "caseSensitive", 1));
    CHECK_FALSE(with(usage, "usageDetailPattern", "("));
    CHECK_FALSE(with(usage, "usageDetailPattern", 3));
    CHECK_FALSE(with(usage, "operator", "in"));
    CHECK_FALSE(with(usage, "operator", nullptr));
    CHECK_FALSE(with(usage, "value", "1"));
    CHECK(with(member, "source", "model_parameters"));
    CHECK_FALSE(with(member, "source", "input"));
    CHECK_FALSE(with(member, "key", ""));
    CHECK_FALSE(with(member, "operator", "gt"));
    CHECK_FALSE(with(member, "values", Json::array()));
    CHECK_FALSE(with(member, "values", {Json::object()}));
    CHECK_FALSE(check_tier_condition(Json::object()).has_value());
    CHECK_FALSE(check_tier_condition(Json("x")).has_value());
}

}  // namespace assay::test
