#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/text_metric.hpp"
#include "evaluators/tokens.hpp"

namespace assay {
namespace {

constexpr std::size_t k_order_max = 4;
constexpr double k_floor = 0.1;  // sacreBLEU's defaults
constexpr double k_added = 1;

enum class Smoothing { none, floor, add_k, exp };

Smoothing smoothing_of(std::string_view name) {
    if (name == "none") return Smoothing::none;
    if (name == "floor") return Smoothing::floor;
    return name == "add_k" ? Smoothing::add_k : Smoothing::exp;
}

/// The precision of each order that the output is long enough for.
std::vector<double> precisions_of(const std::vector<NgramCounts>& counts, Smoothing smoothing) {
    std::vector<double> precisions;
    double halved = 1;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const double added = smoothing == Smoothing::add_k && i > 0 ? k_added : 0;
        auto right = static_cast<double>(counts[i].common_with_any) + added;
        const auto all = static_cast<double>(counts[i].in_output) + added;
        if (all == 0) break;
        if (right == 0 && smoothing == Smoothing::floor) right = k_floor;
        if (right == 0 && smoothing == Smoothing::exp) right = halved /= 2;
        precisions.push_back(right / all);
    }
    return precisions;
}

double geometric_mean(const std::vector<double>& values) {
    double logarithms = 0;
    for (const double value : values) logarithms += std::log(value);  // of 0 it is -inf, e^-inf = 0
    return std::exp(logarithms / static_cast<double>(values.size()));
}

/// The length nearest to `length`, the shorter of two.
std::size_t nearest_length(std::size_t length, const std::vector<Tokens>& references) {
    std::size_t nearest = references.front().size();
    const auto distance = [length](std::size_t other) {
        return std::max(length, other) - std::min(length, other);
    };
    for (const Tokens& reference : references) {
        const std::size_t size = reference.size();
        const bool nearer = distance(size) < distance(nearest);
        if (nearer || (distance(size) == distance(nearest) && size < nearest)) nearest = size;
    }
    return nearest;
}

class Bleu final : public TextMetric {
  public:
    explicit Bleu(const Json& parameters)
        : n_(parameters.value("n", k_order_max)),
          smoothing_(smoothing_of(parameters.value("smoothing", "exp"))),
          ignore_case_(parameters.value("ignore_case", false)) {}

  private:
    [[nodiscard]] Measurement measure(std::string_view output,
                                      const References& references) const override {
        const NumberedTexts texts = number_texts(output, references, [this](std::string_view text) {
            return tokens_13a(ignore_case_ ? fold_case(text) : std::string(text));
        });
        const auto counts = count_ngrams(texts.output, texts.references, n_);
        // An n-gram has its words in common too, so without one nothing is.
        if (counts.front().common_with_any == 0)
            return {.score = 0, .comment = "no word in common"};

        const auto length = static_cast<double>(texts.output.size());
        const auto nearest =
            static_cast<double>(nearest_length(texts.output.size(), texts.references));
        const double brevity = length < nearest ? std::exp(1 - nearest / length) : 1;
        const std::vector<double> precisions = precisions_of(counts, smoothing_);
        return {.score = brevity * geometric_mean(precisions),
                .comment = fmt::format("precisions {:.4g}, brevity penalty {:.4g}",
                                       fmt::join(precisions, " "), brevity)};
    }

    std::size_t n_;
    Smoothing smoothing_;
    bool ignore_case_;
};

Result<std::unique_ptr<Evaluator>> make_bleu(const Json& parameters) {
    return std::make_unique<Bleu>(parameters);
}

}  // namespace

/// BLEU of one sentence: Papineni et al., "BLEU: a Method for Automatic Evaluation of Machine
/// Translation", ACL 2002, with what sacreBLEU's sentence_bleu makes of it (Post, "A Call for
/// Clarity in Reporting BLEU Scores", WMT 2018), as 0 to 1: tokens of mteval-v13a; several
/// references clip together, and the nearest length counts; orders that the output is too short
/// for are left out; 0 when no word is in common. Smoothing as in Chen & Cherry, "A Systematic
/// Comparison of Smoothing Techniques for Sentence-Level BLEU", WMT 2014: `floor` is their method 1
/// with 0.1, `add_k` method 2 with 1 (then a short output counts orders it does not have as right),
/// `exp` method 3. A mean of it over items is not the BLEU of the corpus.
///
/// Evidence: the figures in sacreBLEU's tests; an implementation of our own from the papers'
/// formulas in tests/unit/evaluators/reference.
const EvaluatorDefinition bleu_definition{
    .id = "bleu",
    .version = 1,
    .summary =
        "BLEU of single sentences as in sacreBLEU, from 0 to 1; a list of expected texts is a list "
        "of references.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "n": {"type": "integer", "minimum": 1, "maximum": 4, "default": 4,
                  "description": "the longest n-grams, in tokens"},
            "smoothing": {"enum": ["none", "floor", "add_k", "exp"], "default": "exp",
                          "description":
                          "what stands for the precision of an order without a match"},
            "ignore_case": {"type": "boolean", "default": false,
                            "description": "upper and lower case letters are equal"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "The dog bit the man.", "expected": "The dog bit the man.", "score": 1.0,
         "comment": "precisions 1 1 1 1, brevity penalty 1"},
        {"parameters": {"n": 1}, "output": "the the the the",
         "expected": ["the cat", "the cat and the"], "score": 0.5},
        {"parameters": {"n": 2}, "output": "The dog", "expected": "The dog barks today",
         "score": 0.36787944117144233, "comment": "precisions 1 1, brevity penalty 0.3679"},
        {"parameters": {"smoothing": "none"}, "output": "a dog", "expected": "a cat", "score": 0.0},
        {"output": "a dog", "expected": "a cat", "score": 0.5},
        {"output": "", "expected": "a cat", "score": 0.0, "comment": "no word in common"}
    ])",
    .make = &make_bleu};

}  // namespace assay
