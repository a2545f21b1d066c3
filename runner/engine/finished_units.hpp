#pragma once

#include <array>
#include <charconv>
#include <cstdint>
#include <unordered_set>

#include "core/model/ids.hpp"

namespace assay {

/// The keys of units that are stored, in 16 bytes each: half of a SHA-256 is enough to tell the
/// units of one run apart, and a run of a million units can be continued in little memory.
class FinishedUnits {
  public:
    void insert(const UnitKey& key) { halves_.insert(half_of(key)); }
    [[nodiscard]] bool contains(const UnitKey& key) const { return halves_.contains(half_of(key)); }
    [[nodiscard]] std::size_t size() const { return halves_.size(); }

  private:
    using Half = std::array<std::uint64_t, 2>;
    struct Hash {
        std::size_t operator()(const Half& half) const { return half[0]; }  // it is a hash already
    };
    static Half half_of(const UnitKey& key) {
        constexpr std::size_t k_digits = 16;
        Half half{};
        const char* digits = key.value().data();
        const char* const end = digits + key.value().size();
        for (std::uint64_t& part : half) {
            if (end - digits < static_cast<std::ptrdiff_t>(k_digits)) break;
            (void)std::from_chars(digits, digits + k_digits, part, 16);
            digits += k_digits;
        }
        return half;
    }

    std::unordered_set<Half, Hash> halves_;
};

}  // namespace assay
