#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluators/evaluator.hpp"
#include "judges/judging/judge_model.hpp"

namespace assay {

/// What the judges that ask one model have in common.
class ModelJudge : public AsyncEvaluator {
  public:
    [[nodiscard]] std::vector<std::string> models() const override { return {model_.name}; }
    [[nodiscard]] std::map<std::string, QuestionCount> questions() const override;
    [[nodiscard]] std::optional<bool> allows_self_judging() const override {
        return model_.allow_self_judging;
    }
    /// Judges each of `canaries` as evaluate() does. The expected verdict is that of the first
    /// score: a value, or {"min", "max"} of a number, either alone or both.
    /// @return what AsyncEvaluator says and what it took: "calls", "cost_usd" (null = unknown) and
    ///         "tokens". A canary that could not be judged has failed; its "error" says why.
    [[nodiscard]] Task<Json> judge_canaries(EvaluationContext context) override;

  protected:
    ModelJudge(JudgeModel model, const Json& parameters, const EvaluatorEnvironment& environment);

    /// So many questions make one repetition of an evaluation.
    [[nodiscard]] virtual std::uint64_t questions_a_repetition() const { return 1; }
    /// So many are asked once for all outputs, canaries apart.
    [[nodiscard]] virtual std::uint64_t questions_a_run() const { return 0; }

    [[nodiscard]] const JudgeModel& model() const { return model_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::uint64_t seed() const { return seed_; }
    /// The number of a question's repetition in the cache: each repetition of the unit and of the
    /// question is a draw of its own.
    [[nodiscard]] int draw(const EvaluationRequest& request, int repetition) const {
        return request.repetition * model_.repetitions + repetition;
    }

  private:
    [[nodiscard]] boost::asio::awaitable<void> judge_into(EvaluationRequest request,
                                                          EvaluationContext context,
                                                          Result<EvaluationReply>& reply);

    JudgeModel model_;
    Json canaries_;  ///< null = none
    std::string name_;
    std::uint64_t seed_;
};

}  // namespace assay
