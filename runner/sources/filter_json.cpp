#include "runner/sources/filter_json.hpp"

#include <variant>

#include "core/base/json.hpp"

namespace assay {
namespace {

struct ValueJson {
    OrderedJson operator()(std::monostate) const { return ""; }
    OrderedJson operator()(Time time) const { return to_rfc3339(time); }
    template <class Value>
    OrderedJson operator()(const Value& value) const {
        return value;
    }
};

}  // namespace

std::string filter_text(std::span<const FilterElement> filter) {
    OrderedJson elements = OrderedJson::array();
    for (const FilterElement& element : filter) {
        OrderedJson json;
        json["type"] = to_string(element.type);
        json["column"] = element.column;
        json["operator"] = to_string(element.op);
        if (!element.key.empty()) json["key"] = element.key;
        json["value"] = std::visit(ValueJson{}, element.value);
        elements.push_back(std::move(json));
    }
    return to_text(elements);
}

}  // namespace assay
