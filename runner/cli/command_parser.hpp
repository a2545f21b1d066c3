#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "runner/cli/arguments.hpp"
#include "runner/cli/command_tree.hpp"

namespace assay {

/// A check for one of some words, which names the nearest one.
[[nodiscard]] inline CLI::Validator one_of(std::string what, std::vector<std::string> words) {
    return CLI::Validator(
        [what = std::move(what), words = std::move(words)](const std::string& text) {
            if (std::ranges::find(words, text) != words.end()) return std::string();
            return fmt::format("there is no {} \"{}\"{}; it is one of {}", what, text,
                               did_you_mean(text, words), fmt::join(words, ", "));
        },
        "");
}

/// A check for counts: without one the library wraps a negative number into a huge one. It has no
/// description, so that the help stays short.
[[nodiscard]] inline CLI::Validator whole_number(std::uint64_t least) {
    return CLI::Validator(
        [least](const std::string& text) {
            std::uint64_t value = 0;
            const auto [end, error] =
                std::from_chars(text.data(), text.data() + text.size(), value);
            const bool whole = error == std::errc() && end == text.data() + text.size();
            if (whole && value >= least) return std::string();
            return fmt::format("must be a whole number of at least {}, not \"{}\"", least, text);
        },
        "");
}

/// Builds the parser. Each command has a function that adds it and says what it fills; those on
/// stored runs stand in declare_stored_commands.cpp, the server's in declare_server_commands.cpp,
/// those on datasets, prompts and traces in declare_resource_commands.cpp, `judge` in
/// declare_judge_command.cpp.
class CommandParser {
  public:
    explicit CommandParser(CommandLine& result);

    CLI::App& app() { return app_; }
    CommandTree describe();

  private:
    /// A command whose arguments live as long as the parser.
    template <class Arguments>
    std::pair<CLI::App*, Arguments*> command(const char* name, const char* summary,
                                             const char* footer) {
        CLI::App* const sub = app_.add_subcommand(name, summary);
        sub->footer(footer);
        sub->add_flag("--no-color", result_.no_color, "No colours, whatever the terminal can do");
        auto arguments = std::make_shared<Arguments>();
        sub->callback([this, arguments] { result_.command = *arguments; });
        return {sub, arguments.get()};
    }

    static void add_store(CLI::App* sub, StoreArguments* arguments) {
        sub->add_option("--store", arguments->store, "Folder of the stored runs")
            ->type_name("DIR")
            ->capture_default_str();
    }

    void add_source(CLI::App* sub, SourceArguments* arguments,
                    const std::vector<std::string>& actions);
    static void add_reports(CLI::App* sub, std::vector<std::string>& out);
    void add_progress(CLI::App* sub, ProgressMode& progress);
    void add_selection(CLI::App* sub, RunArguments* a);

    ArgumentInfo describe(const CLI::Option& option) const;
    CommandInfo describe(CLI::App& app) const;

    void add_init();
    void add_run();
    void add_plan();
    void add_rescore();
    void add_merge();
    void add_validate();
    void add_runs();
    void add_show();
    void add_gate();
    void add_export();
    void add_compare();
    void add_baseline();
    void add_verify();
    void add_noise();
    void add_flakes();
    void add_judge();
    void add_lists();
    void add_providers();
    void add_datasets();
    void add_prompts();
    void add_traces();
    void add_cache();
    void add_serve();
    void add_keys();
    void add_schema();
    void add_doctor();
    void add_shell();

    CommandLine& result_;
    std::map<const CLI::Option*, std::vector<std::string>> suggestions_;
    CLI::App app_{"Evaluates LLM applications: runs experiments, scores them, decides gates.",
                  "assay"};
};

}  // namespace assay
