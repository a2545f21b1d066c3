#include <fmt/format.h>

#include "configs/spec.hpp"

namespace assay {

void SourceMap::erase(std::string_view pointer) {
    const auto erase_from = [pointer](Places& places) {
        // "/a-b" sorts between "/a" and "/a/b", so what is below is looked for with its slash.
        const std::string below = std::string(pointer) + '/';
        const auto first = places.lower_bound(below);
        auto last = first;
        while (last != places.end() && last->first.starts_with(below)) ++last;
        places.erase(first, last);
        if (const auto own = places.find(pointer); own != places.end()) places.erase(own);
    };
    erase_from(values_);
    erase_from(keys_);
}

Place SourceMap::find(std::string_view pointer) const {
    while (true) {
        if (const auto at = values_.find(pointer); at != values_.end()) return at->second;
        if (pointer.empty()) return {};
        pointer = pointer.substr(0, pointer.rfind('/'));
    }
}

Place SourceMap::find_key(std::string_view pointer) const {
    const auto at = keys_.find(pointer);
    return at == keys_.end() ? find(pointer) : at->second;
}

std::string pointer_to(std::string_view pointer, std::string_view key) {
    std::string longer(pointer);
    longer += '/';
    for (const char c : key) {
        if (c == '~') {
            longer += "~0";
        } else if (c == '/') {
            longer += "~1";
        } else {
            longer += c;
        }
    }
    return longer;
}

std::string pointer_to(std::string_view pointer, std::size_t index) {
    return fmt::format("{}/{}", pointer, index);
}

}  // namespace assay
