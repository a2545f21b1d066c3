#include "server/query/query.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_api_filter(std::string_view bytes) {
    const auto elements = parse_filter(bytes);
    if (!elements) return;
    for (const View* view : {&trace_view(), &observation_view(), &score_view(), &trace_score_view(),
                             &session_view()}) {
        const Query query{.view = *view, .filter = *elements};
        const auto composed = compose(ProjectId("p"), 1, query, QueryPurpose::rows);
        const bool fits = check_filter(*view, *elements).has_value();
        ASSAY_ASSERT(composed.has_value() == fits, "a filter that was checked can be asked");
    }
}

}  // namespace assay::test
