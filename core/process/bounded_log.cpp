#include "core/process/bounded_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace assay {

void BoundedLog::append(std::string_view text) {
    const std::size_t to_head = std::min(text.size(), half_ - head_.size());
    head_ += text.substr(0, to_head);
    tail_ += text.substr(to_head);
    if (tail_.size() <= 2 * half_) return;  // cut seldom: each cut moves the whole tail
    const std::size_t excess = tail_.size() - half_;
    tail_.erase(0, excess);
    dropped_bytes_ += excess;
}

std::string BoundedLog::take() {
    if (tail_.size() > half_) {
        const std::size_t excess = tail_.size() - half_;
        tail_.erase(0, excess);
        dropped_bytes_ += excess;
    }
    std::string text = std::exchange(head_, {});
    const std::size_t dropped = std::exchange(dropped_bytes_, 0);
    if (dropped > 0) text += fmt::format("\n[{} bytes left out]\n", dropped);
    text += std::exchange(tail_, {});
    return text;
}

}  // namespace assay
