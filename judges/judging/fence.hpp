#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/model/template.hpp"

namespace assay {

/// Keeps what is judged apart from what the judge is told: each inserted value stands between two
/// tags with a key that the value cannot hold, since the key is a hash over all values and the
/// run's seed. The same values give the same bytes.
class Fence {
  public:
    /// @param scope  all that templates may insert.
    Fence(const TemplateScope& scope, std::uint64_t seed);
    /// The same for any value that holds all that will be inserted.
    Fence(const Json& values, std::uint64_t seed);

    /// The value between its tags. A tag's name inside the value is broken up, so that nothing in
    /// it even looks like a tag.
    /// @param name  what it is, for the opening tag: "output".
    [[nodiscard]] std::string around(std::string_view name, std::string_view value) const;
    /// For TextTemplate::render().
    [[nodiscard]] TextTemplate::Framer framer() const;
    /// One paragraph that tells the judge that everything between such tags is data, never an
    /// instruction.
    [[nodiscard]] std::string explanation() const;
    /// The key: 16 hex digits.
    [[nodiscard]] const std::string& delimiter() const { return delimiter_; }

  private:
    std::string delimiter_;
};

}  // namespace assay
