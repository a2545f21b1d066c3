#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "evaluators/evaluation.hpp"
#include "judges/calls/model_directory.hpp"
#include "judges/judges.hpp"
#include "judges/judging/judge_model.hpp"
#include "tests/unit/calls/cache_support.hpp"
#include "tests/unit/calls/caller_parts.hpp"

namespace assay::test {

/// A model that answers what a test says and notes what it was asked.
class ScriptedModel final : public Provider {
  public:
    using Answer = std::function<Result<ProviderReply>(const ProviderRequest& request)>;
    explicit ScriptedModel(Answer answer) : answer_(std::move(answer)) {}

    Task<ProviderReply> call(ProviderRequest request, Deadline /*deadline*/) override {
        asked.push_back(request);
        co_return answer_(request);
    }
    Json identity() const override { return {{"kind", "scripted"}}; }

    std::vector<ProviderRequest> asked;

  private:
    Answer answer_;
};

/// Knows one model, "stub:judge".
class StubDirectory final : public ModelDirectory {
  public:
    explicit StubDirectory(Provider& provider) : provider_(provider) {}

    Result<ModelTarget> find(std::string_view name) override {
        if (!name.starts_with("stub:")) {
            return failure(ErrorCode::invalid_argument, "unknown provider; did you mean \"stub\"?");
        }
        const std::string model(name.substr(5));
        return ModelTarget{.call = {.provider = &provider_,
                                    .lane = {.provider = "stub", .model = model, .is_judge = true},
                                    .retries = 1},
                           .model = model,
                           .embeds = model.starts_with("embed")};
    }

  private:
    Provider& provider_;
};

inline ProviderReply reply_of(Json output) {
    ProviderReply reply = make_reply();
    reply.output = std::move(output);
    return reply;
}

inline Json verdict_json(Json verdict, const std::string& reasoning = "because") {
    return {{"reasoning", reasoning}, {"verdict", std::move(verdict)}};
}

/// Gives the replies in turn, the last one again and again.
inline ScriptedModel::Answer in_turn(std::vector<Json> outputs) {
    return [outputs = std::move(outputs), next = std::size_t(0)](const ProviderRequest&) mutable {
        const std::size_t at = std::min(next++, outputs.size() - 1);
        return Result<ProviderReply>(reply_of(outputs[at]));
    };
}

/// A judge, the model behind it and the way to it.
struct JudgeScene : CallerParts {
    explicit JudgeScene(ScriptedModel::Answer answer, BudgetSpec spec = {})
        : CallerParts(std::move(spec)), model(std::move(answer)), directory(model) {}
    explicit JudgeScene(std::vector<Json> outputs) : JudgeScene(in_turn(std::move(outputs))) {}

    [[nodiscard]] EvaluatorEnvironment environment() {
        return {.folder = folder.path(), .models = &directory, .name = "tone", .seed = 7};
    }
    /// The judge of that type; `provider` is added.
    Result<std::unique_ptr<AsyncEvaluator>> try_make(std::string_view type, Json parameters) {
        parameters["provider"] = "stub:judge";
        const EvaluatorDefinition* const definition = find_known_evaluator(type);
        REQUIRE(definition != nullptr);
        return definition->make_async(parameters, environment());
    }
    void make(std::string_view type, const Json& parameters) {
        judge = value_of(try_make(type, parameters));
    }
    [[nodiscard]] Caller caller() {
        return Caller({.limiter = &limiter,
                       .cache = cache.get(),
                       .cache_mode = mode,
                       .budget = &budget,
                       .clock = &clock,
                       .rng = &rng,
                       .retry_delay = std::chrono::milliseconds(1)});
    }
    Result<EvaluationReply> try_evaluate(EvaluationRequest request) {
        Caller way = caller();
        return run_task(io,
                        judge->evaluate(std::move(request),
                                        {.deadline = in(k_time), .clock = &clock, .caller = &way}));
    }
    EvaluationReply evaluate(EvaluationRequest request) {
        return value_of(try_evaluate(std::move(request)));
    }
    EvaluationReply evaluate() { return evaluate(question()); }
    /// The judge's own score of the usual question.
    Score score() {
        EvaluationReply reply = evaluate();
        INFO(reply.error);
        REQUIRE_FALSE(reply.scores.empty());
        return std::move(reply.scores.front());
    }
    Json judge_canaries() {
        Caller way = caller();
        return value_of(run_task(
            io, judge->judge_canaries({.deadline = in(k_time), .clock = &clock, .caller = &way})));
    }

    static EvaluationRequest question() {
        return {.item_id = "1",
                .input = "What is the capital of Åland?",
                .expected_output = "Mariehamn",
                .output = "It is Mariehamn.",
                .metadata = {{"tier", "gold"}}};
    }

    static constexpr std::chrono::milliseconds k_time{10'000};
    ScriptedModel model;
    StubDirectory directory;
    std::unique_ptr<AsyncEvaluator> judge;
};

/// The text of all messages of a request.
inline std::string text_of(const ProviderRequest& request) {
    std::string text;
    for (const ChatMessage& message : request.messages) {
        text += message.role + ": " + as_text(message.content) + "\n";
    }
    return text;
}

}  // namespace assay::test
