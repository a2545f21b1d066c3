#include "evaluators/ngrams.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace assay {
namespace {

constexpr std::uint32_t k_none = UINT32_MAX;

/// Numbers keys from 0 on in the order of their coming. Open addressing in one block of memory:
/// the standard map costs an allocation a key, which is most of the time of a short text.
class Numbering {
  public:
    explicit Numbering(std::size_t keys_max)
        : slots_(std::bit_ceil(2 * keys_max + 2)), shift_(64 - std::countr_zero(slots_.size())) {}

    std::uint32_t number(std::uint64_t key) {
        Slot& slot = slot_of(key);
        if (slot.number == k_none) slot = {.key = key, .number = size_++};
        return slot.number;
    }
    /// k_none when the key was never numbered.
    [[nodiscard]] std::uint32_t find(std::uint64_t key) { return slot_of(key).number; }
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    struct Slot {
        std::uint64_t key = 0;
        std::uint32_t number = k_none;
    };

    /// Fibonacci hashing: Knuth, The Art of Computer Programming, vol. 3, 6.4.
    Slot& slot_of(std::uint64_t key) {
        std::size_t at = ((key ^ (key >> 32U)) * 0x9E3779B97F4A7C15U) >> shift_;
        while (slots_[at].number != k_none && slots_[at].key != key) {
            at = (at + 1) & (slots_.size() - 1);
        }
        return slots_[at];
    }

    std::vector<Slot> slots_;
    int shift_;
    std::uint32_t size_ = 0;
};

/// One text and, for the current order, the number of the n-gram that begins at each token; k_none
/// where the output does not have it.
struct Text {
    explicit Text(const Tokens& text) : tokens(&text), ngrams(text.size(), 0) {}

    /// From order n - 1 to order n: an n-gram is the (n-1)-gram that begins with it and its last
    /// token, so one number of 64 bits names it without any doubt.
    template <class NumberOf>
    void lengthen(std::size_t n, NumberOf number_of) {
        ngrams.resize(tokens->size() < n ? 0 : tokens->size() - n + 1);
        for (std::size_t i = 0; i < ngrams.size(); ++i) {
            if (ngrams[i] == k_none) continue;
            ngrams[i] = number_of((std::uint64_t{ngrams[i]} << 32U) | (*tokens)[i + n - 1]);
        }
    }

    const Tokens* tokens;
    std::vector<std::uint32_t> ngrams;
};

/// The counting of one order.
class Counting {
  public:
    Counting(const Text& output, std::size_t distinct)
        : in_output_(distinct), seen_(distinct), most_(distinct) {
        for (const std::uint32_t ngram : output.ngrams) ++in_output_[ngram];
        counts_.in_output = output.ngrams.size();
    }

    void add(const Text& reference) {
        std::size_t common = 0;
        for (const std::uint32_t ngram : reference.ngrams) {
            if (ngram == k_none || seen_[ngram] == in_output_[ngram]) continue;
            ++common;
            if (++seen_[ngram] <= most_[ngram]) continue;
            most_[ngram] = seen_[ngram];
            ++counts_.common_with_any;
        }
        for (const std::uint32_t ngram : reference.ngrams) {
            if (ngram != k_none) seen_[ngram] = 0;
        }
        counts_.common.push_back(common);
        counts_.in_reference.push_back(reference.ngrams.size());
    }

    [[nodiscard]] NgramCounts take() { return std::move(counts_); }

  private:
    std::vector<std::uint32_t> in_output_;
    std::vector<std::uint32_t> seen_;  ///< in the current reference
    std::vector<std::uint32_t> most_;  ///< in any reference so far
    NgramCounts counts_;
};

}  // namespace

std::vector<NgramCounts> count_ngrams(const Tokens& output, std::span<const Tokens> references,
                                      std::size_t order_max) {
    Text output_text(output);
    std::vector<Text> reference_texts(references.begin(), references.end());
    std::vector<NgramCounts> counts;
    for (std::size_t n = 1; n <= order_max; ++n) {
        Numbering numbering(output.size());
        output_text.lengthen(n, [&](std::uint64_t key) { return numbering.number(key); });
        Counting counting(output_text, numbering.size());
        for (Text& text : reference_texts) {
            text.lengthen(n, [&](std::uint64_t key) { return numbering.find(key); });
            counting.add(text);
        }
        counts.push_back(counting.take());
    }
    return counts;
}

}  // namespace assay
