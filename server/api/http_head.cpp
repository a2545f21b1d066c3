#include "server/api/http_head.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <chrono>

#include "core/base/text.hpp"

namespace assay {

namespace http = boost::beast::http;

namespace {

std::string header_text(std::string_view text) {
    std::string safe(text);
    std::ranges::replace_if(safe, [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
    return safe;
}

std::string_view reason(int status) {
    const auto text = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
    return {text.data(), text.size()};
}

}  // namespace

std::size_t target_bytes(std::string_view head) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t begin = line.find(' ');
    if (begin == std::string_view::npos) return 0;
    const std::string_view rest = line.substr(begin + 1);
    return std::min(rest.size(), rest.find(' '));
}

bool has_bare_line_end(std::string_view head) {
    for (std::size_t at = head.find('\n'); at != std::string_view::npos;
         at = head.find('\n', at + 1)) {
        if (at == 0 || head[at - 1] != '\r') return true;
    }
    return false;
}

std::string host_name(std::string_view host) {
    if (host.starts_with('[')) return to_lower_ascii(host.substr(0, host.find(']') + 1));
    return to_lower_ascii(host.substr(0, host.find(':')));
}

bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

std::string head_of(const ApiResponse& response, bool keep_alive) {
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason(response.status));
    head += fmt::format("Date: {:%a, %d %b %Y %H:%M:%S} GMT\r\n",
                        fmt::gmtime(std::chrono::system_clock::now()));
    if (may_have_body(response.status)) {
        head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n",
                            header_text(response.content_type), response.body.size());
    }
    for (const auto& [name, value] : response.headers) {
        head += fmt::format("{}: {}\r\n", header_text(name), header_text(value));
    }
    head += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
    return head;
}

}  // namespace assay
