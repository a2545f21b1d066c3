#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "server/api/answer_writer.hpp"
#include "server/api/decoded_size.hpp"
#include "server/api/limits.hpp"
#include "tests/unit/api/api_fixture.hpp"

// How much one answer may be.

namespace assay::test {
namespace {

constexpr const char* k_time = "2026-11-01T09:00:00.000Z";
/// So many contents of three large fields are more than one answer may have, or so many of one.
constexpr int k_large = 12;
constexpr int k_large_scores = 36;

Json event(const std::string& type, Json body) {
    return {{"id", "e" + body.at("id").get<std::string>()},
            {"type", type},
            {"timestamp", k_time},
            {"body", std::move(body)}};
}

/// A server with a trace, `t0`, that has large observations and scores, and with large traces in
/// the session "s" and in a dataset run.
class LargeFixture : public ApiFixture {
  public:
    LargeFixture() {
        const std::string text(limits::k_field_bytes_max, 'x');
        for (int i = 0; i < k_large; ++i) {
            Json trace{{"id", "t" + std::to_string(i)},
                       {"sessionId", "s"},
                       {"input", text},
                       {"output", text},
                       {"metadata", {{"k", text.substr(100)}}}};
            Json observation = trace;
            observation["id"] = "o" + std::to_string(i);
            observation["traceId"] = "t0";
            ingest(Json::array({event("trace-create", std::move(trace))}));
            ingest(Json::array({event("span-create", std::move(observation))}));
        }
        add_scores(text.substr(100));
        add_run();
    }
    void add_scores(const std::string& text) {
        for (int i = 0; i < k_large_scores; ++i) {
            const Json score{{"id", "s" + std::to_string(i)},
                             {"traceId", "t0"},
                             {"name", "n"},
                             {"value", i},
                             {"metadata", {{"k", text}}}};
            ingest(Json::array({event("score-create", score)}));
        }
    }
    void add_run() {
        REQUIRE(post("/api/public/v2/datasets", {{"name", "d"}}).status == 200);
        const Json item{{"datasetName", "d"}, {"id", "i"}, {"input", 1}};
        REQUIRE(post("/api/public/dataset-items", item).status == 200);
        for (int i = 0; i < k_large; ++i) {
            const Json run_item{
                {"runName", "r"}, {"datasetItemId", "i"}, {"traceId", "t" + std::to_string(i)}};
            REQUIRE(post("/api/public/dataset-run-items", run_item).status == 200);
        }
    }
    void check_refused(const std::string& target, const std::string& remedy) {
        CAPTURE(target);
        const Answer answer = get(target);
        CHECK(answer.status == 422);
        CHECK(answer.body.at("error") == "PayloadTooLargeError");
        CHECK_THAT(answer.body.at("message"),
                   Catch::StartsWith("The answer would have more than 32 MB. ") &&
                       Catch::Contains(remedy));
    }
    /// Follows the cursors of a list. @return how many different elements it has.
    std::size_t walk(const std::string& target) {
        std::set<std::string> ids;
        std::string cursor;
        int pages = 0;
        do {
            CAPTURE(target, ++pages);
            REQUIRE(pages <= 2);
            const auto page =
                ask("GET", target + "&cursor=" + percent_encode(cursor), basic(project));
            CHECK(page.body.size() <= limits::k_answer_bytes_max + 1000);
            const Json body = body_of(page);
            for (const Json& element : body.at("data")) {
                ids.insert(element.at("id").get<std::string>());
            }
            cursor = body.at("meta").value("cursor", "");
        } while (!cursor.empty());
        CHECK(pages == 2);
        return ids.size();
    }
};

}  // namespace

TEST_CASE("answer size: what is too large is refused with what to ask for instead or is paged",
          "[api]") {
    LargeFixture fixture;
    const std::string base = "/api/public";
    fixture.check_refused(base + "/traces", "smaller limit");
    CHECK(fixture.get(base + "/traces?limit=5").body.at("data").size() == 5);
    const auto slim = fixture.get(base + "/traces?fields=core,scores,observations,metrics");
    CHECK(slim.body.at("data").size() == k_large);

    fixture.check_refused(base + "/observations", "/v2/observations");
    CHECK(fixture.get(base + "/observations?limit=5&page=2").body.at("data").size() == 5);

    fixture.check_refused(base + "/traces/t0", "/v2/observations?traceId=");
    const auto whole = fixture.get(base + "/traces/t1");
    CHECK(whole.status == 200);
    const auto parts = fixture.get(base + "/traces/t0?fields=core,metrics");
    CHECK(parts.body.at("observations").empty());
    CHECK(parts.body.at("totalCost") == 0);

    fixture.check_refused(base + "/sessions/s", "/traces?sessionId=");

    fixture.check_refused(base + "/scores?limit=100", "/v3/scores");
    fixture.check_refused(base + "/v2/scores?limit=100", "smaller limit");

    // A list with a cursor ends its page early and goes on.
    CHECK(fixture.walk(base + "/v2/observations?fields=io,metadata&expandMetadata=k") == k_large);
    CHECK(fixture.walk(base + "/v3/scores?fields=details&limit=100") == k_large_scores);
    CHECK(fixture.walk(base + "/experiment-items?fromStartTime=2026-01-01T00:00:00Z&limit=100"
                              "&fields=io,metadata") == k_large);
}

TEST_CASE("answer size: a writer takes elements up to its bound", "[api]") {
    AnswerWriter writer;
    writer.begin_list("data");
    const std::string frame = R"({"data":["")";
    CHECK_FALSE(writer.add(std::string(limits::k_answer_bytes_max - frame.size() + 1, 'x')));
    CHECK(writer.add(std::string(limits::k_answer_bytes_max - frame.size(), 'x')));
    CHECK_FALSE(writer.add(""));
    writer.end_list();
    writer.add_members({{"a", 1}, {"b", nullptr}});
    writer.begin_list("c");
    writer.end_list();
    const Json body = *parse_json(writer.finish().body);
    CHECK(body.at("data").size() == 1);
    CHECK(body.at("a") == 1);
    CHECK(body.at("b") == nullptr);
    CHECK(body.at("c") == Json::array());
}

TEST_CASE("decoded size: values are counted outside strings", "[api]") {
    CHECK(estimate_value_bytes("") == 0);
    CHECK(estimate_value_bytes(R"("[{,:")") == 0);
    CHECK(estimate_value_bytes(R"("\"[","[")") == estimate_value_bytes("1,2"));
    CHECK(estimate_value_bytes("[1,2]") > estimate_value_bytes("[12]"));
    CHECK(estimate_value_bytes(R"({"a":1})") > estimate_value_bytes("[1]"));
    CHECK(estimate_value_bytes("[\"open, [") == estimate_value_bytes("["));
}

TEST_CASE("decoded size: a body of many values is refused before it is parsed", "[api]") {
    ApiFixture fixture;
    const auto json_of = [](std::string body) {
        ApiRequest request{};
        request.body = std::move(body);
        return estimate_decoded_bytes(request);
    };
    const auto nothings = [&](std::size_t lists) {
        std::string json = R"({"batch":[],"metadata":[[])";
        for (std::size_t i = 1; i < lists; ++i) json += ",[]";
        return json + "]}";
    };
    const std::size_t element = estimate_value_bytes(",[]") + 3;
    std::size_t lists = limits::k_decoded_bytes_max / element;
    while (json_of(nothings(lists)) > limits::k_decoded_bytes_max) --lists;
    CHECK(json_of(nothings(lists + 1)) > limits::k_decoded_bytes_max);

    const std::string headers = basic(fixture.project) + "Content-Type: application/json\r\n";
    const auto send = [&](const std::string& path, const std::string& body) {
        return fixture.ask("POST", "/api/public/" + path, headers, body);
    };
    CHECK(send("ingestion", nothings(lists)).status == 207);
    const auto refused = send("ingestion", nothings(lists + 1));
    CHECK(refused.status == 413);
    CHECK(body_of(refused).at("error") == "PayloadTooLargeError");
    const auto spans = send("otel/v1/traces", nothings(lists + 1));
    CHECK(spans.status == 413);
    CHECK(body_of(spans).at("error").is_string());

    std::string text = nothings(lists + 1);
    std::ranges::replace(text, '"', ' ');
    CHECK(send("ingestion", R"({"batch":[],"metadata":")" + text + "\"}").status == 207);
}

}  // namespace assay::test
