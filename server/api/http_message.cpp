#include "server/api/http_message.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace assay {
namespace {

std::optional<std::string_view> find_field(const HttpFields& fields, std::string_view name) {
    const auto found = std::ranges::find(
        fields, name, [](const auto& field) -> std::string_view { return field.first; });
    if (found == fields.end()) return std::nullopt;
    return found->second;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

enum class Plus : bool { literal, space };

Result<std::string> percent_decode(std::string_view text, Plus plus) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded.push_back(text[i] == '+' && plus == Plus::space ? ' ' : text[i]);
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return failure(ErrorCode::invalid_argument,
                           "The URL has a % that two hexadecimal digits do not follow");
        }
        decoded.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    if (decoded.find('\0') != std::string::npos) {
        return failure(ErrorCode::invalid_argument, "The URL holds a NUL character");
    }
    if (find_invalid_utf8(decoded) != std::string_view::npos) {
        return failure(ErrorCode::invalid_argument, "The URL is not valid UTF-8");
    }
    return decoded;
}

Result<HttpFields> parse_query(std::string_view query) {
    HttpFields fields;
    for (const std::string_view part : split(query, '&')) {
        if (part.empty()) continue;
        const std::size_t equals = part.find('=');
        const bool has_value = equals != std::string_view::npos;
        ASSAY_TRY(std::string name, percent_decode(part.substr(0, equals), Plus::space));
        ASSAY_TRY(
            std::string value,
            percent_decode(has_value ? part.substr(equals + 1) : std::string_view(), Plus::space));
        fields.emplace_back(std::move(name), std::move(value));
    }
    return fields;
}

bool is_token(std::string_view text) {
    static constexpr std::string_view k_marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return is_letter || (c >= '0' && c <= '9') || k_marks.find(c) != std::string_view::npos;
    });
}

/// How often the headers that say where a message ends and whom it is for were seen.
struct Framing {
    int lengths = 0;
    int encodings = 0;
    int hosts = 0;
};

std::optional<std::string_view> note_header(std::string_view line, Framing& seen) {
    if (line.front() == ' ' || line.front() == '\t') return "A header is folded over two lines";
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return "A header has no colon";
    const std::string_view name = line.substr(0, colon);
    if (!is_token(name)) return "The name of a header is not a token";
    const std::string_view value = trim(line.substr(colon + 1));
    const std::string lower = to_lower_ascii(name);
    if (lower == "host") ++seen.hosts;
    if (lower == "content-length") {
        ++seen.lengths;
        const bool is_number = !value.empty() && value.size() <= 18 &&
                               value.find_first_not_of("0123456789") == std::string_view::npos;
        if (!is_number) return "Content-Length is not a number";
    }
    if (lower == "transfer-encoding") {
        ++seen.encodings;
        if (to_lower_ascii(value) != "chunked") return "Transfer-Encoding is not chunked";
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string_view> ApiRequest::header(std::string_view name) const {
    return find_field(headers, name);
}

std::optional<std::string_view> ApiRequest::query_value(std::string_view name) const {
    return find_field(query, name);
}

Result<HttpTarget> parse_http_target(std::string_view target) {
    if (!target.starts_with('/')) {
        return failure(ErrorCode::invalid_argument, "The URL must be a path that begins with /");
    }
    const std::size_t question = target.find('?');
    HttpTarget parsed{.path = std::string(target.substr(0, question)), .segments = {}, .query = {}};
    const std::string_view path = parsed.path;
    for (const std::string_view part : split(path.substr(1), '/')) {
        ASSAY_TRY(std::string segment, percent_decode(part, Plus::literal));
        parsed.segments.push_back(std::move(segment));
    }
    if (question != std::string_view::npos) {
        ASSAY_TRY(parsed.query, parse_query(target.substr(question + 1)));
    }
    return parsed;
}

std::optional<std::string_view> find_ambiguity(std::string_view head) {
    for (std::size_t i = 0; i < head.size(); ++i) {
        if (head[i] == '\n' && (i == 0 || head[i - 1] != '\r')) return "A line ends without CR";
        if (head[i] == '\r' && i + 1 < head.size() && head[i + 1] != '\n')
            return "A CR is not followed by LF";
        if (head[i] == '\0') return "The request holds a NUL character";
    }
    Framing seen;
    const std::size_t first = head.find("\r\n");
    if (first == std::string_view::npos) return "The request line does not end";
    const bool is_newest = head.substr(0, first).ends_with("HTTP/1.1");
    for (std::size_t begin = first + 2; begin < head.size();) {
        const std::size_t end = head.find("\r\n", begin);
        if (end == std::string_view::npos || end == begin) break;
        if (const auto fault = note_header(head.substr(begin, end - begin), seen)) return fault;
        begin = end + 2;
    }
    if (seen.lengths > 1) return "There is more than one Content-Length";
    if (seen.encodings > 1) return "There is more than one Transfer-Encoding";
    if (seen.lengths > 0 && seen.encodings > 0) {
        return "There are both Content-Length and Transfer-Encoding";
    }
    if (seen.encodings > 0 && !is_newest) return "Transfer-Encoding needs HTTP/1.1";
    if (seen.hosts > 1 || (is_newest && seen.hosts == 0)) return "There must be one Host header";
    return std::nullopt;
}

}  // namespace assay
