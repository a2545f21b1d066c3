#include "server/api/inflate.hpp"

#include "server/api/limits.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_inflate(std::string_view bytes) {
    const auto text = inflate_body(bytes);
    if (!text) return;
    const bool is_free = text->size() <= limits::k_http_inflated_bytes_free;
    const bool is_within = text->size() <= bytes.size() * limits::k_http_inflated_ratio_max;
    ASSAY_ASSERT(is_free || is_within, "a body keeps its bounds");
}

}  // namespace assay::test
