#include "judges/providers/model_service.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "core/base/hash.hpp"
#include "judges/providers/openai_formats.hpp"
#include "tests/support/stub_server.hpp"
#include "tests/unit/providers/canned_model.hpp"

namespace assay::test {

using std::chrono_literals::operator""s;

namespace {

constexpr const char* k_answer = R"({"choices":[{"message":{"content":"Paris"}}]})";

Error error_of(const HttpResponse& from) {
    auto reply = read_as("openai", from);
    REQUIRE(!reply);
    return reply.error();
}

/// A token that is no longer good after the first request, and then another.
class Tokens final : public Credentials {
  public:
    explicit Tokens(bool has_another) : has_another_(has_another) {}

    Task<HttpRequest> authorize(HttpRequest request, Deadline /*deadline*/) override {
        request.headers.push_back({"Authorization", token()});
        co_return request;
    }
    [[nodiscard]] std::vector<Secret> secrets() const override { return {token()}; }
    bool renew() override {
        ++renewed;
        return has_another_;
    }
    int renewed = 0;

  private:
    [[nodiscard]] Secret token() const { return Secret(fmt::format("token-canary-{}", renewed)); }
    bool has_another_;
};

/// Credentials that cannot be had.
class NoKey final : public Credentials {
  public:
    Task<HttpRequest> authorize(HttpRequest /*request*/, Deadline /*deadline*/) override {
        co_return failure(ErrorCode::unauthenticated, "nobody gives a token for canary-refresh-1");
    }
    [[nodiscard]] std::vector<Secret> secrets() const override {
        return {Secret("canary-refresh-1")};
    }
};

/// A service whose credentials a test makes.
struct Service {
    Service(std::vector<CannedTransport::Answer> answers, std::unique_ptr<Credentials> credentials,
            ProviderSettings settings = {})
        : transport(std::move(answers)) {
        settings.transport = &transport;
        settings.name = "team";
        settings.base_url = "https://model.example/v1?never=1#never";
        auto format = openai_chat_format({.base_url = "https://model.example/v1"}, {});
        auto made = make_model_service({.settings = std::move(settings),
                                        .format = std::move(format),
                                        .credentials = std::move(credentials),
                                        .key_variable = "TEAM_KEY"});
        if (!made) FAIL(made.error().message);
        provider = std::move(*made);
    }
    Result<ProviderReply> ask() { return run_task(io, provider->call(question(), {})); }

    boost::asio::io_context io;
    CannedTransport transport;
    std::unique_ptr<Provider> provider;
};

Json identity_of(ProviderSettings settings) {
    return CannedModel("openai-compatible", {{response(200, k_answer)}}, std::move(settings))
        .provider->identity();
}

}  // namespace

TEST_CASE("model service: every status has its code and says whether to try again") {
    struct Case {
        int status;
        ErrorCode code;
        bool retryable;
    };
    const std::string body = R"({"error":{"message":"so it is","code":"x"}})";
    for (const auto& [status, code, retryable] :
         std::vector<Case>{{301, ErrorCode::invalid_argument, false},
                           {400, ErrorCode::invalid_argument, false},
                           {401, ErrorCode::unauthenticated, false},
                           {402, ErrorCode::resource_exhausted, false},
                           {403, ErrorCode::unauthenticated, false},
                           {404, ErrorCode::invalid_argument, false},
                           {408, ErrorCode::unavailable, true},
                           {409, ErrorCode::unavailable, true},
                           {413, ErrorCode::invalid_argument, false},
                           {422, ErrorCode::invalid_argument, false},
                           {429, ErrorCode::resource_exhausted, true},
                           {500, ErrorCode::unavailable, true},
                           {502, ErrorCode::unavailable, true},
                           {503, ErrorCode::unavailable, true},
                           {504, ErrorCode::unavailable, true},
                           {501, ErrorCode::unavailable, false},
                           {524, ErrorCode::unavailable, true},
                           {525, ErrorCode::unavailable, false},
                           {529, ErrorCode::resource_exhausted, true}}) {
        const Error error = error_of(response(status, body));
        INFO(status << ": " << error.message);
        CHECK(error.code == code);
        CHECK(error.retryable == retryable);
        CHECK_THAT(error.message, Catch::StartsWith("openai ") && Catch::EndsWith(": so it is") &&
                                      Catch::Contains(std::to_string(status)));
    }
}

TEST_CASE("model service: some errors carry a remedy of their own") {
    CHECK_THAT(error_of(response(401, "{}")).message, Catch::Contains("set OPENAI_API_KEY"));
    CHECK_THAT(read_as("openai-compatible", response(401, "{}")).error().message,
               Catch::Contains("; set its `api_key` under `providers:`"));

    for (const char* quota : {R"({"error":{"message":"m","code":"insufficient_quota"}})",
                              R"({"error":{"message":"m","code":429,"type":"insufficient_quota"}})",
                              R"({"error":{"message":"m","code":"billing_hard_limit_reached"}})"}) {
        HttpResponse spent = response(429, quota);
        spent.headers["retry-after"] = "20";
        const Error error = error_of(spent);
        CHECK_FALSE(error.retryable);
        CHECK_FALSE(error.retry_after);
        CHECK_THAT(error.message, Catch::Contains("quota is spent"));
    }
    const Error long_prompt =
        error_of(response(400, R"({"error":{"message":"m","code":"context_length_exceeded"}})"));
    CHECK_THAT(long_prompt.message, Catch::Contains("too long for the model"));
}

TEST_CASE("model service: what the server asks to wait is kept and told") {
    HttpResponse limited = response(429, "{}");
    CHECK_FALSE(error_of(limited).retry_after);
    limited.headers["retry-after"] = "20";
    CHECK_THAT(error_of(limited).message,
               Catch::StartsWith("openai limits the rate of requests and asks to wait 20 s (429)"));
    CHECK(error_of(limited).retry_after == std::chrono::seconds(20));
    limited.status = 529;
    limited.headers["retry-after-ms"] = "1500";
    CHECK_THAT(error_of(limited).message,
               Catch::StartsWith("openai is overloaded and asks to wait 1.5 s (529)"));
    limited.status = 503;
    CHECK(error_of(limited).retry_after == std::chrono::milliseconds(1500));
    limited.status = 400;
    CHECK_FALSE(error_of(limited).retry_after);
}

TEST_CASE("model service: what is left of the limits is told") {
    HttpResponse answer = response(200, R"({"choices":[{"message":{"content":"hi"}}]})");
    CHECK_FALSE(read_as("openai", answer)->rate_limits.requests_left);
    answer.headers["x-ratelimit-remaining-requests"] = "7";
    answer.headers["x-ratelimit-reset-requests"] = "6m0s";
    const auto reply = read_as("openai", answer);
    REQUIRE(reply);
    CHECK(reply->output == "hi");
    CHECK(reply->rate_limits.requests_left == 7);
    CHECK(reply->rate_limits.requests_reset == std::chrono::minutes(6));
}

TEST_CASE("model service: an error in any form is quoted shortly and safely") {
    const auto said = [](const std::string& body, const std::string& type = "application/json") {
        return error_of(response(400, body, type)).message;
    };
    CHECK_THAT(said(R"({"error":"plain"})"), Catch::EndsWith(": plain"));
    CHECK_THAT(said(R"({"message":"top"})"), Catch::EndsWith(": top"));
    CHECK_THAT(said(R"({"detail":"fast"})"), Catch::EndsWith(": fast"));
    CHECK_THAT(said("just text\n", "text/plain"), Catch::EndsWith(": just text"));
    CHECK_THAT(said(""), Catch::EndsWith("(400)"));
    CHECK_THAT(said("<html>error</html>", "text/html"), Catch::EndsWith("(400)"));
    CHECK_THAT(said("{\"error\":\"a\\u001b[2Jb\\nc\"}"), Catch::EndsWith("a\\x1b[2Jb⏎c"));
    CHECK(said(R"({"error":")" + std::string(100'000, 'x') + R"("})").size() < 400);
    CHECK_THAT(said("bad \xFF byte", "text/plain"), Catch::Contains("bad \xEF\xBF\xBD byte"));
}

TEST_CASE("model service: HTML means a wrong address and not a broken model") {
    for (const HttpResponse& page :
         {response(200, "<!doctype html>", "text/html; charset=utf-8"),
          response(200, "  <html>", ""), response(404, "<html>", "text/html")}) {
        const Error error = error_of(page);
        CHECK(error.code == ErrorCode::invalid_argument);
        CHECK(!error.retryable);
        CHECK_THAT(error.message, Catch::Contains("HTML") && Catch::Contains("is base_url right?"));
    }
    CHECK(error_of(response(502, "<html>bad gateway</html>", "text/html")).retryable);
}

TEST_CASE("model service: a broken answer is worth another attempt") {
    for (const char* body :
         {"", "{", "not json", "{\"choices\":[{\"message\":{\"content\":\"\xFF\"}}]}",
          R"({"choices":[]})", R"({"choices":[{}]})", R"({"choices":[7]})",
          R"({"choices":[{"message":null}]})", R"({"error":{"message":"upstream"}})"}) {
        INFO(body);
        const Error error = error_of(response(200, body));
        CHECK(error.code == ErrorCode::unavailable);
        CHECK(error.retryable);
    }
}

TEST_CASE("model service: JSON of another kind means a wrong address") {
    for (const char* body : {"{}", "[]", "7", "null", R"({"choices":"x"})"}) {
        const Error error = error_of(response(200, body));
        CHECK(error.code == ErrorCode::invalid_argument);
        CHECK_THAT(error.message, Catch::Contains("is base_url right?"));
    }
}

TEST_CASE("model service: what a server says of itself counts more than its status") {
    const auto said = [](int status, const std::string& code) {
        return error_of(response(status, R"({"error":{"message":"m","code":")" + code + R"("}})"));
    };
    CHECK(said(400, "content_filter").code == ErrorCode::invalid_argument);
    CHECK_THAT(said(400, "content_filter").message,
               Catch::StartsWith("openai refuses the prompt for its content (400): m"));
    CHECK_THAT(said(403, "content_policy_violation").message, Catch::Contains("for its content"));
    CHECK(said(400, "insufficient_quota").code == ErrorCode::resource_exhausted);
    CHECK(!said(500, "insufficient_quota").retryable);
    // The same within an answer of status 200, as gateways and streams have it.
    CHECK_THAT(said(200, "context_length_exceeded").message,
               Catch::Contains("says the prompt is too long for the model (200)"));
    CHECK_THAT(said(200, "x").message, Catch::StartsWith("openai: the answer is an error: m"));
}

TEST_CASE("model service: a token that is refused is renewed once") {
    auto tokens = std::make_unique<Tokens>(true);
    const Tokens& seen = *tokens;
    Service service({{response(401, "{}")}, {response(200, k_answer)}}, std::move(tokens));
    CHECK(service.ask().value().output == "Paris");
    CHECK(seen.renewed == 1);
    REQUIRE(service.transport.requests.size() == 2);
    CHECK(service.transport.requests[0].headers.back().value.reveal() == "token-canary-0");
    CHECK(service.transport.requests[1].headers.back().value.reveal() == "token-canary-1");
    CHECK(service.transport.requests[0].body == service.transport.requests[1].body);
}

TEST_CASE("model service: a token that is refused twice or cannot be renewed is an error") {
    const std::string echo = R"({"error":{"message":"no token-canary-1 here"}})";
    Service twice({{response(401, echo)}}, std::make_unique<Tokens>(true));
    const Error refused = twice.ask().error();
    CHECK(twice.transport.requests.size() == 2);
    CHECK(refused.message ==
          "team does not accept the key (401); set TEAM_KEY or its `api_key` under `providers:`: "
          "no [redacted] here");
    Service once({{response(401, "{}")}}, std::make_unique<Tokens>(false));
    CHECK(once.ask().error().code == ErrorCode::unauthenticated);
    CHECK(once.transport.requests.size() == 1);
    Service forbidden({{response(403, "{}")}}, std::make_unique<Tokens>(true));
    CHECK(!forbidden.ask());
    CHECK(forbidden.transport.requests.size() == 1);
}

TEST_CASE("model service: credentials that cannot be had send nothing and tell nothing") {
    Service service({{response(200, k_answer)}}, std::make_unique<NoKey>());
    const Error error = service.ask().error();
    CHECK(error.code == ErrorCode::unauthenticated);
    CHECK(error.message == "team: nobody gives a token for [redacted]");
    CHECK(service.transport.requests.empty());
}

TEST_CASE("model service: every secret is kept out of errors and outputs") {
    ProviderSettings settings;
    settings.headers = {{"X-Gateway", Secret("canary-gateway-1")}};
    settings.own = {{"session_token", "canary-session-1"},
                    {"account", {{"private_key", "canary-private-1"}}},
                    {"region", "canary-region-01"}};
    settings.environment = {{"CLOUD_SECRET_ACCESS_KEY", Secret("canary-access-11")},
                            {"CLOUD_REGION", Secret("canary-area-0001")}};
    const std::string echo = fmt::format(
        "{} canary-gateway-1 canary-session-1 canary-private-1 canary-access-11 ", k_canary);
    const std::string places = "canary-region-01 canary-area-0001";
    const std::string blots = "[redacted] [redacted] [redacted] [redacted] [redacted] ";
    const Json body = {{"choices", {{{"message", {{"content", echo + places}}}}}}};
    const auto reply =
        read_as("openai-compatible", response(200, to_text(body)), question(), settings);
    REQUIRE(reply);
    CHECK(reply->output == blots + places);
    CHECK_THAT(reply->log, Catch::Contains("repeated a key"));
    for (const int status : {200, 400, 401, 429, 500}) {
        const Json error = {{"error", {{"message", echo + places}}}};
        const auto refused =
            read_as("openai-compatible", response(status, to_text(error)), question(), settings);
        REQUIRE(!refused);
        CHECK_THAT(refused.error().message, Catch::EndsWith(": " + blots + places));
    }
}

TEST_CASE("model service: a short secret stays in an output and not in an error") {
    ProviderSettings settings;
    settings.headers = {{"X-Team", Secret("sesame")}};
    const Json body = {{"choices", {{{"message", {{"content", "open sesame"}}}}}}};
    CHECK(read_as("openai", response(200, to_text(body)), question(), settings)->output ==
          "open sesame");
    CHECK_THAT(read_as("openai", response(400, "no sesame", "text/plain"), question(), settings)
                   .error()
                   .message,
               Catch::EndsWith(": no [redacted]"));
}

TEST_CASE("model service: a key that a quote would cut in half is gone before") {
    const std::string said = std::string(290, 'x') + " " + k_canary;
    const Error error = error_of(response(400, said, "text/plain"));
    CHECK_THAT(error.message, !Catch::Contains("sk-can") && Catch::Contains("[redact"));
}

TEST_CASE("model service: the identity tells what can change an answer and no secret") {
    ProviderSettings settings;
    settings.headers = {{"X-Team", Secret("canary-header-1")}, {"A", Secret("canary-header-2")}};
    settings.options = {{"user", "canary-header-1"}, {"top_k", 3}};
    const Json plain = identity_of(settings);
    CHECK(plain == Json({{"kind", "openai_chat"},
                         {"url", "https://model.example/v1/chat/completions"},
                         {"headers", {"a", "x-team"}},
                         {"options_sha256", sha256_hex(R"({"top_k":3,"user":"[redacted]"})")}}));
    settings.own = {{"zone", "one"}, {"session_token", "canary-session-1"}};
    const Json own = identity_of(settings);
    CHECK(own["own_sha256"] == sha256_hex(R"({"session_token":"[redacted]","zone":"one"})"));
    CHECK_THAT(to_text(own), !Catch::Contains("canary"));
    settings.own["session_token"] = "canary-session-2";  // another key, the same provider
    CHECK(identity_of(settings) == own);
    settings.own["zone"] = "two";
    CHECK(identity_of(settings) != own);
}

TEST_CASE("model service: the settings' headers stand in place of ours") {
    ProviderSettings settings;
    settings.headers = {{"content-type", Secret("application/json; charset=utf-8")},
                        {"Authorization", Secret("Basic abc")}};
    CannedModel model("openai", {{response(200, k_answer)}}, settings);
    REQUIRE(model.ask());
    CHECK(model.sent_header("content-type") == "application/json; charset=utf-8");
    CHECK(model.sent_header("Content-Type").empty());
    CHECK(model.sent_header("Authorization") == "Basic abc");
    CHECK(model.transport.requests.back().headers.size() == 3);
}

TEST_CASE("model service: without a key none is sent") {
    ProviderSettings settings;
    CannedTransport transport({{response(200, k_answer)}});
    settings.transport = &transport;
    settings.name = "local";
    settings.base_url = "http://127.0.0.1:1/v1";
    const auto made = find_provider("openai-compatible")->make(std::move(settings));
    REQUIRE(made);
    boost::asio::io_context io;
    REQUIRE(run_task(io, (*made)->call(question(), {})));
    CHECK(transport.requests.at(0).headers.size() == 2);
}

TEST_CASE("model service: a transport of its own goes through the proxy that the settings name") {
    const StubServer proxy({.body = k_answer});
    ProviderSettings settings;
    settings.name = "local";
    settings.base_url = "http://model.invalid/v1";
    settings.proxy = proxy.url();
    const auto made = find_provider("openai-compatible")->make(std::move(settings));
    REQUIRE(made);
    boost::asio::io_context io;
    CHECK(run_task(io, (*made)->call(question(), in(20s))).value().output == "Paris");
    CHECK(proxy.requests().at(0).target == "http://model.invalid/v1/chat/completions");
}

TEST_CASE("model service: a CA file that is missing or a proxy that is none is told at once") {
    ProviderSettings settings;
    settings.name = "local";
    settings.base_url = "https://model.invalid/v1";
    settings.ca_file = "no/such/ca.pem";
    const auto unread = find_provider("openai-compatible")->make(settings);
    REQUIRE(!unread);
    CHECK(unread.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(unread.error().message,
               Catch::StartsWith("the provider \"local\": ") && Catch::Contains("no/such/ca.pem"));
    settings.ca_file = "";
    settings.proxy = "gopher://user:canary-word@proxy";
    const auto no_proxy = find_provider("openai-compatible")->make(settings);
    REQUIRE(!no_proxy);
    CHECK_THAT(no_proxy.error().message,
               Catch::Contains("\"gopher://proxy\" is no address of a proxy") &&
                   !Catch::Contains("canary"));
}

}  // namespace assay::test
