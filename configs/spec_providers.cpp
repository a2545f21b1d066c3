#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "configs/model_prices.hpp"
#include "configs/spec_parts.hpp"

namespace assay {
namespace {

/// The keys that all types have. What others there are, the type's definition says.
constexpr std::array<std::string_view, 8> k_common_keys = {
    "type", "base_url", "api_key", "headers", "options", "price", "proxy", "ca_file"};

/// Reads the settings of providers.
class SettingsReader {
  public:
    SettingsReader(const Environment& environment, const SpecFiles& files)
        : environment_(environment), files_(files) {}

    [[nodiscard]] ProviderSpec read(const std::string& name, const SpecReader& provider) const;

  private:
    /// The text with its variables filled in.
    [[nodiscard]] std::optional<std::string> expand(const SpecReader& setting) const;
    [[nodiscard]] Json expand_all(const SpecReader& setting) const;
    void read_base_url(const SpecReader& setting, ProviderSpec& read) const;
    void read_proxy(const SpecReader& setting, ProviderSpec& read) const;
    void read_ca_file(const SpecReader& setting, ProviderSpec& read) const;
    void read_headers(const SpecReader& headers, ProviderSpec& read) const;
    static void read_price(const SpecReader& price, ProviderSpec& read);

    const Environment& environment_;
    const SpecFiles& files_;
};

std::optional<std::string> SettingsReader::expand(const SpecReader& setting) const {
    const auto pieces = split_setting(setting, environment_);
    if (!pieces) return std::nullopt;
    std::string expanded;
    for (const SettingPiece& piece : *pieces) expanded += piece.text;
    return expanded;
}

Json SettingsReader::expand_all(const SpecReader& setting) const {
    if (setting.value().is_string()) return expand(setting).value_or(std::string());
    Json expanded = setting.value();
    for (const auto& [key, member] : setting.members()) expanded[key] = expand_all(member);
    for (std::size_t i = 0; setting.value().is_array() && i < expanded.size(); ++i) {
        expanded[i] = expand_all(setting.at(i));
    }
    return expanded;
}

void SettingsReader::read_base_url(const SpecReader& setting, ProviderSpec& read) const {
    const auto url = expand(setting);
    if (!url) return;
    const std::size_t scheme = url->find("://");
    const bool is_http = url->starts_with("http://") || url->starts_with("https://");
    if (!is_http) {
        setting.mistake(fmt::format("{} must begin with http:// or https://", setting.title()));
        return;
    }
    const std::string_view authority = std::string_view(*url).substr(
        scheme + 3, url->find_first_of("/?#", scheme + 3) - scheme - 3);
    if (authority.contains('@')) {
        setting.mistake(
            fmt::format("{} holds a user name or password; put it into `headers` or "
                        "`api_key` as ${{NAME}}",
                        setting.title()));
        return;
    }
    read.base_url = *url;
}

void SettingsReader::read_headers(const SpecReader& headers, ProviderSpec& read) const {
    if (!headers.expect_map()) return;
    for (const auto& [name, header] : headers.members()) {
        if (!is_header_name(name)) {
            header.mistake_at_key(fmt::format("\"{}\" cannot be the name of a header", name));
            continue;
        }
        auto value = expand(header);
        if (!value) continue;
        if (!is_one_line(*value)) {
            header.mistake(fmt::format("{} must be one line", header.title()));
            continue;
        }
        read.headers.emplace(name, Secret(std::move(*value)));
    }
}

void SettingsReader::read_proxy(const SpecReader& setting, ProviderSpec& read) const {
    const auto proxy = expand(setting);
    if (!proxy) return;
    const bool usable = proxy->contains("://") && is_one_line(*proxy);
    if (!usable) {
        setting.mistake(
            fmt::format("{} must be the address of a proxy, such as http://proxy.example:3128",
                        setting.title()));
        return;
    }
    read.proxy = *proxy;
}

void SettingsReader::read_ca_file(const SpecReader& setting, ProviderSpec& read) const {
    const auto written = expand(setting);
    if (!written) return;
    if (const auto path = files_.locate(setting, *written)) read.ca_file = *path;
}

void SettingsReader::read_price(const SpecReader& price, ProviderSpec& read) {
    if (!price.expect_map({.names = priced_usage()})) return;
    read.price.emplace();
    for (const auto& [kind, side] : price.members()) {
        const auto usd = side.number();
        if (usd && *usd < 0) side.wrong_type("US dollars per million tokens, 0 or more");
        if (usd) read.price->emplace(kind, *usd);
    }
}

ProviderSpec SettingsReader::read(const std::string& name, const SpecReader& provider) const {
    ProviderSpec read{.name = name, .options = Json::object(), .pointer = provider.pointer()};
    if (name.empty() || name.contains(':')) {
        provider.mistake_at_key(
            "the name of a provider stands before the colon in "
            "\"name:model\", so it cannot be empty or hold one itself");
    }
    if (!provider.expect_map()) return read;
    if (const auto type = provider.require("type")) read.type = type->text().value_or("");
    if (const auto url = provider.find("base_url")) read_base_url(*url, read);
    if (const auto key = provider.find("api_key")) read.api_key = Secret(expand(*key).value_or(""));
    if (const auto headers = provider.find("headers")) read_headers(*headers, read);
    if (const auto options = provider.find("options"); options && options->expect_map()) {
        read.options = expand_all(*options);
    }
    if (const auto price = provider.find("price")) read_price(*price, read);
    if (const auto proxy = provider.find("proxy")) read_proxy(*proxy, read);
    if (const auto file = provider.find("ca_file")) read_ca_file(*file, read);
    for (const auto& [key, setting] : provider.members()) {
        const bool is_own = std::ranges::find(k_common_keys, key) == k_common_keys.end();
        if (is_own) read.own[key] = expand_all(setting);
    }
    return read;
}

}  // namespace

std::vector<std::string> provider_keys() { return {k_common_keys.begin(), k_common_keys.end()}; }

Providers read_providers(const SpecReader& providers, const Environment& environment,
                         const SpecFiles& files) {
    Providers read;
    if (!providers.expect_map()) return read;
    const SettingsReader settings(environment, files);
    for (const auto& [name, provider] : providers.members()) {
        read.emplace(name, settings.read(name, provider));
    }
    return read;
}

void read_provider_name(const SpecReader& provider, TaskSpec& task) {
    const auto written = provider.text();
    if (!written) return;
    const std::size_t colon = written->find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == written->size()) {
        provider.mistake(
            fmt::format("{} must be a provider and a model, as in "
                        "\"openai:gpt-4.1-mini\", not \"{}\"",
                        provider.title(), *written));
        return;
    }
    task.provider = written->substr(0, colon);
    task.model = written->substr(colon + 1);
}

}  // namespace assay
