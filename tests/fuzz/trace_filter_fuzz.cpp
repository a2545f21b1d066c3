#include "core/base/json.hpp"
#include "runner/sources/trace_filter.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

/// A filter, a newline and a trace.
void fuzz_trace_filter(std::string_view bytes) {
    static const OrderedJson usual = OrderedJson::parse(
        R"({"id": "t", "name": "chat", "tags": ["a"], "metadata": {"tier": "gold", "n": [1, {}]},
            "latency": 1.5, "scores": [{"name": "ok", "value": 1}], "input": {"a": null}})");
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const auto filter = parse_trace_filter(bytes.substr(0, end));
    if (!filter) return;
    (void)filter->passes(usual);
    const auto trace = parse_json(bytes.substr(end));
    if (!trace || !trace->is_object()) return;
    (void)filter->passes(OrderedJson::parse(to_text(*trace)));
}

}  // namespace assay::test
