#include "core/base/error.hpp"
#include "core/model/json_path.hpp"
#include "tests/fuzz/harness.hpp"

namespace assay::test {

/// A query, a newline and a document.
void fuzz_json_path(std::string_view bytes) {
    static const Json usual =
        parse_json(R"({"a": [{"b": 1, "c": "x"}, {"b": 2}], "6b": {"": [[]]}})").value();
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const auto path = JsonPath::parse(bytes.substr(0, end));
    if (!path) return;
    const auto document = parse_json(bytes.substr(end));
    const Json& root = document ? *document : usual;
    const auto selected = path->select(root);
    if (selected && path->is_singular()) ASSAY_ASSERT(selected->size() <= 1, "singular");
    Json scratch;
    (void)path->value(root, scratch);
}

}  // namespace assay::test
