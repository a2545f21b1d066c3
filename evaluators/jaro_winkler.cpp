#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/text_metric.hpp"

namespace assay {
namespace {

using Text = std::vector<char32_t>;

constexpr double k_prefix_weight = 0.1;
constexpr std::size_t k_prefix_max = 4;

/// For each character of a text the places where it stands, and the first that may still be
/// matched.
class Places {
  public:
    explicit Places(const Text& text) : next_(text.size()) {
        for (std::size_t i = text.size(); i-- > 0;) {
            next_[i] = first(text[i]);
            first_[text[i]] = i;
        }
    }
    /// The first free place of `c` in [low, high], which is taken by that, or k_end. `low` never
    /// decreases from call to call, so what lies below it is gone for good: all calls together take
    /// linear time.
    std::size_t take(char32_t c, std::size_t low, std::size_t high) {
        const auto found = first_.find(c);
        if (found == first_.end()) return k_end;
        std::size_t& place = found->second;
        while (place != k_end && place < low) place = next_[place];
        if (place == k_end || place > high) return k_end;
        return std::exchange(place, next_[place]);
    }
    static constexpr std::size_t k_end = static_cast<std::size_t>(-1);

  private:
    [[nodiscard]] std::size_t first(char32_t c) const {
        const auto found = first_.find(c);
        return found == first_.end() ? k_end : found->second;
    }
    std::unordered_map<char32_t, std::size_t> first_;
    std::vector<std::size_t> next_;  ///< the place of the same character behind this one
};

/// Jaro, "Advances in record-linkage methodology as applied to matching the 1985 census of Tampa,
/// Florida", J. American Statistical Association 84, 1989.
double jaro_similarity(const Text& a, const Text& b) {
    if (a.empty() && b.empty()) return 1;
    const std::size_t half = std::max(a.size(), b.size()) / 2;
    const std::size_t reach = half == 0 ? 0 : half - 1;
    Places places(b);
    Text matched_in_a;
    std::vector<bool> is_matched_in_b(b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        const std::size_t place = places.take(a[i], i - std::min(i, reach), i + reach);
        if (place == Places::k_end) continue;
        matched_in_a.push_back(a[i]);
        is_matched_in_b[place] = true;
    }
    if (matched_in_a.empty()) return 0;

    std::size_t out_of_order = 0;
    std::size_t seen = 0;
    for (std::size_t j = 0; j < b.size(); ++j) {
        if (is_matched_in_b[j] && matched_in_a[seen++] != b[j]) ++out_of_order;
    }
    const auto matches = static_cast<double>(matched_in_a.size());
    const std::size_t pairs = out_of_order / 2;  // rounded down, as in strcmp95.c
    const auto transpositions = static_cast<double>(pairs);
    return (matches / static_cast<double>(a.size()) + matches / static_cast<double>(b.size()) +
            (matches - transpositions) / matches) /
           3;
}

std::size_t common_prefix(const Text& a, const Text& b) {
    const auto same = std::ranges::mismatch(a, b).in1 - a.begin();
    return std::min(static_cast<std::size_t>(same), k_prefix_max);
}

class JaroWinkler final : public TextMetric {
  public:
    explicit JaroWinkler(bool ignore_case) : ignore_case_(ignore_case) {}

  private:
    [[nodiscard]] Measurement measure(std::string_view output,
                                      const References& references) const override {
        const Text output_text = read(output);
        return best_of(references.size(), [&](std::size_t i) -> Measurement {
            const Text text = read(references[i]);
            const double jaro = jaro_similarity(text, output_text);
            const std::size_t prefix = common_prefix(text, output_text);
            return {
                .score = jaro + static_cast<double>(prefix) * k_prefix_weight * (1 - jaro),
                .comment = fmt::format("Jaro similarity {:.4g}, common prefix {}", jaro, prefix)};
        });
    }

    [[nodiscard]] Text read(std::string_view text) const {
        return to_code_points(ignore_case_ ? fold_case(text) : text);
    }

    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_jaro_winkler(const Json& parameters) {
    return std::make_unique<JaroWinkler>(parameters.value("ignore_case", false));
}

}  // namespace

/// Jaro's similarity plus 0.1 for each of up to four equal first characters times what is missing
/// to 1: Winkler, "String Comparator Metrics and Enhanced Decision Rules in the Fellegi-Sunter
/// Model of Record Linkage", American Statistical Association, 1990. Over code points, without the
/// adjustments of the Census Bureau's later strcmp95.c (similar characters, long names, no bonus
/// below 0.7), as in most libraries. Half the matched characters that are out of order, rounded
/// down, are transpositions; two empty texts are equal: 1. Matching runs along the expected text,
/// the best of several counts. Meant for names and other short texts.
///
/// Evidence: table 2.1 of Winkler, Statistical Research Report RR94/05 of the U.S. Bureau of the
/// Census, but for four of its rows; an implementation of our own from the definition in
/// tests/unit/evaluators/reference, and NLTK where that is installed.
const EvaluatorDefinition jaro_winkler_definition{
    .id = "jaro_winkler",
    .version = 1,
    .summary =
        "Jaro-Winkler similarity of names and short texts, from 0 to 1; of a list of expected "
        "texts the closest counts.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "ignore_case": {"type": "boolean", "default": false,
                            "description": "upper and lower case letters are equal"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "MARHTA", "expected": "MARTHA", "score": 0.9611111111111111,
         "comment": "Jaro similarity 0.9444, common prefix 3"},
        {"output": "Smith", "expected": "Jones", "score": 0.0},
        {"output": "", "expected": "", "score": 1.0},
        {"parameters": {"ignore_case": true}, "output": "PARIS", "expected": ["Lyon", "Paris"],
         "score": 1.0, "comment": "Jaro similarity 1, common prefix 4, reference 2 of 2"}
    ])",
    .make = &make_jaro_winkler};

}  // namespace assay
