#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "judges/providers/aws_account.hpp"
#include "judges/providers/bedrock_format.hpp"
#include "judges/providers/builtin.hpp"
#include "judges/providers/model_service.hpp"

namespace assay {
namespace {

constexpr std::string_view k_region_mark = "{region}";

/// Signs requests with the account's key.
class AwsSignature final : public Credentials {
  public:
    explicit AwsSignature(AwsAccount account) : account_(std::move(account)) {}

    Task<HttpRequest> authorize(HttpRequest request, Deadline /*deadline*/) override {
        if (!account_.missing.empty()) {
            co_return failure(ErrorCode::unauthenticated, "it needs " + account_.missing);
        }
        const AwsSigning signing{.key = account_.key,
                                 .region = account_.region,
                                 .service = "bedrock",
                                 .time = SystemClock().now()};
        co_return aws_signed(std::move(request), signing);
    }
    [[nodiscard]] std::vector<Secret> secrets() const override {
        return {Secret(account_.key.access_key_id), account_.key.secret_access_key,
                account_.key.session_token};
    }

  private:
    AwsAccount account_;
};

bool has_authorization(const ProviderSettings& settings) {
    return std::ranges::any_of(settings.headers, [](const auto& header) {
        return to_lower_ascii(header.first) == "authorization";
    });
}

/// What a call needs and does not have; "" = nothing.
std::string missing_for(const ProviderSettings& settings, const AwsAccount& account) {
    const bool is_authorized = has_authorization(settings);
    const bool is_signed = !is_authorized && account.bearer_token.empty();
    const bool has_address =
        !settings.base_url.empty() && !settings.base_url.contains(k_region_mark);
    if (account.region.empty() && (is_signed || !has_address)) {
        return "a region: set AWS_REGION or its `region` under `providers:`";
    }
    return is_authorized ? "" : account.missing;
}

std::string missing_of_bedrock(const ProviderSettings& settings) {
    return missing_for(settings, find_aws_account(settings));
}

Result<std::unique_ptr<Provider>> make_bedrock(ProviderSettings settings) {
    AwsAccount account = find_aws_account(settings);
    if (settings.base_url.empty()) settings.base_url = bedrock_definition.default_base_url;
    account.missing = missing_for(settings, account);
    const std::size_t mark = settings.base_url.find(k_region_mark);
    if (mark != std::string::npos) {
        if (account.region.empty()) {
            return failure(
                ErrorCode::invalid_argument,
                fmt::format("the provider \"{}\" needs {}", settings.name, account.missing));
        }
        settings.base_url.replace(mark, k_region_mark.size(), account.region);
    }
    // Who asks is no part of what can change an answer, and where is a part of the URL.
    settings.own = Json::object();
    auto format = std::make_unique<ConverseFormat>(settings);
    std::unique_ptr<Credentials> credentials;
    if (has_authorization(settings) || !account.bearer_token.empty()) {
        credentials = bearer_key(settings);
    } else {
        credentials = std::make_unique<AwsSignature>(std::move(account));
    }
    return make_model_service(
        {.settings = std::move(settings),
         .format = std::move(format),
         .credentials = std::move(credentials),
         .key_variable = {},
         .key_remedy = "check the credentials, the account's access to this model in the region, "
                       "and this machine's clock"});
}

}  // namespace

const ProviderDefinition bedrock_definition{
    .id = "bedrock",
    .summary = "Amazon Bedrock's models by Converse, signed with an AWS key or with an API key.",
    .default_base_url = "https://bedrock-runtime.{region}.amazonaws.com",
    .api_key_variable = "AWS_BEARER_TOKEN_BEDROCK",
    .base_url_variable = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
    .variables = k_aws_variables,
    .settings_schema = R"({
        "type": "object",
        "properties": {
            "region": {"type": "string",
                "description": "Default: AWS_REGION or AWS_DEFAULT_REGION, else the profile's."},
            "access_key_id": {"type": "string",
                "description": "Default: AWS_ACCESS_KEY_ID, else the profile's."},
            "secret_access_key": {"type": "string",
                "description": "Default: AWS_SECRET_ACCESS_KEY, else the profile's."},
            "session_token": {"type": "string",
                "description": "Of a temporary key. Default: as for the key."},
            "profile": {"type": "string",
                "description": "In ~/.aws/credentials and ~/.aws/config. Default: AWS_PROFILE."}
        },
        "dependentRequired": {"access_key_id": ["secret_access_key"],
                              "secret_access_key": ["access_key_id"],
                              "session_token": ["access_key_id"]}
    })",
    .missing = &missing_of_bedrock,
    .example_model = "anthropic.claude-sonnet-4-5-20250929-v1:0",
    .make = &make_bedrock};

}  // namespace assay
