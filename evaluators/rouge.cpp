#include "evaluators/rouge.hpp"

#include "evaluators/porter_stemmer.hpp"

namespace assay {
namespace {

/// rouge_score leaves shorter words alone.
constexpr std::size_t k_stemmed_bytes_min = 4;

std::vector<std::string> stems_of(std::string_view text) {
    std::vector<std::string> words = words_of(text);
    for (std::string& word : words) {
        if (word.size() >= k_stemmed_bytes_min) word = porter_stem(word);
    }
    return words;
}

}  // namespace

RougeOptions::RougeOptions(const Json& parameters)
    : measure_(parameters.value("measure", "f1")), stem_(parameters.value("stem", false)) {}

NumberedTexts RougeOptions::read(std::string_view output,
                                 const std::vector<std::string>& references) const {
    return number_texts(output, references, stem_ ? &stems_of : &words_of);
}

Measurement RougeOptions::measurement(const PrecisionRecall& shares) const {
    const double score = measure_ == "precision" ? shares.precision
                         : measure_ == "recall"  ? shares.recall
                                                 : shares.f();
    return {.score = score, .comment = shares.comment()};
}

}  // namespace assay
