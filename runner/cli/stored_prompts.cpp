#include "runner/cli/stored_prompts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "core/base/text.hpp"
#include "server/resources/prompt_compose.hpp"

namespace assay {
namespace {

std::vector<std::string> safe(std::vector<std::string> names) {
    for (std::string& name : names) name = terminal_safe(name);
    return names;
}

Result<PromptRecord> find_stored(Session& session, std::int64_t project,
                                 const StoredPromptName& name) {
    PromptSelector selector{.version = name.version};
    if (!name.version) selector.label = name.label;
    ASSAY_TRY(auto prompt, read_prompt(session, project, name.name, selector));
    if (prompt) return std::move(*prompt);
    const std::string which = name.version ? fmt::format("version {}", *name.version)
                                           : fmt::format("label \"{}\"", name.label);
    ASSAY_TRY(const PromptPage all,
              list_prompts(session, project, {}, 0, std::numeric_limits<std::int64_t>::max()));
    std::vector<std::string> names;
    for (const PromptSummary& each : all.prompts) names.push_back(each.name);
    const bool is_name_known = std::ranges::find(names, name.name) != names.end();
    return failure(ErrorCode::not_found,
                   is_name_known
                       ? fmt::format("the prompt \"{}\" of the store has no {}", name.name, which)
                       : fmt::format("the store has no prompt \"{}\"{}", name.name,
                                     did_you_mean(name.name, safe(std::move(names)))));
}

}  // namespace

StoredPrompts stored_prompts(std::string folder) {
    return [folder = std::move(folder)](const StoredPromptName& name) -> Result<StoredPrompt> {
        ASSAY_TRY(const auto database, Database::open(folder, Database::Missing::refuse));
        Session& session = database->reader();
        ASSAY_TRY(const std::int64_t project, session.find_project(default_project_id()));
        ASSAY_TRY(const PromptRecord prompt, find_stored(session, project, name));
        ASSAY_TRY(ResolvedPrompt resolved, resolve_prompt(session, project, prompt));
        return StoredPrompt{.version = prompt.version, .content = std::move(resolved.content)};
    };
}

}  // namespace assay
