#pragma once

#include <compare>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/hash.hpp"
#include "core/base/limits.hpp"

namespace assay {

/// The first 128 bits of a SHA-256: two different ids share one with a probability below 10^-20
/// even among 10^9 rows.
struct Fingerprint {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    static Fingerprint of(const Sha256Digest& digest);
    auto operator<=>(const Fingerprint&) const = default;
};

/// Finds rows with equal fingerprints in memory that does not grow with their number: full blocks
/// are sorted, spilled to an unlinked temporary file and merged at the end.
class DuplicateFinder {
  public:
    explicit DuplicateFinder(std::size_t held_max = limits::k_dataset_fingerprints_held_max)
        : held_max_(held_max) {}

    /// @error resource_exhausted when the disk of the temporary folder is full, or another failure
    ///        of its file.
    [[nodiscard]] Result<void> add(const Fingerprint& fingerprint, std::uint64_t line);

    struct Duplicate {
        std::uint64_t first_line = 0;  ///< the first row with this fingerprint
        std::uint64_t line = 0;        ///< a later one
    };
    struct Duplicates {
        std::vector<Duplicate> listed;  ///< by fingerprint, at most as many as asked for
        std::uint64_t count = 0;        ///< of all
    };
    /// All duplicates. Call once, after the last add().
    [[nodiscard]] Result<Duplicates> finish(std::size_t listed_max);

    struct Entry {
        Fingerprint fingerprint;
        std::uint64_t line = 0;
        auto operator<=>(const Entry&) const = default;
    };

  private:
    struct Close {
        void operator()(std::FILE* file) const noexcept { (void)std::fclose(file); }
    };
    [[nodiscard]] Result<void> spill();

    std::size_t held_max_;
    std::vector<Entry> held_;
    std::unique_ptr<std::FILE, Close> spilled_;
    std::vector<std::uint64_t> run_sizes_;  ///< entries of each sorted run in the file
};

}  // namespace assay
