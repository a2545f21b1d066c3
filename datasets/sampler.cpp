#include "datasets/sampler.hpp"

#include <algorithm>

#include "core/base/random.hpp"

namespace assay {

Sampler::Sampler(const SampleSpec& spec) : size_(spec.size), salt_(Rng(spec.seed).next()) {}

std::uint64_t Sampler::rank_of(const Fingerprint& id) const { return Rng(id.high ^ salt_).next(); }

void Sampler::add(const Fingerprint& id, std::string entry) {
    const Sampled offered{rank_of(id), offered_++, std::move(entry)};
    taken_.push_back(std::move(offered));
    std::ranges::push_heap(taken_, {}, &Sampled::rank);
    if (taken_.size() <= size_) return;
    std::ranges::pop_heap(taken_, {}, &Sampled::rank);
    taken_.pop_back();
}

std::vector<Sampler::Sampled> Sampler::finish() {
    if (!taken_.empty()) last_rank_ = taken_.front().rank;
    std::ranges::sort(taken_, {}, &Sampled::order);
    return std::move(taken_);
}

}  // namespace assay
