#include "server/client/server_access.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <string_view>
#include <vector>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::array k_url_variables = {"LANGFUSE_BASE_URL", "LANGFUSE_HOST", "LANGFUSE_BASEURL"};
constexpr const char* k_public_key = "LANGFUSE_PUBLIC_KEY";
constexpr const char* k_secret_key = "LANGFUSE_SECRET_KEY";
constexpr std::string_view k_api = "/api/public";

std::unexpected<Error> refuse(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

Result<std::string> normalised(std::string url) {
    if (!is_server_url(url)) {
        return refuse(
            fmt::format("\"{}\" is no address of a server: write it as "
                        "http://HOST:PORT or https://HOST",
                        terminal_safe(url)));
    }
    if (url.find_first_of("?#") != std::string::npos) {
        return refuse("the address of a server has neither a query nor a fragment");
    }
    // People paste what a browser or an OpenTelemetry exporter is told.
    const auto without_slashes = [&] {
        while (url.ends_with('/')) url.pop_back();
    };
    without_slashes();
    if (const std::size_t api = url.find(k_api); api != std::string::npos) url.resize(api);
    without_slashes();
    return url;
}

}  // namespace

bool is_server_url(std::string_view text) {
    const std::string lower = to_lower_ascii(text.substr(0, 8));
    return lower.starts_with("http://") || lower.starts_with("https://");
}

Result<ServerAccess> read_server_access(const std::string& url,
                                        const EnvironmentLookup& environment) {
    std::string address = url;
    for (const char* const name : k_url_variables) {
        if (address.empty()) address = environment(name);
    }
    if (address.empty()) {
        return refuse(
            "no server is named: set LANGFUSE_BASE_URL, or write --server http://HOST:PORT");
    }
    ServerAccess access;
    ASSAY_TRY(access.url, normalised(std::move(address)));
    access.public_key = environment(k_public_key);
    access.secret_key = Secret(environment(k_secret_key));
    access.ca_file = environment("SSL_CERT_FILE");
    std::vector<std::string_view> missing;
    if (access.public_key.empty()) missing.emplace_back(k_public_key);
    if (access.secret_key.empty()) missing.emplace_back(k_secret_key);
    if (missing.empty()) return access;
    return failure(ErrorCode::unauthenticated,
                   fmt::format("{} {} not set: a server wants the key pair of a project (`assay "
                               "keys create` makes one for `assay serve`)",
                               fmt::join(missing, " and "), missing.size() == 1 ? "is" : "are"));
}

}  // namespace assay
