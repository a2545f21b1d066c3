#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <set>

#include "tests/unit/api/api_fixture.hpp"
#include "tests/unit/store/fixtures.hpp"

namespace assay::test {
namespace {

using std::chrono::milliseconds;

std::vector<std::string> ids_in(const Json& list) {
    std::vector<std::string> ids;
    for (const Json& each : list) ids.push_back(each.at("id"));
    return ids;
}

std::set<std::string> keys_of(const Json& object) {
    std::set<std::string> keys;
    for (const auto& [key, value] : object.items()) keys.insert(key);
    return keys;
}

/// What an unknown name gets: {message, error}.
Json not_found(const char* message) {
    return {{"message", message}, {"error", "LangfuseNotFoundError"}};
}

/// A server with a dataset "d".
class DatasetFixture : public ApiFixture {
  public:
    DatasetFixture() { REQUIRE(post("/api/public/v2/datasets", {{"name", "d"}}).status == 200); }

    Json put_item(Json item) {
        if (!item.contains("datasetName")) item["datasetName"] = "d";
        const Answer answer = post("/api/public/dataset-items", item);
        INFO(to_text(answer.body));
        REQUIRE(answer.status == 200);
        return answer.body;
    }
    Json add_run_item(const Json& item) {
        const Answer answer = post("/api/public/dataset-run-items", item);
        INFO(to_text(answer.body));
        REQUIRE(answer.status == 200);
        return answer.body;
    }
    void wait(milliseconds by) { clock.passed = clock.passed.load() + by; }
};

}  // namespace

TEST_CASE("datasets: POST makes and changes by name whatever the name is", "[api]") {
    ApiFixture fixture;
    const Json schema = {{"type", "object"}};
    const auto made = fixture.post("/api/public/v2/datasets", {{"name", "a + 7?/b%"},
                                                               {"description", "first"},
                                                               {"metadata", {{"k", {1, 2}}}},
                                                               {"inputSchema", schema},
                                                               {"unknown", true}});
    REQUIRE(made.status == 200);
    CHECK(keys_of(made.body) == std::set<std::string>{"id", "name", "description", "metadata",
                                                      "inputSchema", "expectedOutputSchema",
                                                      "projectId", "createdAt", "updatedAt"});
    CHECK(made.body.at("inputSchema") == schema);
    CHECK(made.body.at("expectedOutputSchema").is_null());
    CHECK(made.body.at("createdAt") == "2026-11-01T09:30:00.000Z");
    const std::string path = "/api/public/v2/datasets/a%20%2B%207%3F%2Fb%25";
    const auto read = fixture.get(path);
    CHECK(read.status == 200);
    CHECK(read.body == made.body);

    fixture.clock.passed = milliseconds(1500);
    const auto changed =
        fixture.post("/api/public/v2/datasets", {{"name", "a + 7?/b%"}, {"metadata", nullptr}});
    CHECK(changed.body.at("id") == made.body.at("id"));
    CHECK(changed.body.at("description") == "first");
    CHECK(changed.body.at("metadata").is_null());
    CHECK(changed.body.at("updatedAt") == "2026-11-01T09:30:01.500Z");

    const auto theirs = fixture.send_as_other("GET", path);
    CHECK(theirs.status == 404);
    CHECK(theirs.body == not_found("Dataset not found"));
    CHECK(fixture.get("/api/public/v2/datasets/none").body == theirs.body);
    CHECK(fixture.get("/api/public/v2/datasets/a").status == 404);
    CHECK(fixture.send_as_other("GET", "/api/public/v2/datasets").body.at("data").empty());
}

TEST_CASE("datasets: what is wrong with a body is told as a validation error", "[api]") {
    ApiFixture fixture;
    for (const Json& body : {Json::object(), Json{{"name", 5}}, Json{{"name", ""}},
                             Json{{"name", nullptr}}, Json{{"name", "d"}, {"description", 5}}}) {
        for (const char* const path : {"/api/public/v2/datasets", "/api/public/datasets"}) {
            const auto refused = fixture.post(path, body);
            CHECK(refused.status == 400);
            CHECK(refused.body.at("message") == "Invalid request data");
            CHECK(refused.body.at("error").at(0).at("path").is_array());
        }
    }
    const auto schema =
        fixture.post("/api/public/v2/datasets", {{"name", "d"}, {"inputSchema", {{"type", 5}}}});
    CHECK(schema.status == 400);
    CHECK(schema.body.at("error") == "InvalidRequestError");
    CHECK(fixture.send("POST", "/api/public/v2/datasets", Json::array()).status == 400);
    CHECK(fixture.get("/api/public/v2/datasets?limit=101").status == 400);
    CHECK(fixture.get("/api/public/v2/datasets?page=0").status == 400);
}

TEST_CASE("datasets: lists have pages and version 1 has items and runs", "[api]") {
    DatasetFixture fixture;
    fixture.wait(milliseconds(1));
    const auto made = fixture.post("/api/public/datasets", {{"name", "second"}});
    CHECK(made.status == 200);
    CHECK(made.body.at("items") == Json::array());
    CHECK(made.body.at("runs") == Json::array());
    const Json item = fixture.put_item({{"id", "x"}});
    fixture.add_run_item({{"runName", "r"}, {"datasetItemId", "x"}, {"traceId", "t"}});

    const auto page = fixture.get("/api/public/v2/datasets?limit=1&page=2");
    CHECK(page.body.at("meta") ==
          Json({{"page", 2}, {"limit", 1}, {"totalItems", 2}, {"totalPages", 2}}));
    REQUIRE(page.body.at("data").size() == 1);
    CHECK(page.body.at("data")[0].at("name") == "d");

    const Json listed = fixture.get("/api/public/datasets").body.at("data");
    REQUIRE(listed.size() == 2);
    CHECK(listed[0].at("name") == "second");
    CHECK(listed[1].at("items") == Json{"x"});
    CHECK(listed[1].at("runs") == Json{"r"});
    const Json read = fixture.get("/api/public/datasets/d").body;
    CHECK(read.at("items") == Json::array({item}));
    CHECK(read.at("runs") == Json{"r"});
    CHECK(fixture.get("/api/public/datasets/none").status == 404);
}

TEST_CASE("datasets: a schema that items violate is refused with the items", "[api]") {
    DatasetFixture fixture;
    fixture.put_item({{"id", "bad item"}, {"input", "text"}});
    const auto refused = fixture.post("/api/public/v2/datasets",
                                      {{"name", "d"}, {"inputSchema", {{"type", "object"}}}});
    CHECK(refused.status == 400);
    CHECK_THAT(refused.body.at("message").get<std::string>(), Catch::Contains("\"bad item\""));
    CHECK(fixture.get("/api/public/v2/datasets/d").body.at("inputSchema").is_null());
    REQUIRE(fixture
                .post("/api/public/v2/datasets",
                      {{"name", "d"}, {"expectedOutputSchema", {{"type", {"string", "null"}}}}})
                .status == 200);
    const auto item =
        fixture.post("/api/public/dataset-items", {{"datasetName", "d"}, {"expectedOutput", 5}});
    CHECK(item.status == 400);
    CHECK(item.body.at("error") == "InvalidRequestError");
}

TEST_CASE("dataset items: POST makes and changes by id", "[api]") {
    DatasetFixture fixture;
    const Json made = fixture.put_item({{"id", "x"},
                                        {"input", R"({"q":[1,{"deep":true}]})"},
                                        {"expectedOutput", ""},
                                        {"metadata", "no json"},
                                        {"sourceTraceId", "t"},
                                        {"sourceObservationId", "o"}});
    const Json dataset = fixture.get("/api/public/v2/datasets/d").body;
    CHECK(made == Json({{"id", "x"},
                        {"status", "ACTIVE"},
                        {"input", {{"q", Json::array({1, {{"deep", true}}})}}},
                        {"expectedOutput", nullptr},
                        {"metadata", "no json"},
                        {"sourceTraceId", "t"},
                        {"sourceObservationId", "o"},
                        {"datasetId", dataset.at("id")},
                        {"datasetName", "d"},
                        {"createdAt", "2026-11-01T09:30:00.000Z"},
                        {"updatedAt", "2026-11-01T09:30:00.000Z"},
                        {"mediaReferences", Json::array()}}));
    CHECK(fixture.get("/api/public/dataset-items/x").body == made);

    fixture.wait(milliseconds(5));
    const Json changed = fixture.put_item({{"id", "x"}, {"metadata", nullptr}});
    CHECK(changed.at("input") == made.at("input"));
    CHECK(changed.at("metadata").is_null());
    CHECK(changed.at("sourceTraceId") == "t");
    CHECK(changed.at("updatedAt") == "2026-11-01T09:30:00.005Z");

    // An item that is known need not be told where it is.
    const auto archived =
        fixture.post("/api/public/dataset-items", {{"id", "x"}, {"status", "ARCHIVED"}});
    CHECK(archived.status == 200);
    CHECK(archived.body.at("datasetName") == "d");
    CHECK(fixture.get("/api/public/dataset-items").body.at("data").empty());
    CHECK(fixture.get("/api/public/dataset-items/x").body.at("status") == "ARCHIVED");
    CHECK(fixture.put_item({{"input", 1}}).at("id").get<std::string>().size() == 32);
}

TEST_CASE("dataset items: what cannot be is refused", "[api]") {
    DatasetFixture fixture;
    REQUIRE(fixture.post("/api/public/v2/datasets", {{"name", "other"}}).status == 200);
    fixture.put_item({{"id", "x"}});
    const auto post = [&](const Json& body) {
        return fixture.post("/api/public/dataset-items", body);
    };
    const auto taken = post({{"id", "x"}, {"datasetName", "other"}});
    CHECK(taken.status == 409);
    CHECK_THAT(taken.body.at("message").get<std::string>(),
               Catch::Contains("already exists in another dataset (id "));
    CHECK(taken.body.at("error") == "LangfuseConflictError");
    CHECK(post({{"datasetName", "none"}}).status == 404);
    CHECK(post({{"datasetName", "none"}}).body == not_found("Dataset not found"));
    for (const Json& wrong :
         {Json::object(), Json{{"datasetName", 5}}, Json{{"datasetName", "d"}, {"id", 5}},
          Json{{"datasetName", "d"}, {"id", ""}},
          Json{{"datasetName", "d"}, {"id", std::string(256, 'x')}},
          Json{{"datasetName", "d"}, {"status", "DELETED"}},
          Json{{"datasetName", "d"}, {"sourceTraceId", {1}}}}) {
        const auto refused = post(wrong);
        INFO(to_text(wrong));
        CHECK(refused.status == 400);
        CHECK(refused.body.at("message") == "Invalid request data");
    }
    CHECK(post({{"id", "unknown"}}).status == 400);  // neither a dataset nor an item
    CHECK(post({{"datasetName", "d"}, {"id", std::string(255, 'x')}}).status == 200);
    // Up to 4.5 MB is read.
    CHECK(post({{"datasetName", "d"}, {"input", std::string(4 << 20, 'x')}}).status == 200);
    CHECK(post({{"datasetName", "d"}, {"input", std::string(9 << 19, 'x')}}).status == 413);
}

TEST_CASE("dataset items: a dataset is read as it was", "[api]") {
    DatasetFixture fixture;
    const auto list = [&](const std::string& version) {
        const auto answer = fixture.get("/api/public/dataset-items?datasetName=d" + version);
        REQUIRE(answer.status == 200);
        std::map<std::string, Json> inputs;
        for (const Json& item : answer.body.at("data")) inputs[item.at("id")] = item.at("input");
        return inputs;
    };
    using Inputs = std::map<std::string, Json>;
    fixture.put_item({{"id", "a"}, {"input", 1}});
    fixture.wait(milliseconds(100));
    fixture.put_item({{"id", "b"}, {"input", 1}});
    const Json changed = fixture.put_item({{"id", "a"}, {"input", 2}});
    fixture.wait(milliseconds(100));
    fixture.put_item({{"id", "b"}, {"status", "ARCHIVED"}});
    CHECK(list("") == Inputs{{"a", 2}});
    CHECK(list("&version=2026-11-01T09:30:00.200Z") == Inputs{{"a", 2}});
    CHECK(list("&version=2026-11-01T09:30:00.199Z") == Inputs{{"a", 2}, {"b", 1}});
    CHECK(list("&version=" + changed.at("updatedAt").get<std::string>()) ==
          Inputs{{"a", 2}, {"b", 1}});
    CHECK(list("&version=2026-11-01T10:30:00.099%2B01:00") == Inputs{{"a", 1}});
    CHECK(list("&version=2026-11-01T09:29:59Z") == Inputs{});
    CHECK(fixture.get("/api/public/dataset-items?version=2026-11-01T09:30:00Z").status == 400);
    CHECK(fixture.get("/api/public/dataset-items?datasetName=d&version=now").status == 400);
}

TEST_CASE("dataset items: the list has the newest first and only what it is asked for", "[api]") {
    DatasetFixture fixture;
    REQUIRE(fixture.post("/api/public/v2/datasets", {{"name", "a/b"}}).status == 200);
    for (const char* const id : {"one", "two", "three"}) {
        fixture.put_item({{"id", id}, {"sourceTraceId", id}});
        fixture.wait(milliseconds(1));
    }
    fixture.put_item({{"id", "else"}, {"datasetName", "a/b"}, {"sourceObservationId", "one"}});
    const auto ids = [&](const std::string& query) {
        const auto answer = fixture.get("/api/public/dataset-items" + query);
        REQUIRE(answer.status == 200);
        return ids_in(answer.body.at("data"));
    };
    using Ids = std::vector<std::string>;
    CHECK(ids("?datasetName=d") == Ids{"three", "two", "one"});
    CHECK(ids("?datasetName=a%2Fb") == Ids{"else"});
    CHECK(ids("") == Ids{"else", "three", "two", "one"});
    CHECK(ids("?limit=2&page=2") == Ids{"two", "one"});
    CHECK(ids("?sourceTraceId=two") == Ids{"two"});
    CHECK(ids("?sourceObservationId=one") == Ids{"else"});
    CHECK(ids("?datasetName=d&sourceObservationId=one") == Ids{});
    const auto unknown = fixture.get("/api/public/dataset-items?datasetName=none");
    CHECK(unknown.status == 404);
    CHECK(fixture.send_as_other("GET", "/api/public/dataset-items?datasetName=d").body ==
          unknown.body);
}

TEST_CASE("dataset items: one that is deleted is gone and another project's is not there",
          "[api]") {
    DatasetFixture fixture;
    fixture.put_item({{"id", "x/y"}});
    const std::string path = "/api/public/dataset-items/x%2Fy";
    const Json unknown = not_found("Dataset item not found");
    for (const char* const method : {"GET", "DELETE"}) {
        const auto theirs = fixture.send_as_other(method, path);
        CHECK(theirs.status == 404);
        CHECK(theirs.body == unknown);
    }
    const auto done = fixture.send("DELETE", path);
    CHECK(done.status == 200);
    CHECK(done.body == Json({{"message", "Dataset item successfully deleted"}}));
    CHECK(fixture.get(path).body == unknown);
    CHECK(fixture.send("DELETE", path).status == 404);
    // The id is free for another dataset then.
    REQUIRE(fixture.post("/api/public/v2/datasets", {{"name", "other"}}).status == 200);
    CHECK(fixture.put_item({{"id", "x/y"}, {"datasetName", "other"}}).at("datasetName") == "other");
}

TEST_CASE("dataset items: one that is deleted leaves nothing but what names it", "[api]") {
    constexpr const char* k_canary = "canary-2b81f";
    DatasetFixture fixture;
    const Json first = fixture.put_item({{"id", "x"}, {"input", k_canary}});
    fixture.wait(milliseconds(10));
    fixture.put_item({{"id", "x"},
                      {"input", Json{{"q", k_canary}}},
                      {"metadata", Json{{k_canary, 1}}},
                      {"sourceTraceId", k_canary}});
    const Json linked =
        fixture.add_run_item({{"runName", "r"}, {"datasetItemId", "x"}, {"traceId", "t"}});
    fixture.wait(milliseconds(10));
    REQUIRE(fixture.send("DELETE", "/api/public/dataset-items/x").status == 200);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(fixture.folder.path())) {
        if (!entry.is_regular_file()) continue;
        CHECK_THAT(read_text(entry.path()), !Catch::Contains(k_canary));
    }
    const std::string then = first.at("updatedAt");
    CHECK(fixture.get("/api/public/dataset-items?datasetName=d&version=" + then)
              .body.at("data")
              .empty());
    CHECK(fixture.get("/api/public/datasets/d/runs/r").body.at("datasetRunItems") ==
          Json::array({linked}));
    const auto again = [&] {
        return fixture.post("/api/public/dataset-run-items",
                            {{"runName", "r"}, {"datasetItemId", "x"}, {"traceId", "t"}});
    };
    CHECK(again().status == 404);
    // One with its id is another.
    const Json made = fixture.put_item({{"id", "x"}, {"expectedOutput", "new"}});
    CHECK(made.at("createdAt") == "2026-11-01T09:30:00.020Z");
    CHECK(made.at("input").is_null());
    CHECK(again().status == 200);
}

TEST_CASE("dataset items: what points to a trace stays when the trace is deleted", "[api]") {
    DatasetFixture fixture;
    const Json item = fixture.put_item({{"id", "x"}, {"input", 1}, {"sourceTraceId", "t"}});
    fixture.ingest(Json::array({{{"id", "e"},
                                 {"type", "trace-create"},
                                 {"timestamp", "2026-11-01T09:00:00Z"},
                                 {"body", {{"id", "t"}, {"output", "said"}}}}}));
    fixture.add_run_item({{"runName", "r"}, {"datasetItemId", "x"}, {"traceId", "t"}});
    const Json run = fixture.get("/api/public/datasets/d/runs/r").body;
    REQUIRE(run.at("datasetRunItems").size() == 1);
    REQUIRE(fixture.send("DELETE", "/api/public/traces/t").status == 200);
    REQUIRE(fixture.get("/api/public/traces/t").status == 404);
    CHECK(fixture.get("/api/public/datasets/d/runs/r").body == run);
    CHECK(fixture.get("/api/public/dataset-items/x").body == item);
}

TEST_CASE("dataset items: a page that is too long for an answer says what to ask for", "[api]") {
    DatasetFixture fixture;
    const std::string text(4'400'000, 'x');
    for (int i = 0; i < 8; ++i) fixture.put_item({{"input", text}});
    const std::string path = "/api/public/dataset-items?datasetName=d";
    const auto refused = fixture.get(path);
    CHECK(refused.status == 422);
    CHECK_THAT(refused.body.at("message").get<std::string>(), Catch::Contains("by limit"));
    const auto page = fixture.get(path + "&limit=7");
    REQUIRE(page.status == 200);
    CHECK(page.body.at("data").size() == 7);
    CHECK(page.body.at("meta").at("totalItems") == 8);
    CHECK(page.body.at("data")[6].at("input") == text);
    const auto whole = fixture.get("/api/public/datasets/d");
    CHECK(whole.status == 422);
    CHECK_THAT(whole.body.at("message").get<std::string>(),
               Catch::Contains("GET /api/public/dataset-items"));
}

TEST_CASE("dataset runs: adding an item makes the run and the trace need not be there", "[api]") {
    DatasetFixture fixture;
    fixture.put_item({{"id", "x"}});
    const std::string name = "my run - 2026-11-01T09:30:00.000Z";
    const Json added = fixture.add_run_item({{"runName", name},
                                             {"runDescription", "first"},
                                             {"metadata", {{"k", 1}}},
                                             {"datasetItemId", "x"},
                                             {"traceId", "t1"},
                                             {"observationId", "o1"},
                                             {"datasetVersion", "2026-11-01T10:30:00+01:00"}});
    CHECK(keys_of(added) == std::set<std::string>{"id", "datasetRunId", "datasetRunName",
                                                  "datasetItemId", "traceId", "observationId",
                                                  "createdAt", "updatedAt"});
    CHECK(added.at("datasetRunName") == name);
    CHECK(added.at("traceId") == "t1");
    CHECK(added.at("observationId") == "o1");
    fixture.wait(milliseconds(1));
    const Json again = fixture.add_run_item({{"runName", name},
                                             {"runDescription", "second"},
                                             {"metadata", {{"k", 2}}},
                                             {"datasetItemId", "x"},
                                             {"traceId", "t2"},
                                             {"observationId", nullptr}});
    CHECK(again.at("datasetRunId") == added.at("datasetRunId"));
    CHECK(again.at("id") != added.at("id"));
    CHECK(again.at("observationId").is_null());

    const std::string path =
        "/api/public/datasets/d/runs/my%20run%20-%202026-11-01T09%3A30%3A00.000Z";
    const auto run = fixture.get(path);
    REQUIRE(run.status == 200);
    CHECK(run.body.at("id") == added.at("datasetRunId"));
    CHECK(run.body.at("name") == name);
    CHECK(run.body.at("description") == "first");
    CHECK(run.body.at("metadata") ==
          Json({{"k", 1}, {"dataset_version", "2026-11-01T09:30:00.000Z"}}));
    CHECK(run.body.at("datasetName") == "d");
    CHECK(run.body.at("datasetRunItems") == Json::array({added, again}));

    const std::string dataset = fixture.get("/api/public/v2/datasets/d").body.at("id");
    const std::string items = "/api/public/dataset-run-items?datasetId=" + dataset +
                              "&runName=my%20run%20-%202026-11-01T09%3A30%3A00.000Z";
    CHECK(fixture.get(items).body.at("data") == Json::array({again, added}));
    CHECK(fixture.get(items + "&limit=1&page=2").body.at("data") == Json::array({added}));
    const std::string from = items + "&fromTimestamp=2026-11-01T09:30:00.001Z";
    CHECK(fixture.get(from).body.at("data") == Json::array({again}));
    CHECK(fixture.get(from).body.at("meta").at("totalItems") == 1);
    const std::string to = items + "&toTimestamp=2026-11-01T09:30:00.001Z";
    CHECK(fixture.get(to).body.at("data") == Json::array({added}));
    CHECK(fixture.get(items + "&fromTimestamp=now").status == 400);
    CHECK(fixture.send_as_other("GET", items).body == not_found("Dataset run not found"));
    CHECK(fixture.send_as_other("GET", path).body == not_found("Dataset run not found"));
    CHECK(fixture.get("/api/public/dataset-run-items?datasetId=" + dataset).status == 400);
    // No trace was made of the mere name of one.
    CHECK(fixture.get("/api/public/traces/t1").status == 404);
}

TEST_CASE("dataset runs: what cannot be is refused and makes no run", "[api]") {
    DatasetFixture fixture;
    fixture.put_item({{"id", "x"}});
    fixture.put_item({{"id", "archived"}, {"status", "ARCHIVED"}});
    const auto post = [&](Json change) {
        Json body = {{"runName", "r"}, {"datasetItemId", "x"}, {"traceId", "t"}};
        body.update(change);
        return fixture.post("/api/public/dataset-run-items", body);
    };
    for (const Json& wrong :
         {Json{{"runName", nullptr}}, Json{{"runName", ""}}, Json{{"datasetItemId", 5}},
          Json{{"traceId", nullptr}}, Json{{"traceId", ""}}, Json{{"traceId", 5}},
          Json{{"traceId", std::string(801, 'x')}}, Json{{"unknown", true}},
          Json{{"datasetVersion", "now"}}, Json{{"createdAt", 5}}}) {
        INFO(to_text(wrong));
        const auto refused = post(wrong);
        CHECK(refused.status == 400);
        CHECK(refused.body.at("message") == "Invalid request data");
    }
    CHECK(post({{"unknown", 1}}).body.at("error")[0].at("code") == "unrecognized_keys");
    for (const char* const item : {"none", "archived"}) {
        CHECK(post({{"datasetItemId", item}}).body == not_found("Dataset item not found"));
    }
    CHECK(post({{"datasetVersion", "2026-10-31T00:00:00Z"}}).status == 404);
    const auto no_observation = post({{"traceId", nullptr}, {"observationId", "none"}});
    CHECK(no_observation.status == 404);
    CHECK(no_observation.body == not_found("Observation not found"));
    const auto theirs =
        fixture.send_as_other("POST", "/api/public/dataset-run-items",
                              {{"runName", "r"}, {"datasetItemId", "x"}, {"traceId", "t"}});
    CHECK(theirs.body == not_found("Dataset item not found"));
    CHECK(fixture.get("/api/public/datasets/d/runs").body.at("data").empty());
    CHECK(post({{"traceId", std::string(800, 'x')}, {"metadata", "text"}}).status == 200);
    CHECK(fixture.get("/api/public/datasets/d/runs").body.at("data")[0].at("metadata") ==
          Json({{"metadata", "text"}}));
}

TEST_CASE("dataset runs: clients at the same time get one run", "[api]") {
    DatasetFixture fixture;
    fixture.put_item({{"id", "x"}});
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 50; ++i) {
        clients.push_back(std::make_unique<RawClient>(fixture.server.port()));
    }
    for (std::size_t i = 0; i < clients.size(); ++i) {
        const Json body = {
            {"runName", "r"}, {"datasetItemId", "x"}, {"traceId", "t" + std::to_string(i)}};
        clients[i]->send(request_text("POST", "/api/public/dataset-run-items",
                                      basic(fixture.project), to_text(body)));
    }
    std::set<std::string> runs;
    for (const auto& client : clients) {
        const auto response = client->read();
        REQUIRE(response);
        REQUIRE(response->status == 200);
        runs.insert(body_of(*response).at("datasetRunId"));
    }
    CHECK(runs.size() == 1);
    const Json run = fixture.get("/api/public/datasets/d/runs/r").body;
    CHECK(run.at("datasetRunItems").size() == clients.size());
}

TEST_CASE("dataset runs: they are listed with the newest first and deleted", "[api]") {
    DatasetFixture fixture;
    fixture.put_item({{"id", "x"}});
    for (const char* const name : {"one", "two", "a/b"}) {
        fixture.add_run_item({{"runName", name}, {"datasetItemId", "x"}, {"traceId", name}});
        fixture.wait(milliseconds(1));
    }
    const auto page = fixture.get("/api/public/datasets/d/runs?limit=2");
    CHECK(page.body.at("meta").at("totalItems") == 3);
    REQUIRE(page.body.at("data").size() == 2);
    CHECK(page.body.at("data")[0].at("name") == "a/b");
    CHECK(keys_of(page.body.at("data")[0]) ==
          std::set<std::string>{"id", "name", "description", "metadata", "datasetId", "datasetName",
                                "createdAt", "updatedAt"});
    CHECK(fixture.get("/api/public/datasets/none/runs").status == 404);
    CHECK(fixture.send_as_other("GET", "/api/public/datasets/d/runs").status == 404);

    const std::string path = "/api/public/datasets/d/runs/a%2Fb";
    CHECK(fixture.send_as_other("DELETE", path).status == 404);
    const auto done = fixture.send("DELETE", path);
    CHECK(done.status == 200);
    CHECK(done.body == Json({{"message", "Dataset run successfully deleted"}}));
    CHECK(fixture.get(path).body == not_found("Dataset run not found"));
    CHECK(fixture.send("DELETE", path).status == 404);
    CHECK(fixture.get("/api/public/datasets/d/runs").body.at("meta").at("totalItems") == 2);
    // What has its name is another run.
    const Json anew =
        fixture.add_run_item({{"runName", "a/b"}, {"datasetItemId", "x"}, {"traceId", "t"}});
    CHECK(fixture.get(path).body.at("datasetRunItems") == Json::array({anew}));
}

TEST_CASE("dataset runs: what specs ran in the same store is there", "[api]") {
    ApiFixture fixture;
    const RunRecord run = make_run();
    {
        const auto store = value_of(Store::open(fixture.folder.path(), default_project_id()));
        value_of(store->begin(run));
        std::vector<UnitResult> units;
        for (const VariantRecord& variant : run.variants) {
            for (std::uint64_t position = 0; position < 3; ++position) {
                for (int repetition = 0; repetition < 2; ++repetition) {
                    units.push_back(make_unit(run, variant.name, position, repetition));
                }
            }
        }
        value_of(store->commit(run.id, units));
        value_of(store->finish(run));
    }
    const Json dataset = fixture.get("/api/public/v2/datasets/capitals.jsonl").body;
    CHECK(dataset.at("id") == run.dataset_id.value());
    CHECK(dataset.at("metadata").is_null());
    const Json items =
        fixture.get("/api/public/dataset-items?datasetName=capitals.jsonl").body.at("data");
    CHECK(ids_in(items) == std::vector<std::string>{"item 0", "item 1", "item 2"});
    CHECK(items[1].at("input") == "item 1");
    CHECK(items[1].at("createdAt") == to_rfc3339(run.started));
    CHECK(fixture.get("/api/public/dataset-items/item%202").body == items[2]);

    const Json runs = fixture.get("/api/public/datasets/capitals.jsonl/runs").body.at("data");
    REQUIRE(runs.size() == 2);
    CHECK(runs[1].at("name") == "first run - one");
    CHECK(runs[1].at("id") == run.variants[0].dataset_run_id.value());
    CHECK(runs[1].at("metadata") == run.metadata);
    const std::string path = "/api/public/datasets/capitals.jsonl/runs/first%20run%20-%20one";
    const Json run_items = fixture.get(path).body.at("datasetRunItems");
    REQUIRE(run_items.size() == 6);
    CHECK(run_items[3].at("datasetItemId") == "item 1");
    CHECK(run_items[3].at("traceId") == make_unit(run, "one", 1, 1).trace_id.value());
    CHECK(run_items[3].at("createdAt") == to_rfc3339(run.started));

    // A client may add to the dataset, and change what the run had: the run keeps its version.
    REQUIRE(fixture
                .post("/api/public/dataset-items",
                      {{"datasetName", "capitals.jsonl"}, {"id", "item 0"}, {"input", "new"}})
                .status == 200);
    CHECK(fixture.send("DELETE", path).status == 200);
    CHECK(fixture.get(path).status == 404);
    const auto store = value_of(Store::open(fixture.folder.path(), default_project_id()));
    const RunRecord left = value_of(store->find_run(run.id.value()));
    REQUIRE(left.variants.size() == 1);
    const auto units = read_units(*store, left);
    REQUIRE(units.size() == 6);
    CHECK(units[0].item.input == "item 0");
}

}  // namespace assay::test
