#include "core/base/error.hpp"
#include "server/api/paging.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_cursor(std::string_view bytes) {
    const auto position = parse_cursor(bytes);
    if (!position) return;
    const auto at = cursor_time(*position, "t");
    (void)cursor_text(*position, "i");
    const OrderedJson ordered = OrderedJson::parse(to_text(*position));
    ASSAY_ASSERT(parse_cursor(to_cursor(ordered)) == *position, "a cursor comes back");
    ASSAY_ASSERT(parse_cursor(to_url_cursor(ordered)) == *position, "one for URLs too");
    if (at) ASSAY_ASSERT(parse_rfc3339(to_cursor_time(*at)) == *at, "no nanosecond is lost");
}

}  // namespace assay::test
