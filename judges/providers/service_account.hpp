#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/base/clock.hpp"
#include "core/base/secret.hpp"
#include "judges/providers/wire_format.hpp"

namespace assay {

/// A service account's key, as Google writes it into a file.
struct ServiceAccountKey {
    std::string project;  ///< "" = the file does not say
    std::string email;
    std::string key_id;  ///< "" = none
    Secret private_key;  ///< RSA, PEM
    std::string token_url;

    /// @error not_found, permission_denied or invalid_argument, with the path and the remedy: the
    ///        file is missing, no JSON, of another kind, or its key cannot sign.
    static Result<ServiceAccountKey> read(const std::filesystem::path& file);
};

/// Proves to be a service account: signs a token with its key, trades it at the account's token
/// server for one that requests bear, and keeps that one until a minute before it expires. Many
/// requests that need one at a time wait for the same.
///
/// Source: Using OAuth 2.0 for server to server applications, 2026; RFC 7523.
///
/// @param settings  its transport is used; when it has none, one of its own with its `proxy` and
///                  `ca_file`.
/// @param clock     outlives what is made.
/// @error as make_curl_transport.
[[nodiscard]] Result<std::unique_ptr<Credentials>> make_service_account(
    ServiceAccountKey key, const ProviderSettings& settings, const Clock& clock);

}  // namespace assay
