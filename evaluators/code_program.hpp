#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/process/line_workers.hpp"
#include "core/process/sandbox.hpp"
#include "evaluators/evaluator.hpp"

namespace assay {

// What `type: code` means wherever it stands: the program behind it, and what it may answer.

/// The program of an entry, behind the sandbox unless the entry says `sandbox: none`.
struct CodeProgram {
    LineProgram program;
    /// For one answer; nothing: without a sandbox only the caller's own deadline holds.
    std::optional<std::chrono::milliseconds> wall;
};

/// @param parameters  `command` and `sandbox`, which obey the evaluator's schema.
/// @param defaults  what holds where the entry's `sandbox` says nothing.
/// @error a message that begins with the parameter in quotes: a value that cannot be read, and,
/// where
///        the program is to run here, a sandbox that cannot run or a program that is not there.
[[nodiscard]] Result<CodeProgram> make_code_program(const Json& parameters,
                                                    const EvaluatorEnvironment& environment,
                                                    SandboxSpec defaults = {});

/// SHA-256 over the names and contents of the files that a command names: a changed script is a
/// changed evaluator. What a script loads by itself is not seen. "" when it names no file.
///
/// @param folder  where relative names begin.
[[nodiscard]] std::string fingerprint_of_command(const std::vector<std::string>& command,
                                                 const std::filesystem::path& folder);

/// The scores that an entry declares under `scores`, or the one of its own name.
[[nodiscard]] std::vector<DeclaredScore> declared_code_scores(const Json& parameters);

/// Reads an answer, {"scores": [{"name", "value", "comment"}]} or {"error": ...}.
/// @error invalid_argument when it is neither; unavailable with what the program reports.
[[nodiscard]] Result<std::vector<Score>> read_code_answer(const Json& answer);
/// The same of an answer's text. @error invalid_argument when it is no JSON, too.
[[nodiscard]] Result<std::vector<Score>> parse_code_answer(std::string_view answer);

}  // namespace assay
