#include "judges/providers/aws_signature.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::string_view k_algorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t k_date_characters = 8;  // of "20150830T123600Z"

struct UrlParts {
    std::string_view scheme;
    std::string_view authority;
    std::string_view path;
    std::string_view query;
};

UrlParts split_url(std::string_view url) {
    UrlParts parts;
    const std::size_t scheme_end = url.find("://");
    if (scheme_end != std::string_view::npos) {
        parts.scheme = url.substr(0, scheme_end);
        url.remove_prefix(scheme_end + 3);
    }
    url = url.substr(0, url.find('#'));
    const std::size_t query = url.find('?');
    if (query != std::string_view::npos) parts.query = url.substr(query + 1);
    url = url.substr(0, query);
    const std::size_t path = std::min(url.find('/'), url.size());
    parts.authority = url.substr(0, path);
    parts.path = url.substr(path);
    return parts;
}

/// The host with its port, unless that is the scheme's own.
std::string host_of(std::string_view url) {
    const UrlParts parts = split_url(url);
    std::string_view host = parts.authority;
    const std::string_view usual_port = to_lower_ascii(parts.scheme) == "https" ? ":443" : ":80";
    if (host.ends_with(usual_port)) host.remove_suffix(usual_port.size());
    return std::string(host);
}

/// Without empty, "." and ".." segments, each of the others encoded.
std::string canonical_path(std::string_view path) {
    std::vector<std::string_view> segments;
    for (const std::string_view segment : split(path, '/')) {
        if (segment.empty() || segment == ".") continue;
        if (segment != "..") {
            segments.push_back(segment);
        } else if (!segments.empty()) {
            segments.pop_back();
        }
    }
    std::string canonical;
    for (const std::string_view segment : segments) canonical += "/" + percent_encode(segment);
    if (canonical.empty() || path.ends_with('/')) canonical += '/';
    return canonical;
}

std::string percent_decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const std::string_view digits = text.substr(i + 1, 2);
        unsigned int byte = 0;
        const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
        if (text[i] == '%' && digits.size() == 2 && end.ptr == digits.data() + 2) {
            decoded += static_cast<char>(byte);
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

/// Encoded and sorted by name, then by value.
std::string canonical_query(std::string_view query) {
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const std::string_view parameter : split(query, '&')) {
        if (parameter.empty()) continue;
        const std::size_t name_end = std::min(parameter.find('='), parameter.size());
        const std::string_view name = parameter.substr(0, name_end);
        const std::string_view value = parameter.substr(std::min(name_end + 1, parameter.size()));
        parameters.emplace_back(percent_encode(percent_decode(name)),
                                percent_encode(percent_decode(value)));
    }
    std::ranges::sort(parameters);
    std::string canonical;
    for (const auto& [name, value] : parameters) {
        canonical += fmt::format("{}{}={}", canonical.empty() ? "" : "&", name, value);
    }
    return canonical;
}

/// Without spaces at its ends, runs of them as one.
std::string canonical_value(std::string_view value) {
    std::string canonical;
    for (const char c : trim(value)) {
        if (c != ' ' || !canonical.ends_with(' ')) canonical += c;
    }
    return canonical;
}

/// By name in lower case; the values of one name in the order they came.
std::map<std::string, std::string> canonical_headers(const std::vector<HttpHeader>& headers) {
    std::map<std::string, std::string> canonical;
    for (const HttpHeader& header : headers) {
        std::string value = canonical_value(header.value.reveal());
        const auto [known, is_new] = canonical.try_emplace(to_lower_ascii(header.name), value);
        if (!is_new) known->second += "," + value;
    }
    return canonical;
}

std::string_view as_bytes(const Sha256Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string scope_of(const AwsSigning& signing) {
    return fmt::format("{}/{}/{}/aws4_request", aws_date(signing.time).substr(0, k_date_characters),
                       signing.region, signing.service);
}

bool is_signed(const HttpHeader& header) {
    const std::string name = to_lower_ascii(header.name);
    return name == "host" || name == "content-type" || name.starts_with("x-amz-");
}

}  // namespace

AwsCanonicalRequest aws_canonical_request(const AwsMessage& message) {
    const UrlParts url = split_url(message.url);
    std::vector<std::string_view> names;
    std::string lines;
    const auto headers = canonical_headers(message.headers);
    for (const auto& [name, value] : headers) {
        names.push_back(name);
        lines += fmt::format("{}:{}\n", name, value);
    }
    std::string signed_headers = fmt::format("{}", fmt::join(names, ";"));
    std::string text =
        fmt::format("{}\n{}\n{}\n{}\n{}\n{}", message.method, canonical_path(url.path),
                    canonical_query(url.query), lines, signed_headers, message.payload_sha256);
    return {.text = std::move(text), .signed_headers = std::move(signed_headers)};
}

std::string aws_string_to_sign(const std::string& canonical_request, const AwsSigning& signing) {
    return fmt::format("{}\n{}\n{}\n{}", k_algorithm, aws_date(signing.time), scope_of(signing),
                       sha256_hex(canonical_request));
}

Sha256Digest aws_signing_key(const AwsSigning& signing) {
    const Secret first("AWS4" + signing.key.secret_access_key.reveal());
    const std::string date = aws_date(signing.time).substr(0, k_date_characters);
    Sha256Digest key = hmac_sha256(first.reveal(), date);
    for (const std::string_view part :
         {std::string_view(signing.region), std::string_view(signing.service),
          std::string_view("aws4_request")}) {
        key = hmac_sha256(as_bytes(key), part);
    }
    return key;
}

std::string aws_authorization(const AwsMessage& message, const AwsSigning& signing) {
    const AwsCanonicalRequest canonical = aws_canonical_request(message);
    const Sha256Digest signature = hmac_sha256(as_bytes(aws_signing_key(signing)),
                                               aws_string_to_sign(canonical.text, signing));
    return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", k_algorithm,
                       signing.key.access_key_id, scope_of(signing), canonical.signed_headers,
                       to_hex(signature));
}

std::string aws_date(Time time) {
    std::string text = to_rfc3339(time);  // "2015-08-30T12:36:00.000Z"
    text.resize(text.find('.'));
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text + "Z";
}

HttpRequest aws_signed(HttpRequest request, const AwsSigning& signing) {
    AwsMessage message{.method = request.method,
                       .url = request.url,
                       .headers = {},
                       .payload_sha256 = sha256_hex(request.body)};
    const auto add = [&request](std::string name, std::string value) {
        request.headers.push_back({std::move(name), Secret(std::move(value))});
    };
    // Said by us, so that the one that is signed is the one that is sent.
    const bool has_host = std::ranges::any_of(request.headers, [](const HttpHeader& header) {
        return to_lower_ascii(header.name) == "host";
    });
    if (!has_host) add("Host", host_of(request.url));
    add("X-Amz-Date", aws_date(signing.time));
    add("X-Amz-Content-Sha256", message.payload_sha256);
    const std::string& token = signing.key.session_token.reveal();
    if (!token.empty()) add("X-Amz-Security-Token", token);
    std::ranges::copy_if(request.headers, std::back_inserter(message.headers), is_signed);
    add("Authorization", aws_authorization(message, signing));
    return request;
}

}  // namespace assay
