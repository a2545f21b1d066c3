#include "core/base/error.hpp"
#include "core/http/sse.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {
namespace {

std::string read(std::string_view first, std::string_view second) {
    SseParser parser;
    std::vector<SseEvent> events;
    std::string read;
    if (parser.feed(first, events) && parser.feed(second, events)) parser.finish(events);
    for (const SseEvent& event : events) read += event.type + '\x01' + event.data + '\x02';
    return read;
}

}  // namespace

void fuzz_sse(std::string_view bytes) {
    const std::string whole = read(bytes, "");
    for (std::size_t cut = 0; cut < bytes.size(); cut += 1 + bytes.size() / 8) {
        const std::string cut_once = read(bytes.substr(0, cut), bytes.substr(cut));
        ASSAY_ASSERT(cut_once == whole, "where a stream is cut does not matter");
    }
}

}  // namespace assay::test
