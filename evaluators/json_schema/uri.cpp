#include "evaluators/json_schema/uri.hpp"

#include <algorithm>
#include <charconv>

namespace assay::json_schema {
namespace {

constexpr auto npos = std::string_view::npos;

/// The components of RFC 3986, section 3, each with its delimiter: "http:" "//host" "/path" "?q".
struct Parts {
    std::string_view scheme;
    std::string_view authority;
    std::string_view path;
    std::string_view query;
};

Parts parts_of(std::string_view uri) {
    Parts parts;
    const std::size_t colon = uri.find(':');
    if (colon != npos && colon > 0 && uri.find_first_of("/?") > colon) {
        parts.scheme = uri.substr(0, colon + 1);
        uri.remove_prefix(colon + 1);
    }
    const std::size_t query = std::min(uri.find('?'), uri.size());
    parts.query = uri.substr(query);
    uri = uri.substr(0, query);
    if (uri.starts_with("//")) {
        const std::size_t path = std::min(uri.find('/', 2), uri.size());
        parts.authority = uri.substr(0, path);
        uri.remove_prefix(path);
    }
    parts.path = uri;
    return parts;
}

/// RFC 3986, section 5.2.4. Leading ".." of a relative path are dropped.
std::string without_dot_segments(std::string_view path) {
    std::string kept;
    const bool absolute = path.starts_with('/');
    if (absolute) path.remove_prefix(1);
    while (true) {
        const std::size_t slash = path.find('/');
        const std::string_view segment = path.substr(0, slash);
        const bool last = slash == npos;
        if (segment == "..") {
            if (!kept.empty()) kept.pop_back();
            kept.resize(kept.find_last_of('/') == npos ? 0 : kept.find_last_of('/') + 1);
        } else if (segment != ".") {
            kept += segment;
            if (!last) kept += '/';
        }
        if (last) break;
        path.remove_prefix(slash + 1);
    }
    return absolute ? "/" + kept : kept;
}

std::string merged_path(const Parts& base, std::string_view path) {
    if (!base.authority.empty() && base.path.empty()) return "/" + std::string(path);
    const std::size_t folder = base.path.find_last_of('/');
    return std::string(base.path.substr(0, folder == npos ? 0 : folder + 1)) + std::string(path);
}

std::string joined(std::string_view scheme, std::string_view authority, std::string_view path,
                   std::string_view query) {
    std::string uri(scheme);
    uri.append(authority).append(path).append(query);
    return uri;
}

}  // namespace

SplitUri split_fragment(std::string_view uri) {
    const std::size_t hash = uri.find('#');
    if (hash == npos) return {uri, {}};
    return {uri.substr(0, hash), uri.substr(hash + 1)};
}

std::string resolve_uri(std::string_view base, std::string_view reference) {
    const Parts from = parts_of(base);
    const Parts to = parts_of(reference);
    if (!to.scheme.empty()) return std::string(reference);
    if (!to.authority.empty()) {
        return joined(from.scheme, to.authority, without_dot_segments(to.path), to.query);
    }
    if (to.path.empty()) {
        const std::string_view query = to.query.empty() ? from.query : to.query;
        return joined(from.scheme, from.authority, from.path, query);
    }
    const std::string path =
        to.path.starts_with('/') ? std::string(to.path) : merged_path(from, to.path);
    return joined(from.scheme, from.authority, without_dot_segments(path), to.query);
}

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* const digits = text.data() + i + 1;
        const bool escape = text[i] == '%' && i + 2 < text.size() &&
                            std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2;
        decoded.push_back(escape ? static_cast<char>(value) : text[i]);
        if (escape) i += 2;
    }
    return decoded;
}

}  // namespace assay::json_schema
