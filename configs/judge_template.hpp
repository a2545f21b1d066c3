#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/verdict_scale.hpp"
#include "core/base/diagnostic.hpp"
#include "core/model/template.hpp"

namespace assay {

/// A judge's prompt with what it may answer, from a YAML file that docs/judges.md describes: one of
/// those in configs/judges, which are part of the program, or a user's.
struct JudgeTemplate {
    struct Variable {
        std::string name;
        std::string description;
        bool needed = true;  ///< the prompt has no default for it
    };
    struct Message {
        std::string role;
        TextTemplate content;
    };
    std::string id;
    int version = 1;  ///< raised whenever a verdict may change
    std::string summary;
    std::vector<Variable> variables;  ///< sorted by name
    VerdictScale output;
    std::vector<Message> prompt;
    std::string text;    ///< the file
    std::string sha256;  ///< of the file
};

/// Reads a template strictly: every mistake is reported with its place.
/// @param name  how the file is called in messages.
/// @return nothing after a mistake.
[[nodiscard]] std::optional<JudgeTemplate> read_judge_template(std::string_view text,
                                                               std::string_view name,
                                                               Diagnostics& diagnostics);

/// The shipped templates, sorted by id: the list is configs/judges/builtin.def.
[[nodiscard]] const std::vector<JudgeTemplate>& list_judge_templates();
/// Their ids, for which no file is read.
[[nodiscard]] std::vector<std::string> judge_template_ids();
/// nullptr when there is none of that id.
[[nodiscard]] const JudgeTemplate* find_judge_template(std::string_view id);

}  // namespace assay
