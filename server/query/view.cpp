#include "server/query/view.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace assay {
namespace {

bool is_same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && to_lower_ascii(a) == to_lower_ascii(b);
}

}  // namespace

bool is_spelling(const Column& column, std::string_view spelling) {
    return is_same(column.id, spelling) || is_same(column.name, spelling) ||
           std::ranges::any_of(column.aliases,
                               [&](std::string_view alias) { return is_same(alias, spelling); });
}

}  // namespace assay
