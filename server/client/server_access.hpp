#pragma once

#include <functional>
#include <string>

#include "core/base/error.hpp"
#include "core/base/secret.hpp"

namespace assay {

/// Where a server is, and whose requests are sent to it.
struct ServerAccess {
    std::string url;  ///< with a base path if it has one, without a slash at its end
    std::string public_key;
    Secret secret_key;
    std::string ca_file = {};  ///< authorities to trust instead of the system's; "" = those
};

/// A variable of the environment; "" = it is not set.
using EnvironmentLookup = std::function<std::string(const char* name)>;

/// The access that the command line and the variables of Langfuse's clients tell: LANGFUSE_BASE_URL
/// (or LANGFUSE_HOST, LANGFUSE_BASEURL), LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY; SSL_CERT_FILE.
/// @param url  "" = the one of the environment.
/// @error invalid_argument for an address that is none, or when nothing names one; unauthenticated
///        when a key is not set.
[[nodiscard]] Result<ServerAccess> read_server_access(const std::string& url,
                                                      const EnvironmentLookup& environment);

/// Whether that is the address of a server rather than a folder.
[[nodiscard]] bool is_server_url(std::string_view text);

}  // namespace assay
