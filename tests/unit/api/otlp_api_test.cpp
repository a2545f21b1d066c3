#include <catch2/catch.hpp>
#include <string>

#include "server/api/limits.hpp"
#include "server/ingest/otlp_protobuf.hpp"
#include "tests/support/gzip.hpp"
#include "tests/unit/api/api_fixture.hpp"
#include "tests/unit/ingest/otlp_support.hpp"

// POST /otel/v1/traces over a socket, read back through the API.

namespace assay::test {
namespace {

constexpr const char* k_traces = "/api/public/otel/v1/traces";
constexpr const char* k_json = "Content-Type: application/json\r\n";
constexpr const char* k_protobuf = "Content-Type: application/x-protobuf\r\n";

/// A root and a generation within it.
Json chat_request() {
    const Json root = make_span({{"langfuse.user.id", "u1"}, {"langfuse.trace.tags", {"b", "a"}}},
                                {{"name", "chat"}});
    const Json generation = make_span(
        {{"gen_ai.operation.name", "chat"},
         {"gen_ai.request.model", "gpt-4o"},
         {"gen_ai.usage.input_tokens", 10},
         {"gen_ai.usage.output_tokens", 4},
         {"gen_ai.input.messages", R"([{"role":"user"}])"}},
        {{"name", "answer"}, {"spanId", "00000000000000cc"}, {"parentSpanId", k_span_id}});
    return make_request(Json::array({root, generation}), {.scope = "my.library"});
}

class OtlpFixture : public ApiFixture {
  public:
    RawResponse send_spans(const std::string& headers, const std::string& body) {
        return ask("POST", k_traces, basic(project) + headers, body);
    }
    /// The stored trace, with its observations by id.
    Json read_trace() {
        const Answer answer = get(std::string("/api/public/traces/") + k_trace_id);
        INFO(to_text(answer.body));
        REQUIRE(answer.status == 200);
        return answer.body;
    }
    void check_chat() {
        const Json trace = read_trace();
        CHECK(trace.at("name") == "chat");
        CHECK(trace.at("userId") == "u1");
        CHECK(trace.at("tags") == Json{"a", "b"});
        CHECK(trace.at("timestamp") == "2026-11-01T09:30:00.012Z");
        CHECK(trace.at("environment") == "default");
        CHECK(trace.at("latency") == 1.5);
        REQUIRE(trace.at("observations").size() == 2);
        const Json answer = get("/api/public/observations/00000000000000cc").body;
        CHECK(answer.at("type") == "GENERATION");
        CHECK(answer.at("name") == "answer");
        CHECK(answer.at("model") == "gpt-4o");
        CHECK(answer.at("parentObservationId") == k_span_id);
        CHECK(answer.at("usageDetails").at("input") == 10);
        CHECK(answer.at("input") == Json::array({{{"role", "user"}}}));
        CHECK(answer.at("startTime") == "2026-11-01T09:30:00.012Z");
        CHECK(answer.at("endTime") == "2026-11-01T09:30:01.512Z");
        CHECK(answer.at("metadata").at("scope").at("name") == "my.library");
        CHECK(answer.at("metadata").at("attributes").at("gen_ai.request.model") == "gpt-4o");
    }
};

}  // namespace

TEST_CASE("otlp api: spans in JSON are readable as soon as they are acknowledged", "[api]") {
    OtlpFixture fixture;
    const RawResponse response = fixture.send_spans(
        "Content-Type: application/json; charset=utf-8\r\n"
        "x-langfuse-ingestion-version: 4\r\n",
        to_text(chat_request()));
    CHECK(response.status == 200);
    CHECK(body_of(response) == Json::object());
    fixture.check_chat();
    // The same again changes nothing.
    CHECK(fixture.send_spans(k_json, to_text(chat_request())).status == 200);
    fixture.check_chat();
}

TEST_CASE("otlp api: spans in protobuf are answered in protobuf", "[api]") {
    OtlpFixture fixture;
    const RawResponse response = fixture.send_spans(k_protobuf, to_protobuf(chat_request()));
    CHECK(response.status == 200);
    CHECK(response.headers.at("content-type") == "application/x-protobuf");
    CHECK(response.body.empty());
    fixture.check_chat();
}

TEST_CASE("otlp api: packed spans are read", "[api]") {
    OtlpFixture fixture;
    const std::string gzip = std::string(k_protobuf) + "Content-Encoding: gzip\r\n";
    CHECK(fixture.send_spans(gzip, gzipped(to_protobuf(chat_request()))).status == 200);
    fixture.check_chat();
    const RawResponse broken = fixture.send_spans(gzip, "no gzip");
    CHECK(broken.status == 400);
    CHECK(body_of(broken).is_object());
}

TEST_CASE("otlp api: the parts of a trace come in any order", "[api]") {
    const Json request = chat_request();
    const Json& spans = request.at("resourceSpans")[0].at("scopeSpans")[0].at("spans");
    for (const auto& [first, second] : {std::pair(0, 1), std::pair(1, 0)}) {
        OtlpFixture fixture;
        for (const int which : {first, second}) {
            const Json part = make_request(Json::array({spans[static_cast<std::size_t>(which)]}),
                                           {.scope = "my.library"});
            CHECK(fixture.send_spans(k_json, to_text(part)).status == 200);
        }
        fixture.check_chat();
    }
}

TEST_CASE("otlp api: a child without its root is in a trace already", "[api]") {
    OtlpFixture fixture;
    const Json child =
        make_span({{"langfuse.environment", "prod"}}, {{"parentSpanId", k_parent_id}});
    CHECK(fixture.send_spans(k_json, to_text(make_request(Json::array({child})))).status == 200);
    const Json trace = fixture.read_trace();
    CHECK(trace.at("name").is_null());
    CHECK(trace.at("environment") == "prod");
    CHECK(trace.at("observations").size() == 1);
}

TEST_CASE("otlp api: one bad span does not cost the others", "[api]") {
    OtlpFixture fixture;
    Json request = chat_request();
    Json bad = make_span(Json::object(), {{"spanId", "00000000000000dd"}});
    bad["name"] = 5;
    request["resourceSpans"][0]["scopeSpans"][0]["spans"].push_back(bad);
    const RawResponse response = fixture.send_spans(k_json, to_text(request));
    CHECK(response.status == 200);
    CHECK(body_of(response) ==
          Json{{"partialSuccess",
                {{"rejectedSpans", 1},
                 {"errorMessage", "span 00000000000000dd: name cannot be an integer"}}}});
    fixture.check_chat();
    CHECK(fixture.get("/api/public/observations/00000000000000dd").status == 404);
}

TEST_CASE("otlp api: fields that are cut are told in the encoding of the request", "[api]") {
    OtlpFixture fixture;
    const Json request = make_request(Json::array(
        {make_span({{"input.value", std::string(limits::k_field_bytes_max + 1, 'x')}})}));
    const std::string message = "span b7ad6b7169203331: too long and cut: input";
    const RawResponse json = fixture.send_spans(k_json, to_text(request));
    CHECK(json.status == 200);
    CHECK(body_of(json) ==
          Json{{"partialSuccess", {{"rejectedSpans", 0}, {"errorMessage", message}}}});
    const RawResponse protobuf = fixture.send_spans(k_protobuf, to_protobuf(request));
    CHECK(protobuf.status == 200);
    CHECK(protobuf.body == write_otlp_response(0, message));
    const std::string input = fixture.get(std::string("/api/public/observations/") + k_span_id)
                                  .body.at("input")
                                  .get<std::string>();
    CHECK(input.size() == limits::k_field_bytes_max);
}

TEST_CASE("otlp api: what is no request is refused as the contract says", "[api]") {
    OtlpFixture fixture;
    const auto refused = [&](const std::string& headers, const std::string& body) {
        const RawResponse response = fixture.send_spans(headers, body);
        CHECK(response.status == 400);
        const Json json = body_of(response);
        CHECK(json.size() == 1);
        return json.at("error").get<std::string>();
    };
    const std::string good = to_text(chat_request());
    CHECK(refused("", good) == "Invalid content type");
    CHECK(refused("Content-Type: text/plain\r\n", good) == "Invalid content type");
    for (const char* const version : {"5", "4.5", "x", "NaN", "4x"}) {
        const std::string header =
            std::string(k_json) + "x-langfuse-ingestion-version: " + version + "\r\n";
        CHECK(refused(header, good).find("ingestion-version") != std::string::npos);
    }
    for (const char* const version : {"1", "3.0", "4", ""}) {
        const std::string header =
            std::string(k_json) + "x-langfuse-ingestion-version: " + version + "\r\n";
        CHECK(fixture.send_spans(header, "{}").status == 200);
    }
    CHECK(refused(k_json, "{").starts_with("Invalid OTLP trace export: "));
    CHECK(refused(k_json, "").starts_with("Invalid OTLP trace export: "));
    CHECK(refused(k_protobuf, "{}").starts_with("Invalid OTLP trace export: "));
    CHECK(refused(k_json, R"({"resourceSpans":[{"scopeSpans":[{"spans":[{}]}]}]})") ==
          "Invalid OTLP trace export: a span's traceId cannot be read");
    CHECK(refused(k_json, R"({"resourceSpans":[{"scopeSpans":{}}]})") ==
          "Invalid OTLP trace export: scopeSpans must be an array, not an object");
    CHECK(fixture.send_spans(k_protobuf, "").status == 200);
    CHECK(fixture.get("/api/public/traces").body.at("data").empty());
    CHECK(fixture.ask("POST", k_traces, k_json, good).status == 401);
    CHECK(fixture.ask("GET", k_traces, basic(fixture.project)).status == 405);
}

TEST_CASE("otlp api: bodies may be as long as the bound", "[api]") {
    OtlpFixture fixture;
    const std::string padding(limits::k_otlp_body_bytes_max - 2, ' ');
    CHECK(fixture.send_spans(k_json, "{" + padding + "}").status == 200);
    CHECK(fixture.send_spans(k_json, "{" + padding + " }").status == 413);
}

TEST_CASE("otlp api: what one project sends no other sees", "[api]") {
    OtlpFixture fixture;
    CHECK(fixture.send_spans(k_json, to_text(chat_request())).status == 200);
    const std::string trace = std::string("/api/public/traces/") + k_trace_id;
    CHECK(fixture.send_as_other("GET", trace).status == 404);
    // The same ids in the other project are other things.
    const Json theirs =
        make_request(Json::array({make_span(Json::object(), {{"name", "theirs"}})}));
    CHECK(fixture.send_as_other("POST", k_traces, theirs).status == 200);
    CHECK(fixture.send_as_other("GET", trace).body.at("name") == "theirs");
    fixture.check_chat();
}

TEST_CASE("otlp api: two traces may have an observation's id in common", "[api]") {
    OtlpFixture fixture;
    const std::string other(32, 'e');
    const Json request = make_request(
        Json::array({make_span(Json::object(), {{"name", "one"}}),
                     make_span(Json::object(), {{"name", "two"}, {"traceId", other}})}));
    CHECK(fixture.send_spans(k_json, to_text(request)).status == 200);
    CHECK(fixture.read_trace().at("observations")[0].at("name") == "one");
    CHECK(fixture.get("/api/public/traces/" + other).body.at("observations")[0].at("name") ==
          "two");
}

TEST_CASE("otlp api: metrics are taken and not kept", "[api]") {
    OtlpFixture fixture;
    const RawResponse response = fixture.ask("POST", "/api/public/otel/v1/metrics",
                                             basic(fixture.project) + k_protobuf, "anything");
    CHECK(response.status == 200);
    CHECK(body_of(response) == Json{{"message", "OK"}});
    CHECK(fixture.ask("POST", "/api/public/otel/v1/metrics", k_json, "{}").status == 401);
}

}  // namespace assay::test
