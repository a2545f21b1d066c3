#include <fmt/format.h>

#include "core/base/text.hpp"
#include "evaluators/builtin.hpp"
#include "evaluators/comment.hpp"
#include "evaluators/language_guess.hpp"

namespace assay {
namespace {

class Language final : public Evaluator {
  public:
    /// @param wanted  a code, or "" to give the code that is found.
    explicit Language(std::string wanted) : wanted_(std::move(wanted)) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        std::string scratch;
        const std::string code(guess_language(as_text(input.output, scratch)));
        if (wanted_.empty()) return one_score(code);
        if (code == wanted_) return one_score(true);
        return one_score(false, fmt::format("expected {}, got {}", wanted_, code));
    }

  private:
    std::string wanted_;
};

/// The language of a code such as de-AT or pt_BR.
std::string primary_code(std::string_view code) {
    return to_lower_ascii(trim(code.substr(0, code.find_first_of("-_"))));
}

Result<std::unique_ptr<Evaluator>> make_language(const Json& parameters) {
    const auto is = parameters.find("is");
    if (is == parameters.end()) return std::make_unique<Language>("");
    std::string code = primary_code(is->get_ref<const std::string&>());
    if (!is_guessable_language(code)) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("\"is\": {} is no code of a language that is recognised, such "
                                   "as en or de",
                                   quoted_excerpt(is->get_ref<const std::string&>())));
    }
    return std::make_unique<Language>(std::move(code));
}

ScoreDataType language_data_type(const Json& parameters) {
    return parameters.contains("is") ? ScoreDataType::boolean : ScoreDataType::categorical;
}

}  // namespace

/// The rules stand in language_guess.hpp.
const EvaluatorDefinition language_definition{
    .id = "language",
    .version = 1,
    .summary =
        "The language of the output as an ISO 639-1 code, or und; with `is`: true when it is that "
        "one. A heuristic on scripts and frequent words, for a sentence or more.",
    .data_type = ScoreDataType::categorical,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {
            "is": {"type": "string", "minLength": 2, "examples": ["de", "{{metadata.lang}}"],
                   "description":
                   "the code that is true; a region behind it, as in pt-BR, does not count"}
        },
        "additionalProperties": false
    })",
    .examples = R"([
        {"output": "The weather is nice today, and we are going to the beach.", "score": "en"},
        {"output": "Das Wetter ist heute schön, und wir gehen an den Strand.", "score": "de"},
        {"output": "今日は天気がいいので、海に行きます。", "score": "ja"},
        {"output": "42", "score": "und"},
        {"parameters": {"is": "fr"}, "output": "Il fait beau et nous allons à la plage.",
         "score": true},
        {"parameters": {"is": "fr"}, "output": "It is nice and we go to the beach.",
         "score": false, "comment": "expected fr, got en"}
    ])",
    .make = &make_language,
    .data_type_for = &language_data_type};

}  // namespace assay
