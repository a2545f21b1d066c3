#include <catch2/catch.hpp>

#include "judges/providers/bedrock_format.hpp"
#include "tests/unit/providers/exchange.hpp"

namespace assay::test {

namespace {

constexpr const char* k_answer =
    R"({"output": {"message": {"content": [{"text": "Paris"}]}}, "stopReason": "end_turn"})";
constexpr const char* k_key_id = "AKIDCANARY0000000001";
constexpr const char* k_secret_key = "canary-secret/key+0000000000000000000001";
constexpr const char* k_token = "canary-session-token-0001";

ProviderSettings signed_settings() {
    ProviderSettings settings;
    settings.own = {{"region", "eu-central-1"},
                    {"access_key_id", k_key_id},
                    {"secret_access_key", k_secret_key},
                    {"session_token", k_token}};
    return settings;
}

Exchange answered(StubReply answer) {
    return exchange("bedrock", "", question(), std::move(answer), signed_settings());
}

StubReply failed(int status, const std::string& type, const std::string& body) {
    return {.status = status,
            .body = body,
            .headers = {{"Content-Type", "application/json"}, {"x-amzn-ErrorType", type}}};
}

std::string message(const std::string& text) { return to_text(Json({{"message", text}})); }

Result<std::unique_ptr<Provider>> make(ProviderSettings settings) {
    static const auto transport = make_curl_transport();
    settings.transport = transport->get();
    settings.name = "aws";
    return find_provider("bedrock")->make(std::move(settings));
}

}  // namespace

TEST_CASE("bedrock errors: each is what the reference says of it") {
    struct Case {
        int status;
        const char* type;
        const char* said;
        ErrorCode code;
        bool retryable;
    };
    using enum ErrorCode;
    const std::vector<Case> cases = {
        {429, "ThrottlingException", "Too many requests, please wait before trying again.",
         resource_exhausted, true},
        {429, "ModelNotReadyException", "Model is not ready for inference.", resource_exhausted,
         true},
        {400, "ValidationException", "The provided model identifier is invalid.", invalid_argument,
         false},
        {400, "ValidationException", "Input is too long for requested model.", invalid_argument,
         false},
        {400, "ServiceQuotaExceededException", "Your request exceeds the service quota.",
         resource_exhausted, false},
        {403, "AccessDeniedException", "You don't have access to the model with the specified ID.",
         unauthenticated, false},
        {403, "ExpiredTokenException", "The security token included in the request is expired",
         unauthenticated, false},
        {403, "UnrecognizedClientException", "The security token included is invalid.",
         unauthenticated, false},
        {403, "InvalidSignatureException", "Signature expired: 20261121T100000Z is now earlier",
         unauthenticated, false},
        {400, "IncompleteSignature", "Authorization header requires 'Credential' parameter.",
         unauthenticated, false},
        {404, "ResourceNotFoundException", "Model use case details have not been submitted.",
         invalid_argument, false},
        {408, "ModelTimeoutException", "Model has timed out in processing the request.",
         unavailable, true},
        {424, "ModelErrorException", "The system encountered an unexpected error.", unavailable,
         true},
        {500, "InternalServerException", "The system encountered an unexpected error.", unavailable,
         true},
        {503, "ServiceUnavailableException", "Bedrock is unable to process your request.",
         unavailable, true}};
    for (const Case& test : cases) {
        INFO(test.type << ": " << test.said);
        const Error error = answered(failed(test.status, test.type, message(test.said))).error();
        INFO(error.message);
        CHECK(error.code == test.code);
        CHECK(error.retryable == test.retryable);
        CHECK_THAT(error.message, Catch::StartsWith("local") && Catch::Contains(test.said) &&
                                      Catch::Contains(std::to_string(test.status)));
    }
}

TEST_CASE("bedrock errors: whose name a header or the body tells is named") {
    const std::string body = message("Too many requests");
    const auto said = [](StubReply answer) { return answered(std::move(answer)).error().message; };
    const char* const expected = "ThrottlingException: Too many requests";
    CHECK_THAT(said(failed(429, "ThrottlingException:http://internal.amazon.com/coral/", body)),
               Catch::Contains(expected));
    CHECK_THAT(
        said({.status = 429, .body = R"({"__type": "com.amazon.coral.service#ThrottlingException",
                                 "Message": "Too many requests"})"}),
        Catch::Contains(expected));
    CHECK_THAT(said({.status = 429, .body = body}), Catch::EndsWith(": Too many requests"));
}

TEST_CASE("bedrock errors: a refused key says what to check") {
    const std::string said =
        answered(failed(403, "AccessDeniedException", message("No access."))).error().message;
    CHECK_THAT(said, Catch::Contains("credentials") && Catch::Contains("access to this model") &&
                         Catch::Contains("clock"));
}

TEST_CASE("bedrock errors: too long a prompt and a wait are told") {
    const std::string too_long =
        answered(failed(400, "ValidationException", message("Input is too long for the model")))
            .error()
            .message;
    CHECK_THAT(too_long, Catch::Contains("prompt is too long"));
    StubReply throttled = failed(429, "ThrottlingException", message("Slow down"));
    throttled.headers["Retry-After"] = "7";
    CHECK(answered(throttled).error().retry_after == std::chrono::seconds(7));
}

TEST_CASE("bedrock errors: broken answers are errors and never outputs") {
    struct Case {
        StubReply answer;
        ErrorCode code;
        bool retryable;
        const char* said;
    };
    using enum ErrorCode;
    const auto malformed = [](const char* reason) {
        return StubReply{.body = std::string(R"({"output": {"message": {"content": [
            {"text": "x"}]}}, "stopReason": ")") +
                                 reason + "\"}"};
    };
    const std::vector<Case> cases = {
        {{.body = R"({"output": {"message")"}, unavailable, true, "not valid JSON"},
        {{.body = ""}, unavailable, true, "not valid JSON"},
        {{.body = "{}"}, invalid_argument, false, "has no \"message\""},
        {{.body = R"({"output": {"message": null}})"}, invalid_argument, false, "base_url"},
        {{.body = R"({"choices": []})"}, invalid_argument, false, "base_url"},
        {{.body = "<html>hello</html>", .headers = {{"Content-Type", "text/html"}}},
         invalid_argument,
         false,
         "HTML"},
        {{.status = 502, .body = "<html>Bad gateway</html>"}, unavailable, true, "502"},
        {{.status = 429, .body = "slow down"}, resource_exhausted, true, "slow down"},
        {{.status = 424, .body = "no JSON"}, invalid_argument, false, "424"},
        {{.status = 301, .body = ""}, invalid_argument, false, "redirects"},
        {malformed("malformed_model_output"), unavailable, true, "malformed_model_output"},
        {malformed("malformed_tool_use"), unavailable, true, "could not be read"}};
    for (const Case& test : cases) {
        INFO(test.answer.status << " " << test.answer.body);
        const Error error = answered(test.answer).error();
        INFO(error.message);
        CHECK(error.code == test.code);
        CHECK(error.retryable == test.retryable);
        CHECK_THAT(error.message, Catch::StartsWith("local") && Catch::Contains(test.said));
    }
}

TEST_CASE("bedrock errors: whatever a server repeats nothing tells a key") {
    check_key_is_kept("bedrock", "");
    for (const int status : {200, 400, 403, 424, 429, 500}) {
        INFO(status);
        const StubServer server([status](const StubRequest& request) {
            std::string echo = std::string(k_secret_key) + " ";
            for (const auto& [name, value] : request.headers) echo += name + ": " + value + "; ";
            const std::string answer = R"({"output": {"message": {"content": [{"text": )" +
                                       to_text(Json(echo)) + R"(}]}}, "stopReason": "end_turn"})";
            return StubReply{.status = status, .body = status == 200 ? answer : message(echo)};
        });
        Model model(server.url(), signed_settings(), "bedrock");
        const auto reply = model.ask(question());
        CHECK(reply.has_value() == (status == 200));
        const std::string said =
            reply ? to_text(reply->output) + reply->log : reply.error().message;
        CHECK_THAT(said, Catch::Contains("[redacted]"));
        for (const char* const secret : {k_key_id, k_secret_key, k_token}) {
            CHECK_THAT(said, !Catch::Contains(secret));
            CHECK_THAT(to_text(model.provider->identity()), !Catch::Contains(secret));
        }
    }
}

TEST_CASE("bedrock errors: a missing key is told when it is needed and not before") {
    ProviderSettings settings;
    settings.own = {{"region", "eu-central-1"}};
    const StubServer server({.body = k_answer});
    settings.base_url = server.url();
    const auto provider = make(settings);
    REQUIRE(provider);
    boost::asio::io_context io;
    const auto refused = run_task(io, (*provider)->call(question(), in(std::chrono::seconds(20))));
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::unauthenticated);
    CHECK(!refused.error().retryable);
    CHECK_THAT(refused.error().message, Catch::StartsWith("aws: ") &&
                                            Catch::Contains("AWS_ACCESS_KEY_ID") &&
                                            Catch::Contains("AWS_BEARER_TOKEN_BEDROCK"));
    CHECK(server.requests().empty());
    CHECK_THAT(find_provider("bedrock")->missing(settings), Catch::StartsWith("credentials: "));
}

TEST_CASE("bedrock: a region is needed and is a part of the address") {
    const auto refused = make({});
    REQUIRE(!refused);
    CHECK(refused.error().code == ErrorCode::invalid_argument);
    CHECK_THAT(refused.error().message,
               Catch::Contains("\"aws\" needs a region") && Catch::Contains("AWS_REGION"));
    const auto url = [](const std::string& base_url) {
        ProviderSettings settings = signed_settings();
        settings.base_url = base_url;
        return make(std::move(settings)).value()->identity()["url"].get<std::string>();
    };
    CHECK(url("") == "https://bedrock-runtime.eu-central-1.amazonaws.com");
    CHECK(url("https://bedrock-runtime-fips.{region}.amazonaws.com") ==
          "https://bedrock-runtime-fips.eu-central-1.amazonaws.com");
    CHECK(url("https://vpce-1.example") == "https://vpce-1.example");
    const auto missing = [](ProviderSettings settings, const std::string& base_url) {
        settings.base_url = base_url;
        return find_provider("bedrock")->missing(settings);
    };
    CHECK(missing(signed_settings(), "").empty());
    ProviderSettings nowhere = signed_settings();
    nowhere.own.erase("region");
    CHECK_THAT(missing(nowhere, ""), Catch::StartsWith("a region: set AWS_REGION"));
    CHECK_THAT(missing(nowhere, "https://vpce-1.example"), Catch::StartsWith("a region: "));
    ProviderSettings bearer;
    bearer.api_key = Secret("token");
    CHECK_THAT(missing(bearer, ""), Catch::StartsWith("a region: "));
    CHECK(missing(bearer, "https://vpce-1.example").empty());
}

TEST_CASE("bedrock: an authorization of the settings' own is the one that is sent") {
    ProviderSettings settings;
    settings.headers = {{"Authorization", Secret("Basic of-a-gateway")}};
    const Exchange said = exchange("bedrock", "", question(), {.body = k_answer}, settings);
    CHECK(said.request.headers.at("authorization") == "Basic of-a-gateway");
    CHECK(!said.request.headers.contains("x-amz-date"));
    CHECK(said.value().output == "Paris");
}

TEST_CASE("bedrock: who asks is no part of the identity") {
    ProviderSettings settings = signed_settings();
    const Json identity = make(settings).value()->identity();
    settings.own["session_token"] = "another-session-token";
    settings.own["access_key_id"] = "AKIDOTHER00000000001";
    CHECK(make(settings).value()->identity() == identity);
    settings.own["region"] = "us-east-1";
    CHECK(make(settings).value()->identity() != identity);
    CHECK(identity["kind"] == "bedrock_converse");
}

}  // namespace assay::test
