#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/json.hpp"
#include "server/ingest/otlp_mapping.hpp"
#include "server/ingest/otlp_protobuf.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace assay;
    auto request = read_otlp_protobuf({reinterpret_cast<const char*>(data), size});
    if (!request) return 0;
    for (const ObservationEvent& observation : map_otlp(*request, Time()).observations) {
        // What is stored can be written as JSON and read again.
        ASSAY_ASSERT(parse_json(to_text(observation.event.fields)), "events are JSON");
    }
    return 0;
}
