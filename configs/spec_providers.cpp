#include <fmt/format.h>

#include <algorithm>

#include "configs/spec_parts.hpp"

namespace assay {
namespace {

const KnownNames& provider_types() {
    static const KnownNames k_types = {.names = {"openai", "openai-compatible"},
                                       .later = {"anthropic", "azure-openai", "bedrock",
                                                 "google-ai-studio", "google-vertex", "ollama"}};
    return k_types;
}

/// Reads the settings of providers.
class SettingsReader {
  public:
    explicit SettingsReader(const Environment& environment) : environment_(environment) {}

    [[nodiscard]] ProviderSpec read(const std::string& name, const SpecReader& provider) const;

  private:
    /// The text with its variables filled in.
    [[nodiscard]] std::optional<std::string> expand(const SpecReader& setting) const;
    [[nodiscard]] Json expand_all(const SpecReader& setting) const;
    void read_base_url(const SpecReader& provider, ProviderSpec& read) const;
    void read_headers(const SpecReader& headers, ProviderSpec& read) const;
    static void read_price(const SpecReader& price, ProviderSpec& read);

    const Environment& environment_;
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

void SettingsReader::read_base_url(const SpecReader& provider, ProviderSpec& read) const {
    const auto setting = provider.find("base_url");
    if (!setting) {
        const bool required = read.type == "openai-compatible";
        if (required) (void)provider.require("base_url");
        return;
    }
    const auto url = expand(*setting);
    if (!url) return;
    const std::size_t scheme = url->find("://");
    const bool is_http = url->starts_with("http://") || url->starts_with("https://");
    if (!is_http) {
        setting->mistake(fmt::format("{} must begin with http:// or https://", setting->title()));
        return;
    }
    const std::string_view authority = std::string_view(*url).substr(
        scheme + 3, url->find_first_of("/?#", scheme + 3) - scheme - 3);
    if (authority.contains('@')) {
        setting->mistake(
            fmt::format("{} holds a user name or password; put it into `headers` or "
                        "`api_key` as ${{NAME}}",
                        setting->title()));
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

void SettingsReader::read_price(const SpecReader& price, ProviderSpec& read) {
    if (!price.expect_map({.names = {"input", "output"}})) return;
    const auto read_side = [&](std::string_view key, std::optional<double>& field) {
        const auto side = price.find(key);
        if (!side) return;
        field = side->number();
        if (field && *field < 0) side->wrong_type("US dollars per million tokens, 0 or more");
    };
    read_side("input", read.price_input_usd);
    read_side("output", read.price_output_usd);
}

ProviderSpec SettingsReader::read(const std::string& name, const SpecReader& provider) const {
    ProviderSpec read{.name = name, .options = Json::object(), .pointer = provider.pointer()};
    if (name.empty() || name.contains(':')) {
        provider.mistake_at_key(
            "the name of a provider stands before the colon in "
            "\"name:model\", so it cannot be empty or hold one itself");
    }
    if (!provider.expect_map(
            {.names = {"type", "base_url", "api_key", "headers", "options", "price"}})) {
        return read;
    }
    if (const auto type = provider.require("type")) {
        read.type = type->text().value_or("");
        if (!read.type.empty())
            (void)type->expect_name("provider type", read.type, provider_types());
    }
    read_base_url(provider, read);
    if (const auto key = provider.find("api_key")) read.api_key = Secret(expand(*key).value_or(""));
    if (const auto headers = provider.find("headers")) read_headers(*headers, read);
    if (const auto options = provider.find("options"); options && options->expect_map()) {
        read.options = expand_all(*options);
    }
    if (const auto price = provider.find("price")) read_price(*price, read);
    return read;
}

}  // namespace

Providers read_providers(const SpecReader& providers, const Environment& environment) {
    Providers read;
    if (!providers.expect_map()) return read;
    const SettingsReader settings(environment);
    for (const auto& [name, provider] : providers.members()) {
        read.emplace(name, settings.read(name, provider));
    }
    return read;
}

KnownNames known_providers(const Providers& providers) {
    KnownNames known = {.names = {"openai"}, .later = provider_types().later};
    for (const auto& [name, settings] : providers) {
        const bool is_new = std::ranges::find(known.names, name) == known.names.end();
        if (is_new) known.names.push_back(name);
    }
    return known;
}

void read_provider_name(const SpecReader& provider, const Providers& providers, TaskSpec& task) {
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
    if (providers.contains(task.provider)) return;
    if (task.provider == "openai-compatible") {
        provider.mistake(
            "an OpenAI-compatible endpoint needs an address: give it a name with a "
            "`base_url` under `providers`, and write \"name:model\" here");
        return;
    }
    (void)provider.expect_name("provider", task.provider, known_providers(providers));
}

}  // namespace assay
