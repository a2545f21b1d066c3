#include "runner/cli/surroundings.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "core/process/spawn.hpp"
#include "runner/cli/repository.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_git_file_bytes_max = 4U << 20U;
constexpr std::chrono::milliseconds k_git_patience{500};  // a large repository is not waited for

std::string environment(std::string_view name) {
    const char* const value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::string() : std::string(value);
}

Json or_null(std::string text) { return text.empty() ? Json(nullptr) : Json(std::move(text)); }

std::string first_line(const fs::path& path) {
    const auto content = read_file(path, k_git_file_bytes_max);
    if (!content) return {};
    return std::string(trim(content->substr(0, content->find('\n'))));
}

/// Where a repository keeps what this check-out alone has, and what all its check-outs share.
struct GitFolders {
    fs::path own;
    fs::path shared;
};

/// In a worktree or submodule `.git` is a file that names the folder.
std::optional<GitFolders> git_folders(const fs::path& root) {
    GitFolders git{.own = root / ".git", .shared = {}};
    constexpr std::string_view k_pointer = "gitdir: ";
    std::error_code ignored;  // what cannot be looked at cannot be read either
    if (fs::is_regular_file(git.own, ignored)) {
        const std::string line = first_line(git.own);
        if (!line.starts_with(k_pointer)) return std::nullopt;
        git.own = root / line.substr(k_pointer.size());
    }
    const std::string shared = first_line(git.own / "commondir");
    git.shared = shared.empty() ? git.own : git.own / shared;
    return git;
}

/// The commit that a branch points at: a file of its own, or a line of packed-refs.
std::string resolve_reference(const GitFolders& git, const std::string& reference) {
    for (const fs::path& folder : {git.own, git.shared}) {
        std::string loose = first_line(folder / reference);
        if (!loose.empty()) return loose;
    }
    const auto packed = read_file(git.shared / "packed-refs", k_git_file_bytes_max);
    if (!packed) return {};
    for (const std::string_view line : split(*packed, '\n')) {
        if (line.ends_with(" " + reference)) return std::string(line.substr(0, line.find(' ')));
    }
    return {};
}

/// Whether the descriptor is readable before `until`.
bool is_readable(int descriptor, MonotonicTime until) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - SystemClock().monotonic());
    pollfd wanted{.fd = descriptor, .events = POLLIN, .revents = 0};
    const auto wait = std::clamp<std::int64_t>(left.count(), 0, k_git_patience.count());
    return ::poll(&wanted, 1, static_cast<int>(wait)) == 1;
}

/// Only git can tell, since it compares trees and content. It is given little time, writes nothing
/// and starts no file system monitor. null: there is no git, it refused, or it took too long.
Json has_changes(const fs::path& folder) {
    const auto git = spawn({.command = {"git", "--no-optional-locks", "-c", "core.fsmonitor=false",
                                        "status", "--porcelain", "--untracked-files=no"},
                            .folder = folder,
                            .environment = std::nullopt,
                            .handed_down = {}});
    if (!git) return nullptr;
    const MonotonicTime until = SystemClock().monotonic() + k_git_patience;
    char byte = 0;
    // The first byte is the answer; what comes after it is not waited for.
    const bool answered = is_readable(git->output.get(), until);
    const bool changed = answered && ::read(git->output.get(), &byte, 1) == 1;
    const bool ended = !changed && is_readable(git->exit.get(), until);
    if (!ended) (void)::kill(git->pid, SIGKILL);
    int status = 0;
    (void)::waitpid(git->pid, &status, 0);
    if (changed) return true;
    return ended && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? Json(false) : Json(nullptr);
}

Json describe_git(const fs::path& folder) {
    const auto root = repository_root(folder.empty() ? "." : folder);
    const auto git = root ? git_folders(*root) : std::nullopt;
    if (!git) return nullptr;
    const std::string head = first_line(git->own / "HEAD");
    constexpr std::string_view k_reference = "ref: ";
    constexpr std::string_view k_branch = "ref: refs/heads/";
    const bool is_reference = head.starts_with(k_reference);
    const std::string commit =
        is_reference ? resolve_reference(*git, head.substr(k_reference.size())) : head;
    const std::string branch =
        head.starts_with(k_branch) ? head.substr(k_branch.size()) : std::string();
    return {
        {"commit", or_null(commit)}, {"branch", or_null(branch)}, {"dirty", has_changes(*root)}};
}

/// How a CI service tells a job about itself. `{NAME}` stands for a variable; of several patterns
/// the first whose variables are all set counts.
struct CiService {
    std::string_view provider;
    std::string_view marker;  ///< a variable that is set there and nowhere else
    std::vector<std::string_view> run_url;
    std::vector<std::string_view> pull_request;
    std::vector<std::string_view> branch;  ///< for jobs that check out a commit and no branch
};

const std::array<CiService, 9>& ci_services() {
    static const std::array<CiService, 9> k_services = {{
        {"github",
         "GITHUB_ACTIONS",
         {"{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}"},
         {"{GITHUB_REF}"},
         {"{GITHUB_HEAD_REF}", "{GITHUB_REF_NAME}"}},
        {"gitlab",
         "GITLAB_CI",
         {"{CI_JOB_URL}", "{CI_PIPELINE_URL}"},
         {"{CI_MERGE_REQUEST_IID}"},
         {"{CI_MERGE_REQUEST_SOURCE_BRANCH_NAME}", "{CI_COMMIT_REF_NAME}"}},
        {"azure",
         "TF_BUILD",
         {"{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}"},
         {"{SYSTEM_PULLREQUEST_PULLREQUESTNUMBER}", "{SYSTEM_PULLREQUEST_PULLREQUESTID}"},
         {"{BUILD_SOURCEBRANCHNAME}"}},
        {"circleci",
         "CIRCLECI",
         {"{CIRCLE_BUILD_URL}"},
         {"{CIRCLE_PR_NUMBER}", "{CIRCLE_PULL_REQUEST}"},
         {"{CIRCLE_BRANCH}"}},
        {"buildkite",
         "BUILDKITE",
         {"{BUILDKITE_BUILD_URL}"},
         {"{BUILDKITE_PULL_REQUEST}"},
         {"{BUILDKITE_BRANCH}"}},
        {"bitbucket",
         "BITBUCKET_BUILD_NUMBER",
         {"{BITBUCKET_GIT_HTTP_ORIGIN}/pipelines/results/{BITBUCKET_BUILD_NUMBER}"},
         {"{BITBUCKET_PR_ID}"},
         {"{BITBUCKET_BRANCH}"}},
        {"travis",
         "TRAVIS",
         {"{TRAVIS_BUILD_WEB_URL}"},
         {"{TRAVIS_PULL_REQUEST}"},
         {"{TRAVIS_PULL_REQUEST_BRANCH}", "{TRAVIS_BRANCH}"}},
        {"drone",
         "DRONE",
         {"{DRONE_BUILD_LINK}"},
         {"{DRONE_PULL_REQUEST}"},
         {"{DRONE_SOURCE_BRANCH}", "{DRONE_BRANCH}"}},
        // Others set JENKINS_URL as well for what expects Jenkins, so it comes last.
        {"jenkins",
         "JENKINS_URL",
         {"{BUILD_URL}"},
         {"{CHANGE_ID}"},
         {"{CHANGE_BRANCH}", "{BRANCH_NAME}"}},
    }};
    return k_services;
}

/// The pattern with its variables; "" when one of them is not set.
std::string expand(std::string_view pattern) {
    std::string text;
    while (!pattern.empty()) {
        const std::size_t open = pattern.find('{');
        text += pattern.substr(0, open);
        if (open == std::string_view::npos) break;
        const std::size_t close = pattern.find('}', open);
        const std::string value = environment(pattern.substr(open + 1, close - open - 1));
        if (value.empty()) return {};
        text += value;
        pattern.remove_prefix(close + 1);
    }
    return text;
}

std::string first_of(const std::vector<std::string_view>& patterns) {
    for (const std::string_view pattern : patterns) {
        std::string text = expand(pattern);
        if (!text.empty()) return text;
    }
    return {};
}

/// The number in "12", "refs/pull/12/merge" or ".../pull/12"; "" in "false" or "refs/heads/v2".
std::string pull_request_number(std::string_view text) {
    constexpr std::string_view k_pull = "/pull/";
    const std::size_t at = text.find(k_pull);
    if (at != std::string_view::npos) text.remove_prefix(at + k_pull.size());
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    const auto end = std::ranges::find_if_not(text, is_digit);
    const bool ends_there = end == text.end() || *end == '/';
    return ends_there ? std::string(text.begin(), end) : std::string();
}

const CiService* current_ci() {
    for (const CiService& service : ci_services()) {
        if (!environment(service.marker).empty()) return &service;
    }
    return nullptr;
}

Json describe_ci(const CiService* service) {
    if (service == nullptr && environment("CI").empty()) return nullptr;
    if (service == nullptr) {
        return {{"provider", "unknown"}, {"run_url", nullptr}, {"pull_request", nullptr}};
    }
    return {{"provider", service->provider},
            {"run_url", or_null(first_of(service->run_url))},
            {"pull_request", or_null(pull_request_number(first_of(service->pull_request)))}};
}

}  // namespace

Json describe_surroundings(const fs::path& folder) {
    const CiService* const service = current_ci();
    Json git = describe_git(folder);
    if (git.is_object() && git["branch"].is_null() && service != nullptr) {
        git["branch"] = or_null(first_of(service->branch));
    }
    return {{"git", std::move(git)}, {"ci", describe_ci(service)}};
}

std::string who_acts() {
    for (const char* const name : {"GITHUB_ACTOR", "GITLAB_USER_LOGIN", "USER"}) {
        std::string value = environment(name);
        if (!value.empty()) return value;
    }
    return "unknown";
}

}  // namespace assay
