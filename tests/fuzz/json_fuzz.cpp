#include "core/base/json.hpp"

#include "core/base/text.hpp"
#include "server/ingest/client_json.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_json(std::string_view bytes) {
    const auto value = parse_json(bytes);
    if (value) {
        ASSAY_ASSERT(parse_json(to_text(*value)) == *value, "JSON comes back");
        ASSAY_ASSERT(parse_json(to_pretty_text(*value)) == *value, "pretty JSON too");
    }
    const auto mended = parse_client_json(bytes);
    if (value) ASSAY_ASSERT(mended == *value, "what is right needs no mending");
    if (!mended) return;
    ASSAY_ASSERT(parse_json(to_text(*mended)) == *mended, "what was mended is right");
}

}  // namespace assay::test
