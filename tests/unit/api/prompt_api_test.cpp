#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

constexpr const char* k_prompts = "/api/public/v2/prompts";

std::string at(const std::string& rest) { return std::string(k_prompts) + "/" + rest; }

Json text_prompt(const std::string& name, const std::string& text, Json labels = Json::array()) {
    return {{"name", name}, {"prompt", text}, {"labels", std::move(labels)}};
}

}  // namespace

TEST_CASE("prompts: POST answers 201 with the whole row and GET reads it back", "[api]") {
    ApiFixture fixture;
    const auto made = fixture.post(k_prompts, {{"name", "folder/a b"},
                                               {"type", "text"},
                                               {"prompt", "Hello {{name}}"},
                                               {"config", {{"temperature", 0.5}}},
                                               {"labels", {"production"}},
                                               {"tags", {"x"}},
                                               {"commitMessage", "first"},
                                               {"unknown", 1}});
    REQUIRE(made.status == 201);
    std::set<std::string> keys;
    for (const auto& [key, value] : made.body.items()) keys.insert(key);
    CHECK(keys == std::set<std::string>{"id", "createdAt", "updatedAt", "projectId", "createdBy",
                                        "prompt", "name", "version", "type", "isActive", "config",
                                        "tags", "labels", "commitMessage", "resolutionGraph"});
    CHECK(made.body["version"] == 1);
    CHECK(made.body["createdBy"] == "API");
    CHECK(made.body["labels"] == Json({"production", "latest"}));
    CHECK(made.body["tags"] == Json({"x"}));
    CHECK(made.body["config"] == Json({{"temperature", 0.5}}));
    CHECK(made.body["commitMessage"] == "first");
    CHECK(made.body["isActive"].is_null());
    CHECK(made.body["resolutionGraph"].is_null());
    CHECK(made.body["createdAt"] == "2026-11-01T09:30:00.000Z");
    CHECK(fixture.get(at("folder%2Fa%20b")).body == made.body);
    CHECK(fixture.get(at("folder%2Fa%20b?version=1")).body == made.body);
    CHECK(fixture.get(at("folder%2Fa%20b?label=latest")).body == made.body);
}

TEST_CASE("prompts: GET finds by version or label and else what is in production", "[api]") {
    ApiFixture fixture;
    REQUIRE(fixture.post(k_prompts, text_prompt("p", "1", {"production"})).status == 201);
    REQUIRE(fixture.post(k_prompts, text_prompt("p", "2", {"staging"})).status == 201);
    CHECK(fixture.get(at("p")).body["prompt"] == "1");
    CHECK(fixture.get(at("p?label=staging")).body["prompt"] == "2");
    CHECK(fixture.get(at("p?label=latest")).body["prompt"] == "2");
    CHECK(fixture.get(at("p?version=1")).body["prompt"] == "1");
    CHECK(fixture.get(at("p?version=1&label=staging")).status == 400);
    CHECK(fixture.get(at("p?version=x")).status == 400);
    CHECK(fixture.get(at("p?version=0")).status == 400);
    const auto missing = fixture.get(at("p?version=3"));
    CHECK(missing.status == 404);
    CHECK(missing.body == Json({{"message", "Prompt not found: 'p' with version 3"},
                                {"error", "LangfuseNotFoundError"}}));
    CHECK(fixture.get(at("q")).body["message"] == "Prompt not found: 'q' with label 'production'");
    CHECK(fixture.send_as_other("GET", at("p")).status == 404);
}

TEST_CASE("prompts: what cannot be a prompt is refused", "[api]") {
    ApiFixture fixture;
    const auto refused = [&](const Json& body) {
        const auto answer = fixture.post(k_prompts, body);
        INFO(to_text(body) << " " << to_text(answer.body));
        CHECK(answer.body.contains("error"));
        return answer.status == 400;
    };
    const auto with = [](const char* name, Json value) {
        Json prompt = text_prompt("p", "text");
        prompt[name] = std::move(value);
        return prompt;
    };
    CHECK(refused(Json::object()));
    CHECK(refused(with("name", "")));
    CHECK(refused(with("name", "a|b")));
    CHECK(refused(with("name", "/a")));
    CHECK(refused(with("name", "new")));
    CHECK(refused(with("name", 7)));
    CHECK(refused(with("prompt", 7)));
    CHECK(refused(with("prompt", nullptr)));
    CHECK(refused(with("prompt", Json::array())));
    CHECK(refused(with("type", "audio")));
    CHECK(refused(with("type", "chat")));
    CHECK(refused(with("labels", {"A"})));
    CHECK(refused(with("labels", {7})));
    CHECK(refused(with("labels", "a")));
    CHECK(refused(with("tags", {7})));
    CHECK(refused(with("commitMessage", 7)));
    CHECK(refused(
        {{"name", "p"},
         {"type", "chat"},
         {"prompt",
          {{{"role", "user"}, {"content", "{{a}}"}}, {{"type", "placeholder"}, {"name", "a"}}}}}));
    CHECK(refused(with("prompt", "@@@langfusePrompt:name=none|version=1@@@")));
    CHECK(fixture.get(k_prompts).body["data"].empty());
    const auto message = [&](const char* name) {
        return fixture.post(k_prompts, with("name", name)).body["error"][0]["message"];
    };
    CHECK(message("") == "Enter a name");
    CHECK(message("/a") == "Name cannot start with a slash");
    CHECK(message("a/") == "Name cannot end with a slash");
    CHECK(message("a//b") == "Name cannot contain consecutive slashes");
    CHECK(message("a|b") == "Prompt name cannot contain '|' character");
    CHECK(message("new") == "Prompt name cannot be 'new'");
    REQUIRE(fixture.post(k_prompts, text_prompt("p", "text")).status == 201);
    CHECK(refused({{"name", "p"}, {"type", "chat"}, {"prompt", Json::array()}}));
}

TEST_CASE("prompts: chat messages lose the type that clients add", "[api]") {
    ApiFixture fixture;
    const Json messages = {{{"type", "chatmessage"}, {"role", "system"}, {"content", "Hi {{x}}"}},
                           {{"type", "placeholder"}, {"name", "history"}}};
    const auto made =
        fixture.post(k_prompts, {{"name", "chat"}, {"type", "chat"}, {"prompt", messages}});
    REQUIRE(made.status == 201);
    CHECK(made.body["prompt"] == Json({{{"role", "system"}, {"content", "Hi {{x}}"}},
                                       {{"type", "placeholder"}, {"name", "history"}}}));
    CHECK(made.body["config"] == Json::object());
}

TEST_CASE("prompts: PATCH moves labels", "[api]") {
    ApiFixture fixture;
    REQUIRE(fixture.post(k_prompts, text_prompt("a/b", "1", {"production"})).status == 201);
    REQUIRE(fixture.post(k_prompts, text_prompt("a/b", "2", {"staging"})).status == 201);
    const auto patch = [&](const std::string& version, const Json& body) {
        return fixture.send("PATCH", at("a%2Fb/versions/" + version), body);
    };
    const auto moved = patch("2", {{"newLabels", {"production"}}});
    REQUIRE(moved.status == 200);
    CHECK(moved.body["version"] == 2);
    CHECK(moved.body["labels"] == Json({"production", "staging", "latest"}));
    CHECK(fixture.get(at("a%2Fb?version=1")).body["labels"] == Json::array());
    CHECK(fixture.get(at("a%2Fb")).body["prompt"] == "2");
    CHECK(patch("1", {{"newLabels", {"latest"}}}).status == 400);
    CHECK(patch("1", {{"newLabels", {"A B"}}}).status == 400);
    CHECK(patch("1", {{"newLabels", "x"}}).status == 400);
    CHECK(patch("1", Json::object()).status == 400);
    CHECK(patch("x", {{"newLabels", {"a"}}}).status == 400);
    CHECK(patch("3", {{"newLabels", {"a"}}}).status == 404);
    CHECK(fixture.send_as_other("PATCH", at("a%2Fb/versions/1"), {{"newLabels", {"a"}}}).status ==
          404);
}

TEST_CASE("prompts: DELETE answers 204 with nothing", "[api]") {
    ApiFixture fixture;
    for (const char* text : {"1", "2", "3"}) {
        REQUIRE(fixture.post(k_prompts, text_prompt("p", text)).status == 201);
    }
    CHECK(fixture.send_as_other("DELETE", at("p")).status == 404);
    const RawResponse response = fixture.ask("DELETE", at("p?version=3"), basic(fixture.project));
    CHECK(response.status == 204);
    CHECK(response.body.empty());
    CHECK(fixture.get(at("p?label=latest")).body["version"] == 2);
    CHECK(fixture.send("DELETE", at("p?version=3")).status == 404);
    CHECK(fixture.send("DELETE", at("p?label=production")).status == 404);
    REQUIRE(fixture.post(k_prompts, text_prompt("user", "@@@langfusePrompt:name=p|label=latest@@@"))
                .status == 201);
    CHECK(fixture.send("DELETE", at("p")).status == 400);
    CHECK(fixture.send("DELETE", at("p?version=1")).status == 204);
    CHECK(fixture.send("DELETE", at("user")).status == 204);
    CHECK(fixture.send("DELETE", at("p")).status == 204);
    CHECK(fixture.get(at("p?label=latest")).status == 404);
}

TEST_CASE("prompts: references are resolved unless that is not wanted", "[api]") {
    ApiFixture fixture;
    const std::string reference = "@@@langfusePrompt:name=tone|label=production@@@";
    const Json tone = fixture.post(k_prompts, text_prompt("tone", "kind", {"production"})).body;
    const Json user = fixture.post(k_prompts, text_prompt("p", "Be " + reference)).body;
    CHECK(user["prompt"] == "Be " + reference);
    const auto read = fixture.get(at("p?version=1"));
    CHECK(read.body["prompt"] == "Be kind");
    CHECK(read.body["resolutionGraph"]["root"] ==
          Json({{"name", "p"}, {"version", 1}, {"id", user["id"]}}));
    CHECK(read.body["resolutionGraph"]["dependencies"][user["id"].get<std::string>()] ==
          Json::array({{{"name", "tone"}, {"version", 1}, {"id", tone["id"]}}}));
    const auto raw = fixture.get(at("p?version=1&resolve=false"));
    CHECK(raw.body["prompt"] == "Be " + reference);
    CHECK(raw.body["resolutionGraph"].is_null());
}

TEST_CASE("prompts: a list repeats its page under pagination", "[api]") {
    ApiFixture fixture;
    for (int i = 0; i < 12; ++i) {
        const std::string name = fmt::format("p{:02}", i);
        REQUIRE(
            fixture.post(k_prompts, text_prompt(name, "x", {"l" + std::to_string(i % 2)})).status ==
            201);
    }
    const auto page = fixture.get(k_prompts);
    CHECK(page.body["data"].size() == 10);
    CHECK(page.body["meta"] ==
          Json({{"page", 1}, {"limit", 10}, {"totalItems", 12}, {"totalPages", 2}}));
    CHECK(page.body["pagination"] == page.body["meta"]);
    const Json& first = page.body["data"][0];
    CHECK(first == Json({{"name", "p00"},
                         {"type", "text"},
                         {"versions", {1}},
                         {"labels", {"l0", "latest"}},
                         {"tags", Json::array()},
                         {"lastUpdatedAt", "2026-11-01T09:30:00.000Z"},
                         {"lastConfig", Json::object()}}));
    const auto total = [&](const std::string& query) {
        return fixture.get(std::string(k_prompts) + query).body["meta"]["totalItems"];
    };
    CHECK(total("?label=l1") == 6);
    CHECK(total("?name=p03") == 1);
    CHECK(total("?tag=none") == 0);
    CHECK(total("?version=1") == 12);
    CHECK(total("?version=2") == 0);
    CHECK(total("?fromUpdatedAt=2026-11-01T09:30:00Z") == 12);
    CHECK(total("?fromUpdatedAt=2026-11-01T09:30:01Z") == 0);
    CHECK(total("?toUpdatedAt=2026-11-01T09:30:00Z") == 0);
    CHECK(total("?toUpdatedAt=2026-11-01T09:30:00.001Z") == 12);
    CHECK(total("?toUpdatedAt=2026-11-01T09:29:59%2B00:00") == 0);
    CHECK(fixture.get(std::string(k_prompts) + "?limit=1000").status == 400);
    CHECK(fixture.get(std::string(k_prompts) + "?fromUpdatedAt=now").status == 400);
    CHECK(fixture.send_as_other("GET", k_prompts).body["data"].empty());
}

TEST_CASE("prompts: the older routes know whether a version is active", "[api]") {
    ApiFixture fixture;
    constexpr const char* k_first = "/api/public/prompts";
    const auto made = fixture.post(k_first, {{"name", "p"}, {"prompt", "x"}, {"isActive", true}});
    REQUIRE(made.status == 201);
    CHECK(made.body["isActive"] == true);
    CHECK(made.body["labels"] == Json({"production", "latest"}));
    REQUIRE(fixture.post(k_first, {{"name", "p"}, {"prompt", "y"}, {"isActive", false}}).status ==
            201);
    CHECK(fixture.get("/api/public/prompts?name=p").body["prompt"] == "x");
    const auto second = fixture.get("/api/public/prompts?name=p&version=2");
    CHECK(second.body["prompt"] == "y");
    CHECK(second.body["isActive"] == false);
    const auto unknown = fixture.get("/api/public/prompts?name=q");
    CHECK(unknown.status == 404);
    CHECK(unknown.body ==
          Json({{"message", "Prompt not found"}, {"error", "LangfuseNotFoundError"}}));
    CHECK(fixture.get("/api/public/prompts").status == 400);
    CHECK(fixture.send_as_other("GET", "/api/public/prompts?name=p").status == 404);
}

}  // namespace assay::test
