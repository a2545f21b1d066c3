#include "core/base/json.hpp"
#include "server/ingest/otlp_json.hpp"
#include "server/ingest/otlp_mapping.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_otlp_json(std::string_view bytes) {
    auto request = read_otlp_json(bytes);
    if (!request) return;
    for (const ObservationEvent& observation : map_otlp(*request, Time()).observations) {
        // What is stored can be written as JSON and read again.
        ASSAY_ASSERT(parse_json(to_text(observation.event.fields)), "events are JSON");
    }
}

}  // namespace assay::test
