#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "server/api/http_head.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_http_head(std::string_view bytes) {
    (void)has_bare_line_end(bytes);
    (void)find_ambiguity(bytes);
    ASSAY_ASSERT(target_bytes(bytes) <= bytes.size(), "a target is within its head");
    (void)host_name(bytes);
    const std::size_t begin = bytes.find(' ') + 1;
    const auto target = parse_http_target(bytes.substr(begin, bytes.find(' ', begin) - begin));
    if (!target) return;
    for (const std::string& segment : target->segments) {
        ASSAY_ASSERT(find_invalid_utf8(segment) == std::string::npos, "a path is a text");
        ASSAY_ASSERT(segment.find('\0') == std::string::npos, "a path has no NUL");
    }
    const std::string head = head_of({.headers = {{"X-Seen", std::string(bytes)}}}, true);
    ASSAY_ASSERT(!has_bare_line_end(head), "a header stays on its line");
    ASSAY_ASSERT(head.find("\r\n\r\n") == head.size() - 4, "a head ends at its end");
}

}  // namespace assay::test
