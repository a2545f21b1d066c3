#pragma once

#include <compare>
#include <string>
#include <utility>

namespace assay {

/// An id that cannot be mistaken for another kind of id:
/// `using TraceId = StrongId<struct TraceTag>`.
template <class Tag>
class StrongId {
  public:
    StrongId() = default;
    explicit StrongId(std::string value) : value_(std::move(value)) {}

    [[nodiscard]] const std::string& value() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

    friend auto operator<=>(const StrongId&, const StrongId&) = default;

  private:
    std::string value_;
};

}  // namespace assay
