#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

#include "configs/judge_template.hpp"
#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "judges/builtin.hpp"
#include "judges/forms/form_prompt.hpp"

namespace assay {
namespace {

std::unexpected<Error> refuse(std::string message) {
    return failure(ErrorCode::invalid_argument, std::move(message));
}

bool names_file(std::string_view name) { return name.ends_with(".yaml") || name.ends_with(".yml"); }

Result<JudgeTemplate> read_template_file(const std::string& name,
                                         const std::filesystem::path& folder) {
    const auto text = read_file(folder / name, limits::k_spec_bytes_max);
    if (!text) return refuse(fmt::format("\"template\": {}", text.error().message));
    Diagnostics diagnostics;
    auto read = read_judge_template(*text, name, diagnostics);
    if (!read) return refuse(fmt::format("\"template\": {}", to_string(std::move(diagnostics))));
    return std::move(*read);
}

Result<JudgeTemplate> find_template(const std::string& name, const std::filesystem::path& folder) {
    if (names_file(name)) return read_template_file(name, folder);
    if (const JudgeTemplate* const shipped = find_judge_template(name)) return *shipped;
    std::vector<std::string> known;
    for (const JudgeTemplate& shipped : list_judge_templates()) known.push_back(shipped.id);
    return refuse(
        fmt::format("\"template\": unknown judge template \"{}\"{} (`assay templates` "
                    "lists them; one of your own is a file that ends in .yaml)",
                    name, did_you_mean(name, known)));
}

Result<JudgePrompt> read_inline(const Json& parameters) {
    if (!parameters.contains("prompt")) return refuse("judge needs a `template` or a `prompt`");
    if (!parameters.contains("output")) {
        return refuse(
            "\"prompt\": say with `output` what the judge may answer, as in "
            "output: {type: NUMERIC, min: 1, max: 5, integer: true}");
    }
    JudgePrompt prompt;
    ASSAY_TRY(prompt.scale, parse_verdict_scale(parameters.at("output"), "output"));
    ASSAY_TRY(prompt.messages, read_judge_messages(parameters));
    return prompt;
}

Result<JudgePrompt> read_prompt(const Json& parameters, const EvaluatorEnvironment& environment) {
    const auto name = parameters.find("template");
    if (name == parameters.end()) return read_inline(parameters);
    for (const char* key : {"prompt", "output"}) {
        if (!parameters.contains(key)) continue;
        return refuse(fmt::format("\"{}\" stands in the template already; leave one out", key));
    }
    ASSAY_TRY(JudgeTemplate found,
              find_template(name->get_ref<const std::string&>(), environment.folder));
    return JudgePrompt{.messages = std::move(found.prompt),
                       .scale = std::move(found.output),
                       .fingerprint = std::move(found.sha256)};
}

/// The type of what a file says is known when it has been read, which is not here.
std::vector<DeclaredScore> judge_scores(const Json& parameters) {
    if (const auto name = parameters.find("template"); name != parameters.end()) {
        const JudgeTemplate* const shipped =
            find_judge_template(name->get_ref<const std::string&>());
        return repeated_scores(parameters, shipped == nullptr ? std::optional<ScoreDataType>()
                                                              : shipped->output.score_type());
    }
    const auto scale = parse_verdict_scale(parameters.value("output", Json::object()), "output");
    return prompted_judge_scores(parameters, scale.value_or(VerdictScale()));
}

Result<std::unique_ptr<AsyncEvaluator>> make_judge(const Json& parameters,
                                                   const EvaluatorEnvironment& environment) {
    ASSAY_TRY(JudgePrompt prompt, read_prompt(parameters, environment));
    return make_prompted_judge(std::move(prompt), parameters, environment);
}

}  // namespace

const EvaluatorDefinition judge_definition{
    .id = "judge",
    .version = 1,
    .summary =
        "A model judges the output by a template, shipped or your own, or by a prompt that "
        "stands in the spec.",
    .data_type = ScoreDataType::numeric,
    .needs_expected = false,
    .parameters_schema = R"({
        "type": "object",
        "properties": {)" ASSAY_JUDGE_PARAMETERS "," ASSAY_PROMPT_PARAMETER R"(,
            "template": {"type": "string", "minLength": 1,
                         "description":
                         "a name that `assay templates` lists, or a .yaml file beside the spec"},
            "output": {
                "type": "object",
                "description": "what the judge may answer to `prompt`, as in a template",
                "properties": {"type": {"enum": ["NUMERIC", "BOOLEAN", "CATEGORICAL"]},
                               "min": {"type": "number"}, "max": {"type": "number"},
                               "integer": {"type": "boolean"},
                               "points": {"type": ["object", "array"]}},
                "required": ["type"],
                "additionalProperties": false
            }
        },
        "required": ["provider"],
        "additionalProperties": false
    })",
    .examples = "[]",
    .make_async = &make_judge,
    .takes_mapping = true,
    .scores_for = &judge_scores};

}  // namespace assay
