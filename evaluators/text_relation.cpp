#include "evaluators/text_relation.hpp"

#include <fmt/format.h>

#include "core/base/text.hpp"

namespace assay {
namespace {

class RelatedTexts final : public Evaluator {
  public:
    RelatedTexts(const TextRelation& relation, bool ignore_case)
        : relation_(relation), ignore_case_(ignore_case) {}

    Result<std::vector<Score>> evaluate(const EvaluationInput& input) const override {
        ASSAY_CHECK(check_expected(*input.expected));
        std::string output_scratch;
        std::string expected_scratch;
        const std::string_view output = as_text(input.output, output_scratch);
        const std::string_view expected = as_text(*input.expected, expected_scratch);
        const bool holds = ignore_case_ ? relation_.holds(fold_case(output), fold_case(expected))
                                        : relation_.holds(output, expected);
        if (holds) return one_score(true);
        return one_score(false, relation_.difference(output, expected));
    }

    Result<void> check_expected(const Json& expected) const override {
        if (expected != "") return {};
        return failure(ErrorCode::invalid_argument,
                       fmt::format("the expected text is empty, and {}", relation_.when_empty));
    }

  private:
    const TextRelation& relation_;
    bool ignore_case_;
};

}  // namespace

std::unique_ptr<Evaluator> make_text_relation(const TextRelation& relation,
                                              const Json& parameters) {
    return std::make_unique<RelatedTexts>(relation, parameters.value("ignore_case", false));
}

}  // namespace assay
