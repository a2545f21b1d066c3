#pragma once

#include <cstdint>
#include <string>

namespace assay {

/// Reproducible pseudo-random numbers: splitmix64, the same sequence for a seed on every machine
/// (the distributions of <random> are not). Source: Steele, Lea, Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014.
class Rng {
  public:
    explicit Rng(std::uint64_t seed) : state_(seed) {}

    [[nodiscard]] std::uint64_t next() {
        state_ += 0x9E3779B97F4A7C15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31U);
    }
    /// Uniform in [0, 1).
    [[nodiscard]] double next_unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }
    /// Uniform in [0, bound) without bias; bound ≥ 1.
    [[nodiscard]] std::uint64_t next_below(std::uint64_t bound) {
        const std::uint64_t limit = UINT64_MAX - UINT64_MAX % bound;
        std::uint64_t value = next();
        while (value >= limit) value = next();
        return value % bound;
    }

  private:
    std::uint64_t state_;
};

/// `bytes` of the system's randomness as hex, for ids that must be unique.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace assay
