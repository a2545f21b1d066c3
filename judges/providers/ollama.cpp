#include <algorithm>

#include "core/base/text.hpp"
#include "judges/providers/builtin.hpp"
#include "judges/providers/model_service.hpp"
#include "judges/providers/ollama_format.hpp"

namespace assay {
namespace {

constexpr std::string_view k_base_url = "http://127.0.0.1:11434";
constexpr std::string_view k_host = "127.0.0.1";
constexpr std::string_view k_port = "11434";

/// OLLAMA_HOST is what the server is told to listen on, mostly without a scheme: "127.0.0.1:8080",
/// ":8080", "0.0.0.0" and "[::1]" are all of them addresses of a server.
///
/// Source: envconfig.Host() of Ollama's repository, 2025.
std::string url_of(std::string_view host) {
    host = trim(host);
    if (host.empty()) return std::string(k_base_url);
    if (host.contains("://")) return std::string(host);
    while (host.ends_with('/')) host.remove_suffix(1);
    // A colon within brackets is a part of an address.
    const std::size_t bracket = host.rfind(']');
    const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const bool has_port = colon != std::string_view::npos;
    const std::string_view port = has_port ? host.substr(colon + 1) : k_port;
    std::string_view name = host.substr(0, colon);
    if (name.empty() || name == "0.0.0.0") name = k_host;  // "all of mine" is nobody's address
    if (name == "[::]") name = "[::1]";
    return "http://" + std::string(name) + ":" + std::string(port);
}

Result<std::unique_ptr<Provider>> make_ollama(ProviderSettings settings) {
    settings.base_url = url_of(settings.base_url);
    auto format = std::make_unique<OllamaFormat>(settings);
    auto key = bearer_key(settings);
    return make_model_service({.settings = std::move(settings),
                               .format = std::move(format),
                               .credentials = std::move(key),
                               .key_variable = ""});
}

}  // namespace

const ProviderDefinition ollama_definition{
    .id = "ollama",
    .summary = "Models that Ollama serves on this machine or another, by its own API.",
    .default_base_url = k_base_url,
    .base_url_variable = "OLLAMA_HOST",
    .embeds = true,
    .example_model = "llama3.2",
    .make = &make_ollama};

}  // namespace assay
