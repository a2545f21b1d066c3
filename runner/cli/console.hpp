#pragma once

#include <cstddef>
#include <string_view>

#include "core/base/diagnostic.hpp"
#include "core/base/json.hpp"
#include "runner/cli/exit_code.hpp"

namespace assay {

/// The terminal this process talks to. stdout carries results, stderr progress and messages.
struct Console {
    std::size_t columns = 80;
    bool out_is_terminal = false;
    bool error_is_terminal = false;
    bool color = false;  ///< of stdout

    /// Looks at the terminal, COLUMNS, NO_COLOR and CI.
    [[nodiscard]] static Console detect(bool no_color);
};

void print_out(std::string_view text);
void print_error(std::string_view text);
/// The room that the labels of a list of fields have, unless one of them is longer.
constexpr std::size_t k_label_columns = 10;
/// A label and a value below or beside it, as the value's lines ask for, safe for a terminal.
void print_field(std::string_view label, const Json& value,
                 std::size_t label_columns = k_label_columns);

/// Prints "assay: MESSAGE" on stderr and gives the exit code that belongs to the error.
ExitCode report_error(const Error& error);
/// What a command ends with: its own exit code, or that of the error, which is printed.
ExitCode end_with(const Result<ExitCode>& result);
/// Prints every mistake on stderr, in order of place, and a GitHub annotation for each where the
/// environment asks for them.
ExitCode report_mistakes(const Diagnostics& diagnostics);

/// Whether GitHub Actions reads what is printed.
[[nodiscard]] bool in_github_actions();
/// `::error file=...,line=...::message` with everything escaped as GitHub wants.
/// @param diagnostic  its file as path_in_repository() names it.
/// @param level       "error", "warning" or "notice".
[[nodiscard]] std::string github_annotation(const Diagnostic& diagnostic,
                                            std::string_view level = "error");

}  // namespace assay
