#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/hash.hpp"
#include "core/base/secret.hpp"
#include "core/http/http_client.hpp"

namespace assay {

// How requests to AWS are signed: Signature Version 4. Pure functions, the time is given.
// Source: IAM User Guide, "Create a signed AWS API request", 2025.

/// A key of an AWS account.
struct AwsKey {
    std::string access_key_id;
    Secret secret_access_key;
    Secret session_token;  ///< of a temporary key, else ""
};

/// By whom, for what and when a request is signed.
struct AwsSigning {
    AwsKey key;
    std::string region;   ///< "us-east-1"
    std::string service;  ///< "bedrock"
    Time time;            ///< requests are good for a few minutes around it
};

/// What of a request is signed.
struct AwsMessage {
    std::string_view method;
    /// As it is sent. The path is encoded once more, as all services but S3 want it.
    std::string_view url;
    std::vector<HttpHeader> headers;  ///< in any order; `host` is among them
    std::string payload_sha256;       ///< of the body, in hexadecimal
};

/// A request in the one form in which both sides see the same bytes.
struct AwsCanonicalRequest {
    std::string text;
    std::string signed_headers;  ///< "content-type;host;x-amz-date"
};

[[nodiscard]] AwsCanonicalRequest aws_canonical_request(const AwsMessage& message);
[[nodiscard]] std::string aws_string_to_sign(const std::string& canonical_request,
                                             const AwsSigning& signing);
/// The key of one day, region and service.
[[nodiscard]] Sha256Digest aws_signing_key(const AwsSigning& signing);
/// The value of the header `Authorization`.
[[nodiscard]] std::string aws_authorization(const AwsMessage& message, const AwsSigning& signing);
/// The value of the header `X-Amz-Date`: "20150830T123600Z".
[[nodiscard]] std::string aws_date(Time time);

/// Adds the headers `Host`, `X-Amz-Date`, `X-Amz-Content-Sha256`, for a temporary key
/// `X-Amz-Security-Token`, and `Authorization`. What is signed is what they say, the content type,
/// the path and the body: a proxy may change other headers.
[[nodiscard]] HttpRequest aws_signed(HttpRequest request, const AwsSigning& signing);

}  // namespace assay
