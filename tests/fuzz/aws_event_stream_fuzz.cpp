#include "judges/providers/aws_event_stream.hpp"

#include "core/base/error.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {
namespace {

std::string read(std::string_view first, std::string_view second) {
    AwsEventStream stream;
    std::vector<AwsEvent> events;
    std::string read;
    if (!stream.feed(first, events) || !stream.feed(second, events)) read = "broken";
    for (const AwsEvent& event : events) {
        read += std::string(event.header(":event-type")) + '\x01' + event.payload + '\x02';
    }
    return read;
}

}  // namespace

void fuzz_aws_event_stream(std::string_view bytes) {
    const std::string whole = read(bytes, "");
    for (std::size_t cut = 0; cut < bytes.size(); cut += 1 + bytes.size() / 8) {
        const std::string cut_once = read(bytes.substr(0, cut), bytes.substr(cut));
        ASSAY_ASSERT(cut_once == whole, "where a stream is cut does not matter");
    }
}

}  // namespace assay::test
