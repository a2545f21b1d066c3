#include <catch2/catch.hpp>
#include <set>

#include "core/base/text.hpp"
#include "server/store/store.hpp"
#include "tests/unit/api/api_fixture.hpp"

namespace assay::test {
namespace {

constexpr const char* k_from = "fromStartTime=2020-01-01T00:00:00Z";

/// An attribute of a span, as OpenTelemetry's JSON has it.
Json attribute(const std::string& name, const std::string& value) {
    return {{"key", "langfuse." + name}, {"value", {{"stringValue", value}}}};
}

std::string joined(const Json& list, const char* key) {
    std::string text;
    for (const Json& each : list) {
        if (!text.empty()) text += ' ';
        text += each.at(key).get<std::string>();
    }
    return text;
}

class ExperimentFixture : public ApiFixture {
  public:
    struct Span {
        std::string trace;
        std::string id;
        int second = 0;  ///< after 2026-11-01T09:00:00Z
        std::string parent{};
        std::vector<Json> attributes{};
    };
    /// Sends a span that takes half a second.
    void send_span(const Span& span) {
        const std::int64_t start = 1793523600000000000 + span.second * std::int64_t{1000000000};
        Json json = {{"traceId", span.trace},
                     {"spanId", span.id},
                     {"name", "item"},
                     {"startTimeUnixNano", std::to_string(start)},
                     {"endTimeUnixNano", std::to_string(start + 500000000)},
                     {"attributes", span.attributes}};
        if (!span.parent.empty()) json["parentSpanId"] = span.parent;
        const Answer answer = post(
            "/api/public/otel/v1/traces",
            {{"resourceSpans",
              {{{"scopeSpans", {{{"scope", {{"name", "langfuse-sdk"}}}, {"spans", {json}}}}}}}}});
        INFO(to_text(answer.body));
        REQUIRE(answer.status == 200);
    }
    /// An item of an experiment as the SDK sends it, with a span below its own.
    void send_item(const std::string& experiment, const std::string& name, int number) {
        const std::string trace = trace_of(number);
        const std::string root = span_of(number, 0);
        std::vector<Json> attributes = {
            attribute("experiment.id", experiment),
            attribute("experiment.name", name),
            attribute("experiment.description", "about it"),
            attribute("experiment.metadata", R"({"model":"m"})"),
            attribute("experiment.item.id", "item-" + std::to_string(number)),
            attribute("experiment.item.metadata", R"({"level":1})"),
            attribute("experiment.item.expected_output", R"({"a":2})"),
            attribute("experiment.item.root_observation_id", root)};
        if (name == "with dataset") attributes.push_back(attribute("experiment.dataset.id", "ds"));
        Span child{.trace = trace,
                   .id = span_of(number, 1),
                   .second = number,
                   .parent = root,
                   .attributes = attributes};
        send_span(child);
        attributes.push_back(attribute("observation.input", R"({"q":1})"));
        attributes.push_back(attribute("observation.output", "an answer"));
        send_span({.trace = trace, .id = root, .second = number, .attributes = attributes});
    }
    static std::string trace_of(int number) { return std::string(31, 'a') + digit(number); }
    static std::string span_of(int number, int place) {
        return std::string(14, 'b') + digit(place) + digit(number);
    }
    static char digit(int number) { return static_cast<char>('0' + number); }

    Json experiments(const std::string& more = "") {
        return list("/api/public/experiments?" + std::string(k_from) + more);
    }
    Json items(const std::string& more = "") {
        return list("/api/public/experiment-items?" + std::string(k_from) + more);
    }

    std::string add_run_item(const std::string& run, const std::string& item,
                             const std::string& trace) {
        const Answer answer = post("/api/public/dataset-run-items",
                                   {{"runName", run}, {"datasetItemId", item}, {"traceId", trace}});
        INFO(to_text(answer.body));
        REQUIRE(answer.status == 200);
        return answer.body.at("datasetRunId");
    }
    void add_dataset() {
        REQUIRE(post("/api/public/v2/datasets", {{"name", "d"}}).status == 200);
        for (const char* const id : {"i1", "i2"}) {
            REQUIRE(post("/api/public/dataset-items", {{"datasetName", "d"},
                                                       {"id", id},
                                                       {"input", "question"},
                                                       {"expectedOutput", "right"},
                                                       {"metadata", {{"of", id}}}})
                        .status == 200);
        }
    }

  private:
    Json list(const std::string& target) {
        const Answer answer = get(target);
        INFO(target << " " << to_text(answer.body));
        REQUIRE(answer.status == 200);
        return answer.body;
    }
};

}  // namespace

TEST_CASE("experiments: spans of an SDK make experiments and items", "[api]") {
    ExperimentFixture fixture;
    fixture.send_item("e1", "first", 1);
    fixture.send_item("e1", "first", 2);
    fixture.send_item("e2", "with dataset", 3);

    const Json list = fixture.experiments();
    REQUIRE(list.at("data").size() == 2);
    CHECK(list.at("meta") == Json::object());
    CHECK(joined(list.at("data"), "id") == "e2 e1");
    CHECK(list.at("data").at(1) == Json{{"id", "e1"},
                                        {"name", "first"},
                                        {"description", "about it"},
                                        {"startTime", "2026-11-01T09:00:01.000Z"},
                                        {"endTime", "2026-11-01T09:00:02.500Z"},
                                        {"itemCount", 2},
                                        {"datasetId", nullptr}});
    CHECK(list.at("data").at(0).at("datasetId") == "ds");
    const Json with_metadata = fixture.experiments("&fields=core,metadata,scores");
    CHECK(with_metadata.at("data").at(0).at("metadata") == Json{{"model", "m"}});
    CHECK(with_metadata.at("data").at(0).at("scores") == Json::array());

    const Json items = fixture.items();
    CHECK(joined(items.at("data"), "experimentItemId") == "item-3 item-2 item-1");
    CHECK(items.at("data").at(2) == Json{{"id", fixture.span_of(1, 0)},
                                         {"traceId", fixture.trace_of(1)},
                                         {"startTime", "2026-11-01T09:00:01.000Z"},
                                         {"endTime", "2026-11-01T09:00:01.500Z"},
                                         {"level", "DEFAULT"},
                                         {"environment", "default"},
                                         {"experimentId", "e1"},
                                         {"experimentName", "first"},
                                         {"experimentItemId", "item-1"},
                                         {"experimentDatasetId", nullptr},
                                         {"experimentItemVersion", nullptr}});
}

TEST_CASE("experiments: an item has the groups of fields that are asked for", "[api]") {
    ExperimentFixture fixture;
    fixture.send_item("e1", "first", 1);
    REQUIRE(fixture
                .post("/api/public/scores",
                      {{"traceId", fixture.trace_of(1)}, {"name", "good"}, {"value", 1}})
                .status == 200);
    const Json item = fixture.items("&fields=io,metadata,itemMetadata,experimentMetadata,scores")
                          .at("data")
                          .at(0);
    CHECK(item.at("input") == Json{{"q", 1}});
    CHECK(item.at("output") == "an answer");
    CHECK(item.at("expectedOutput") == Json{{"a", 2}});
    CHECK(item.at("metadata").is_object());
    CHECK(item.at("experimentItemMetadata") == Json{{"level", 1}});
    CHECK(item.at("experimentMetadata") == Json{{"model", "m"}});
    CHECK(item.at("experimentDescription") == "about it");
    REQUIRE(item.at("scores").size() == 1);
    CHECK(item.at("scores").at(0).at("name") == "good");
    CHECK_FALSE(item.contains("experimentDatasetId"));
    const Json core = fixture.items("&fields=core").at("data").at(0);
    CHECK(core.size() == 9);
}

TEST_CASE("experiments: a dataset run is one and its items are traces", "[api]") {
    ExperimentFixture fixture;
    fixture.add_dataset();
    fixture.clock.passed = std::chrono::seconds(1);
    fixture.ingest(Json::array({{{"id", "e"},
                                 {"timestamp", "2026-11-01T09:30:00Z"},
                                 {"type", "trace-create"},
                                 {"body",
                                  {{"id", "t1"},
                                   {"timestamp", "2026-11-01T09:30:00Z"},
                                   {"input", "question"},
                                   {"output", "answer"},
                                   {"environment", "prod"}}}},
                                {{"id", "f"},
                                 {"timestamp", "2026-11-01T09:30:00Z"},
                                 {"type", "span-create"},
                                 {"body",
                                  {{"id", "o1"},
                                   {"traceId", "t1"},
                                   {"level", "ERROR"},
                                   {"startTime", "2026-11-01T09:30:00Z"},
                                   {"endTime", "2026-11-01T09:30:02Z"}}}}}));
    const std::string run = fixture.add_run_item("my run", "i1", "t1");
    fixture.add_run_item("my run", "i2", "never-sent");
    REQUIRE(fixture
                .post("/api/public/scores",
                      {{"datasetRunId", run}, {"name", "overall"}, {"value", 0.5}})
                .status == 200);

    const Json experiment = fixture.experiments("&fields=metadata,scores").at("data").at(0);
    CHECK(experiment.at("id") == run);
    CHECK(experiment.at("name") == "my run");
    CHECK(experiment.at("itemCount") == 2);
    CHECK(experiment.at("startTime") == "2026-11-01T09:30:01.000Z");
    CHECK(experiment.at("endTime") == "2026-11-01T09:30:02.000Z");
    CHECK(experiment.at("datasetId") == fixture.get("/api/public/v2/datasets/d").body.at("id"));
    CHECK(experiment.at("metadata") == Json::object());
    REQUIRE(experiment.at("scores").size() == 1);
    CHECK(experiment.at("scores").at(0).at("value") == 0.5);
    CHECK(experiment.at("scores").at(0).at("subject") == Json{{"kind", "experiment"}, {"id", run}});
    CHECK(fixture.get("/api/public/v3/scores?experimentId=" + run).body.at("data").size() == 1);

    const Json items = fixture.items("&fields=dataset,io,itemMetadata&experimentId=" + run);
    REQUIRE(items.at("data").size() == 2);
    const Json& item = items.at("data").at(1);
    CHECK(item.at("traceId") == "t1");
    CHECK(item.at("experimentItemId") == "i1");
    CHECK(item.at("startTime") == "2026-11-01T09:30:00.000Z");
    CHECK(item.at("endTime") == "2026-11-01T09:30:02.000Z");
    CHECK(item.at("level") == "ERROR");
    CHECK(item.at("environment") == "prod");
    CHECK(item.at("input") == "question");
    CHECK(item.at("output") == "answer");
    CHECK(item.at("expectedOutput") == "right");
    CHECK(item.at("experimentItemMetadata") == Json{{"of", "i1"}});
    CHECK(item.at("experimentItemVersion") == "2026-11-01T09:30:00.000Z");
    const Json& unknown = items.at("data").at(0);
    CHECK(unknown.at("traceId") == "never-sent");
    CHECK(unknown.at("endTime").is_null());
    CHECK(unknown.at("output").is_null());
}

TEST_CASE("experiments: spans with the id of a dataset run belong to it", "[api]") {
    ExperimentFixture fixture;
    fixture.add_dataset();
    const std::string run = fixture.add_run_item("named by the run", "i1", fixture.trace_of(1));
    fixture.add_run_item("named by the run", "i2", "only-linked");
    fixture.send_item(run, "named by spans", 1);

    const Json list = fixture.experiments("&fields=metadata");
    REQUIRE(list.at("data").size() == 1);
    CHECK(list.at("data").at(0).at("name") == "named by the run");
    CHECK(list.at("data").at(0).at("description") == "about it");
    CHECK(list.at("data").at(0).at("itemCount") == 2);
    CHECK(list.at("data").at(0).at("startTime") == "2026-11-01T09:00:01.000Z");
    CHECK(list.at("data").at(0).at("metadata") == Json{{"model", "m"}});
    const Json items = fixture.items();
    CHECK(joined(items.at("data"), "traceId") == "only-linked " + fixture.trace_of(1));
    CHECK(items.at("data").at(1).at("id") == fixture.span_of(1, 0));
}

TEST_CASE("experiments: lists are narrowed by parameters and filters", "[api]") {
    ExperimentFixture fixture;
    fixture.send_item("e1", "first", 1);
    fixture.send_item("e2", "with dataset", 2);
    fixture.send_item("e2", "with dataset", 3);
    const auto experiments = [&](const std::string& query) {
        return joined(fixture.experiments("&" + query).at("data"), "id");
    };
    const auto items = [&](const std::string& query) {
        return joined(fixture.items("&" + query).at("data"), "experimentItemId");
    };
    CHECK(experiments("id=e1,none") == "e1");
    CHECK(experiments("name=with%20dataset") == "e2");
    CHECK(experiments("datasetId=ds") == "e2");
    CHECK(experiments("toStartTime=2026-11-01T09:00:02Z") == "e1");
    CHECK(experiments("filter=" + percent_encode(R"([{"type":"string","column":"name",
                      "operator":"contains","value":"rst"}])") +
                      "&name=other") == "e1");
    CHECK(experiments("filter=" + percent_encode(R"([{"type":"null","column":"datasetId",
                      "operator":"is null","value":""}])")) == "e1");
    CHECK(items("experimentId=e2") == "item-3 item-2");
    CHECK(items("experimentName=first") == "item-1");
    CHECK(items("experimentItemId=item-1,item-3") == "item-3 item-1");
    CHECK(items("datasetId=ds&limit=1") == "item-3");
    CHECK(items("filter=" + percent_encode(R"([{"type":"stringOptions","column":"experimentId",
                "operator":"none of","value":["e2"]}])")) == "item-1");
    // A range tells of the items in it alone.
    const Json part = fixture.experiments("&toStartTime=2026-11-01T09:00:03Z&id=e2");
    CHECK(part.at("data").at(0).at("itemCount") == 1);
    CHECK(part.at("data").at(0).at("endTime") == "2026-11-01T09:00:02.500Z");
}

TEST_CASE("experiments: cursors give everything once", "[api]") {
    ExperimentFixture fixture;
    fixture.add_dataset();
    fixture.send_item("e1", "first", 1);
    fixture.send_item("e2", "second", 2);
    fixture.send_item("e2", "second", 3);
    fixture.add_run_item("run", "i1", "x");
    fixture.add_run_item("run", "i2", "0a");
    for (const auto& [path, size] : {std::pair{"/api/public/experiments", 3U},
                                     std::pair{"/api/public/experiment-items", 5U}}) {
        std::set<std::string> seen;
        std::string next;
        for (unsigned page = 0; page < size; ++page) {
            const auto answer = fixture.get(std::string(path) + "?limit=1&" + k_from + next);
            REQUIRE(answer.status == 200);
            REQUIRE(answer.body.at("data").size() == 1);
            CHECK(seen.insert(to_text(answer.body.at("data").at(0))).second);
            CHECK(answer.body.at("meta").contains("cursor") == (page + 1 < size));
            if (page + 1 < size) {
                next = "&cursor=" + answer.body.at("meta").at("cursor").get<std::string>();
            }
        }
        CHECK(seen.size() == size);
    }
}

TEST_CASE("experiments: wrong parameters are refused", "[api]") {
    ExperimentFixture fixture;
    for (const char* const path : {"/api/public/experiments", "/api/public/experiment-items"}) {
        const auto without = fixture.get(path);
        CHECK(without.status == 400);
        CHECK(without.body.at("message") == "Invalid request data");
        CHECK(without.body.at("error").at(0).at("path") == Json{"fromStartTime"});
        for (const char* const query :
             {"limit=101", "scoreLimit=51", "toStartTime=x", "fields=everything", "cursor=x",
              "cursor=e30", "filter=x",
              "filter=%5B%7B%22type%22%3A%22string%22%2C%22column%22%3A%22x%22%2C%22operator%22%3A"
              "%22%3D%22%2C%22value%22%3A%22x%22%7D%5D"}) {
            INFO(path << " " << query);
            CHECK(fixture.get(std::string(path) + "?" + k_from + "&" + query).status == 400);
        }
    }
}

TEST_CASE("experiments: another project sees none of them", "[api]") {
    ExperimentFixture fixture;
    fixture.send_item("e1", "first", 1);
    for (const char* const path : {"/api/public/experiments", "/api/public/experiment-items"}) {
        const std::string target = std::string(path) + "?" + k_from;
        CHECK(fixture.get(target).body.at("data").size() == 1);
        const auto theirs = fixture.send_as_other("GET", target + "&id=e1&experimentId=e1");
        CHECK(theirs.status == 200);
        CHECK(theirs.body == Json{{"data", Json::array()}, {"meta", Json::object()}});
    }
}

}  // namespace assay::test
