#include "runner/sources/trace_source.hpp"

#include <utility>

#include "runner/sources/document.hpp"

namespace assay {
namespace {

void leave_ids(OrderedJson& trace, const char* name) {
    OrderedJson ids = OrderedJson::array();
    for (const OrderedJson& each : list_of(trace, name)) {
        ids.push_back(each.is_object() ? member_of(each, "id") : each);
    }
    trace[name] = std::move(ids);
}

}  // namespace

OrderedJson in_usual_order(OrderedJson trace) {
    for (const char* const name : {"latency", "totalCost", "observations", "scores"}) {
        const auto found = trace.find(name);
        if (found == trace.end()) continue;
        OrderedJson value = std::move(*found);
        trace.erase(found);
        trace[name] = std::move(value);
    }
    return trace;
}

OrderedJson as_listed(OrderedJson trace) {
    trace.erase("input");
    trace.erase("output");
    if (trace.contains("metadata")) trace["metadata"] = OrderedJson::object();
    leave_ids(trace, "observations");
    leave_ids(trace, "scores");
    return in_usual_order(std::move(trace));
}

}  // namespace assay
