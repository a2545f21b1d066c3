#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "judges/provider.hpp"
#include "judges/providers/redact.hpp"
#include "tests/support/run_task.hpp"
#include "tests/support/stub_server.hpp"

namespace assay::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace asio = boost::asio;

namespace {

constexpr auto k_patience = 20s;
constexpr const char* k_canary = "sk-canary-77f1/b+c";

/// The provider on a loop of its own.
struct Service {
    Service() {
        auto made = find_provider("http")->make({.name = "http"});
        if (!made) FAIL(made.error().message);
        provider = std::move(*made);
    }
    Result<ProviderReply> call(ServiceRequest request,
                               std::chrono::milliseconds patience = k_patience) {
        ProviderRequest wrapped;
        wrapped.service = std::move(request);
        return run_task(io, provider->call(std::move(wrapped), in(patience)));
    }

    asio::io_context io;
    std::unique_ptr<Provider> provider;
};

ServiceRequest request_to(const std::string& url, const char* output = nullptr) {
    ServiceRequest request{.http = {.url = url, .body = R"({"q":1})"},
                           .secrets = {Secret(k_canary), Secret("short")}};
    request.http.headers.push_back({"Authorization", Secret(fmt::format("Bearer {}", k_canary))});
    if (output != nullptr) request.output = JsonPath::parse(output).value();
    return request;
}

Result<ProviderReply> answer_to(StubReply reply, const char* output = nullptr,
                                std::chrono::milliseconds patience = k_patience) {
    const StubServer server(std::move(reply));
    return Service().call(request_to(server.url(), output), patience);
}

StubReply typed(std::string type, std::string body) {
    return {.body = std::move(body), .headers = {{"Content-Type", std::move(type)}}};
}

Json output_of(StubReply reply, const char* output = nullptr) {
    auto answer = answer_to(std::move(reply), output);
    if (!answer) FAIL(answer.error().message);
    return std::move(answer->output);
}

Error error_of(StubReply reply, const char* output = nullptr) {
    const auto answer = answer_to(std::move(reply), output);
    if (answer) FAIL(to_text(answer->output));
    return answer.error();
}

}  // namespace

TEST_CASE("http: the request arrives as it was rendered and the output is where the path says") {
    const StubServer server({.body = R"({"answer":{"text":"Paris"},"took":3})"});
    const auto reply = Service().call(request_to(server.url("/v1?a=b"), "$.answer.text"));
    REQUIRE(reply);
    CHECK(reply->output == "Paris");
    CHECK(reply->log.empty());
    CHECK(!reply->cost.has_value());
    const StubRequest seen = server.requests().at(0);
    CHECK(seen.method == "POST");
    CHECK(seen.target == "/v1?a=b");
    CHECK(seen.body == R"({"q":1})");
    CHECK(seen.headers.at("authorization") == fmt::format("Bearer {}", k_canary));
}

TEST_CASE("http: without a path the whole answer is the output") {
    CHECK(output_of(typed("application/json", R"({"a":[1]})")) == Json::parse(R"({"a":[1]})"));
    CHECK(output_of(typed("application/problem+json; charset=utf-8", "[1]")) == Json::parse("[1]"));
    CHECK(output_of(typed("text/plain", "42")) == "42");
    CHECK(output_of(typed("Text/HTML; charset=utf-8", "<p>hi</p>")) == "<p>hi</p>");
    CHECK(output_of({.body = "42", .headers = {}}) == 42);
    CHECK(output_of({.body = "not json", .headers = {}}) == "not json");
    CHECK(output_of(typed("text/plain", "a\xFF")) == "a\xEF\xBF\xBD");
    CHECK(output_of(typed("text/plain", "")) == "");
}

TEST_CASE("http: a path that may select several gives a list") {
    const StubReply reply = typed("application/json", R"({"a":[{"b":1},{"b":2}]})");
    CHECK(output_of(reply, "$.a[*].b") == Json::parse("[1,2]"));
    CHECK(output_of(typed("text/plain", R"({"a": 0})"), "$.a") == 0);
}

TEST_CASE("http: an answer without the output names what it has") {
    const StubReply reply = typed("application/json", R"({"result":"x","took_ms":3})");
    const Error missing = error_of(reply, "$.answer");
    CHECK(missing.message == "the answer has nothing at $.answer; it has result, took_ms");
    CHECK(missing.code == ErrorCode::invalid_argument);
    CHECK(!missing.retryable);
    CHECK(error_of(typed("application/json", R"({"answer":null})"), "$.answer").message ==
          "the answer has nothing at $.answer; it has answer");
    CHECK_THAT(error_of(typed("application/json", "[1,2]"), "$.a").message,
               Catch::Contains("it is a list of 2"));
    CHECK_THAT(error_of(typed("application/json", "{}"), "$[*]").message,
               Catch::Contains("it is an empty object"));
    Json many = Json::object();
    for (int i = 0; i < 50; ++i) many[fmt::format("name\n{}", i)] = i;
    const std::string shown = error_of(typed("application/json", to_text(many)), "$.a").message;
    CHECK_THAT(shown, Catch::Contains(" and 30 more"));
    CHECK_THAT(shown, !Catch::Contains("\n"));
}

TEST_CASE("http: an answer that is no JSON where JSON is needed") {
    const Error html = error_of(typed("text/html", "<html>Welcome</html>"), "$.a");
    CHECK(html.message ==
          "the service answered HTML, not JSON; is `url` right?: <html>Welcome</html>");
    CHECK(!html.retryable);
    const Error cut = error_of(typed("application/json", R"({"a": )"), "$.a");
    CHECK_THAT(cut.message, Catch::StartsWith("the answer is not valid JSON"));
    CHECK(cut.retryable);
    CHECK(error_of(typed("application/json", R"({"a": )")).retryable);
    CHECK(!error_of(typed("text/plain", ""), "$.a").message.empty());
}

TEST_CASE("http: a status that is no success is an error with what the service said") {
    struct Case {
        int status;
        ErrorCode code;
        bool retryable;
    };
    for (const Case& expected : {Case{400, ErrorCode::invalid_argument, false},
                                 {401, ErrorCode::unauthenticated, false},
                                 {403, ErrorCode::unauthenticated, false},
                                 {404, ErrorCode::invalid_argument, false},
                                 {408, ErrorCode::unavailable, true},
                                 {409, ErrorCode::invalid_argument, false},
                                 {418, ErrorCode::invalid_argument, false},
                                 {422, ErrorCode::invalid_argument, false},
                                 {425, ErrorCode::unavailable, true},
                                 {429, ErrorCode::resource_exhausted, true},
                                 {500, ErrorCode::unavailable, true},
                                 {502, ErrorCode::unavailable, true},
                                 {503, ErrorCode::unavailable, true},
                                 {501, ErrorCode::unavailable, false},
                                 {524, ErrorCode::unavailable, true},
                                 {529, ErrorCode::resource_exhausted, true},
                                 {599, ErrorCode::unavailable, false}}) {
        INFO(expected.status);
        const Error error =
            error_of({.status = expected.status, .body = "what\nit said"}, "$.answer");
        CHECK(error.code == expected.code);
        CHECK(error.retryable == expected.retryable);
        CHECK_THAT(error.message,
                   Catch::StartsWith(fmt::format("the service answered {}", expected.status)));
        CHECK_THAT(error.message, Catch::EndsWith(": what⏎it said"));
    }
    CHECK(error_of({.status = 503, .headers = {{"retry-after", "7"}}}).retry_after ==
          std::chrono::seconds(7));
    CHECK_FALSE(error_of({.status = 404, .headers = {{"retry-after", "7"}}}).retry_after);
    const std::string long_body(100'000, 'x');
    CHECK(error_of({.status = 500, .body = long_body}).message.size() < 400);
    CHECK(error_of({.status = 500, .body = ""}).message == "the service answered 500");
}

TEST_CASE("http: a redirect is told and not followed") {
    const StubServer target({.body = R"({"answer":"inside"})"});
    for (const int status : {301, 302, 303, 307, 308}) {
        const Error error = error_of(
            {.status = status, .headers = {{"Location", target.url("/next?token=canary")}}});
        CHECK(!error.retryable);
        CHECK_THAT(error.message, Catch::StartsWith(fmt::format("the service answered {} and "
                                                                "points to {}; redirects are not",
                                                                status, target.url("/next"))));
        CHECK_THAT(error.message, !Catch::Contains("canary"));
    }
    CHECK(target.connections() == 0);
    CHECK_THAT(error_of({.status = 304, .headers = {}}).message,
               Catch::Contains("points elsewhere"));
}

TEST_CASE("http: events of a stream are joined") {
    const auto events = [](std::string body) { return typed("text/event-stream", body); };
    CHECK(output_of(events("data: Hel\n\ndata: lo\n\ndata: [DONE]\n\ndata: late\n\n")) == "Hello");
    const std::string deltas =
        "event: start\ndata: {\"role\":\"assistant\"}\n\n"
        "data: {\"delta\":{\"text\":\"Pa\"}}\r\n\r\n"
        ": keep-alive\n\n"
        "data: {\"delta\":\ndata: {\"text\":\"ris\"}}\n\n"
        "data: {\"delta\":{\"text\":null}}\n\n"
        "data: [DONE]\n\n";
    CHECK(output_of(events(deltas), "$.delta.text") == "Paris");
    CHECK(output_of(events("data: {\"answer\":{\"a\":1}}\n\n"), "$.answer") ==
          Json::parse(R"({"a":1})"));
    CHECK(output_of(events("data: {\"n\":1}\n\ndata: {\"n\":2}\n\n"), "$.n") == "12");
    CHECK(output_of(typed("text/event-stream; charset=utf-8", "data: x\n\n")) == "x");
}

TEST_CASE("http: the time to the first token is that of the first event with an output") {
    const std::string head =
        "HTTP/1.1 200 Stub\r\nContent-Type: text/event-stream\r\nContent-Length: 62\r\n\r\n";
    const StubReply slow{.raw = {{head + ": hello\n\ndata: {\"id\":7}\n\nda"},
                                 {"ta: {\"t\":\"Par\"}\n\ndata: {\"t\":", 60ms},
                                 {"\"is\"}\n\n"}}};
    const auto reply = answer_to(slow, "$.t");
    REQUIRE(reply);
    CHECK(reply->output == "Paris");
    REQUIRE(reply->time_to_first_token);
    CHECK(*reply->time_to_first_token >= 60ms);
    const auto all = answer_to(slow);  // every event is output
    REQUIRE(all);
    CHECK(all->time_to_first_token);
    CHECK(*all->time_to_first_token < *reply->time_to_first_token);

    CHECK(!answer_to(typed("application/json", R"({"t":"x"})"), "$.t")->time_to_first_token);
    CHECK(!answer_to(typed("text/event-stream", "data: [DONE]\n\n"))->time_to_first_token);
}

TEST_CASE("http: a stream that breaks is an error and not half an answer") {
    const auto events = [](std::string body) { return typed("text/event-stream", body); };
    const Error failed = error_of(
        events("data: {\"t\":\"a\"}\n\nevent: error\ndata: {\"message\":\"overloaded\"}\n\n"),
        "$.t");
    CHECK_THAT(failed.message, Catch::Contains("overloaded"));
    CHECK(failed.retryable);
    CHECK_THAT(error_of(events("data: {\"t\":\"a\"}\n\ndata: {\"t\"\n\n"), "$.t").message,
               Catch::StartsWith("event 2 of the stream is not valid JSON"));
    const Error missing = error_of(events("data: {\"a\":1}\n\ndata: {\"b\":1}\n\n"), "$.t");
    CHECK(missing.message == "no event of the stream has anything at $.t; the last one has b");
    CHECK(error_of(events(""), "$.t").message == "the stream ended without an event");
    StubReply cut = events("data: {\"t\":\"a\"}\n\ndata: {\"t\":\"b\"}\n\n");
    cut.fault = StubFault::cut_mid_body;
    CHECK(error_of(cut, "$.t").code == ErrorCode::unavailable);
    CHECK(error_of(events("data: " + std::string(2U << 20U, 'x'))).code ==
          ErrorCode::resource_exhausted);
}

TEST_CASE("http: JSON lines are joined or listed") {
    const StubReply lines = typed("application/x-ndjson", "{\"t\":\"a\"}\n\n{\"t\":\"b\"}\r\n{}");
    CHECK(output_of(lines, "$.t") == "ab");
    CHECK(output_of(lines) == Json::parse(R"([{"t":"a"},{"t":"b"},{}])"));
    CHECK(error_of(typed("application/jsonl", "{\"t\":\"a\"}\n{"), "$.t").retryable);
    CHECK(error_of(typed("application/jsonl", "{\"t\":\"a\"}\n{")).retryable);
    CHECK(!error_of(lines, "$.x").retryable);
}

TEST_CASE("http: the deadline holds and failures of the network are told") {
    const auto late = answer_to({.fault = StubFault::stall}, nullptr, 50ms);
    REQUIRE(!late);
    CHECK(late.error().code == ErrorCode::deadline_exceeded);
    CHECK(late.error().retryable);
    const auto nobody =
        Service().call(request_to(fmt::format("http://127.0.0.1:{}/", unused_port())));
    REQUIRE(!nobody);
    CHECK(nobody.error().code == ErrorCode::unavailable);
    CHECK_THAT(nobody.error().message, Catch::Contains("connection refused by 127.0.0.1"));
    CHECK(error_of({.fault = StubFault::close}).retryable);
    CHECK(error_of({.body = "garbage", .fault = StubFault::garbage}).code ==
          ErrorCode::unavailable);
}

TEST_CASE("http: a secret that the service repeats reaches neither messages nor outputs") {
    const std::string echo = fmt::format(R"({{"you sent":"{}"}})", k_canary);
    const Error refused = error_of({.status = 401, .body = echo});
    CHECK_THAT(refused.message, !Catch::Contains("canary"));
    CHECK_THAT(refused.message, Catch::Contains("[redacted]"));
    const Error redirect =
        error_of({.status = 302, .headers = {{"Location", "http://h/sk-canary-77f1%2Fb%2Bc/x"}}});
    CHECK_THAT(redirect.message, !Catch::Contains("canary"));
    // Where the excerpt ends, no half of a key is left.
    const std::string before(295, 'x');
    CHECK_THAT(error_of({.status = 500, .body = before + k_canary}).message,
               !Catch::Contains("sk-"));
    const auto repeated = answer_to({.body = echo});
    REQUIRE(repeated);
    CHECK(repeated->output == Json::parse(R"({"you sent":"[redacted]"})"));
    CHECK_THAT(repeated->log, Catch::Contains("replaced by [redacted]"));
    // A short value may be any word: an output does not change for its sake.
    CHECK(output_of({.body = R"("in short")"}) == "in short");
}

TEST_CASE("http: secrets are found as JSON and URLs write them") {
    const Secret secret("a\"b/c d");
    std::string text = "plain a\"b/c d, json a\\\"b/c d, url a%22b%2Fc%20d";
    CHECK(blot_out(text, secret));
    CHECK(text == "plain [redacted], json [redacted], url [redacted]");
    CHECK(!blot_out(text, secret));
    std::string other = "short";
    CHECK(!blot_out(other, Secret("short")));
    CHECK(!blot_out(other, Secret()));
    CHECK(other == "short");
}

}  // namespace assay::test
