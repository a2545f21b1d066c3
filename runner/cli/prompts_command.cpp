// Prompts of a store or a server, and the same prompts as files.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "core/base/diagnostic.hpp"
#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/open_source.hpp"
#include "runner/cli/prompt_files.hpp"
#include "server/resources/prompt_rules.hpp"

namespace assay {
namespace {

constexpr const char* k_author = "CLI";

/// One command on one store or server.
class PromptsCommand {
  public:
    PromptsCommand(const PromptsArguments& arguments, const Console& console, PromptSource& source)
        : arguments_(arguments), console_(console), source_(source) {}

    [[nodiscard]] Result<ExitCode> run();

  private:
    [[nodiscard]] std::filesystem::path folder() const {
        return arguments_.target.empty() ? "prompts" : arguments_.target;
    }
    [[nodiscard]] PromptSelector selector() const;
    [[nodiscard]] bool is_meant(const std::string& name) const {
        return arguments_.names.empty() ||
               std::ranges::find(arguments_.names, name) != arguments_.names.end();
    }
    /// @error not_found, with the nearest name, for one of --name that is none of `names`.
    /// @param otherwise  what is said when no name is near.
    [[nodiscard]] Result<void> check_names(const std::vector<std::string>& names,
                                           const std::string& otherwise) const;
    /// "; `assay prompts` lists them".
    [[nodiscard]] std::string where_listed() const;
    [[nodiscard]] Result<std::vector<PromptFile>> meant_files() const;

    /// Pushes what can be pushed now, and takes it out of `files`.
    [[nodiscard]] Result<void> push_what_can_be(std::vector<PromptFile>& files);
    [[nodiscard]] Result<void> push_file(const PromptFile& file);

    [[nodiscard]] Result<ExitCode> list();
    [[nodiscard]] Result<ExitCode> show();
    [[nodiscard]] Result<ExitCode> push();
    [[nodiscard]] Result<ExitCode> pull();
    [[nodiscard]] Result<ExitCode> diff();

    const PromptsArguments& arguments_;
    const Console& console_;
    PromptSource& source_;
    std::vector<std::string> told_;  ///< of what was pushed, to be printed when it is sure
};

PromptSelector PromptsCommand::selector() const {
    if (arguments_.version) {
        return {.version = static_cast<std::int64_t>(*arguments_.version)};
    }
    return {.label = arguments_.labels.empty() ? k_latest_label : arguments_.labels.front()};
}

std::vector<std::string> names_of(const std::vector<PromptSummary>& prompts) {
    std::vector<std::string> names;
    for (const PromptSummary& prompt : prompts) names.push_back(prompt.name);
    return names;
}

/// @param otherwise  what is said when no name is near.
Error no_prompt(const std::string& name, std::vector<std::string> names,
                const std::string& otherwise) {
    for (std::string& each : names) each = terminal_safe(each);
    const std::string nearest = did_you_mean(name, names);
    return {ErrorCode::not_found, fmt::format("there is no prompt \"{}\"{}", terminal_safe(name),
                                              nearest.empty() ? otherwise : nearest)};
}

std::string PromptsCommand::where_listed() const {
    return fmt::format("; `assay prompts{}` lists them", arguments_.source_options());
}

Result<void> PromptsCommand::check_names(const std::vector<std::string>& names,
                                         const std::string& otherwise) const {
    for (const std::string& name : arguments_.names) {
        if (std::ranges::find(names, name) != names.end()) continue;
        return std::unexpected(no_prompt(name, names, otherwise));
    }
    return {};
}

Result<std::vector<PromptFile>> PromptsCommand::meant_files() const {
    ASSAY_TRY(auto files, read_prompt_files(folder()));
    std::vector<std::string> names;
    for (const PromptFile& file : files) names.push_back(file.name);
    ASSAY_CHECK(check_names(names, fmt::format(" in {}", folder().string())));
    std::erase_if(files, [this](const PromptFile& file) { return !is_meant(file.name); });
    return files;
}

Result<ExitCode> PromptsCommand::list() {
    ASSAY_TRY(const auto prompts, source_.list());
    if (arguments_.json) {
        OrderedJson rows = OrderedJson::array();
        for (const PromptSummary& prompt : prompts) {
            rows.push_back({{"id", prompt.name},
                            {"name", prompt.name},
                            {"type", prompt.type},
                            {"versions", prompt.versions},
                            {"labels", prompt.labels},
                            {"tags", prompt.tags},
                            {"updated_at", to_rfc3339(prompt.updated)}});
        }
        print_out(to_pretty_text(rows));
        return ExitCode::ok;
    }
    if (prompts.empty()) {
        print_out(source_.why_empty() + "\n");
        return ExitCode::ok;
    }
    constexpr std::size_t k_fixed_columns = 6 + 10;  // type, versions
    const std::size_t room =
        console_.columns > k_fixed_columns + 24 ? console_.columns - k_fixed_columns : 24;
    print_out(fmt::format("{:<5} {:>8}  {}\n", "TYPE", "VERSIONS", "PROMPT (LABELS)"));
    for (const PromptSummary& prompt : prompts) {
        const std::string named =
            fmt::format("{} ({})", prompt.name, fmt::join(prompt.labels, ", "));
        print_out(fmt::format("{:<5} {:>8}  {}\n", terminal_safe(prompt.type),
                              prompt.versions.size(), fit_width(terminal_safe(named), room)));
    }
    return ExitCode::ok;
}

Result<ExitCode> PromptsCommand::show() {
    const std::string& name = arguments_.target;
    ASSAY_TRY(const auto prompt, source_.find(name, selector()));
    if (!prompt) {
        ASSAY_TRY(const auto prompts, source_.list());
        const auto names = names_of(prompts);
        if (std::ranges::find(names, name) == names.end()) {
            return std::unexpected(no_prompt(name, names, where_listed()));
        }
        return failure(ErrorCode::not_found,
                       fmt::format("the prompt \"{}\" has no version that is meant; `assay "
                                   "prompts{} --json` lists versions and labels",
                                   terminal_safe(name), arguments_.source_options()));
    }
    if (!arguments_.json) {
        const std::string text = prompt_file_text(prompt->content);
        for (const std::string_view line : split(text.substr(0, text.size() - 1), '\n')) {
            print_out(console_.out_is_terminal ? terminal_safe(line) : std::string(line));
            print_out("\n");
        }
        return ExitCode::ok;
    }
    OrderedJson json;
    json["id"] = prompt->id.value();
    json["name"] = prompt->name;
    json["version"] = prompt->version;
    json["type"] = prompt->type;
    json["prompt"] = prompt->content;
    json["config"] = prompt->config;
    json["labels"] = prompt->labels;
    json["tags"] = prompt->tags;
    json["commit_message"] =
        prompt->commit_message ? OrderedJson(*prompt->commit_message) : OrderedJson();
    json["created_at"] = to_rfc3339(prompt->created);
    print_out(to_pretty_text(json));
    return ExitCode::ok;
}

/// What is the newest version already is not pushed again.
Result<void> PromptsCommand::push_file(const PromptFile& file) {
    ASSAY_TRY(const auto newest, source_.find(file.name, {.label = k_latest_label}));
    if (newest && newest->type == file.type && newest->content == file.content) {
        const bool has_labels = std::ranges::all_of(arguments_.labels, [&](const auto& label) {
            return std::ranges::find(newest->labels, label) != newest->labels.end();
        });
        if (has_labels) return {};
        return source_.add_labels(file.name, newest->version, arguments_.labels);
    }
    NewPrompt prompt{.name = file.name,
                     .type = file.type,
                     .content = file.content,
                     .config = newest ? newest->config : Json::object(),
                     .created_by = k_author,
                     .labels = arguments_.labels};
    if (!arguments_.message.empty()) prompt.commit_message = arguments_.message;
    ASSAY_TRY(const PromptRecord made, source_.add(prompt));
    told_.push_back(fmt::format("{} v{}", terminal_safe(made.name), made.version));
    return {};
}

Result<void> PromptsCommand::push_what_can_be(std::vector<PromptFile>& files) {
    std::vector<PromptFile> refused;
    std::optional<Error> first;
    for (PromptFile& file : files) {
        auto pushed = push_file(file);
        if (pushed) continue;
        if (pushed.error().code != ErrorCode::invalid_argument) return pushed;
        if (!first) {
            first = pushed.error();
            first->message =
                fmt::format("{}: {}", terminal_safe(file.path.string()), first->message);
        }
        refused.push_back(std::move(file));
    }
    // A file may refer to one that comes later: it is tried again as long as that helps.
    if (refused.size() == files.size() && first) return std::unexpected(*first);
    files = std::move(refused);
    return {};
}

Result<ExitCode> PromptsCommand::push() {
    ASSAY_TRY(auto files, meant_files());
    for (const std::string& label : arguments_.labels) ASSAY_CHECK(check_prompt_label(label));
    const std::size_t count = files.size();
    const auto changed = source_.change([&]() -> Result<void> {
        while (!files.empty()) ASSAY_CHECK(push_what_can_be(files));
        return {};
    });
    if (changed || !source_.is_all_or_nothing()) {
        for (const std::string& line : told_) print_out(line + "\n");
        print_error(fmt::format("{} of {} prompts are new or changed\n", told_.size(), count));
    }
    if (!changed) return std::unexpected(changed.error());
    return ExitCode::ok;
}

Result<ExitCode> PromptsCommand::pull() {
    ASSAY_TRY(const auto prompts, source_.list());
    ASSAY_CHECK(check_names(names_of(prompts), where_listed()));
    std::size_t written = 0;
    for (const PromptSummary& each : prompts) {
        if (!is_meant(each.name)) continue;
        ASSAY_TRY(const auto prompt, source_.find(each.name, selector()));
        if (!prompt) continue;
        ASSAY_TRY(const auto path, prompt_path(folder(), *prompt));
        ASSAY_CHECK(write_file_atomically(path, prompt_file_text(prompt->content)));
        print_out(terminal_safe(path.string()) + "\n");
        ++written;
    }
    print_error(fmt::format("Wrote {} prompts\n", written));
    return ExitCode::ok;
}

Result<ExitCode> PromptsCommand::diff() {
    ASSAY_TRY(const auto files, meant_files());
    bool differ = false;
    for (const PromptFile& file : files) {
        ASSAY_TRY(const auto prompt, source_.find(file.name, selector()));
        if (prompt && prompt->content == file.content) continue;
        differ = true;
        const std::string name = terminal_safe(file.name);
        print_out(prompt ? fmt::format("--- {} v{}\n", name, prompt->version)
                         : fmt::format("--- {} is not stored\n", name));
        print_out(fmt::format("+++ {}\n", terminal_safe(file.path.string())));
        const std::string stored = prompt ? prompt_file_text(prompt->content) : "\n";
        const std::string here = prompt_file_text(file.content);
        print_out(compare_lines(std::string_view(stored).substr(0, stored.size() - 1),
                                std::string_view(here).substr(0, here.size() - 1)));
    }
    return differ ? ExitCode::gate_failed : ExitCode::ok;
}

Result<ExitCode> PromptsCommand::run() {
    if (arguments_.action == "show") return show();
    if (arguments_.action == "push") return push();
    if (arguments_.action == "pull") return pull();
    if (arguments_.action == "diff") return diff();
    return list();
}

Result<void> check_arguments(const PromptsArguments& arguments) {
    const std::string& action = arguments.action;
    const auto refuse = [](std::string message) {
        return failure(ErrorCode::invalid_argument, std::move(message));
    };
    if (action == "show" && arguments.target.empty()) {
        return refuse("`assay prompts show` takes one NAME; `assay prompts` lists them");
    }
    if (action == "list" && !arguments.target.empty()) {
        return refuse("`assay prompts list` takes neither a name nor a folder");
    }
    const bool is_of_folder = action == "push" || action == "pull" || action == "diff";
    if (!is_of_folder && !arguments.names.empty()) {
        return refuse(fmt::format("--name goes with push, pull and diff, not with {}", action));
    }
    if (action != "push" && !arguments.message.empty()) {
        return refuse(fmt::format("--message goes with push, not with {}", action));
    }
    if (is_of_folder && arguments.json) {
        return refuse(fmt::format("--json goes with list and show, not with {}", action));
    }
    if (arguments.version && action != "show") {
        return refuse(fmt::format("--version goes with show, not with {}", action));
    }
    if (action == "list" && !arguments.labels.empty()) return refuse("list takes no --label");
    const bool is_ambiguous = action != "push" && arguments.labels.size() > 1;
    if (is_ambiguous || (arguments.version && !arguments.labels.empty())) {
        return refuse("one --version or one --label says which version is meant");
    }
    return {};
}

Result<ExitCode> manage_prompts(const PromptsArguments& arguments, const Console& console) {
    ASSAY_CHECK(check_arguments(arguments));
    const auto missing =
        arguments.action == "push" ? Database::Missing::create : Database::Missing::refuse;
    ASSAY_TRY(const auto source, open_prompts(arguments, missing));
    return PromptsCommand(arguments, console, *source).run();
}

}  // namespace

ExitCode prompts_command(const PromptsArguments& arguments, const Console& console) {
    return end_with(manage_prompts(arguments, console));
}

}  // namespace assay
