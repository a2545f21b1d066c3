#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

constexpr const char* k_models = "/api/public/models";
constexpr const char* k_not_found = "No model with this id found.";

Json flat_model(const std::string& name = "my-model") {
    return {{"modelName", name},       {"matchPattern", "(?i)^(" + name + ")$"},
            {"startDate", nullptr},    {"unit", "TOKENS"},
            {"inputPrice", 0.001},     {"outputPrice", 0.002},
            {"tokenizerId", "openai"}, {"tokenizerConfig", {{"tokenizerModel", "gpt-4o"}}}};
}

Json tier(const std::string& name, int priority) {
    const Json condition = {
        {"usageDetailPattern", "input"}, {"operator", "gt"}, {"value", 200'000}};
    return {{"name", name},
            {"isDefault", priority == 0},
            {"priority", priority},
            {"conditions", priority == 0 ? Json::array() : Json::array({condition})},
            {"prices", {{"input", 0.5 + priority}, {"output", 1}}}};
}

Json tiered_model(Json tiers) {
    return {{"modelName", "tiered"}, {"matchPattern", "^tiered$"}, {"pricingTiers", tiers}};
}

std::string at(const Json& model) {
    return std::string(k_models) + "/" + model["id"].get<std::string>();
}

}  // namespace

TEST_CASE("models: POST with flat prices makes a definition with one tier", "[api]") {
    ApiFixture fixture;
    const auto made = fixture.post(k_models, flat_model());
    REQUIRE(made.status == 200);
    const Json& model = made.body;
    CHECK(model["modelName"] == "my-model");
    CHECK(model["matchPattern"] == "(?i)^(my-model)$");
    CHECK(model["startDate"].is_null());
    CHECK(model["unit"] == "TOKENS");
    CHECK(model["inputPrice"] == 0.001);
    CHECK(model["outputPrice"] == 0.002);
    CHECK(model["totalPrice"].is_null());
    CHECK(model["tokenizerId"] == "openai");
    CHECK(model["tokenizerConfig"] == Json({{"tokenizerModel", "gpt-4o"}}));
    CHECK(model["isLangfuseManaged"] == false);
    CHECK(model["createdAt"] == "2026-11-01T09:30:00.000Z");
    CHECK(model["prices"] == Json({{"input", {{"price", 0.001}}}, {"output", {{"price", 0.002}}}}));
    REQUIRE(model["pricingTiers"].size() == 1);
    const Json& only = model["pricingTiers"][0];
    CHECK(only["isDefault"] == true);
    CHECK(only["priority"] == 0);
    CHECK(only["conditions"] == Json::array());
    CHECK(only["prices"] == Json({{"input", 0.001}, {"output", 0.002}}));
    CHECK(fixture.get(at(model)).body == model);
}

TEST_CASE("models: POST with tiers keeps all of them", "[api]") {
    ApiFixture fixture;
    const auto made = fixture.post(k_models, tiered_model({tier("large", 1), tier("standard", 0)}));
    REQUIRE(made.status == 200);
    REQUIRE(made.body["pricingTiers"].size() == 2);
    CHECK(made.body["pricingTiers"][0]["name"] == "standard");
    CHECK(made.body["pricingTiers"][1]["conditions"] == tier("large", 1)["conditions"]);
    CHECK(made.body["inputPrice"] == 0.5);  // of the default
    CHECK(made.body["unit"].is_null());
    CHECK(fixture.get(at(made.body)).body == made.body);
}

TEST_CASE("models: what cannot be a definition is refused", "[api]") {
    ApiFixture fixture;
    const auto refused = [&](const Json& body) {
        const auto answer = fixture.post(k_models, body);
        INFO(to_text(body) << " " << to_text(answer.body));
        CHECK(answer.body.contains("message"));
        CHECK(answer.body.contains("error"));
        return answer.status == 400;
    };
    const auto with = [](const char* name, Json value) {
        Json model = flat_model();
        model[name] = std::move(value);
        return model;
    };
    CHECK(refused(with("modelName", nullptr)));
    CHECK(refused(with("modelName", "")));
    CHECK(refused(with("modelName", 7)));
    CHECK(refused(with("matchPattern", nullptr)));
    CHECK(refused(with("matchPattern", "(")));
    CHECK(refused(with("matchPattern", "(?=x)")));
    CHECK(refused(with("startDate", "yesterday")));
    CHECK(refused(with("unit", "MILES")));
    CHECK(refused(with("inputPrice", -1)));
    CHECK(refused(with("inputPrice", "1")));
    CHECK(refused(with("totalPrice", 1)));
    CHECK(refused(with("tokenizerId", "mine")));
    CHECK(refused(with("tokenizerConfig", "x")));
    CHECK(refused(with("pricingTiers", Json::array({tier("standard", 0)}))));
    CHECK(refused(with("pricingTiers", "x")));
    CHECK(refused(tiered_model({tier("large", 1)})));
    CHECK(refused(tiered_model({tier("a", 0), tier("b", 0)})));
    CHECK(refused(tiered_model({tier("a", 0), tier("a", 1)})));
    CHECK(refused(tiered_model({tier("a", 0), tier("b", 1), tier("c", 1)})));
    CHECK(refused(tiered_model({"x"})));
    CHECK(refused(tiered_model({Json::object()})));
    Json other_types = tier("b", 1);
    other_types["prices"] = {{"input", 1}};
    CHECK(refused(tiered_model({tier("a", 0), other_types})));
    const auto named = fixture.post(k_models, with("modelName", 7));
    CHECK(named.body["message"] == "Invalid request data");
    CHECK(named.body["error"][0]["path"] == Json::array({"modelName"}));
    CHECK(fixture.ask("POST", k_models, basic(fixture.project), "{").status == 400);
    CHECK(fixture.ask("POST", k_models, basic(fixture.project), "[]").status == 400);
}

TEST_CASE("models: a list has the project's definitions and the program's", "[api]") {
    ApiFixture fixture;
    const auto before = fixture.get(std::string(k_models) + "?limit=100");
    const int shipped = before.body["meta"]["totalItems"];
    CHECK(shipped > 30);
    for (const Json& model : before.body["data"]) CHECK(model["isLangfuseManaged"] == true);
    REQUIRE(fixture.post(k_models, flat_model("aaa")).status == 200);
    const auto page = fixture.get(std::string(k_models) + "?page=1&limit=2");
    CHECK(page.body["meta"]["totalItems"] == shipped + 1);
    CHECK(page.body["meta"]["totalPages"] == (shipped + 2) / 2);
    REQUIRE(page.body["data"].size() == 2);
    CHECK(page.body["data"][0]["modelName"] == "aaa");
    CHECK(fixture.get(std::string(k_models) + "?page=1000").body["data"].empty());
    CHECK(fixture.get(std::string(k_models) + "?limit=101").status == 400);
    CHECK(fixture.get(std::string(k_models) + "?page=0").status == 400);
    const auto elsewhere = fixture.send_as_other("GET", k_models);
    CHECK(elsewhere.body["meta"]["totalItems"] == shipped);
}

TEST_CASE("models: a definition is replaced and removed by its project only", "[api]") {
    ApiFixture fixture;
    const Json model = fixture.post(k_models, flat_model()).body;
    Json change = flat_model("changed");
    change["inputPrice"] = 0.5;
    const auto unknown = fixture.send("PUT", std::string(k_models) + "/none", change);
    CHECK(unknown.status == 404);
    CHECK(unknown.body == Json({{"message", k_not_found}, {"error", "LangfuseNotFoundError"}}));
    for (const char* method : {"GET", "PUT", "DELETE"}) {
        INFO(method);
        const auto foreign = fixture.send_as_other(method, at(model), change);
        CHECK(foreign.status == 404);
        CHECK(foreign.body == unknown.body);
    }
    const auto changed = fixture.send("PUT", at(model), change);
    REQUIRE(changed.status == 200);
    CHECK(changed.body["id"] == model["id"]);
    CHECK(changed.body["modelName"] == "changed");
    CHECK(changed.body["inputPrice"] == 0.5);
    CHECK(changed.body["pricingTiers"][0]["id"] == model["pricingTiers"][0]["id"]);
    CHECK(fixture.get(at(model)).body == changed.body);
    CHECK(fixture.send("PUT", at(model), {{"modelName", 1}}).status == 400);
    CHECK(fixture.send("PUT", at(model), {{"modelName", "x"}, {"matchPattern", "("}}).status ==
          400);
    const auto removed = fixture.send("DELETE", at(model));
    CHECK(removed.status == 200);
    CHECK(removed.body == Json({{"message", "Model successfully deleted"}}));
    CHECK(fixture.send("DELETE", at(model)).status == 404);
    CHECK(fixture.get(at(model)).status == 404);
}

TEST_CASE("models: those of the program cannot be changed", "[api]") {
    ApiFixture fixture;
    const Json model = fixture.get(std::string(k_models) + "?limit=1").body["data"][0];
    CHECK(fixture.get(at(model)).body == model);
    CHECK(fixture.send("DELETE", at(model)).status == 404);
    CHECK(fixture.send("PUT", at(model), flat_model()).status == 404);
    CHECK(fixture.get(at(model)).status == 200);
    CHECK(fixture.get(at(model)).body["isLangfuseManaged"] == true);
}

TEST_CASE("models: a generation is priced by the definition that holds when it comes", "[api]") {
    ApiFixture fixture;
    const auto send = [&](const std::string& id, const std::string& model, Json more) {
        Json body = {{"id", id},
                     {"traceId", "t"},
                     {"model", model},
                     {"startTime", "2026-11-01T09:00:00.000Z"}};
        body.update(more);
        fixture.ingest({{{"id", "event-" + id},
                         {"timestamp", "2026-11-01T09:00:00.000Z"},
                         {"type", "generation-create"},
                         {"body", body}}});
        return fixture.get("/api/public/observations/" + id).body;
    };
    const Json usage = {{"usageDetails", {{"input", 100}, {"output", 10}}}};
    const Json unknown = send("a", "my-model", usage);
    CHECK(unknown["costDetails"] == Json::object());
    CHECK(unknown["modelId"].is_null());
    const Json model = fixture.post(k_models, flat_model()).body;
    const Json priced = send("b", "my-model", usage);
    CHECK(priced["modelId"] == model["id"]);
    CHECK(priced["costDetails"] == Json({{"input", 0.1}, {"output", 0.02}, {"total", 0.12}}));
    CHECK(priced["usageDetails"] == Json({{"input", 100}, {"output", 10}, {"total", 110}}));
    CHECK(priced["calculatedTotalCost"] == 0.12);
    CHECK(priced["inputPrice"] == 0.001);
    CHECK(priced["usagePricingTierName"] == "Standard");
    REQUIRE(fixture.send("DELETE", at(model)).status == 200);
    CHECK(send("c", "my-model", usage)["modelId"].is_null());
    CHECK(fixture.get("/api/public/observations/b").body == priced);  // as it was
    const Json given = send("d", "gpt-4o", {{"costDetails", {{"input", 1}, {"output", 2}}}});
    CHECK(given["calculatedTotalCost"] == 3);
    CHECK(send("e", "gpt-4o", usage)["calculatedTotalCost"] == 0.00035);
}

}  // namespace assay::test
