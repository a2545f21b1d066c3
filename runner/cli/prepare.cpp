#include "runner/cli/prepare.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "core/base/files.hpp"
#include "core/base/text.hpp"
#include "runner/cli/run_programs.hpp"
#include "runner/report/report.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_env_line_bytes_max = 64U << 10U;
constexpr std::size_t k_git_file_bytes_max = 4U << 20U;

Json environment_or_null(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr || *value == '\0' ? Json(nullptr) : Json(value);
}

std::string first_line(const fs::path& path) {
    const auto content = read_file(path, k_git_file_bytes_max);
    if (!content) return {};
    return std::string(trim(content->substr(0, content->find('\n'))));
}

/// The commit that a branch points at: a file of its own, or a line of packed-refs.
std::string resolve_reference(const fs::path& git, const std::string& reference) {
    const std::string loose = first_line(git / reference);
    if (!loose.empty()) return loose;
    const auto packed = read_file(git / "packed-refs", k_git_file_bytes_max);
    if (!packed) return {};
    for (const std::string_view line : split(*packed, '\n')) {
        if (line.ends_with(" " + reference)) return std::string(line.substr(0, line.find(' ')));
    }
    return {};
}

/// Reads the repository's own files: starting git would cost more than a small run.
Json describe_git(fs::path folder) {
    std::error_code ignored;
    folder = fs::absolute(folder, ignored);
    while (!fs::exists(folder / ".git", ignored)) {
        if (!folder.has_relative_path()) return nullptr;
        folder = folder.parent_path();
    }
    const fs::path git = folder / ".git";
    const std::string head = first_line(git / "HEAD");
    constexpr std::string_view k_branch_prefix = "ref: refs/heads/";
    if (!head.starts_with("ref: ")) {
        return {{"commit", head.empty() ? Json(nullptr) : Json(head)},
                {"branch", nullptr},
                {"dirty", nullptr}};
    }
    const std::string commit = resolve_reference(git, head.substr(5));
    const bool branch = head.starts_with(k_branch_prefix);
    return {{"commit", commit.empty() ? Json(nullptr) : Json(commit)},
            {"branch", branch ? Json(head.substr(k_branch_prefix.size())) : Json(nullptr)},
            {"dirty", nullptr}};
}

Json describe_ci() {
    if (!environment_or_null("GITHUB_ACTIONS").is_null()) {
        const Json server = environment_or_null("GITHUB_SERVER_URL");
        const Json repository = environment_or_null("GITHUB_REPOSITORY");
        const Json run = environment_or_null("GITHUB_RUN_ID");
        Json url;
        if (server.is_string() && repository.is_string() && run.is_string()) {
            url = fmt::format("{}/{}/actions/runs/{}", as_text(server), as_text(repository),
                              as_text(run));
        }
        const Json reference = environment_or_null("GITHUB_REF");
        Json pull_request;
        constexpr std::string_view k_pull = "refs/pull/";
        if (reference.is_string() && as_text(reference).starts_with(k_pull)) {
            const std::string rest = as_text(reference).substr(k_pull.size());
            pull_request = rest.substr(0, rest.find('/'));
        }
        return {{"provider", "github"}, {"run_url", url}, {"pull_request", pull_request}};
    }
    if (!environment_or_null("GITLAB_CI").is_null()) {
        return {{"provider", "gitlab"},
                {"run_url", environment_or_null("CI_JOB_URL")},
                {"pull_request", environment_or_null("CI_MERGE_REQUEST_IID")}};
    }
    if (!environment_or_null("CI").is_null()) {
        return {{"provider", "unknown"}, {"run_url", nullptr}, {"pull_request", nullptr}};
    }
    return nullptr;
}

}  // namespace

std::optional<Experiment> prepare_experiment(const std::string& spec,
                                             const std::vector<std::string>& overrides,
                                             const BindOptions& options, Diagnostics& diagnostics) {
    LoadedSpec loaded = load_spec(spec, {.overrides = overrides});
    const SourceMap places = loaded.places;
    auto experiment = bind_experiment(std::move(loaded), options, diagnostics);
    if (!experiment) return std::nullopt;
    const ReportPlan& plan = experiment->report_plan;
    for (const RunEvaluator& evaluator : plan.run_evaluators) {
        std::string problem =
            check_run_evaluator(evaluator, plan.scores, experiment->spec.repetitions);
        if (!problem.empty()) {
            diagnostics.push_back({places.find(evaluator.pointer), std::move(problem)});
        } else if (is_program(evaluator)) {
            std::vector<ParameterMistake> mistakes;
            check_program(experiment->spec, evaluator, options.keys_needed, mistakes);
            for (ParameterMistake& mistake : mistakes) {
                diagnostics.push_back(
                    {places.find(evaluator.pointer + mistake.pointer),
                     fmt::format("run evaluator \"{}\": {}", evaluator.name, mistake.message)});
            }
        }
    }
    for (const Gate& gate : plan.gates) {
        std::string problem = check_gate(gate, plan);
        if (!problem.empty()) diagnostics.push_back({gate.place, std::move(problem)});
    }
    if (!diagnostics.empty()) return std::nullopt;
    return experiment;
}

Result<void> read_env_file(const std::string& path) {
    if (path.empty()) return {};
    ASSAY_TRY(LineReader reader, LineReader::open(path, k_env_line_bytes_max));
    while (true) {
        ASSAY_TRY(const auto line, reader.next());
        if (!line) return {};
        std::string_view text = trim(line->text);
        if (text.empty() || text.starts_with('#')) continue;
        if (text.starts_with("export ")) text = trim(text.substr(7));
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos || equals == 0) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("{}:{}: write NAME=VALUE", path, line->number));
        }
        std::string_view value = trim(text.substr(equals + 1));
        const bool quoted = value.size() >= 2 && value.front() == value.back() &&
                            (value.front() == '"' || value.front() == '\'');
        if (quoted) value = value.substr(1, value.size() - 2);
        const std::string name(trim(text.substr(0, equals)));
        ::setenv(name.c_str(), std::string(value).c_str(), 0);
    }
}

Json describe_surroundings(const fs::path& folder) {
    return {{"git", describe_git(folder)}, {"ci", describe_ci()}};
}

}  // namespace assay
