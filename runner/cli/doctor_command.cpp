#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "core/base/clock.hpp"
#include "core/base/text.hpp"
#include "core/base/version.hpp"
#include "core/process/sandbox.hpp"
#include "judges/provider.hpp"
#include "runner/cli/commands.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t k_free_bytes_wanted = 500U << 20U;
/// A pipe or a socket each for a few hundred units in flight.
constexpr rlim_t k_descriptors_wanted = 1024;
/// Written in 2026: a clock that says less was never set.
constexpr std::chrono::sys_days k_earliest_now{std::chrono::year{2026} / 1 / 1};

enum class Health : std::uint8_t { good, note, bad };

/// One line of the doctor's report. Nothing here may hold a secret: not even a proxy's address,
/// which can carry a password.
struct Finding {
    std::string id;
    Health health = Health::good;
    std::string text;
    std::string remedy = {};
};

const char* to_string(Health health) {
    switch (health) {
        case Health::good: return "ok";
        case Health::note: return "note";
        case Health::bad: return "problem";
    }
    std::unreachable();
}

/// The variable's value; nothing when it is not set or empty.
std::optional<std::string> environment(std::string_view name) {
    const char* const value = name.empty() ? nullptr : std::getenv(std::string(name).c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

/// The nearest folder above `path` that exists: where a new folder would be made.
fs::path existing_parent(fs::path path) {
    std::error_code ignored;
    path = fs::absolute(path, ignored);
    while (!fs::exists(path, ignored) && path.has_relative_path()) path = path.parent_path();
    return path;
}

bool is_writable(const fs::path& path) { return ::access(path.c_str(), W_OK) == 0; }

Finding check_store(const std::string& folder) {
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) {
        const std::string parent = existing_parent(folder).string();
        if (fs::is_directory(parent, ignored) && is_writable(parent)) {
            return {"store", Health::good,
                    fmt::format("no runs are stored in {} yet; it can be created", folder)};
        }
        return {"store", Health::bad,
                fmt::format("{} cannot be created: {} is no folder to write in", folder, parent),
                "use --store DIR"};
    }
    // Opening brings an older format up to date and refuses a newer one.
    const auto store = Store::open_existing(folder, default_project_id());
    if (!store) return {"store", Health::bad, store.error().message};
    const auto runs = (*store)->runs();
    if (!runs) return {"store", Health::bad, runs.error().message};
    if (!is_writable(folder)) {
        return {"store", Health::bad, folder + " is not writable, so no run can be stored",
                "change its owner or mode, or use --store DIR"};
    }
    return {"store", Health::good,
            fmt::format("{} holds {} run{}, in the format of this version", folder, runs->size(),
                        runs->size() == 1 ? "" : "s")};
}

Finding check_disk(const std::string& folder) {
    std::error_code error;
    const fs::space_info space = fs::space(existing_parent(folder), error);
    if (error) return {"disk", Health::note, "free space cannot be read: " + error.message()};
    const std::string free = fmt::format("{} MB free", space.available >> 20U);
    if (space.available < k_free_bytes_wanted) {
        return {"disk", Health::bad, free + ": runs may not fit", "free some space"};
    }
    return {"disk", Health::good, free};
}

Finding check_temporary_folder() {
    const std::string folder = environment("TMPDIR").value_or("/tmp");
    if (is_writable(folder)) return {"temp", Health::good, folder};
    return {"temp", Health::bad, folder + " is not writable", "set TMPDIR to a folder that is"};
}

Finding check_program(const std::string& program, std::string_view needed_for) {
    const std::string path = environment("PATH").value_or("");
    for (const std::string_view folder : split(path, ':')) {
        const fs::path candidate = fs::path(folder) / program;
        if (::access(candidate.c_str(), X_OK) == 0) {
            return {program, Health::good, candidate.string()};
        }
    }
    return {program, Health::note, "not found in PATH",
            fmt::format("install it for {}", needed_for)};
}

Finding check_sandbox() {
    const Result<void> available = sandbox_available();
    if (available) return {"sandbox", Health::good, "code evaluators can be shut in"};
    return {"sandbox", Health::note, available.error().message,
            "code evaluators are refused, unless they say sandbox: none"};
}

Finding check_provider(const ProviderDefinition& definition) {
    const std::string id(definition.id);
    const std::string variable(definition.api_key_variable);
    const std::optional<std::string> base_url = environment(definition.base_url_variable);
    if (base_url && !base_url->starts_with("https://") && !base_url->starts_with("http://")) {
        return {id, Health::bad, fmt::format("{} is no URL", definition.base_url_variable),
                "let it begin with https://"};
    }
    const std::string address =
        base_url ? fmt::format("; {} is set", definition.base_url_variable) : "";
    const std::optional<std::string> key = environment(variable);
    if (!key) {
        return {id, Health::note, variable + " is not set" + address,
                fmt::format("set it to call {}", id)};
    }
    if (trim(*key) != *key) {
        return {id, Health::bad, variable + " begins or ends with white space", "set it again"};
    }
    return {id, Health::good, variable + " is set" + address};
}

/// The names alone: a proxy's address may hold a password.
Finding check_proxy() {
    std::vector<std::string_view> seen;
    for (const std::string_view name : {"HTTPS_PROXY", "https_proxy", "http_proxy", "ALL_PROXY",
                                        "all_proxy", "NO_PROXY", "no_proxy"}) {
        if (environment(name)) seen.push_back(name);
    }
    if (seen.empty()) return {"proxy", Health::good, "none: calls go out directly"};
    return {"proxy", Health::good, fmt::format("{} set", fmt::join(seen, ", "))};
}

Finding check_descriptors() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return {"limits", Health::note, "the limit of open files cannot be read"};
    }
    if (limit.rlim_cur == RLIM_INFINITY)
        return {"limits", Health::good, "any number of open files"};
    const std::string text = fmt::format("{} open files", limit.rlim_cur);
    if (limit.rlim_cur >= k_descriptors_wanted) return {"limits", Health::good, text};
    return {"limits", Health::note, text + ": few for many units at a time",
            fmt::format("raise it (ulimit -Hn {}) or lower --concurrency", k_descriptors_wanted)};
}

Finding check_locale() {
    // The first that is set decides, as in setlocale(3).
    std::optional<std::string> locale = environment("LC_ALL");
    if (!locale) locale = environment("LC_CTYPE");
    if (!locale) locale = environment("LANG");
    const std::string name = to_lower_ascii(locale.value_or("C"));
    if (name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos) {
        return {"locale", Health::good, *locale};
    }
    return {"locale", Health::note,
            fmt::format("{} is not UTF-8, and what is printed is", locale.value_or("none")),
            "set LANG=C.UTF-8"};
}

Finding check_terminal(const Console& console) {
    if (!console.out_is_terminal) return {"terminal", Health::good, "none: plain text"};
    return {
        "terminal", Health::good,
        fmt::format("{} columns, {}", console.columns, console.color ? "colours" : "no colours")};
}

Finding check_clock() {
    const Time now = SystemClock().now();
    const std::string text = to_rfc3339(now);
    if (now >= k_earliest_now) return {"clock", Health::good, text};
    return {"clock", Health::bad, text + ": runs are sorted by time, and TLS needs it",
            "set the clock"};
}

std::vector<Finding> examine(const std::string& store, const Console& console) {
    std::vector<Finding> findings;
    findings.push_back({"assay", Health::good, std::string(k_version)});
    findings.push_back(check_store(store));
    findings.push_back(check_disk(store));
    findings.push_back(check_temporary_folder());
    findings.push_back(check_program("python3", "tasks and scorers written in Python"));
    findings.push_back(check_program("node", "tasks and scorers written in JavaScript"));
    findings.push_back(check_program("git", "working with the repository a run was made in"));
    findings.push_back(check_sandbox());
    for (const ProviderDefinition* definition : builtin_providers()) {
        if (definition->key_required) findings.push_back(check_provider(*definition));
    }
    findings.push_back(check_proxy());
    findings.push_back(check_descriptors());
    findings.push_back(check_locale());
    findings.push_back(check_terminal(console));
    findings.push_back(check_clock());
    return findings;
}

OrderedJson to_json(const Finding& finding) {
    return {{"id", finding.id},
            {"status", to_string(finding.health)},
            {"text", finding.text},
            {"remedy", finding.remedy}};
}

std::string to_line(const Finding& finding) {
    const std::string remedy = finding.remedy.empty() ? "" : "; " + finding.remedy;
    return fmt::format("{:<8} {:<9} {}{}\n", to_string(finding.health), finding.id,
                       terminal_safe(finding.text), remedy);
}

}  // namespace

ExitCode doctor_command(const DoctorArguments& arguments, const Console& console) {
    const std::vector<Finding> findings = examine(arguments.store, console);
    const bool healthy = std::ranges::none_of(
        findings, [](const Finding& finding) { return finding.health == Health::bad; });
    if (arguments.json) {
        OrderedJson list = OrderedJson::array();
        for (const Finding& finding : findings) list.push_back(to_json(finding));
        print_out(to_pretty_text(list));
    } else {
        for (const Finding& finding : findings) print_out(to_line(finding));
        print_out(healthy ? "Everything that is needed is here.\n"
                          : "Mend what is marked \"problem\", then run `assay doctor` again.\n");
    }
    return healthy ? ExitCode::ok : ExitCode::incomplete;
}

}  // namespace assay
