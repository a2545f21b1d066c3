#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"

namespace assay {

/// A text that is put behind an output to talk a judge into another verdict.
struct JudgeAttack {
    std::string id;
    std::string family;  ///< what kind of persuasion it is
    /// `{best}` stands for the verdict that is wanted, as JSON, `{delimiter}` for 16 hex digits as
    /// somebody could guess them who saw another prompt.
    std::string text;
};

/// The text with what it stands for filled in.
[[nodiscard]] std::string render_attack(const JudgeAttack& attack, std::string_view wanted);

/// Reads a file `attacks: [{id, family, text}...]`. Every mistake is reported with its place.
[[nodiscard]] std::vector<JudgeAttack> read_judge_attacks(std::string_view text,
                                                          std::string_view file,
                                                          Diagnostics& diagnostics);
/// Those that come with the program: configs/judge_attacks.yaml.
[[nodiscard]] const std::vector<JudgeAttack>& shipped_judge_attacks();

}  // namespace assay
