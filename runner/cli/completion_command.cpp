#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runner/cli/command_tree.hpp"
#include "runner/cli/commands.hpp"

namespace assay {
namespace {

/// Every name of an option, as in "-j --concurrency".
std::string all_names(const std::vector<ArgumentInfo>& options) {
    std::vector<std::string> names;
    for (const ArgumentInfo& option : options) {
        names.insert(names.end(), option.names.begin(), option.names.end());
    }
    return fmt::to_string(fmt::join(names, " "));
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
    return text;
}

// --- bash ---------------------------------------------------------------------------------------

constexpr std::string_view k_bash_head =
    R"(# Completion of assay for bash: source <(assay completion bash)

# _assay_offer files|folders|words WORDS: what begins like the word being typed.
_assay_offer() {
    COMPREPLY=($(compgen -W "$2" -- "$current"))
    [[ $1 == words ]] && return
    compopt -o filenames 2>/dev/null
    local kind=-f IFS=$'\n'
    [[ $1 == folders ]] && kind=-d
    COMPREPLY+=($(compgen "$kind" -- "$current"))
}

_assay() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    [[ $current == = ]] && current=
    [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
    COMPREPLY=()
)";

std::string bash_offer(const std::vector<ArgumentInfo>& values) {
    std::string_view kind = "words";
    std::vector<std::string> words;
    for (const ArgumentInfo& value : values) {
        if (value.takes_file()) kind = "files";
        if (value.takes_folder()) kind = "folders";
        words.insert(words.end(), value.suggestions.begin(), value.suggestions.end());
    }
    return fmt::format("_assay_offer {} \"{}\"", kind, fmt::join(words, " "));
}

std::string bash_command(const CommandInfo& command) {
    std::string text = fmt::format("    {})\n        case $previous in\n", command.name);
    for (const ArgumentInfo& option : command.options) {
        if (option.value.empty()) continue;
        text += fmt::format("        {}) {}; return ;;\n", fmt::join(option.names, " | "),
                            bash_offer({option}));
    }
    text += fmt::format(
        "        esac\n        [[ $current == -* ]] && {{ _assay_offer words \"{}\"; "
        "return; }}\n",
        all_names(command.options));
    return text + fmt::format("        {} ;;\n", bash_offer(command.arguments));
}

std::string bash_script(const CommandTree& tree) {
    std::string names = all_names(tree.program.options);
    std::string commands;
    for (const CommandInfo& command : tree.commands) {
        names += " " + command.name;
        commands += bash_command(command);
    }
    return fmt::format(
        "{}    ((COMP_CWORD == 1)) && {{ _assay_offer words \"{}\"; return; }}\n"
        "    case ${{COMP_WORDS[1]}} in\n{}    esac\n}}\ncomplete -F _assay assay\n",
        k_bash_head, names, commands);
}

// --- zsh ----------------------------------------------------------------------------------------

/// Text inside an argument of _arguments or _describe, which stands in single quotes.
std::string zsh_text(std::string text) {
    for (const char* const special : {"\\", "[", "]", ":"}) {
        text = replace_all(std::move(text), special, std::string("\\") + special);
    }
    return replace_all(std::move(text), "'", "'\\''");
}

std::string zsh_action(const ArgumentInfo& argument) {
    if (argument.takes_file()) return "_files";
    if (argument.takes_folder()) return "_files -/";
    if (argument.suggestions.empty()) return " ";
    return fmt::format("({})", fmt::join(argument.suggestions, " "));
}

std::string zsh_option(const ArgumentInfo& option) {
    std::string text = fmt::format("[{}]", zsh_text(option.summary));
    if (!option.value.empty()) {
        text += fmt::format(":{}:{}", zsh_text(option.value), zsh_action(option));
    }
    const std::string_view ending = option.value.empty() ? "" : "=";
    if (option.names.size() == 1) {
        return fmt::format("'{}{}{}{}'", option.repeatable ? "*" : "", option.names.front(), ending,
                           text);
    }
    return fmt::format("'({0})'{{{1}}}'{2}'", fmt::join(option.names, " "),
                       fmt::join(option.names, ","), text);
}

std::string zsh_command(const CommandInfo& command) {
    std::string text = fmt::format("        {})\n            _arguments", command.name);
    for (const ArgumentInfo& option : command.options) {
        text += " \\\n                " + zsh_option(option);
    }
    for (const ArgumentInfo& argument : command.arguments) {
        const std::string_view place = argument.repeatable ? "*:" : argument.required ? ":" : "::";
        text += fmt::format(" \\\n                '{}{}:{}'", place, zsh_text(argument.value),
                            zsh_action(argument));
    }
    return text + " ;;\n";
}

std::string zsh_script(const CommandTree& tree) {
    std::string names;
    std::string commands;
    for (const CommandInfo& command : tree.commands) {
        names += fmt::format("        '{}:{}'\n", command.name, zsh_text(command.summary));
        commands += zsh_command(command);
    }
    std::string options;
    for (const ArgumentInfo& option : tree.program.options) {
        options += " \\\n        " + zsh_option(option);
    }
    return fmt::format(R"(#compdef assay
# Completion of assay for zsh: assay completion zsh > a folder of $fpath/_assay

_assay() {{
    local context state state_descr line
    typeset -A opt_args
    local -a commands=(
{}    )
    _arguments -C{} \
        '1:command:->command' '*::argument:->arguments'
    case $state in
    command) _describe command commands ;;
    arguments)
        case $words[1] in
{}        esac ;;
    esac
}}

if [[ $funcstack[1] == _assay ]]; then _assay "$@"; else compdef _assay assay; fi
)",
                       names, options, commands);
}

// --- fish ---------------------------------------------------------------------------------------

std::string fish_text(std::string text) {
    text = replace_all(std::move(text), "\\", "\\\\");
    return "'" + replace_all(std::move(text), "'", "\\'") + "'";
}

/// What an option's value or an argument may be; without -F no file is offered.
std::string fish_values(const ArgumentInfo& argument) {
    if (argument.takes_file()) return " -F";
    if (argument.takes_folder()) return " -a '(__fish_complete_directories)'";
    if (argument.suggestions.empty()) return "";
    return fmt::format(" -a {}", fish_text(fmt::to_string(fmt::join(argument.suggestions, " "))));
}

std::string fish_option(const ArgumentInfo& option, std::string_view condition) {
    std::string text = fmt::format("complete -c assay -n {}", condition);
    for (const std::string& name : option.names) {
        const bool is_long = name.starts_with("--");
        text += fmt::format(" {} {}", is_long ? "-l" : "-s", name.substr(is_long ? 2 : 1));
    }
    text += fmt::format(" -d {}", fish_text(option.summary));
    if (!option.value.empty()) {
        text += (option.takes_file() ? " -r" : " -x") + fish_values(option);
    }
    return text + "\n";
}

std::string fish_script(const CommandTree& tree) {
    std::string text =
        "# Completion of assay for fish: assay completion fish > "
        "~/.config/fish/completions/assay.fish\n\n"
        "complete -c assay -f\n";
    for (const ArgumentInfo& option : tree.program.options) {
        text += fish_option(option, "__fish_use_subcommand");
    }
    for (const CommandInfo& command : tree.commands) {
        text += fmt::format("\ncomplete -c assay -n __fish_use_subcommand -a {} -d {}\n",
                            command.name, fish_text(command.summary));
        const std::string condition = fmt::format("'__fish_seen_subcommand_from {}'", command.name);
        for (const ArgumentInfo& option : command.options) text += fish_option(option, condition);
        for (const ArgumentInfo& argument : command.arguments) {
            text += fmt::format("complete -c assay -n {}{}\n", condition, fish_values(argument));
        }
    }
    return text;
}

}  // namespace

std::string completion_script(const CommandTree& tree, const std::string& shell) {
    if (shell == "zsh") return zsh_script(tree);
    if (shell == "fish") return fish_script(tree);
    return bash_script(tree);
}

ExitCode completion_command(const CompletionArguments& arguments, const Console& /*console*/) {
    print_out(completion_script(command_tree(), arguments.shell));
    return ExitCode::ok;
}

}  // namespace assay
