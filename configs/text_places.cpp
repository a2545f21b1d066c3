#include "configs/text_places.hpp"

#include <algorithm>

namespace assay {

Place TextPlaces::at(std::size_t offset) {
    offset = std::min(offset, text_.size());
    if (offset < offset_) {
        offset_ = 0;
        line_ = 1;
        column_ = 1;
    }
    for (; offset_ < offset; ++offset_) {
        const auto byte = static_cast<unsigned char>(text_[offset_]);
        const bool inside_character = (byte & 0xC0U) == 0x80U;
        if (byte == '\n') {
            ++line_;
            column_ = 1;
        } else if (!inside_character) {
            ++column_;
        }
    }
    return {name_, line_, column_};
}

}  // namespace assay
