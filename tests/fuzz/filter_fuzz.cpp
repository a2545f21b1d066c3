#include "core/model/filter.hpp"

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

void fuzz_filter(std::string_view bytes) {
    static const Json object = parse_json(R"({"metadata": {"tier": "gold", "n": [1, 2.5, null]},
        "input": {"text": "a quick brown fox", "deep": {"deep": {"deep": true}}},
        "scores": {"ok": 1, "label": "good"}, "output": "sorry, no"})")
                                   .value();
    const auto filter = Filter::parse(bytes);
    if (!filter) return;
    const bool matches = filter->matches(object);
    const auto again = Filter::parse(filter->text());
    ASSAY_ASSERT(again && again->matches(object) == matches, "a filter's text is that filter");
    (void)filter->paths();
}

}  // namespace assay::test
