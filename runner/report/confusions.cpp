#include "runner/report/confusions.hpp"

#include <algorithm>

namespace assay {
namespace {

constexpr std::size_t k_labels_max = 20;
constexpr std::size_t k_label_bytes_max = 40;
/// With fewer units to a label on average there is nothing to confuse.
constexpr std::uint64_t k_units_per_label = 2;

bool says_something(const ConfusionMatrix& matrix) {
    const std::size_t labels = matrix.labels.size();
    const auto is_long = [](const std::string& l) { return l.size() > k_label_bytes_max; };
    if (labels < 2 || labels > k_labels_max) return false;
    if (std::ranges::any_of(matrix.labels, is_long)) return false;
    std::uint64_t units = 0;
    std::uint64_t hits = 0;
    for (std::size_t expected = 0; expected < labels; ++expected) {
        for (const std::uint64_t count : matrix.counts[expected]) units += count;
        hits += matrix.counts[expected][expected];
    }
    return hits > 0 && units >= k_units_per_label * labels;
}

}  // namespace

void Confusions::add(const UnitResult& unit) {
    if (variants_.empty() || variants_.back().first != unit.variant) {
        variants_.emplace_back(unit.variant, LabelTally(LabelRule{}));
    }
    variants_.back().second.add(unit);
}

OrderedJson Confusions::to_json() const {
    OrderedJson array = OrderedJson::array();
    for (const auto& [variant, tally] : variants_) {
        constexpr std::uint64_t k_unused_planned = 0;  // it is for messages, which are not shown
        const Result<ConfusionMatrix> matrix = tally.matrix(k_unused_planned);
        if (!matrix || !says_something(*matrix)) continue;
        array.push_back(
            {{"variant", variant}, {"labels", matrix->labels}, {"counts", matrix->counts}});
    }
    return array;
}

}  // namespace assay
