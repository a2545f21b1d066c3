#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/text.hpp"
#include "judges/providers/builtin.hpp"
#include "judges/providers/gemini_format.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/reply_json.hpp"
#include "judges/providers/service_account.hpp"

namespace assay {
namespace {

/// Of the location `global`; the others have their own.
constexpr std::string_view k_base_url = "https://aiplatform.googleapis.com/v1";
constexpr std::string_view k_global = "global";
constexpr std::string_view k_file_variable = "GOOGLE_APPLICATION_CREDENTIALS";
constexpr std::string_view k_project_variable = "GOOGLE_CLOUD_PROJECT";
constexpr std::string_view k_location_variable = "GOOGLE_CLOUD_LOCATION";
constexpr std::array k_variables = {k_file_variable, k_location_variable, k_project_variable};

/// The connection's own setting, else what the variable says.
std::string setting_of(const ProviderSettings& settings, const char* name,
                       std::string_view variable) {
    const std::string& own = text_member(settings.own, name);
    const auto found = settings.environment.find(variable);
    const bool is_given = !own.empty() || found == settings.environment.end();
    return is_given ? own : found->second.reveal();
}

/// The path under which the file of a service account's key is found; "" = there is none.
std::filesystem::path key_file(const ProviderSettings& settings) {
    const std::string& own = text_member(settings.own, "credentials_file");
    if (!own.empty()) return settings.folder / own;
    return setting_of(settings, "credentials_file", k_file_variable);
}

/// It becomes a part of the host's name.
bool is_location(std::string_view text) {
    return std::ranges::all_of(
        text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

/// Whether the settings themselves hold what requests are to bear.
bool has_token(const ProviderSettings& settings) {
    return !settings.api_key.empty() ||
           std::ranges::any_of(settings.headers, [](const auto& header) {
               return to_lower_ascii(header.first) == "authorization";
           });
}

bool is_default_address(const ProviderSettings& settings) {
    return settings.base_url.empty() || settings.base_url == k_base_url;
}

std::unexpected<Error> needs(std::string what) {
    return failure(ErrorCode::invalid_argument, std::move(what));
}

/// What a connection is made of.
struct Connection {
    std::optional<ServiceAccountKey> key;  ///< nothing = none is needed
    GeminiFormat::Address address;
};

Result<std::optional<ServiceAccountKey>> read_key(const ProviderSettings& settings) {
    if (has_token(settings)) return std::nullopt;
    const std::filesystem::path file = key_file(settings);
    if (file.empty()) {
        if (!is_default_address(settings)) return std::nullopt;
        return needs(
            "the file of a service account's key: set GOOGLE_APPLICATION_CREDENTIALS or name a "
            "`credentials_file` under `providers:`");
    }
    auto key = ServiceAccountKey::read(file);
    if (key) return std::move(*key);
    return needs(fmt::format("a service account's key that can be used: {}", key.error().message));
}

/// @error what is missing, as the end of "the provider ... needs".
Result<Connection> read_connection(const ProviderSettings& settings) {
    Connection connection;
    ASSAY_TRY(connection.key, read_key(settings));
    std::string project = setting_of(settings, "project", k_project_variable);
    if (project.empty() && connection.key) project = connection.key->project;
    if (project.empty()) {
        return needs("a project: set GOOGLE_CLOUD_PROJECT or name a `project` under `providers:`");
    }
    std::string location = setting_of(settings, "location", k_location_variable);
    if (location.empty()) location = k_global;
    if (!is_location(location)) {
        return needs(fmt::format("a location such as us-central1, which \"{}\" is not",
                                 fit_width(terminal_safe(location), 40)));
    }
    GeminiFormat::Address& address = connection.address;
    address.version = "/v1";
    address.models = fmt::format("projects/{}/locations/{}/publishers/google/models",
                                 percent_encode(project), location);
    address.base_url = settings.base_url;
    if (is_default_address(settings)) {
        address.base_url = location == k_global
                               ? std::string(k_base_url)
                               : fmt::format("https://{}-aiplatform.googleapis.com/v1", location);
    }
    return connection;
}

std::string missing_of_vertex(const ProviderSettings& settings) {
    const auto connection = read_connection(settings);
    return connection ? "" : connection.error().message;
}

Result<std::unique_ptr<Provider>> make_google_vertex(ProviderSettings settings) {
    static const SystemClock k_clock;
    auto connection = read_connection(settings);
    if (!connection) {
        return failure(
            ErrorCode::invalid_argument,
            fmt::format("the provider \"{}\" needs {}", settings.name, connection.error().message));
    }
    settings.base_url = connection->address.base_url;
    // Where the key lies changes no answer, and it is another place on every machine.
    if (settings.own.is_object()) settings.own.erase("credentials_file");
    std::unique_ptr<Credentials> credentials = bearer_key(settings);
    if (connection->key) {
        ASSAY_TRY(credentials,
                  make_service_account(std::move(*connection->key), settings, k_clock));
    }
    auto format = std::make_unique<GeminiFormat>(std::move(connection->address), settings);
    return make_model_service(
        {.settings = std::move(settings),
         .format = std::move(format),
         .credentials = std::move(credentials),
         .key_variable = "",
         .key_remedy = "may the service account use Vertex AI in this project (the role "
                       "roles/aiplatform.user)?"});
}

}  // namespace

const ProviderDefinition google_vertex_definition{
    .id = "google-vertex",
    .summary = "Google's Gemini models by Vertex AI, as a service account.",
    .default_base_url = k_base_url,
    .base_url_variable = "GOOGLE_VERTEX_BASE_URL",
    .variables = k_variables,
    .settings_schema = R"({
        "type": "object",
        "properties": {
            "project": {"type": "string",
                "description": "Default: GOOGLE_CLOUD_PROJECT, else that of the account."},
            "location": {"type": "string", "pattern": "^[a-z0-9-]+$",
                "description": "Default: GOOGLE_CLOUD_LOCATION, else global."},
            "credentials_file": {"type": "string",
                "description": "The account's key. Default: GOOGLE_APPLICATION_CREDENTIALS."}
        }
    })",
    .missing = &missing_of_vertex,
    .example_model = "gemini-2.5-flash",
    .make = &make_google_vertex};

}  // namespace assay
