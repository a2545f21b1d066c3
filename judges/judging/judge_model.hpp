#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/unit.hpp"
#include "evaluators/evaluator.hpp"
#include "judges/calls/model_directory.hpp"

namespace assay {

class JsonSchema;

/// The model behind a judge and how it is asked.
struct JudgeModel {
    std::string name;  ///< as the spec says: "openai:gpt-4.1"
    ModelTarget target;
    Json parameters = Json::object();  ///< temperature 0 unless the spec says otherwise
    int repetitions = 1;               ///< of each question
    std::optional<bool> allow_self_judging;
};

/// The parameters that all judges have, as members of a JSON Schema's `properties`: provider,
/// parameters, temperature, repetitions, timeout, allow_self_judging, canaries. Begins and ends
/// without a comma. What is "unscored" cannot change a score and is left out of the judge's hash.
#define ASSAY_JUDGE_PARAMETERS \
    R"("provider": {"type": "string", "description": "who judges: provider:model"},
       "parameters": {"type": "object", "description": "of the model, e.g. max_tokens"},
       "temperature": {"type": ["number", "null"], "minimum": 0, "default": 0,
                       "description": "null: not sent, for models that refuse one"},
       "repetitions": {"type": "integer", "minimum": 1, "maximum": 25, "default": 1,
                       "description": "how often each question is asked; adds NAME_spread"},
       "timeout": {"type": ["string", "number"], "unscored": true,
                   "description": "of one attempt; default 60s"},
       "allow_self_judging": {"type": "boolean", "unscored": true,
                              "description":
                              "the judge is the model under test: false = refused, true = fine"},
       "canaries": {"type": "array", "minItems": 1, "maxItems": 100, "unscored": true,
                    "description": "items with a known verdict, judged once a run",
                    "items": {"type": "object",
                              "properties": {"input": {}, "output": {}, "expected_output": {},
                                             "metadata": {"type": "object"},
                                             "vars": {"type": "object",
                                                      "description": "what `mapping` gives"},
                                             "verdict": {"description":
                                                         "a value, or {min, max}"}},
                              "required": ["output", "verdict"], "additionalProperties": false}})"

/// Reads them. @error invalid_argument; a message that begins with a parameter in quotes is shown
/// at that parameter.
[[nodiscard]] Result<JudgeModel> read_judge_model(const Json& parameters,
                                                  const EvaluatorEnvironment& environment);

/// One question to a judge.
struct JudgeQuestion {
    std::string name = "judge";  ///< of its observation; unique in the judge's trace
    std::vector<ChatMessage> messages;
    /// Of the reply; the reply is held to it here, whatever the provider did. Outlives the
    /// question.
    const Json* schema = nullptr;
    int repetition = 0;  ///< keeps repeated questions apart in the cache
    /// What the schema cannot say, e.g. that a sum holds; nullptr = nothing. Its error is the end
    /// of "the judge's reply ...".
    std::function<Result<void>(const Json& reply)> check;
    const JsonSchema* compiled = nullptr;  ///< `schema`, where somebody keeps it compiled
};

/// For the prompt: that the reply is one JSON object that obeys the schema.
[[nodiscard]] std::string reply_instruction(const Json& schema);

/// The form in which observations and AsyncEvaluator::preview() show messages.
[[nodiscard]] Json messages_to_json(const std::vector<ChatMessage>& messages);

/// A record to which ask_judge() adds: it begins now, and nothing has been paid.
[[nodiscard]] JudgeRecord start_judge_record(const EvaluationContext& context);

/// One call, with its observation (called `name`) and its share in the sums of `record`.
[[nodiscard]] Task<ProviderReply> call_recorded(ModelTarget target, ProviderRequest request,
                                                std::string name, EvaluationContext context,
                                                JudgeRecord& record);

/// Asks, and asks once more when the reply cannot be used: with the reply and what is wrong with it
/// in the conversation. Each call is an observation of `record`, which counts all of them, also
/// when the result is an error.
/// @return the reply, which obeys the schema.
/// @error invalid_argument when the second reply is no better (malformed, incomplete, out of range,
///        refused or cut at the length limit): the raw replies are in `record`. The caller's own:
///        deadline_exceeded, unavailable, resource_exhausted (then `record` says whether it was the
///        budget), cancelled.
[[nodiscard]] Task<Json> ask_judge(const JudgeModel& judge, JudgeQuestion question,
                                   EvaluationContext context, JudgeRecord& record);

/// What an evaluation comes to when a question failed: no scores, the reason and the record, since
/// what was asked in vain has been paid. Only `cancelled` stays an error.
[[nodiscard]] Result<EvaluationReply> without_scores(Error error, JudgeRecord record);

}  // namespace assay
