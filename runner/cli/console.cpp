#include "runner/cli/console.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>

#include "core/base/text.hpp"
#include "runner/cli/repository.hpp"
#include "runner/report/grid.hpp"

namespace assay {
namespace {

constexpr std::size_t k_columns_min = 40;
constexpr std::size_t k_columns_max = 200;
constexpr std::size_t k_columns_default = 80;

std::string_view environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

std::size_t terminal_columns() {
    std::size_t columns = 0;
    const std::string_view wanted = environment("COLUMNS");
    std::from_chars(wanted.data(), wanted.data() + wanted.size(), columns);
    winsize size{};
    if (columns == 0 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) columns = size.ws_col;
    if (columns == 0) columns = k_columns_default;
    return std::clamp(columns, k_columns_min, k_columns_max);
}

void print(std::FILE* stream, std::string_view text) {
    (void)std::fwrite(text.data(), 1, text.size(), stream);  // a closed pipe is no failure of ours
    (void)std::fflush(stream);
}

std::string escaped(std::string_view text, bool property) {
    std::string safe;
    for (const char c : text) {
        const bool special =
            c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','));
        if (special) {
            safe += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        } else {
            safe += c;
        }
    }
    return safe;
}

}  // namespace

Console Console::detect(bool no_color) {
    Console console;
    console.columns = terminal_columns();
    console.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
    console.error_is_terminal = ::isatty(STDERR_FILENO) == 1 && environment("CI").empty();
    console.color = console.out_is_terminal && !no_color && environment("NO_COLOR").empty() &&
                    environment("TERM") != "dumb";
    return console;
}

void print_out(std::string_view text) { print(stdout, text); }
void print_error(std::string_view text) { print(stderr, text); }

void print_field(std::string_view label, const Json& value, std::size_t label_columns) {
    const std::string text = as_text(value);
    if (text.find('\n') == std::string::npos) {
        print_out(fmt::format("  {} {}\n", pad_right(terminal_safe(label), label_columns),
                              terminal_safe(text)));
        return;
    }
    print_out(fmt::format("  {}\n", terminal_safe(label)));
    for (const std::string_view line : split(text, '\n')) {
        print_out(fmt::format("    {}\n", terminal_safe(line)));
    }
}

ExitCode report_error(const Error& error) {
    print_error(fmt::format("assay: {}\n", error.message));
    return exit_code_for(error.code);
}

ExitCode end_with(const Result<ExitCode>& result) {
    return result ? *result : report_error(result.error());
}

ExitCode report_mistakes(const Diagnostics& diagnostics) {
    Diagnostics shown = diagnostics;
    for (Diagnostic& diagnostic : shown) {
        if (diagnostic.place.file.empty()) diagnostic.place.file = "assay";
    }
    print_error(to_string(std::move(shown)) + "\n");
    if (in_github_actions()) {
        for (Diagnostic diagnostic : diagnostics) {
            diagnostic.place.file = path_in_repository(diagnostic.place.file);
            print_error(github_annotation(diagnostic) + "\n");
        }
    }
    return ExitCode::usage;
}

bool in_github_actions() { return environment("GITHUB_ACTIONS") == "true"; }

std::string github_annotation(const Diagnostic& diagnostic, std::string_view level) {
    const Place& place = diagnostic.place;
    std::string where;
    const bool on_command_line = place.file.starts_with("--");
    if (!place.file.empty() && !on_command_line) where += " file=" + escaped(place.file, true);
    if (place.line > 0) where += fmt::format(",line={}", place.line);
    if (place.column > 0) where += fmt::format(",col={}", place.column);
    return fmt::format("::{}{}::{}", level, where, escaped(diagnostic.message, false));
}

}  // namespace assay
