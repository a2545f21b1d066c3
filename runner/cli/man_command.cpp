#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "runner/cli/command_tree.hpp"
#include "runner/cli/commands.hpp"

namespace assay {
namespace {

constexpr std::string_view k_man_tail = R"(.SH EXIT STATUS
.TP
.B 0
Done; every gate passed.
.TP
.B 1
A gate failed. The variable ASSAY_EXIT_GATE_FAILED gives it another code.
.TP
.B 2
The command line or the spec is wrong; nothing was called.
.TP
.B 3
Every unit ended, but a gate could not be decided, or coverage is too low.
.TP
.B 4
The run is incomplete, or the environment is broken.
.TP
.B 130
Interrupted.
.SH ENVIRONMENT
.TP
.BR OPENAI_API_KEY ", " OPENAI_BASE_URL
Key and address of the provider openai.
.TP
.BR HTTPS_PROXY ", " HTTP_PROXY ", " ALL_PROXY ", " NO_PROXY
The way to the network.
.TP
.BR NO_COLOR ", " COLUMNS
No colours; the width of what is printed.
.TP
.BR GITHUB_ACTIONS ", " GITHUB_STEP_SUMMARY
Set by GitHub: mistakes become annotations, the report is appended to the summary.
.SH FILES
.TP
.I .assay/assay.db
The stored runs.
.TP
.I .assay/cache
The cached replies.
)";

/// Text in which nothing is a request to the formatter.
std::string roff_text(std::string_view text) {
    std::string result;
    bool at_line_start = true;
    for (const char c : text) {
        if (at_line_start && (c == '.' || c == '\'')) result += "\\&";
        if (c == '\\') {
            result += "\\(rs";
        } else if (c == '-') {
            result += "\\-";
        } else {
            result += c;
        }
        at_line_start = c == '\n';
    }
    return result;
}

std::string value_name(const ArgumentInfo& argument) {
    const std::string name =
        fmt::format("\\fI{}\\fR{}", roff_text(argument.value), argument.repeatable ? "..." : "");
    return argument.required ? name : "[" + name + "]";
}

std::string option_entry(const ArgumentInfo& option) {
    std::vector<std::string> names;
    for (const std::string& name : option.names) {
        names.push_back(fmt::format("\\fB{}\\fR", roff_text(name)));
    }
    const std::string value =
        option.value.empty() ? "" : fmt::format(" \\fI{}\\fR", roff_text(option.value));
    return fmt::format(".TP\n{}{}\n{}.\n", fmt::join(names, ", "), value,
                       roff_text(option.summary));
}

/// The footer of a command keeps its lines: most of it are examples.
std::string verbatim(std::string_view text) {
    return text.empty() ? "" : fmt::format(".PP\n.nf\n{}\n.fi\n", roff_text(trim(text)));
}

bool has_option(const CommandInfo& command, const ArgumentInfo& option) {
    return std::ranges::any_of(command.options, [&](const ArgumentInfo& each) {
        return each.names == option.names && each.summary == option.summary;
    });
}

/// Options that every command has: said once.
bool is_common(const CommandTree& tree, const ArgumentInfo& option) {
    return std::ranges::all_of(
        tree.commands, [&](const CommandInfo& command) { return has_option(command, option); });
}

std::string command_section(const CommandTree& tree, const CommandInfo& command) {
    std::string usage = "assay " + command.name;
    for (const ArgumentInfo& argument : command.arguments) usage += " " + value_name(argument);
    std::string text = fmt::format(".SS {}\n{}.\n", usage, roff_text(command.summary));
    for (const ArgumentInfo& argument : command.arguments) {
        text += fmt::format(".TP\n\\fI{}\\fR\n{}.\n", argument.value, roff_text(argument.summary));
    }
    for (const ArgumentInfo& option : command.options) {
        if (!is_common(tree, option)) text += option_entry(option);
    }
    return text + verbatim(command.footer);
}

}  // namespace

std::string manual_page(const CommandTree& tree) {
    std::string text = fmt::format(
        ".TH ASSAY 1 \"\" \"assay {}\" \"User Commands\"\n"
        ".SH NAME\nassay \\- evaluate LLM applications\n"
        ".SH SYNOPSIS\n.B assay\n.I COMMAND\n[\\fIOPTION\\fR...]\n"
        ".SH DESCRIPTION\n{}\n",
        k_version, roff_text(tree.program.summary));
    for (const ArgumentInfo& option : tree.program.options) text += option_entry(option);
    text += verbatim(tree.program.footer);
    text += ".SH COMMANDS\nEach command also has\n";
    for (const ArgumentInfo& option : tree.commands.front().options) {
        if (is_common(tree, option)) text += option_entry(option);
    }
    for (const CommandInfo& command : tree.commands) text += command_section(tree, command);
    return text.append(k_man_tail);
}

ExitCode man_command(const ManArguments& /*arguments*/, const Console& /*console*/) {
    print_out(manual_page(command_tree()));
    return ExitCode::ok;
}

}  // namespace assay
