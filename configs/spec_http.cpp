#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "configs/spec_parts.hpp"
#include "core/base/hash.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

/// Reads the settings of one service.
class ServiceReader {
  public:
    explicit ServiceReader(const Environment& environment) : environment_(environment) {}

    [[nodiscard]] ServiceSpec read(const SpecReader& http);

  private:
    using Pieces = std::vector<SettingPiece>;

    void read_url(const SpecReader& url);
    void read_headers(const SpecReader& headers);
    void read_body(const SpecReader& value, const SpecReader& body);
    [[nodiscard]] ServiceText compiled(const SpecReader& setting, const Pieces& pieces);
    [[nodiscard]] ServiceText compiled_secrets(const SpecReader& setting, const Pieces& pieces);

    const Environment& environment_;
    ServiceSpec read_;
};

/// What of a URL is the same for every unit, and whether a template follows.
struct UrlBeginning {
    std::string text;
    bool has_template = false;
    std::size_t host_begin = 0;
    std::size_t host_end = 0;
};

UrlBeginning beginning_of(const std::vector<SettingPiece>& pieces) {
    UrlBeginning url;
    for (const SettingPiece& piece : pieces) {
        const std::size_t end = piece.variable.empty() ? piece.text.find("{{") : std::string::npos;
        url.text += piece.text.substr(0, end);
        url.has_template = end != std::string::npos;
        if (url.has_template) break;
    }
    const std::size_t scheme_end = url.text.find("://");
    url.host_begin = scheme_end == std::string::npos ? 0 : scheme_end + 3;
    url.host_end = std::min(url.text.find_first_of("/?#", url.host_begin), url.text.size());
    return url;
}

/// What is wrong with the scheme or the host; "" when nothing is. It never holds the text: that may
/// be a key.
std::string_view host_mistake(const UrlBeginning& url) {
    const std::string scheme = to_lower_ascii(url.text.substr(0, url.host_begin));
    if (scheme != "http://" && scheme != "https://") {
        return "must begin with http:// or https:// and a host";
    }
    if (url.has_template && url.host_end == url.text.size()) {
        return "cannot hold a template in its host: templates may stand behind the `/` that "
               "follows it";
    }
    const std::string_view host =
        std::string_view(url.text).substr(url.host_begin, url.host_end - url.host_begin);
    if (host.contains('@')) {
        return "holds a user name or password; put it into `headers` as ${NAME}";
    }
    const auto is_usable = [](char c) { return c > ' ' && c != '\\' && c != '\x7f'; };
    const bool usable = !host.empty() && std::ranges::all_of(host, [&](char c) {
        return is_usable(c) || static_cast<unsigned char>(c) >= 0x80;
    });
    return usable ? "" : "needs the name or address of a host behind ://";
}

/// Whether a blank or control character stands outside the templates.
bool has_blank(std::string_view text) {
    while (!text.empty()) {
        const std::size_t begin = std::min(text.find("{{"), text.size());
        const auto is_blank = [](char c) {
            return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
        };
        if (std::ranges::any_of(text.substr(0, begin), is_blank)) return true;
        const std::size_t end = text.find("}}", begin);
        if (end == std::string_view::npos) return false;
        text.remove_prefix(end + 2);
    }
    return false;
}

ServiceText ServiceReader::compiled(const SpecReader& setting, const Pieces& pieces) {
    ServiceText text;
    for (const SettingPiece& piece : pieces) {
        if (!piece.variable.empty()) {
            text.append(piece.variable, Secret(piece.text));
            continue;
        }
        auto parsed = TextTemplate::parse(piece.text);
        if (parsed) {
            text.append(std::move(*parsed));
        } else {
            setting.mistake(fmt::format("{}: {}", setting.title(), parsed.error().message));
        }
    }
    return text;
}

ServiceText ServiceReader::compiled_secrets(const SpecReader& setting, const Pieces& pieces) {
    for (const SettingPiece& piece : pieces) {
        if (!piece.variable.empty()) read_.secrets.emplace_back(piece.text);
    }
    return compiled(setting, pieces);
}

void ServiceReader::read_url(const SpecReader& url) {
    const auto pieces = split_setting(url, environment_);
    if (!pieces) return;
    const UrlBeginning beginning = beginning_of(*pieces);
    const bool blank = std::ranges::any_of(
        *pieces, [](const SettingPiece& piece) { return has_blank(piece.text); });
    if (const std::string_view mistake = host_mistake(beginning); !mistake.empty()) {
        url.mistake(fmt::format("{} {}", url.title(), mistake));
    } else if (blank) {
        url.mistake(fmt::format("{} holds a blank; write %20", url.title()));
    }
    // A host is no secret, and messages name it; what follows it may be one.
    std::size_t at = 0;
    for (const SettingPiece& piece : *pieces) {
        const std::size_t in_host =
            at < beginning.host_end ? std::min(beginning.host_end - at, piece.text.size()) : 0;
        if (!piece.variable.empty()) read_.secrets.emplace_back(piece.text.substr(in_host));
        at += piece.text.size();
    }
    read_.url = compiled(url, *pieces);
}

void ServiceReader::read_headers(const SpecReader& headers) {
    constexpr std::array<std::string_view, 2> k_framing = {"content-length", "transfer-encoding"};
    if (!headers.expect_map()) return;
    for (const auto& [name, header] : headers.members()) {
        const std::string lower = to_lower_ascii(name);
        const bool is_framing = std::ranges::find(k_framing, lower) != k_framing.end();
        if (!is_header_name(name) || is_framing) {
            header.mistake_at_key(fmt::format("\"{}\" cannot be the name of a header{}", name,
                                              is_framing ? ": it is set for you" : ""));
            continue;
        }
        const auto pieces = split_setting(header, environment_);
        if (!pieces) continue;
        if (!std::ranges::all_of(*pieces, is_one_line, &SettingPiece::text)) {
            header.mistake(fmt::format("{} must be one line", header.title()));
        }
        read_.headers.emplace(name, compiled_secrets(header, *pieces));
    }
}

/// Finds the texts to fill in, at any depth of the body.
void ServiceReader::read_body(const SpecReader& value, const SpecReader& body) {
    for (const auto& [key, member] : value.members()) {
        if (key.contains("{{")) {
            member.mistake_at_key(
                fmt::format("{} is a key, and keys can hold no template; is it a "
                            "value that is not quoted?",
                            member.title()));
        }
        read_body(member, body);
    }
    for (const SpecReader& item : value.items()) read_body(item, body);
    const std::string* const text = value.value().get_ptr<const std::string*>();
    if (text == nullptr || !(text->contains("{{") || text->contains("${"))) return;
    if (const auto pieces = split_setting(value, environment_)) {
        const std::string place = value.pointer().substr(body.pointer().size());
        read_.body->texts.emplace_back(Json::json_pointer(place), compiled_secrets(value, *pieces));
    }
}

ServiceSpec ServiceReader::read(const SpecReader& http) {
    static const KnownNames k_methods = {.names = {"POST", "GET", "PUT", "PATCH", "DELETE"},
                                         .later = {}};
    if (!http.expect_map({.names = {"url", "method", "headers", "body", "output"}, .later = {}})) {
        return read_;
    }
    if (const auto url = http.require("url")) read_url(*url);
    if (const auto method = http.find("method")) {
        read_.method = method->text().value_or(read_.method);
        (void)method->expect_name("method", read_.method, k_methods);
    }
    if (const auto headers = http.find("headers")) read_headers(*headers);
    if (const auto body = http.find("body")) {
        read_.body.emplace(ServiceBody{.shape = body->value(), .texts = {}});
        read_body(*body, *body);
    }
    if (const auto output = http.find("output")) read_.output = read_json_path(*output);
    read_.sha256 = sha256_hex(to_text(http.value()));
    return std::move(read_);
}

}  // namespace

ServiceSpec read_service(const SpecReader& http, const Environment& environment) {
    return ServiceReader(environment).read(http);
}

}  // namespace assay
