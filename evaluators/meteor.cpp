#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/porter_stemmer.hpp"
#include "evaluators/text_metric.hpp"
#include "evaluators/tokens.hpp"

namespace assay {
namespace {

constexpr double k_alpha = 0.9;  // weight of the recall
constexpr double k_beta = 3;     // how steeply the penalty grows with the number of chunks
constexpr double k_gamma = 0.5;  // the highest penalty

constexpr std::uint32_t k_none = UINT32_MAX;

/// Words, and their stems when those count: equal ones have equal numbers.
struct Words {
    Tokens exact;
    Tokens stems;
};

class Alignment {
  public:
    Alignment(std::size_t output_size, std::size_t reference_size)
        : partners_(output_size, k_none), taken_(reference_size) {}

    /// From the last word to the first, each free word of the output gets the last free equal one
    /// of the reference.
    void match(const Tokens& output, const Tokens& reference, std::size_t vocabulary_size) {
        std::vector<std::uint32_t> last(vocabulary_size, k_none);
        std::vector<std::uint32_t> before(reference.size(), k_none);
        for (std::uint32_t j = 0; j < reference.size(); ++j) {
            if (taken_[j]) continue;
            before[j] = last[reference[j]];
            last[reference[j]] = j;
        }
        for (std::size_t i = output.size(); i-- > 0;) {
            std::uint32_t& place = last[output[i]];
            if (partners_[i] != k_none || place == k_none) continue;
            partners_[i] = place;
            taken_[place] = true;
            ++matches_;
            place = before[place];
        }
    }

    [[nodiscard]] std::size_t matches() const { return matches_; }

    /// Runs of matches that are neighbours in both texts.
    [[nodiscard]] std::size_t chunks() const {
        std::size_t chunks = 0;
        std::uint32_t expected = k_none;  // where the current run goes on in the reference
        for (const std::uint32_t partner : partners_) {
            if (partner != k_none && partner != expected) ++chunks;
            expected = partner == k_none ? k_none : partner + 1;
        }
        return chunks;
    }

  private:
    std::vector<std::uint32_t> partners_;  ///< of each word of the output
    std::vector<bool> taken_;              ///< each word of the reference
    std::size_t matches_ = 0;
};

class Meteor final : public TextMetric {
  public:
    explicit Meteor(bool stem) : stem_(stem) {}

  private:
    struct Vocabularies {
        Vocabulary exact;
        Vocabulary stems;
    };

    [[nodiscard]] Measurement measure(std::string_view output,
                                      const References& references) const override {
        Vocabularies vocabularies;
        const Words output_words = read(output, vocabularies);
        return best_of(references.size(), [&](std::size_t i) {
            const Words words = read(references[i], vocabularies);
            Alignment alignment(output_words.exact.size(), words.exact.size());
            alignment.match(output_words.exact, words.exact, vocabularies.exact.size());
            if (stem_) alignment.match(output_words.stems, words.stems, vocabularies.stems.size());
            return measurement_of(alignment, {.common = alignment.matches(),
                                              .in_output = output_words.exact.size(),
                                              .in_reference = words.exact.size()});
        });
    }

    [[nodiscard]] static Measurement measurement_of(const Alignment& alignment,
                                                    const SharedCounts& counts) {
        const std::size_t matches = counts.common;
        if (matches == 0) return {.score = 0, .comment = "no word in common"};
        const auto shares = PrecisionRecall::of(counts);
        const double mean = shares.precision * shares.recall /
                            (k_alpha * shares.precision + (1 - k_alpha) * shares.recall);
        const std::size_t chunks = alignment.chunks();
        const double fragmentation = static_cast<double>(chunks) / static_cast<double>(matches);
        const double penalty = k_gamma * std::pow(fragmentation, k_beta);
        const auto plural = [](std::size_t count, const char* ending) {
            return count == 1 ? "" : ending;
        };
        return {.score = (1 - penalty) * mean,
                .comment = fmt::format("{}, {} match{} in {} chunk{}", shares.comment(), matches,
                                       plural(matches, "es"), chunks, plural(chunks, "s"))};
    }

    [[nodiscard]] Words read(std::string_view text, Vocabularies& vocabularies) const {
        std::vector<std::string> tokens = tokens_13a(fold_case(text));
        Words words{.exact = vocabularies.exact.number(tokens)};
        if (!stem_) return words;
        for (std::string& token : tokens) token = porter_stem(token);
        words.stems = vocabularies.stems.number(tokens);
        return words;
    }

    bool stem_;
};

Result<std::unique_ptr<Evaluator>> make_meteor(const Json& parameters) {
    return std::make_unique<Meteor>(parameters.value("stem", true));
}

}  // namespace

/// METEOR of Banerjee & Lavie, "METEOR: An Automatic Metric for MT Evaluation with Improved
/// Correlation with Human Judgments", ACL workshop 2005, with the weights of Lavie & Agarwal, WMT
/// 2007 (alpha 0.9, beta 3, gamma 0.5) and the alignment of NLTK's meteor_score: equal words first,
/// then equal stems, both greedily from the end, which does not always find the fewest chunks.
/// There are no synonyms, because WordNet is not part of this program: scores tend to be lower than
/// those of NLTK with WordNet. NLTK leaves the words to its caller: here they are the tokens of
/// `bleu` (13a) in lower case. Of several references the best counts.
///
/// Evidence: the example in NLTK's documentation; an implementation of our own from the papers'
/// formulas in tests/unit/evaluators/reference, and NLTK (without WordNet) where it is installed.
const EvaluatorDefinition meteor_definition{
    .id = "meteor",
    .version = 1,
    .summary =
        "METEOR with exact and stem matches but without synonyms, from 0 to 1: how many words the "
        "output shares with the expected text, and in how few pieces; of a list of expected texts "
        "the closest counts.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = true,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "stem": {"type": "boolean", "default": true,
                     "description": "English words with the same Porter stem match, too"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "the cat sat", "expected": "the cat sat", "score": 0.9814814814814815,
         "comment": "precision 1, recall 1, 3 matches in 1 chunk"},
        {"output": "cats", "expected": "cat", "score": 0.5},
        {"parameters": {"stem": false}, "output": "cats", "expected": "cat", "score": 0.0,
         "comment": "no word in common"},
        {"output": "sat the cat", "expected": ["a dog", "the cat sat"], "score": 0.8518518518518519,
         "comment":
         "precision 1, recall 1, 3 matches in 2 chunks, reference 2 of 2"},
        {"output": "", "expected": "cat", "score": 0.0}
    ])",
    .make = &make_meteor};

}  // namespace assay
