#include "evaluators/edit_distance.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace assay {
namespace {

constexpr std::size_t k_rows_per_block = 64;

/// Up to 64 rows of the matrix of distances, one bit a row: where a cell is one more or one less
/// than the cell above it. Going one column to the right changes all rows at once.
struct Block {
    std::uint64_t more = ~std::uint64_t{0};
    std::uint64_t less = 0;

    /// @param equal   the rows whose character is this column's
    /// @param step    by how much the cell above the first row differs from its left neighbour
    /// @param bottom  the bit of the last row
    /// @return the same difference in the last row
    int advance(std::uint64_t equal, int step, std::uint64_t bottom) {
        const std::uint64_t vertical = equal | less;
        if (step < 0) equal |= 1U;
        const std::uint64_t horizontal = (((equal & more) + more) ^ more) | equal;
        std::uint64_t step_up = less | ~(horizontal | more);
        std::uint64_t step_down = more & horizontal;
        const int below = (step_up & bottom) != 0 ? 1 : (step_down & bottom) != 0 ? -1 : 0;
        step_up = (step_up << 1U) | (step > 0 ? 1U : 0U);
        step_down = (step_down << 1U) | (step < 0 ? 1U : 0U);
        more = step_down | ~(vertical | step_up);
        less = step_up & vertical;
        return below;
    }
};

/// Characters of both texts as small numbers; 0 is any that `rows` does not have.
struct Alphabet {
    explicit Alphabet(std::span<const char32_t> rows) {
        for (const char32_t c : rows) numbers.try_emplace(c, numbers.size() + 1);
    }
    [[nodiscard]] std::vector<std::size_t> encode(std::span<const char32_t> text) const {
        std::vector<std::size_t> encoded;
        encoded.reserve(text.size());
        for (const char32_t c : text) {
            const auto found = numbers.find(c);
            encoded.push_back(found == numbers.end() ? 0 : found->second);
        }
        return encoded;
    }
    std::unordered_map<char32_t, std::size_t> numbers;
};

}  // namespace

std::size_t edit_distance(std::span<const char32_t> a, std::span<const char32_t> b) {
    if (a.empty()) return b.size();
    const Alphabet alphabet(a);
    const std::vector<std::size_t> rows = alphabet.encode(a);
    const std::vector<std::size_t> columns = alphabet.encode(b);

    std::vector<std::uint64_t> equal(alphabet.numbers.size() + 1);
    std::vector<int> steps(columns.size(), 1);  // along the row above the current block
    for (std::size_t first = 0; first < rows.size(); first += k_rows_per_block) {
        const std::size_t height = std::min(k_rows_per_block, rows.size() - first);
        for (std::size_t i = 0; i < height; ++i) equal[rows[first + i]] |= std::uint64_t{1} << i;
        const std::uint64_t bottom = std::uint64_t{1} << (height - 1);
        Block block;
        for (std::size_t j = 0; j < columns.size(); ++j) {
            steps[j] = block.advance(equal[columns[j]], steps[j], bottom);
        }
        for (std::size_t i = 0; i < height; ++i) equal[rows[first + i]] = 0;
    }
    auto distance = static_cast<std::ptrdiff_t>(rows.size());
    for (const int step : steps) distance += step;
    return static_cast<std::size_t>(distance);
}

}  // namespace assay
