#pragma once

#include <string_view>

#include "core/base/clock.hpp"

namespace assay {

/// Tells people on stderr how far something is when it takes long: in one line of a terminal that
/// is written over, else in a line now and then.
class ProgressLine {
  public:
    /// @param live  the line is written over.
    explicit ProgressLine(bool live);
    ~ProgressLine() { close(); }
    ProgressLine(ProgressLine&& other) noexcept;
    ProgressLine& operator=(ProgressLine&&) = delete;

    /// @param text  asked how far it is, when that is to be told.
    template <class Text>
    void tell(const Text& text) {
        if (is_due()) print(text());
    }
    /// Takes a line that is written over away.
    void close();

  private:
    [[nodiscard]] bool is_due();
    void print(std::string_view text);

    bool live_;
    MonotonicTime next_told_;
    bool is_open_ = false;
};

}  // namespace assay
