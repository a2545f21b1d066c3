#include "runner/report/confusions.hpp"

#include <algorithm>

#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr std::size_t k_labels_max = 20;
constexpr std::size_t k_label_characters_max = 40;
/// With fewer units to an expected output on average there is nothing to confuse.
constexpr std::uint64_t k_units_per_label = 2;
constexpr const char* k_anything_else = "anything else";

/// The word that a value is, or nothing when it is no short word, truth value or whole number.
std::optional<std::string> label_of(const Json& value) {
    if (!value.is_string() && !value.is_boolean() && !value.is_number_integer()) return {};
    std::string text(trim(as_text(value)));
    const bool is_line = text.find('\n') == std::string::npos;
    if (text.empty() || !is_line || text.size() > 4 * k_label_characters_max) return {};
    if (count_code_points(text) > k_label_characters_max) return {};
    return text;
}

bool has_both(const UnitResult& unit) {
    return !unit.item.expected_output.is_null() && !unit.output.is_null();
}

}  // namespace

void Confusions::look(const UnitResult& unit) {
    if (!possible_ || !has_both(unit)) return;
    const std::optional<std::string> expected = label_of(unit.item.expected_output);
    if (expected) expected_.insert(*expected);
    possible_ = expected && expected_.size() <= k_labels_max;
    ++units_;
}

void Confusions::count(const UnitResult& unit) {
    if (!possible_ || !has_both(unit)) return;
    if (matrices_.empty() || matrices_.back().variant != unit.variant) {
        matrices_.push_back({.variant = unit.variant, .others = {}, .counts = {}});
    }
    Matrix& matrix = matrices_.back();
    const std::optional<std::string> expected = label_of(unit.item.expected_output);
    // A unit that ended between the two readings may bring something new.
    if (!expected || !expected_.contains(*expected)) return;
    const std::optional<std::string> output = label_of(unit.output);
    const bool has_column = output && (expected_.contains(*output) || admit(matrix, *output));
    ++matrix.counts[{*expected, has_column ? *output : k_anything_else}];
}

bool Confusions::admit(Matrix& matrix, const std::string& output) const {
    if (matrix.others.contains(output)) return true;
    if (expected_.size() + matrix.others.size() >= k_labels_max) return false;
    matrix.others.insert(output);
    return true;
}

bool Confusions::says_something() const {
    if (!possible_ || expected_.size() < 2) return false;
    if (units_ < k_units_per_label * expected_.size()) return false;
    return std::ranges::any_of(matrices_, [&](const Matrix& matrix) {
        return std::ranges::any_of(
            matrix.counts, [&](const auto& cell) { return expected_.contains(cell.first.second); });
    });
}

OrderedJson Confusions::to_json(const Matrix& matrix) const {
    std::vector<std::string> outputs(expected_.begin(), expected_.end());
    outputs.insert(outputs.end(), matrix.others.begin(), matrix.others.end());
    const bool has_rest = std::ranges::any_of(
        matrix.counts, [](const auto& cell) { return cell.first.second == k_anything_else; });
    if (has_rest && std::ranges::find(outputs, k_anything_else) == outputs.end()) {
        outputs.emplace_back(k_anything_else);
    }
    OrderedJson counts = OrderedJson::array();
    for (const std::string& expected : expected_) {
        OrderedJson line = OrderedJson::array();
        for (const std::string& output : outputs) {
            const auto found = matrix.counts.find({expected, output});
            line.push_back(found == matrix.counts.end() ? 0 : found->second);
        }
        counts.push_back(std::move(line));
    }
    return {{"variant", matrix.variant},
            {"expected", expected_},
            {"outputs", std::move(outputs)},
            {"counts", std::move(counts)}};
}

OrderedJson Confusions::to_json() const {
    OrderedJson array = OrderedJson::array();
    if (!says_something()) return array;
    for (const Matrix& matrix : matrices_) array.push_back(to_json(matrix));
    return array;
}

}  // namespace assay
