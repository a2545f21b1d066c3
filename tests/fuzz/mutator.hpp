#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"

namespace assay::test {

/// Damages inputs as libFuzzer does, but without looking at what they reach.
class InputMutator {
  public:
    static constexpr std::size_t k_bytes_max = 16U << 10U;

    /// @param corpus  not empty; outlives this.
    InputMutator(Rng& random, const std::vector<std::string>& corpus)
        : random_(random), corpus_(corpus) {}

    /// An input of the corpus, changed in one to six ways.
    std::string next();

  private:
    [[nodiscard]] std::size_t below(std::size_t bound) { return random_.next_below(bound); }
    [[nodiscard]] const std::string& any() { return corpus_[below(corpus_.size())]; }
    [[nodiscard]] std::string_view word();
    /// Some bytes of a text.
    [[nodiscard]] std::string piece(const std::string& text, std::size_t bytes_max);
    void change(std::string& input);

    Rng& random_;
    const std::vector<std::string>& corpus_;
};

}  // namespace assay::test
