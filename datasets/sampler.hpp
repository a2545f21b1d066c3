#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/dataset_spec.hpp"
#include "datasets/duplicate_finder.hpp"

namespace assay {

/// Takes the `size` items that come first when all are ordered by a random number drawn from their
/// id. So the same seed takes the same items whatever their order in the file, a smaller sample is
/// a part of a larger one, a new row displaces one item at most, and the second pass over the file
/// needs no memory but the last number taken.
class Sampler {
  public:
    explicit Sampler(const SampleSpec& spec);

    struct Sampled {
        std::uint64_t rank = 0;   ///< the random number
        std::uint64_t order = 0;  ///< of add()
        std::string entry;        ///< what the caller wants to keep of the item
    };

    /// First pass: offers an item. Memory: O(size).
    void add(const Fingerprint& id, std::string entry);
    /// Ends the first pass: what was taken, in the order of add().
    [[nodiscard]] std::vector<Sampled> finish();
    /// Second pass: whether the item was taken.
    [[nodiscard]] bool takes(const Fingerprint& id) const { return rank_of(id) <= last_rank_; }

  private:
    [[nodiscard]] std::uint64_t rank_of(const Fingerprint& id) const;

    std::uint64_t size_;
    std::uint64_t salt_;
    std::uint64_t offered_ = 0;
    std::uint64_t last_rank_ = 0;
    std::vector<Sampled> taken_;  ///< a heap, the last rank in front
};

}  // namespace assay
