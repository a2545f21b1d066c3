#pragma once

#include <string>
#include <vector>

namespace assay {

// What the command line offers, as plain values: the completion scripts and the manual page are
// written from it, so that they cannot say anything else than the parser does.

/// An option, or an argument that stands alone.
struct ArgumentInfo {
    std::vector<std::string> names;  ///< "-j", "--concurrency"; empty: it stands alone
    std::string value;               ///< "FILE"; "" = an option without a value
    std::string summary;
    std::vector<std::string> suggestions;  ///< values worth offering
    bool required = false;
    bool repeatable = false;

    [[nodiscard]] bool takes_file() const { return value == "FILE" || value == "SPEC"; }
    [[nodiscard]] bool takes_folder() const { return value == "DIR"; }
};

struct CommandInfo {
    std::string name;
    std::string summary;
    std::string footer;  ///< examples and whatever else there is to know
    std::vector<ArgumentInfo> options;
    std::vector<ArgumentInfo> arguments;  ///< those that stand alone, in order
};

struct CommandTree {
    CommandInfo program;
    std::vector<CommandInfo> commands;
};

[[nodiscard]] CommandTree command_tree();

/// The script that makes a shell complete the command line.
/// @param shell  "bash", "zsh" or "fish".
[[nodiscard]] std::string completion_script(const CommandTree& tree, const std::string& shell);
/// The manual page assay(1), in the language of man(7).
[[nodiscard]] std::string manual_page(const CommandTree& tree);

}  // namespace assay
