#include <catch2/catch.hpp>

#include "tests/unit/providers/canned_model.hpp"

namespace assay::test {

namespace {

constexpr const char* k_answer = R"({"choices":[{"message":{"content":"Paris"}}]})";

struct Sent {
    std::string url;
    Json body;
    Json identity;
};

Sent send_to(const std::string& base_url, Json own = Json::object(),
             const std::string& variable = "", const std::string& model = "small") {
    ProviderSettings settings;
    settings.base_url = base_url;
    settings.own = std::move(own);
    if (!variable.empty()) settings.environment = {{"OPENAI_API_VERSION", Secret(variable)}};
    CannedModel azure("azure-openai", {{response(200, k_answer)}}, std::move(settings));
    ProviderRequest request = question();
    request.model = model;
    REQUIRE(azure.ask(request));
    return {azure.transport.requests.back().url, azure.sent(), azure.provider->identity()};
}

}  // namespace

TEST_CASE("azure: a deployment stands in the address and not in the request") {
    const Sent sent = send_to("https://team.openai.azure.com");
    CHECK(sent.url ==
          "https://team.openai.azure.com/openai/deployments/small/chat/completions"
          "?api-version=2024-10-21");
    CHECK(!sent.body.contains("model"));
    CHECK_THAT(send_to("https://team.openai.azure.com", {}, "", "a b/c").url,
               Catch::Contains("/deployments/a%20b%2Fc/"));
}

TEST_CASE("azure: without a version in the address the model stands in the request") {
    const Sent sent = send_to("https://team.openai.azure.com", {{"api_version", "v1"}});
    CHECK(sent.url == "https://team.openai.azure.com/openai/v1/chat/completions");
    CHECK(sent.body["model"] == "small");
}

TEST_CASE("azure: the version is that of the settings then of the environment") {
    const std::string base = "https://team.openai.azure.com";
    CHECK_THAT(send_to(base, {}, "2025-01-01").url, Catch::EndsWith("?api-version=2025-01-01"));
    CHECK_THAT(send_to(base, {{"api_version", "2024-06-01"}}, "2025-01-01").url,
               Catch::EndsWith("?api-version=2024-06-01"));
}

TEST_CASE("azure: the address of a resource may be written as portals show it") {
    for (const char* url :
         {"https://team.openai.azure.com/", "https://team.openai.azure.com/openai",
          "https://team.openai.azure.com/openai/", "https://team.openai.azure.com/openai/v1",
          "https://team.openai.azure.com/openai/v1//"}) {
        INFO(url);
        CHECK_THAT(send_to(url).url,
                   Catch::StartsWith("https://team.openai.azure.com/openai/deployments/small/"));
    }
}

TEST_CASE("azure: what can change an answer is in the identity") {
    const std::string base = "https://team.openai.azure.com";
    const Json identity = send_to(base).identity;
    CHECK(identity["kind"] == "openai_chat");
    CHECK(identity["url"] == base + "/openai/chat/completions");
    CHECK(send_to(base, {}, "2025-01-01").identity != identity);
    CHECK(send_to(base, {{"api_version", "2024-10-21"}}).identity == identity);
    CHECK(send_to(base, {{"api_version", "v1"}}).identity != identity);
    CHECK(send_to("https://other.openai.azure.com").identity != identity);
}

TEST_CASE("azure: what is missing is told with its remedy") {
    const ProviderDefinition& azure = *find_provider("azure-openai");
    REQUIRE(azure.missing != nullptr);
    ProviderSettings settings;
    CHECK_THAT(azure.missing(settings), Catch::Contains("AZURE_OPENAI_ENDPOINT"));
    settings.base_url = "https://team.openai.azure.com";
    CHECK_THAT(azure.missing(settings), Catch::Contains("AZURE_OPENAI_API_KEY"));
    settings.api_key = Secret("key");
    CHECK(azure.missing(settings).empty());
    settings.api_key = {};
    settings.headers = {{"Authorization", Secret("Bearer of-entra")}};
    CHECK(azure.missing(settings).empty());
}

TEST_CASE("azure: a token in a header stands in place of the key") {
    ProviderSettings settings;
    settings.headers = {{"Authorization", Secret("Bearer of-entra")}};
    CannedModel azure("azure-openai", {{response(200, k_answer)}}, settings);
    REQUIRE(azure.ask());
    CHECK(azure.sent_header("api-key").empty());
    CHECK(azure.sent_header("Authorization") == "Bearer of-entra");
    settings.headers = {{"API-Key", Secret("another-key")}};
    CannedModel other("azure-openai", {{response(200, k_answer)}}, settings);
    REQUIRE(other.ask());
    CHECK(other.sent_header("API-Key") == "another-key");
    CHECK(other.sent_header("api-key").empty());
}

TEST_CASE("azure: filters that are told before the first choice change nothing") {
    const std::string events =
        R"(data: {"choices":[],"model":"","prompt_filter_results":[{"prompt_index":0}]})"
        "\n\n"
        R"(data: {"choices":[{"index":0,"delta":{"content":"Paris"},"finish_reason":null}],)"
        R"("model":"gpt-4.1"})"
        "\n\n"
        R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop",)"
        R"("content_filter_results":{}}]})"
        "\n\ndata: [DONE]\n\n";
    const auto reply = read_as("azure-openai", response(200, events, "text/event-stream"));
    REQUIRE(reply);
    CHECK(reply->output == "Paris");
    CHECK(reply->model == "gpt-4.1");
    CHECK(reply->refusal.empty());
}

TEST_CASE("azure: another address is asked for with an example that is Azure's") {
    const auto page = read_as("azure-openai", response(404, "<html>", "text/html"));
    REQUIRE(!page);
    CHECK_THAT(page.error().message, Catch::EndsWith("it usually ends in .openai.azure.com"));
}

}  // namespace assay::test
