#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/diagnostic.hpp"

namespace assay {

/// Collects what is wrong with a file's rows in memory that does not grow with their number: at
/// most limits::k_diagnostics_max. A mistake that repeats is shown a few times and then counted, so
/// that one wrong column name does not hide everything else.
class RowProblems {
  public:
    explicit RowProblems(std::string file) : file_(std::move(file)) {}

    struct At {
        std::uint64_t line = 0;
        std::uint64_t column = 0;  ///< from 1; 0 = unknown
    };
    void add(const At& at, std::string message);
    /// `count` more problems, the first of them at `line`, that nobody looked at one by one.
    void add_hidden(std::uint64_t line, std::uint64_t count);

    [[nodiscard]] bool empty() const { return kinds_.empty(); }
    [[nodiscard]] Diagnostics take() &&;

  private:
    struct Kind {
        std::uint64_t shown = 0;
        std::uint64_t hidden = 0;
        std::uint64_t first_hidden_line = 0;
    };
    [[nodiscard]] Place place(const At& at) const;

    std::string file_;
    Diagnostics shown_;
    std::map<std::string, Kind> kinds_;  ///< by message; "" = all that did not fit
};

}  // namespace assay
