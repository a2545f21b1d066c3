#pragma once

#include <string>
#include <string_view>

namespace assay {

/// Text of any length in bounded memory: the first and the last half of the limit are kept, since
/// a program says at the start what it is and at the end why it failed.
class BoundedLog {
  public:
    explicit BoundedLog(std::size_t bytes_max) : half_(bytes_max / 2) {}

    void append(std::string_view text);
    /// All that was kept, with a line that says how much was left out; the log is empty then.
    [[nodiscard]] std::string take();

  private:
    std::size_t half_;
    std::string head_;
    std::string tail_;
    std::size_t dropped_bytes_ = 0;
};

}  // namespace assay
