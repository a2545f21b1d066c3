#include <boost/asio/co_spawn.hpp>
#include <catch2/catch.hpp>
#include <list>

#include "judges/providers/service_account.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/unit/providers/exchange.hpp"
#include "tests/unit/providers/rsa_key.hpp"

namespace assay::test {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
namespace asio = boost::asio;

namespace {

constexpr const char* k_answer = R"({"candidates": [{"content": {"parts": [{"text": "Paris"}]},
    "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1},
    "modelVersion": "gemini-2.5-flash"})";
constexpr const char* k_models = "/v1/projects/p1/locations/europe-west4/publishers/google/models/";
constexpr const char* k_token_path = "/token";

/// A clock that a test moves.
class TestClock final : public Clock {
  public:
    [[nodiscard]] Time now() const override { return Time(1'700'000'000s + passed); }
    [[nodiscard]] MonotonicTime monotonic() const override { return MonotonicTime(1h + passed); }

    std::chrono::seconds passed{0};
};

/// One key for all tests: making one takes long.
const PrivateKey& test_key() {
    static const PrivateKey k_key = new_rsa_key();
    return k_key;
}

Json account_file(const std::string& token_url) {
    return {{"type", "service_account"},
            {"project_id", "p1"},
            {"private_key_id", "key-1"},
            {"private_key", pem_of(test_key())},
            {"client_email", "eval@p1.iam.gserviceaccount.com"},
            {"token_uri", token_url}};
}

/// The token server and Vertex AI at one address: tokens are numbered, and the answer is `model`'s.
class Cloud {
  public:
    using Handler = StubServer::Handler;
    explicit Cloud(Handler model = {}, Handler token = {})
        : server_([this, model = std::move(model),
                   token = std::move(token)](const StubRequest& request) {
              if (request.target == k_token_path) {
                  ++tokens_;
                  return token ? token(request) : StubReply{.body = next_token()};
              }
              return model ? model(request) : StubReply{.body = k_answer};
          }) {}

    [[nodiscard]] std::string url(const std::string& path = "") const { return server_.url(path); }
    [[nodiscard]] std::string next_token() const {
        return fmt::format(R"({{"access_token": "ya29.canary-token-{}", "expires_in": 3600,
                               "token_type": "Bearer"}})",
                           tokens_);
    }
    [[nodiscard]] int tokens() const { return tokens_; }
    [[nodiscard]] std::vector<StubRequest> asked(bool for_tokens) const {
        auto requests = server_.requests();
        std::erase_if(requests, [&](const StubRequest& request) {
            return (request.target == k_token_path) != for_tokens;
        });
        return requests;
    }

  private:
    std::atomic<int> tokens_ = 0;
    StubServer server_;
};

/// A connection with the account's key in a file.
struct Setup {
    explicit Setup(const Cloud& cloud)
        : file(folder.write("key.json", to_text(account_file(cloud.url(k_token_path))))) {
        settings.own = {{"location", "europe-west4"}, {"credentials_file", file.string()}};
        settings.api_key = Secret();
    }

    TemporaryFolder folder;
    std::filesystem::path file;
    ProviderSettings settings;
};

/// `Model` brings a key of its own; this one brings none.
class VertexModel {
  public:
    explicit VertexModel(const std::string& base_url, ProviderSettings settings) {
        auto curl = make_curl_transport();
        REQUIRE(curl);
        transport = std::move(*curl);
        settings.transport = transport.get();
        settings.name = "local";
        settings.base_url = base_url;
        auto made = find_provider("google-vertex")->make(std::move(settings));
        if (!made) FAIL(made.error().message);
        provider = std::move(*made);
    }
    Result<ProviderReply> ask(ProviderRequest request, std::chrono::milliseconds patience = 20s) {
        return run_task(io, provider->call(std::move(request), in(patience)));
    }

    asio::io_context io;
    std::unique_ptr<HttpTransport> transport;
    std::unique_ptr<Provider> provider;
};

std::string missing(ProviderSettings settings) {
    settings.name = "vertex";
    return find_provider("google-vertex")->missing(settings);
}

/// Credentials on a loop, with a clock that the test moves.
struct Account {
    explicit Account(const Cloud& cloud) {
        auto curl = make_curl_transport();
        REQUIRE(curl);
        transport = std::move(*curl);
        const Setup setup(cloud);
        const auto key = ServiceAccountKey::read(setup.file);
        REQUIRE(key);
        auto made = make_service_account(*key, {.transport = transport.get()}, clock);
        REQUIRE(made);
        credentials = std::move(*made);
    }
    Result<HttpRequest> authorize(std::chrono::milliseconds patience = 20s) {
        return run_task(io, credentials->authorize({.url = "http://h"}, in(patience)));
    }
    std::string bearer() { return authorize().value().headers.at(0).value.reveal(); }

    TestClock clock;
    asio::io_context io;
    std::unique_ptr<HttpTransport> transport;
    std::unique_ptr<Credentials> credentials;
};

}  // namespace

TEST_CASE("vertex: a token is fetched for the account and the question asked with it") {
    const Cloud cloud;
    const Setup setup(cloud);
    VertexModel model(cloud.url("/v1"), setup.settings);
    const auto reply = model.ask(question());
    if (!reply) FAIL(reply.error().message);
    CHECK(reply->output == "Paris");
    CHECK(reply->model == "gemini-2.5-flash");
    CHECK(reply->usage == UsageDetails{{"input", 3}, {"output", 1}, {"total", 4}});

    const StubRequest asked = cloud.asked(false).at(0);
    CHECK(asked.method == "POST");
    CHECK(asked.target == std::string(k_models) + "small:generateContent");
    CHECK(asked.headers.at("authorization") == "Bearer ya29.canary-token-1");
    CHECK(!asked.headers.contains("x-goog-api-key"));
    CHECK(Json::parse(asked.body) == Json::parse(R"({
        "systemInstruction": {"parts": [{"text": "Short."}]},
        "contents": [{"role": "user", "parts": [{"text": "Capital of France?"}]}]})"));

    const StubRequest traded = cloud.asked(true).at(0);
    CHECK(traded.method == "POST");
    CHECK(traded.headers.at("content-type") == "application/x-www-form-urlencoded");
    const std::string grant =
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
    REQUIRE(traded.body.starts_with(grant));
    const ReadToken token = read_token(traded.body.substr(grant.size()), test_key());
    CHECK(token.is_signed);
    CHECK(token.header == Json({{"alg", "RS256"}, {"typ", "JWT"}, {"kid", "key-1"}}));
    CHECK(token.claims["iss"] == "eval@p1.iam.gserviceaccount.com");
    CHECK(token.claims["aud"] == cloud.url(k_token_path));
    CHECK(token.claims["scope"] == "https://www.googleapis.com/auth/cloud-platform");
    CHECK(token.claims["exp"].get<int>() - token.claims["iat"].get<int>() == 3600);
    const double now = to_ms(SystemClock().now().time_since_epoch()) / 1000;
    CHECK(std::abs(token.claims["iat"].get<double>() - now) < 60);
}

TEST_CASE("vertex: the wire is Gemini's with tools and streams and schemas") {
    const Cloud cloud([](const StubRequest&) {
        return streamed(
            "data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": "
            "{\"name\": \"find\", \"args\": {}}}]}, \"finishReason\": \"STOP\"}]}\n\n");
    });
    const Setup setup(cloud);
    VertexModel model(cloud.url("/v1"), setup.settings);
    ProviderRequest request = question();
    request.parameters = {{"stream", true}, {"max_tokens", 5}};
    request.tools = Json::parse(R"([{"name": "find"}])");
    request.response_schema = {{"type", "object"}};
    const auto reply = model.ask(request);
    CHECK(reply.value().output["tool_calls"][0]["name"] == "find");
    const StubRequest asked = cloud.asked(false).at(0);
    CHECK(asked.target == std::string(k_models) + "small:streamGenerateContent?alt=sse");
    const Json body = Json::parse(asked.body);
    CHECK(body["generationConfig"] ==
          Json::parse(R"({"maxOutputTokens": 5, "responseMimeType": "application/json",
                          "responseJsonSchema": {"type": "object"}})"));
    CHECK(body["tools"] == Json::parse(R"([{"functionDeclarations": [{"name": "find"}]}])"));
}

TEST_CASE("vertex: the answers' meanings are Gemini's") {
    const auto reply_to = [](const char* answer) {
        const Cloud cloud([&](const StubRequest&) { return StubReply{.body = answer}; });
        const Setup setup(cloud);
        auto reply = VertexModel(cloud.url("/v1"), setup.settings).ask(question());
        if (!reply) FAIL(reply.error().message);
        return std::move(*reply);
    };
    CHECK(reply_to(R"({"candidates": [{"finishReason": "MAX_TOKENS"}]})").truncated);
    CHECK_THAT(reply_to(R"({"candidates": [{"finishReason": "MODEL_ARMOR"}]})").refusal,
               Catch::Contains("MODEL_ARMOR"));
    CHECK_THAT(reply_to(R"({"promptFeedback": {"blockReason": "JAILBREAK"}})").refusal,
               Catch::Contains("JAILBREAK"));
    CHECK(reply_to(R"({"candidates": [{}], "usageMetadata": {"promptTokenCount": 100,
        "cachedContentTokenCount": 80, "candidatesTokenCount": 5, "thoughtsTokenCount": 30}})")
              .usage == UsageDetails{{"input", 20},
                                     {"input_cached_tokens", 80},
                                     {"output", 5},
                                     {"output_reasoning_tokens", 30},
                                     {"total", 135}});
}

TEST_CASE("vertex: each error body has its meaning and no message tells a key or a token") {
    struct Case {
        int status;
        const char* said;
        ErrorCode code;
        bool retryable;
    };
    using enum ErrorCode;
    for (const Case& each :
         {Case{400, "refuses the request (400)", invalid_argument, false},
          Case{401, "does not accept the key (401)", unauthenticated, false},
          Case{403, "roles/aiplatform.user", unauthenticated, false},
          Case{404, "knows no such model or address (404)", invalid_argument, false},
          Case{429, "limits the rate of requests (429)", resource_exhausted, true},
          Case{500, "cannot answer now (500)", unavailable, true},
          Case{503, "cannot answer now (503)", unavailable, true}}) {
        INFO(each.status);
        const std::string pem = pem_of(test_key());
        const Cloud cloud([&](const StubRequest& request) {
            const std::string echo = request.headers.at("authorization") + " " + pem;
            return StubReply{.status = each.status,
                             .body = to_text(Json({{"error", {{"message", echo}}}}))};
        });
        const Setup setup(cloud);
        const auto reply = VertexModel(cloud.url("/v1"), setup.settings).ask(question());
        REQUIRE(!reply);
        CHECK(reply.error().code == each.code);
        CHECK(reply.error().retryable == each.retryable);
        CHECK_THAT(reply.error().message,
                   Catch::StartsWith("local ") && Catch::Contains(each.said) &&
                       Catch::Contains("[redacted]") && !Catch::Contains("canary-token") &&
                       !Catch::Contains("PRIVATE KEY"));
    }
}

TEST_CASE("vertex: broken answers are told and may be asked again") {
    for (const char* const broken : {"{\"candidates\": [", "", R"({"candidates": []})"}) {
        INFO(broken);
        const Cloud cloud([&](const StubRequest&) { return StubReply{.body = broken}; });
        const Setup setup(cloud);
        const auto reply = VertexModel(cloud.url("/v1"), setup.settings).ask(question());
        REQUIRE(!reply);
        CHECK(reply.error().code == ErrorCode::unavailable);
        CHECK(reply.error().retryable);
    }
}

TEST_CASE("vertex: the wait in an error's details is honoured") {
    const Cloud cloud([](const StubRequest&) {
        return StubReply{.status = 429, .body = R"({"error": {"code": 429, "message": "slow",
            "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo",
                         "retryDelay": "3s"}]}})"};
    });
    const Setup setup(cloud);
    const auto reply = VertexModel(cloud.url("/v1"), setup.settings).ask(question());
    CHECK(reply.error().retry_after == 3s);
}

TEST_CASE("vertex: a token that is refused is fetched again once") {
    const Cloud cloud([](const StubRequest& request) {
        const bool is_old = request.headers.at("authorization").ends_with("-1");
        return is_old ? StubReply{.status = 401, .body = R"({"error": {"message": "old"}})"}
                      : StubReply{.body = k_answer};
    });
    const Setup setup(cloud);
    VertexModel model(cloud.url("/v1"), setup.settings);
    CHECK(model.ask(question()).value().output == "Paris");
    CHECK(model.ask(question()).value().output == "Paris");
    CHECK(cloud.tokens() == 2);
    CHECK(cloud.asked(false).size() == 3);

    const Cloud closed([](const StubRequest&) {
        return StubReply{.status = 401, .body = R"({"error": {"message": "never"}})"};
    });
    const Setup refused(closed);
    const auto reply = VertexModel(closed.url("/v1"), refused.settings).ask(question());
    CHECK(reply.error().code == ErrorCode::unauthenticated);
    CHECK(closed.tokens() == 2);
    CHECK(closed.asked(false).size() == 2);
}

TEST_CASE("vertex: many questions at a time wait for one token") {
    const Cloud cloud;
    const Setup setup(cloud);
    VertexModel model(cloud.url("/v1"), setup.settings);
    std::list<std::optional<Result<ProviderReply>>> replies;
    for (int i = 0; i < 50; ++i) {
        asio::co_spawn(
            model.io,
            store_result(model.provider->call(question(), in(20s)), replies.emplace_back()),
            [](std::exception_ptr) {});
    }
    model.io.run();
    for (const auto& reply : replies) CHECK((reply && reply->value().output == "Paris"));
    CHECK(cloud.tokens() == 1);
}

TEST_CASE("service account: a token is kept until a minute before it expires") {
    const Cloud cloud;
    Account account(cloud);
    CHECK(account.bearer() == "Bearer ya29.canary-token-1");
    account.clock.passed = 3539s;
    CHECK(account.bearer() == "Bearer ya29.canary-token-1");
    account.clock.passed = 3540s;
    CHECK(account.bearer() == "Bearer ya29.canary-token-2");
    CHECK(cloud.tokens() == 2);
    CHECK(account.credentials->renew());
    CHECK(account.bearer() == "Bearer ya29.canary-token-3");
}

TEST_CASE("service account: what the token server answers instead of a token is told") {
    struct Case {
        StubReply reply;
        ErrorCode code;
        bool retryable;
        const char* said;
    };
    using enum ErrorCode;
    for (const Case& each : {
             Case{{.status = 400, .body = R"({"error": "invalid_grant",
                    "error_description": "Invalid JWT Signature."})"},
                  unauthenticated,
                  false,
                  "(400): invalid_grant: Invalid JWT Signature."},
             Case{{.status = 401, .body = R"({"error": "invalid_client"})"},
                  unauthenticated,
                  false,
                  "eval@p1.iam.gserviceaccount.com (401): invalid_client"},
             Case{{.status = 503, .body = "busy"},
                  unavailable,
                  true,
                  "the token server cannot answer now (503): busy"},
             Case{{.body = "{}"}, unavailable, true, "without an access token"},
             Case{{.body = "<html>"}, unavailable, true, "without an access token"},
             Case{{.fault = StubFault::close}, unavailable, true, "no access token: "},
         }) {
        INFO(each.said);
        const Cloud cloud({}, [&](const StubRequest&) { return each.reply; });
        Account account(cloud);
        const auto refused = account.authorize();
        REQUIRE(!refused);
        CHECK(refused.error().code == each.code);
        CHECK(refused.error().retryable == each.retryable);
        CHECK_THAT(refused.error().message, Catch::Contains(each.said));
    }
}

TEST_CASE("service account: the words of a token server do not tell what it was sent") {
    const Cloud cloud({}, [](const StubRequest& request) {
        const std::string assertion = request.body.substr(request.body.rfind('=') + 1);
        return StubReply{.status = 400, .body = to_text(Json({{"error", assertion}}))};
    });
    Account account(cloud);
    const auto refused = account.authorize();
    CHECK_THAT(refused.error().message, Catch::Contains("[redacted]") && !Catch::Contains("eyJ"));
}

TEST_CASE("service account: a failed fetch fails all who wait and the next one tries again") {
    std::atomic<int> asked = 0;
    const Cloud cloud({}, [&](const StubRequest&) {
        return ++asked == 1 ? StubReply{.status = 400, .body = R"({"error": "invalid_grant"})"}
                            : StubReply{.body = R"({"access_token": "ya29.later"})"};
    });
    Account account(cloud);
    std::list<std::optional<Result<HttpRequest>>> results;
    for (int i = 0; i < 20; ++i) {
        asio::co_spawn(account.io,
                       store_result(account.credentials->authorize({.url = "http://h"}, in(20s)),
                                    results.emplace_back()),
                       [](std::exception_ptr) {});
    }
    account.io.run();
    for (const auto& result : results) {
        REQUIRE(result);
        CHECK(!*result);
    }
    CHECK(asked == 1);
    CHECK(account.bearer() == "Bearer ya29.later");
}

TEST_CASE("service account: who waits has a deadline of its own and may outlast the first") {
    std::atomic<int> asked = 0;
    const Cloud cloud({}, [&](const StubRequest&) {
        return ++asked == 1 ? StubReply{.fault = StubFault::stall}
                            : StubReply{.body = R"({"access_token": "ya29.later"})"};
    });
    Account account(cloud);
    std::list<std::optional<Result<HttpRequest>>> results;
    for (const auto patience : {300ms, 100ms, 20'000ms}) {
        asio::co_spawn(
            account.io,
            store_result(account.credentials->authorize({.url = "http://h"}, in(patience)),
                         results.emplace_back()),
            [](std::exception_ptr) {});
    }
    account.io.run();
    const auto& [first, second, third] =
        std::tie(results.front(), *std::next(results.begin()), results.back());
    CHECK(first->error().code == ErrorCode::deadline_exceeded);
    CHECK(second->error().code == ErrorCode::deadline_exceeded);
    CHECK(third->value().headers.at(0).value.reveal() == "Bearer ya29.later");
    CHECK(asked == 2);
}

TEST_CASE("vertex: what is missing is told with the remedy") {
    TemporaryFolder folder;
    ProviderSettings settings;
    CHECK_THAT(missing(settings), Catch::Contains("set GOOGLE_APPLICATION_CREDENTIALS"));

    const auto with_file = [&](std::string_view content) {
        ProviderSettings other;
        other.own = {{"credentials_file", folder.write("key.json", content).string()}};
        return missing(other);
    };
    Json file = account_file("https://oauth2.googleapis.com/token");
    CHECK(with_file(to_text(file)).empty());
    CHECK_THAT(with_file("not json"), Catch::Contains("key.json is not JSON"));
    CHECK_THAT(with_file(R"({"type": "authorized_user", "refresh_token": "canary"})"),
               Catch::Contains("but authorized_user; create one") && !Catch::Contains("canary"));
    CHECK_THAT(with_file("[]"), Catch::Contains("is no service account's key"));
    for (const auto& [name, said] : {std::pair{"client_email", "has no \"client_email\""},
                                     std::pair{"private_key", "is not an RSA key"},
                                     std::pair{"project_id", "a project: set"}}) {
        Json without = file;
        without.erase(name);
        CHECK_THAT(with_file(to_text(without)), Catch::Contains(said));
    }
    file["token_uri"] = "file:///etc/passwd";
    CHECK_THAT(with_file(to_text(file)), Catch::Contains("no web address"));

    settings.own = {{"credentials_file", (folder.path() / "none.json").string()}};
    CHECK_THAT(missing(settings), Catch::Contains("none.json"));
    settings.name = "vertex";
    const auto refused = find_provider("google-vertex")->make(settings);
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(refused.error().message,
               Catch::StartsWith("the provider \"vertex\" needs a service account's key"));
}

TEST_CASE("vertex: the environment fills in what the settings leave out") {
    TemporaryFolder folder;
    const std::string file =
        folder.write("key.json", to_text(account_file("https://h/token"))).string();
    const auto identity = [](ProviderSettings settings) {
        settings.name = "vertex";
        const auto made = find_provider("google-vertex")->make(std::move(settings));
        if (!made) FAIL(made.error().message);
        return (*made)->identity()["url"].get<std::string>();
    };
    ProviderSettings settings;
    settings.environment.emplace("GOOGLE_APPLICATION_CREDENTIALS", Secret(file));
    CHECK(identity(settings) ==
          "https://aiplatform.googleapis.com/v1/projects/p1/locations/global/"
          "publishers/google/models");
    settings.environment.emplace("GOOGLE_CLOUD_PROJECT", Secret("p2"));
    settings.environment.emplace("GOOGLE_CLOUD_LOCATION", Secret("us-central1"));
    CHECK(identity(settings) ==
          "https://us-central1-aiplatform.googleapis.com/v1/projects/p2/locations/us-central1/"
          "publishers/google/models");
    settings.own = {{"project", "p3"}, {"location", "asia-east1"}};
    settings.base_url = "https://aiplatform.googleapis.com/v1";
    CHECK(identity(settings) ==
          "https://asia-east1-aiplatform.googleapis.com/v1/projects/p3/locations/asia-east1/"
          "publishers/google/models");
    settings.environment.insert_or_assign("GOOGLE_CLOUD_LOCATION", Secret("evil.example/"));
    settings.own = Json::object();
    CHECK_THAT(missing(settings), Catch::Contains("a location such as us-central1"));
}

TEST_CASE("vertex: a path in the settings is relative to the spec") {
    TemporaryFolder folder;
    folder.write("key.json", to_text(account_file("https://h/token")));
    ProviderSettings settings;
    settings.own = {{"credentials_file", "key.json"}};
    settings.folder = folder.path();
    CHECK(missing(settings).empty());
}

TEST_CASE("vertex: an api_key or a header of the user is an access token and needs no file") {
    const StubServer server({.body = k_answer});
    ProviderSettings settings;
    settings.own = {{"project", "p1"}, {"location", "europe-west4"}};
    Model model(server.url("/v1"), settings, "google-vertex");
    CHECK(model.ask(question()).value().output == "Paris");
    CHECK(server.requests().at(0).headers.at("authorization") ==
          fmt::format("Bearer {}", k_canary));
    settings.api_key = Secret("token");
    CHECK(missing(settings).empty());
    settings.api_key = Secret();
    settings.headers = {{"authorization", Secret("Bearer mine")}};
    CHECK(missing(settings).empty());
}

TEST_CASE("vertex: texts are refused with the name of a provider that embeds them") {
    ProviderSettings settings;
    settings.own = {{"project", "p1"}};
    Model model("http://127.0.0.1:1", settings, "google-vertex");
    const auto refused = model.ask({.model = "m", .texts = {"a"}});
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(refused.error().message, Catch::Contains("google-ai-studio"));
}

}  // namespace assay::test
