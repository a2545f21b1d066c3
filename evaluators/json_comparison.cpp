#include "evaluators/json_comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/base/limits.hpp"
#include "core/base/text.hpp"
#include "core/model/json_value.hpp"
#include "evaluators/assignment.hpp"
#include "evaluators/comment.hpp"

namespace assay {
namespace {

constexpr std::size_t k_differences_shown_max = 3;
constexpr std::size_t k_path_bytes_max = 80;

/// A child of an array with its index there.
struct Element {
    const Json* value = nullptr;
    std::size_t index = 0;
};
using Elements = std::vector<Element>;

struct Tally {
    std::size_t matched = 0;
    std::size_t leaves = 0;

    Tally& operator+=(const Tally& other) {
        matched += other.matched;
        leaves += other.leaves;
        return *this;
    }
};

/// What pairing in any order needs to know of a value.
struct Summary {
    std::uint64_t hash = 0;   ///< equal for equal values, whatever the order
    double first_number = 0;  ///< so that numbers within a tolerance are sorted side by side
    std::size_t nodes = 1;
};

std::uint64_t mix(std::uint64_t hash) {  // the finaliser of MurmurHash3
    hash = (hash ^ (hash >> 33U)) * 0xff51afd7ed558ccdU;
    hash = (hash ^ (hash >> 33U)) * 0xc4ceb9fe1a85ec53U;
    return hash ^ (hash >> 33U);
}

/// FNV-1a, the same on every machine: the order of the last resort depends on it.
std::uint64_t hash_of(std::string_view text, std::uint64_t seed) {
    std::uint64_t hash = 0xcbf29ce484222325U ^ seed;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return mix(hash);
}

/// One side of a comparison: which of its nodes do not count.
class Side {
  public:
    Result<void> open(const Json& root, const std::vector<JsonPath>& ignore,
                      std::string_view name) {
        for (const JsonPath& path : ignore) {
            ASSAY_TRY(const std::vector<const Json*> nodes, path.select(root));
            ignored_.insert(nodes.begin(), nodes.end());
        }
        if (is_larger_than(root, limits::k_json_comparison_nodes_max)) {
            return failure(ErrorCode::resource_exhausted,
                           fmt::format("the {} has more than {} values, which is more than is "
                                       "compared",
                                       name, limits::k_json_comparison_nodes_max));
        }
        return {};
    }

    [[nodiscard]] bool counts(const Json& node) const {
        return ignored_.empty() || !ignored_.contains(&node);
    }

    [[nodiscard]] Elements elements(const Json& array) const {
        Elements elements;
        elements.reserve(array.size());
        for (std::size_t i = 0; i < array.size(); ++i) {
            if (counts(array[i])) elements.push_back({&array[i], i});
        }
        return elements;
    }

    [[nodiscard]] std::size_t leaves(const Json& node) const {
        if (!node.is_structured()) return 1;
        std::size_t sum = 0;
        for (const Json& child : node) {
            if (counts(child)) sum += leaves(child);
        }
        return std::max<std::size_t>(sum, 1);
    }

    void summarise(const Json& root) { summary_of(root); }
    [[nodiscard]] const Summary& summary(const Element& element) const {
        return summaries_.at(element.value);
    }
    [[nodiscard]] std::size_t nodes(const Elements& elements) const {
        std::size_t sum = 0;
        for (const Element& element : elements) sum += summary(element).nodes;
        return sum;
    }

  private:
    static bool is_larger_than(const Json& root, std::size_t nodes_max) {
        std::vector<const Json*> open = {&root};
        std::size_t nodes = 1;
        while (!open.empty()) {
            const Json& node = *open.back();
            open.pop_back();
            if (!node.is_structured()) continue;
            nodes += node.size();
            if (nodes > nodes_max) return true;
            for (const Json& child : node) {
                if (child.is_structured()) open.push_back(&child);
            }
        }
        return false;
    }

    const Summary& summary_of(const Json& node) {
        Summary summary;
        if (node.is_number()) {
            const auto number = node.get<double>();
            summary.first_number = std::isnan(number) ? 0 : number;
            summary.hash = hash_of(canonical_number(node), 1);
        } else if (node.is_string()) {
            summary.hash = hash_of(node.get_ref<const std::string&>(), 2);
        } else if (!node.is_structured()) {
            summary.hash = hash_of(to_text(node), 3);
        }
        if (node.is_array()) summary.hash = 4;
        if (node.is_object()) summary.hash = 5;
        if (node.is_structured()) add_children(node, summary);
        return summaries_[&node] = summary;
    }

    /// A sum does not depend on the order, and the names of members are in their hashes.
    void add_children(const Json& node, Summary& summary) {
        for (const auto& [name, child] : node.items()) {
            if (!counts(child)) continue;
            const Summary& of_child = summary_of(child);
            summary.hash +=
                node.is_object() ? mix(of_child.hash ^ hash_of(name, 6)) : mix(of_child.hash);
            summary.nodes += of_child.nodes;
            if (summary.first_number == 0) summary.first_number = of_child.first_number;
        }
        summary.hash = mix(summary.hash);
    }

    std::unordered_set<const Json*> ignored_;
    std::unordered_map<const Json*, Summary> summaries_;
};

/// Compact and short.
std::string excerpt(const Json& value) {
    if (value.is_string()) return quoted_excerpt(value.get_ref<const std::string&>());
    return value.is_structured() ? std::string(type_phrase(value)) : to_text(value);
}

bool is_plain_name(std::string_view name) {
    const auto is_letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (name.empty() || is_digit(name.front())) return false;
    return std::ranges::all_of(name, [&](char c) { return is_letter(c) || is_digit(c); });
}

/// A step of the path to what is being compared: a member, or without a name an element.
struct Step {
    const std::string* name = nullptr;
    std::size_t index = 0;
};

std::string path_text(const std::vector<Step>& path) {
    std::string text = "$";
    for (const Step& step : path) {
        if (step.name == nullptr) {
            text += fmt::format("[{}]", step.index);
        } else if (is_plain_name(*step.name)) {
            text += "." + *step.name;
        } else {
            text += fmt::format("[{}]", quoted_excerpt(*step.name));
        }
        if (text.size() <= k_path_bytes_max) continue;
        text.resize(k_path_bytes_max);  // names of more than ASCII were escaped or quoted
        return to_valid_utf8(text) + "…";
    }
    return text;
}

class Comparing {
  public:
    explicit Comparing(const JsonComparisonOptions& options)
        : options_(options),
          equal_first_(!options.allow_extra && options.tolerance.absolute <= 0 &&
                       options.tolerance.relative <= 0) {}

    Result<JsonComparison> run(const Json& output, const Json& expected) {
        ASSAY_CHECK(expected_.open(expected, options_.ignore, "expected value"));
        ASSAY_CHECK(output_.open(output, options_.ignore, "output"));
        if (options_.any_order) {
            output_.summarise(output);
            expected_.summarise(expected);
        }
        const Tally tally = compare(output, expected);
        return JsonComparison{.matched = tally.matched,
                              .leaves = tally.leaves,
                              .differences = std::move(differences_)};
    }

  private:
    Tally compare(const Json& output, const Json& expected) {
        Tally tally;
        if (output.is_object() && expected.is_object()) {
            tally = compare_members(output, expected);
        } else if (output.is_array() && expected.is_array()) {
            tally = compare_elements(output, expected);
        } else if (is_equal_leaf(output, expected)) {
            return {1, 1};
        } else {
            note("{}: {} instead of {}", excerpt(output), excerpt(expected));
            return {0, std::max(output_.leaves(output), expected_.leaves(expected))};
        }
        // Two that hold nothing, or nothing that counts, are equal.
        return tally.leaves == 0 ? Tally{1, 1} : tally;
    }

    [[nodiscard]] bool is_equal_leaf(const Json& output, const Json& expected) const {
        if (output.is_structured() || expected.is_structured()) return false;
        if (json_equal(output, expected)) return true;
        return output.is_number() && expected.is_number() &&
               is_within(output.get<double>(), expected.get<double>(), options_.tolerance);
    }

    Tally compare_members(const Json& output, const Json& expected) {
        Tally tally;
        for (const auto& [name, value] : expected.items()) {
            if (!expected_.counts(value)) continue;
            path_.push_back({.name = &name});
            const auto found = output.find(name);
            const bool present = found != output.end() && output_.counts(*found);
            tally += present ? compare(*found, value) : missing(value);
            path_.pop_back();
        }
        if (options_.allow_extra) return tally;
        for (const auto& [name, value] : output.items()) {
            if (!output_.counts(value)) continue;
            const auto found = expected.find(name);
            if (found != expected.end() && expected_.counts(*found)) continue;
            path_.push_back({.name = &name});
            tally += extra(value);
            path_.pop_back();
        }
        return tally;
    }

    Tally compare_elements(const Json& output, const Json& expected) {
        Elements outputs = output_.elements(output);
        Elements expecteds = expected_.elements(expected);
        Tally tally;
        if (options_.any_order) {
            if (equal_first_) tally += take_equal(outputs, expecteds);
            arrange(outputs, expecteds);
        }
        for (std::size_t i = 0; i < std::max(outputs.size(), expecteds.size()); ++i) {
            tally += compare_at(i, outputs, expecteds);
        }
        return tally;
    }

    Tally compare_at(std::size_t i, const Elements& outputs, const Elements& expecteds) {
        const bool has_output = i < outputs.size();
        path_.push_back({.index = has_output ? outputs[i].index : expecteds[i].index});
        Tally tally;
        if (!has_output) {
            tally = missing(*expecteds[i].value);
        } else if (i >= expecteds.size()) {
            tally = extra(*outputs[i].value);
        } else {
            tally = compare(*outputs[i].value, *expecteds[i].value);
        }
        path_.pop_back();
        return tally;
    }

    Tally missing(const Json& value) {
        note("{} is missing");
        return {0, expected_.leaves(value)};
    }
    Tally extra(const Json& value) {
        note("{} is not expected");
        return {0, output_.leaves(value)};
    }

    void sort(Elements& elements, const Side& side) const {
        std::ranges::sort(elements, {}, [&side](const Element& element) {
            const Summary& summary = side.summary(element);
            return std::tuple(summary.first_number, summary.hash, element.index);
        });
    }

    /// Takes out of both lists what has an equal opposite.
    Tally take_equal(Elements& outputs, Elements& expecteds) {
        std::unordered_map<std::uint64_t, std::vector<std::size_t>> places;
        for (std::size_t i = outputs.size(); i > 0; --i) {
            places[output_.summary(outputs[i - 1]).hash].push_back(i - 1);
        }
        Tally sum;
        for (Element& expected : expecteds) {
            const auto found = places.find(expected_.summary(expected).hash);
            if (found == places.end() || found->second.empty()) continue;
            Element& output = outputs[found->second.back()];
            const Tally tally = compare_quietly(output, expected);  // hashes may collide
            if (tally.matched < tally.leaves) continue;
            found->second.pop_back();
            sum += tally;
            output.value = nullptr;
            expected.value = nullptr;
        }
        const auto is_taken = [](const Element& element) { return element.value == nullptr; };
        std::erase_if(outputs, is_taken);
        std::erase_if(expecteds, is_taken);
        return sum;
    }

    Tally compare_quietly(const Element& output, const Element& expected) {
        const bool noting = std::exchange(noting_, false);
        const Tally tally = compare(*output.value, *expected.value);
        noting_ = noting;
        return tally;
    }

    /// Puts what belongs together at the same place of both lists.
    void arrange(Elements& outputs, Elements& expecteds) {
        if (outputs.empty() || expecteds.empty()) return;
        const std::size_t pairings = output_.nodes(outputs) * expected_.nodes(expecteds);
        const bool too_many =
            std::max(outputs.size(), expecteds.size()) > limits::k_unordered_elements_max;
        if (too_many || pairings > pairings_left_) {
            sort(outputs, output_);
            sort(expecteds, expected_);
            return;
        }
        pairings_left_ -= pairings;
        const bool fewer_outputs = outputs.size() < expecteds.size();
        Elements& rows = fewer_outputs ? outputs : expecteds;
        Elements& columns = fewer_outputs ? expecteds : outputs;
        AssignmentWeights weights{.rows = rows.size(), .columns = columns.size(), .weight = {}};
        weights.weight.reserve(rows.size() * columns.size());
        for (const Element& row : rows) {
            for (const Element& column : columns) {
                weights.weight.push_back(fewer_outputs ? worth(row, column) : worth(column, row));
            }
        }
        order_by(best_assignment(weights), columns);
    }

    /// More leaves that match come first, fewer that do not second.
    std::int64_t worth(const Element& output, const Element& expected) {
        const Tally tally = compare_quietly(output, expected);
        constexpr std::int64_t k_more_than_leaves = 4 * limits::k_json_comparison_nodes_max;
        return static_cast<std::int64_t>(tally.matched) * k_more_than_leaves -
               static_cast<std::int64_t>(tally.leaves - tally.matched);
    }

    /// The elements that `first` names in its order, then the others.
    static void order_by(const std::vector<std::size_t>& first, Elements& elements) {
        Elements ordered;
        ordered.reserve(elements.size());
        for (const std::size_t place : first) {
            ordered.push_back(std::exchange(elements[place], {}));
        }
        for (const Element& element : elements) {
            if (element.value != nullptr) ordered.push_back(element);
        }
        elements = std::move(ordered);
    }

    template <class... Parts>
    void note(fmt::format_string<std::string, Parts...> words, Parts... parts) {
        if (!noting_ || differences_.size() == k_differences_shown_max) return;
        differences_.push_back(fmt::format(words, path_text(path_), std::move(parts)...));
    }

    const JsonComparisonOptions& options_;
    /// Without tolerance and extras, an equal pair is never worse than any other.
    bool equal_first_;
    Side output_;
    Side expected_;
    std::vector<Step> path_;
    std::vector<std::string> differences_;
    bool noting_ = true;
    std::size_t pairings_left_ = limits::k_json_pairings_max;
};

}  // namespace

Result<const Json*> read_json(const Json& value, Json& scratch) {
    if (!value.is_string()) return &value;
    ASSAY_TRY(scratch, parse_json(value.get_ref<const std::string&>()));
    return &scratch;
}

Result<JsonComparison> compare_json(const Json& output, const Json& expected,
                                    const JsonComparisonOptions& options) {
    return Comparing(options).run(output, expected);
}

std::string difference_comment(const JsonComparison& comparison) {
    std::string comment = fmt::format("{}", fmt::join(comparison.differences, "; "));
    const std::size_t different = comparison.leaves - comparison.matched;
    if (different > comparison.differences.size()) comment += "; …";
    return comment;
}

}  // namespace assay
