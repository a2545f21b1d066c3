#pragma once

#include <array>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"
#include "judges/provider.hpp"
#include "judges/providers/aws_signature.hpp"

namespace assay {

/// Where requests to AWS go, and on whose behalf.
struct AwsAccount {
    std::string region;   ///< "" = nobody says
    Secret bearer_token;  ///< an API key of Amazon Bedrock; "" = requests are signed with the key
    AwsKey key;
    /// What is missing to prove who asks, and the remedy, as the end of "needs ..."; "" = nothing.
    std::string missing;
};

/// The variables of the environment that find_aws_account() looks into.
inline constexpr std::array<std::string_view, 9> k_aws_variables = {"AWS_ACCESS_KEY_ID",
                                                                    "AWS_SECRET_ACCESS_KEY",
                                                                    "AWS_SESSION_TOKEN",
                                                                    "AWS_REGION",
                                                                    "AWS_DEFAULT_REGION",
                                                                    "AWS_PROFILE",
                                                                    "AWS_SHARED_CREDENTIALS_FILE",
                                                                    "AWS_CONFIG_FILE",
                                                                    "HOME"};

/// Looks, in this order, at the settings' own `access_key_id`, their `profile`, their `api_key`,
/// the variables AWS_ACCESS_KEY_ID and AWS_PROFILE, and the profile "default"; for the region at
/// the settings' own `region`, the variables AWS_REGION and AWS_DEFAULT_REGION, and the profile.
/// Profiles are read from ~/.aws/credentials and ~/.aws/config; those that only say how to get keys
/// (roles, single sign-on, programs) have none.
///
/// Source: AWS SDKs and Tools Reference Guide, "Configuration and credential precedence", 2025.
[[nodiscard]] AwsAccount find_aws_account(const ProviderSettings& settings);

}  // namespace assay
