#pragma once

#include <string>
#include <utility>

namespace assay {

/// A key or a password. It has no stream operator and no conversion: the only way to the text is
/// reveal(), which stands where it is sent and nowhere else. Wiped when destroyed.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&&) noexcept = default;
    Secret& operator=(const Secret&) = default;
    Secret& operator=(Secret&&) noexcept = default;
    ~Secret() {
        volatile char* byte = value_.data();
        for (std::size_t i = 0; i < value_.size(); ++i) byte[i] = 0;
    }

    [[nodiscard]] const std::string& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

  private:
    std::string value_;
};

}  // namespace assay
