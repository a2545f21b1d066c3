#include <fmt/format.h>

#include <algorithm>

#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/conclude_run.hpp"
#include "runner/cli/ledger.hpp"
#include "runner/cli/noise_text.hpp"
#include "runner/cli/open_run.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/prepare_run.hpp"
#include "runner/cli/progress.hpp"
#include "runner/cli/references.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

constexpr const char* k_tag = "noise";
constexpr std::uint64_t k_runs_default = 5;

std::unexpected<Error> refused(std::string why) {
    return failure(ErrorCode::invalid_argument, std::move(why));
}

/// Whether the command line says which units to run.
bool has_selection(const RunArguments& run) {
    return !run.overrides.empty() || run.filter || !run.filter_failing.empty() || run.limit ||
           run.sample || run.seed || run.repetitions || !run.variants.empty();
}

Result<void> check_arguments(const NoiseArguments& arguments) {
    if (!arguments.of.empty() && has_selection(arguments.run)) {
        return refused("--of looks at whole runs that are stored; leave out what selects units");
    }
    if (arguments.runs > limits::k_noise_runs_max) {
        return refused(
            fmt::format("--runs {}: at most {}", *arguments.runs, limits::k_noise_runs_max));
    }
    if (!arguments.run.shard.empty()) {
        return refused("--shard: noise is measured over whole runs; leave it out");
    }
    return {};
}

/// What `run` is told for one of the runs. An answer from the cache is the answer it was: it has
/// no noise.
RunArguments run_arguments(const NoiseArguments& arguments) {
    RunArguments run = arguments.run;
    run.no_cache = true;
    run.tags.emplace_back(k_tag);
    return run;
}

/// Runs of identical input, one after the other, so that what changes with the time is in them.
class NoiseRuns {
  public:
    NoiseRuns(const NoiseArguments& arguments, const Console& console)
        : count_(arguments.runs.value_or(k_runs_default)),
          run_(run_arguments(arguments)),
          console_(console) {}

    /// Stops at the first run that is not finished; `code` says how then.
    Result<std::vector<Report>> execute(ExitCode& code) {
        std::vector<Report> reports;
        for (std::uint64_t index = 1; index <= count_; ++index) {
            Diagnostics mistakes;
            ASSAY_TRY(auto prepared,
                      prepare_run(run_.specs.front(), run_, BindOptions{}, clock_, mistakes));
            if (!prepared) {
                code = report_mistakes(mistakes);
                return reports;
            }
            ASSAY_TRY(RunRecord run, execute_one(*prepared, index));
            if (run.state != RunState::finished) {
                code = unfinished(run);
                return reports;
            }
            ASSAY_TRY(CompletedRun completed,
                      complete_run(prepared->experiment.spec, std::move(run), *store_));
            ASSAY_CHECK(completed.kept);
            reports.push_back(std::move(completed.report));
        }
        return reports;
    }

  private:
    Result<RunRecord> execute_one(PreparedRun& prepared, std::uint64_t index) {
        RunRecord& run = prepared.plan.run;
        run.name = fmt::format("noise {}/{}: {}", index, count_, run.name);
        // Only now: a spec with mistakes makes no store.
        if (!store_) {
            ASSAY_TRY(store_, Store::open(run_.store, default_project_id()));
        }
        const PinOptions pins{.folder = prepared.experiment.spec.folder, .baseline = {}};
        ASSAY_CHECK(pin_references(run, pins, *store_));
        ASSAY_CHECK(pin_ledger(run, *store_));
        std::uint64_t planned = 0;
        for (const VariantRecord& variant : run.variants) planned += variant.planned;
        const auto progress = make_progress(run_.progress, planned, console_, clock_);
        std::vector<ExecutionJob> jobs;
        jobs.push_back({.experiment = &prepared.experiment, .plan = std::move(prepared.plan)});
        ASSAY_TRY(std::vector<RunRecord> runs,
                  assay::execute(std::move(jobs), *store_, clock_, {.observer = progress.get()}));
        progress->finish();
        return std::move(runs.front());
    }

    [[nodiscard]] ExitCode unfinished(const RunRecord& run) const {
        print_error(fmt::format(
            "assay: run {} is {}{}; what has finished is stored. Go on with it, and measure what "
            "there is:\n  assay run --resume {}{}\n  assay noise --of {}{}\n",
            run.id.value(), to_string(run.state), run.reason.empty() ? "" : ": " + run.reason,
            run.id.value(), run_.store_option(), run.id.value(), run_.store_option()));
        return run.state == RunState::interrupted ? ExitCode::interrupted : ExitCode::incomplete;
    }

    std::uint64_t count_;
    RunArguments run_;
    const Console& console_;
    SystemClock clock_;
    std::unique_ptr<Store> store_;
};

/// The newest run that is meant: of the experiment of that name, else the run itself.
Result<RunRecord> find_newest(const std::string& of, const std::vector<RunRecord>& runs,
                              const Store& store) {
    const auto newest = std::ranges::find_if(runs, [&](const RunRecord& run) {
        return run.experiment == of && run.state == RunState::finished && !run.shard;
    });
    if (newest != runs.end()) return *newest;
    auto run = store.find_run(of);
    if (run || run.error().code != ErrorCode::not_found) return run;
    std::vector<std::string> known;
    for (const RunRecord& each : runs) known.push_back(each.experiment);
    return failure(ErrorCode::not_found, fmt::format("there is no finished run of \"{}\"{}", of,
                                                     did_you_mean(of, known)));
}

bool has_cached_answers(const Report& report) {
    return std::ranges::any_of(report.variants,
                               [](const VariantSummary& variant) { return variant.cached > 0; });
}

/// The stored runs that are identical to the newest one, oldest first.
Result<std::vector<Report>> read_runs(const NoiseArguments& arguments) {
    ASSAY_TRY(const auto store, Store::open_existing(arguments.run.store, default_project_id()));
    ASSAY_TRY(const std::vector<RunRecord> runs, store->runs());
    ASSAY_TRY(const RunRecord newest, find_newest(arguments.of, runs, *store));
    const std::uint64_t most = arguments.runs.value_or(limits::k_noise_runs_max);
    std::vector<Report> reports;
    std::uint64_t cached = 0;
    for (const RunRecord& run : runs) {
        const bool identical =
            run.plan_sha256 == newest.plan_sha256 && !run.shard && run.state == RunState::finished;
        if (!identical || reports.size() == most) continue;
        ASSAY_TRY(const OpenRun open, open_run(arguments.run.store, run.id.value()));
        ASSAY_TRY(Report report, open.report());
        if (has_cached_answers(report)) {
            ++cached;
        } else {
            reports.push_back(std::move(report));
        }
    }
    if (cached > 0) {
        print_error(fmt::format("{} left out: answers from the cache have no noise.\n",
                                cached == 1 ? "1 run is" : fmt::format("{} runs are", cached)));
    }
    std::ranges::reverse(reports);
    if (reports.size() >= 2) return reports;
    return refused(
        fmt::format("{} stored {} of identical input, and 2 are needed; make more: assay noise {}",
                    reports.size(), reports.size() == 1 ? "run is" : "runs are", newest.spec_file));
}

/// What was measured is kept, so that later runs know it. A run file can only be read.
Result<void> keep(const Noise& noise, const RunRecord& run, const std::string& folder) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(folder, ignored)) return {};
    ASSAY_TRY(const auto store, Store::open_existing(folder, default_project_id()));
    return store->put_noise(to_records(noise, run, SystemClock().now()));
}

Result<ExitCode> measure(const NoiseArguments& arguments, const Console& console) {
    ASSAY_CHECK(check_arguments(arguments));
    ASSAY_CHECK(read_env_file(arguments.run.env_file));
    std::vector<Report> reports;
    if (arguments.of.empty()) {
        ExitCode code = ExitCode::ok;
        ASSAY_TRY(reports, NoiseRuns(arguments, console).execute(code));
        if (code != ExitCode::ok) return code;
    } else {
        ASSAY_TRY(reports, read_runs(arguments));
    }
    ASSAY_TRY(const Noise noise, measure_noise(reports));
    const std::string json = to_pretty_text(noise_to_json(noise));
    if (!arguments.out.empty()) ASSAY_CHECK(write_file_atomically(arguments.out, json));
    if (arguments.json) {
        print_out(json);
    } else {
        const std::string option = arguments.run.store_option();
        for (const std::string& line : noise_lines(noise, console.columns, option)) {
            print_out(line + "\n");
        }
    }
    ASSAY_CHECK(keep(noise, reports.back().run, arguments.run.store));
    return ExitCode::ok;
}

}  // namespace

ExitCode noise_command(const NoiseArguments& arguments, const Console& console) {
    return end_with(measure(arguments, console));
}

}  // namespace assay
