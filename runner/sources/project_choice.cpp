#include "runner/sources/project_choice.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/base/text.hpp"

namespace assay {
namespace {

constexpr const char* k_projects =
    "SELECT p.id FROM projects p LEFT JOIN project_settings s USING(project) "
    "WHERE s.removed_at IS NULL ORDER BY p.project";

Result<std::vector<std::string>> project_ids(Session& session) {
    std::vector<std::string> ids;
    ASSAY_TRY(Rows rows, session.connection().query(k_projects));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return ids;
        ids.push_back(rows.id(0));
    }
}

std::vector<std::string> safe(std::vector<std::string> texts) {
    for (std::string& text : texts) text = terminal_safe(text);
    return texts;
}

}  // namespace

Result<ProjectId> choose_project(Session& session, const std::string& wanted) {
    ASSAY_TRY(const std::vector<std::string> ids, project_ids(session));
    const auto has = [&](const std::string& id) { return std::ranges::find(ids, id) != ids.end(); };
    const std::string usual = default_project_id().value();
    if (!wanted.empty() && (has(wanted) || wanted == usual)) return ProjectId(wanted);
    if (wanted.empty() && (has(usual) || ids.empty())) return ProjectId(usual);
    if (wanted.empty() && ids.size() == 1) return ProjectId(ids.front());
    if (wanted.empty()) {
        return failure(ErrorCode::not_found,
                       fmt::format("the store has several projects: choose with --project: {}",
                                   fmt::join(safe(ids), ", ")));
    }
    const std::string nearest = did_you_mean(wanted, safe(ids));
    return failure(ErrorCode::not_found,
                   fmt::format("the store has no project \"{}\"{}", terminal_safe(wanted),
                               nearest.empty() && !ids.empty()
                                   ? fmt::format("; it has {}", fmt::join(safe(ids), ", "))
                                   : nearest));
}

std::string describe_place(const ProjectId& project, const std::string& folder) {
    return fmt::format("the project \"{}\" of {}", terminal_safe(project.value()), folder);
}

}  // namespace assay
