#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "judges/provider.hpp"
#include "runner/cli/commands.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t k_free_bytes_wanted = 500U << 20U;

enum class Health : std::uint8_t { good, note, bad };

/// One line of the doctor's report.
struct Finding {
    std::string id;
    Health health = Health::good;
    std::string text;
};

const char* to_string(Health health) {
    switch (health) {
        case Health::good: return "ok";
        case Health::note: return "note";
        case Health::bad: return "problem";
    }
    std::unreachable();
}

/// The nearest folder above `path` that exists: where a new folder would be made.
fs::path existing_parent(fs::path path) {
    std::error_code ignored;
    path = fs::absolute(path, ignored);
    while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
    return path;
}

Finding check_store(const std::string& folder) {
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) {
        const fs::path parent = existing_parent(folder);
        if (::access(parent.c_str(), W_OK) == 0) {
            return {"store", Health::good,
                    fmt::format("no runs are stored in {} yet; it can be created", folder)};
        }
        return {"store", Health::bad,
                fmt::format("{} cannot be created: {} is not writable; use --store DIR", folder,
                            parent.string())};
    }
    const auto store = Store::open_existing(folder, default_project_id());
    if (!store) return {"store", Health::bad, store.error().message};
    const auto runs = (*store)->runs();
    if (!runs) return {"store", Health::bad, runs.error().message};
    return {"store", Health::good, fmt::format("{} holds {} runs", folder, runs->size())};
}

Finding check_disk(const std::string& folder) {
    std::error_code error;
    const fs::space_info space = fs::space(existing_parent(folder), error);
    if (error) return {"disk", Health::note, "free space cannot be read: " + error.message()};
    const std::string free = fmt::format("{} MB free", space.available >> 20U);
    if (space.available < k_free_bytes_wanted) {
        return {"disk", Health::bad, free + ": runs may not fit; free some space"};
    }
    return {"disk", Health::good, free};
}

Finding check_program(const std::string& program, std::string_view needed_for) {
    const char* const path = std::getenv("PATH");
    for (const std::string_view folder : split(path == nullptr ? "" : path, ':')) {
        const fs::path candidate = fs::path(folder) / program;
        if (::access(candidate.c_str(), X_OK) == 0) {
            return {program, Health::good, candidate.string()};
        }
    }
    return {program, Health::note, fmt::format("not found; {}", needed_for)};
}

Finding check_provider(const ProviderDefinition& definition) {
    const std::string variable(definition.api_key_variable);
    const char* const key = std::getenv(variable.c_str());
    if (key != nullptr && *key != '\0') {
        return {std::string(definition.id), Health::good, variable + " is set"};
    }
    return {std::string(definition.id), Health::note,
            fmt::format("{} is not set; needed to call {}", variable, definition.id)};
}

std::vector<Finding> examine(const std::string& store) {
    std::vector<Finding> findings;
    findings.push_back({"assay", Health::good, std::string(k_version)});
    findings.push_back(check_store(store));
    findings.push_back(check_disk(store));
    findings.push_back(check_program("python3", "needed by tasks and scorers written in Python"));
    findings.push_back(check_program("node", "needed by tasks and scorers written in JavaScript"));
    for (const ProviderDefinition* definition : builtin_providers()) {
        if (definition->key_required) findings.push_back(check_provider(*definition));
    }
    return findings;
}

}  // namespace

ExitCode doctor_command(const DoctorArguments& arguments, const Console& /*console*/) {
    OrderedJson list = OrderedJson::array();
    bool healthy = true;
    for (const Finding& finding : examine(arguments.store)) {
        healthy = healthy && finding.health != Health::bad;
        list.push_back(
            {{"id", finding.id}, {"status", to_string(finding.health)}, {"text", finding.text}});
        if (arguments.json) continue;
        print_out(
            fmt::format("{:<8} {:<10} {}\n", to_string(finding.health), finding.id, finding.text));
    }
    if (arguments.json) {
        print_out(to_pretty_text(list));
    } else {
        print_out(healthy ? "Everything that is needed is here.\n"
                          : "Mend what is marked \"problem\", then run `assay doctor` again.\n");
    }
    return healthy ? ExitCode::ok : ExitCode::incomplete;
}

}  // namespace assay
