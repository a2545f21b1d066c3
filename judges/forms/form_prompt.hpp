#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "judges/judging/prompted_judge.hpp"

namespace assay {

// What the forms of judges with a single prompt share.

/// Members of a JSON Schema's `properties`, as ASSAY_JUDGE_PARAMETERS.
#define ASSAY_CRITERIA_PARAMETER \
    R"("criteria": {"description": "what is judged, text or a list; may hold {{...}}",
                    "anyOf": [{"type": "string", "minLength": 1},
                              {"type": "array", "minItems": 1,
                               "items": {"type": "string", "minLength": 1}}]})"
#define ASSAY_PROMPT_PARAMETER \
    R"("prompt": {"description": "the user's message, or a list of messages; holds {{output}}",
                  "anyOf": [{"type": "string", "minLength": 1},
                            {"type": "array", "minItems": 1,
                             "items": {"type": "object",
                                       "properties": {
                                           "role": {"enum": ["system", "user", "assistant"]},
                                           "content": {"type": "string", "minLength": 1}},
                                       "required": ["role", "content"],
                                       "additionalProperties": false}}]})"

#define ASSAY_RESULT_PARAMETER \
    R"("result": {
           "description": "what the verdict is; default: a number from 0 to 1",
           "anyOf": [
               {"const": "boolean"},
               {"type": "array", "minItems": 2, "uniqueItems": true,
                "items": {"type": "string", "minLength": 1}},
               {"type": "object",
                "properties": {"min": {"type": "number"}, "max": {"type": "number"},
                               "integer": {"type": "boolean", "default": false},
                               "points": {"type": "object",
                                          "additionalProperties": {"type": "string"}}},
                "required": ["min", "max"], "additionalProperties": false},
               {"type": "object",
                "properties": {"categories": {"type": "object", "minProperties": 2,
                                              "additionalProperties": {"type": "string"}}},
                "required": ["categories"], "additionalProperties": false}
           ]
       })"

/// The parameter `result` as the scale that it stands for: numbers from 0 to 1 when it is not
/// given.
/// @error invalid_argument, beginning with `"result": `.
[[nodiscard]] Result<VerdictScale> read_result(const Json& parameters);

/// The parameter `criteria` as the source of a template: text as it is, a list with numbers.
/// @error invalid_argument, beginning with `"criteria": `.
[[nodiscard]] Result<std::string> read_criteria(const Json& parameters);

/// The parameter `prompt`. @error invalid_argument, beginning with `"prompt": `.
[[nodiscard]] Result<std::vector<JudgePrompt::Message>> read_judge_messages(const Json& parameters);

/// What a form of ours says: the system's message and the user's, both templates. Parts of them
/// that users wrote have been read as templates before.
[[nodiscard]] Result<std::vector<JudgePrompt::Message>> form_messages(std::string_view system,
                                                                      std::string_view user);

}  // namespace assay
