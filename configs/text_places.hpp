#pragma once

#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"

namespace assay {

/// Turns byte offsets into places. Fast for offsets that come in rising order, which is how a
/// parser asks. Columns count characters, not bytes. `text` outlives the object.
class TextPlaces {
  public:
    TextPlaces(std::string_view text, std::string_view name) : text_(text), name_(name) {}

    [[nodiscard]] Place at(std::size_t offset);
    [[nodiscard]] std::string_view text() const { return text_; }
    [[nodiscard]] const std::string& name() const { return name_; }

  private:
    std::string_view text_;
    std::string name_;
    std::size_t offset_ = 0;
    int line_ = 1;
    int column_ = 1;
};

}  // namespace assay
