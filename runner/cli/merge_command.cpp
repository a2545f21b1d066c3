#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "runner/cli/commands.hpp"
#include "runner/cli/conclude_run.hpp"
#include "runner/cli/outputs.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/references.hpp"
#include "runner/cli/stored_prompts.hpp"
#include "runner/engine/experiment.hpp"
#include "runner/report/program_scores.hpp"

namespace assay {
namespace {

namespace fs = std::filesystem;

/// One part of a run, where it is stored.
struct StoredShard {
    std::string argument;  ///< as written, for messages
    std::unique_ptr<Store> store;
    RunRecord run;
};

Result<StoredShard> open_shard(const std::string& argument) {
    std::string folder = argument;
    std::string reference = "latest";
    const std::size_t colon = argument.rfind(':');
    std::error_code ignored;
    if (colon != std::string::npos && !fs::exists(argument, ignored)) {
        folder = argument.substr(0, colon);
        reference = argument.substr(colon + 1);
    }
    StoredShard shard{.argument = argument, .store = nullptr, .run = {}};
    ASSAY_TRY(shard.store, Store::open_existing(folder, default_project_id()));
    ASSAY_TRY(shard.run, shard.store->find_run(reference));
    if (shard.run.shard) return shard;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{}: run {} is no shard; it was not made with --shard I/N", argument,
                               shard.run.id.value()));
}

std::unexpected<Error> cannot_merge(std::string why) {
    return failure(ErrorCode::invalid_argument, std::move(why));
}

/// All parts of one plan, each once.
Result<void> check_shards(const std::vector<StoredShard>& shards) {
    const RunRecord& first = shards.front().run;
    std::map<int, std::string> seen;
    for (const StoredShard& shard : shards) {
        const Shard& part = *shard.run.shard;
        if (shard.run.plan_sha256 != first.plan_sha256 || part.count != first.shard->count) {
            return cannot_merge(fmt::format(
                "{} and {} are not parts of one plan: dataset, task, evaluators, seed and the "
                "number of shards must be the same",
                shards.front().argument, shard.argument));
        }
        const auto [other, fresh] = seen.emplace(part.index, shard.argument);
        if (!fresh) {
            return cannot_merge(fmt::format("{} and {} are both shard {}/{}", other->second,
                                            shard.argument, part.index, part.count));
        }
    }
    std::vector<std::string> missing;
    for (int index = 1; index <= first.shard->count; ++index) {
        if (seen.contains(index)) continue;
        missing.push_back(fmt::format("{}/{}", index, first.shard->count));
    }
    if (missing.empty()) return {};
    return cannot_merge(fmt::format("name the folders of all shards; these are missing: {}",
                                    fmt::join(missing, ", ")));
}

/// The run that the parts make together.
RunRecord whole_of(const std::vector<StoredShard>& shards, const std::string& name,
                   const Clock& clock) {
    RunRecord whole = shards.front().run;
    whole.id = new_run_id(clock.now());
    if (!name.empty()) whole.name = name;
    whole.shard.reset();
    whole.invocation.erase("shard");
    whole.state = RunState::finished;
    whole.reason.clear();
    for (VariantRecord& variant : whole.variants) {
        variant.dataset_run_id = derive_dataset_run_id(whole.id, variant.name);
        variant.planned = 0;
    }
    whole.dropped = {};
    for (const StoredShard& shard : shards) {
        const RunRecord& run = shard.run;
        whole.started = std::min(whole.started, run.started);
        whole.finished = std::max(whole.finished, run.finished);
        whole.dropped += run.dropped;
        if (run.state != RunState::finished && whole.state == RunState::finished) {
            whole.state = RunState::incomplete;
            whole.reason = fmt::format("shard {} is {}", shard.argument, to_string(run.state));
        }
        for (std::size_t i = 0; i < whole.variants.size(); ++i) {
            whole.variants[i].planned += run.variants[i].planned;
        }
    }
    return whole;
}

/// The spec, when a program among the run evaluators has to be run for the whole.
Result<ExperimentSpec> spec_of(const RunRecord& run, const std::string& store) {
    if (std::ranges::none_of(run.report_plan.run_evaluators, is_program)) return ExperimentSpec{};
    Diagnostics mistakes;
    const LoadOptions load{
        .overrides = run.invocation.value("overrides", std::vector<std::string>()),
        .stored_prompts = stored_prompts(store)};
    auto experiment = prepare_experiment(run.spec_file, load, {}, mistakes);
    if (experiment) return std::move(experiment->spec);
    return failure(ErrorCode::invalid_argument, to_string(mistakes));
}

Result<ExitCode> merge_shards(const MergeArguments& arguments, const Console& console) {
    for (const std::string& path : arguments.out) ASSAY_CHECK(check_output(path));
    std::vector<StoredShard> shards;
    for (const std::string& argument : arguments.shards) {
        ASSAY_TRY(StoredShard shard, open_shard(argument));
        shards.push_back(std::move(shard));
    }
    ASSAY_CHECK(check_shards(shards));
    const SystemClock clock;
    RunRecord whole = whole_of(shards, arguments.run_name, clock);
    ASSAY_TRY(const ExperimentSpec spec, spec_of(whole, arguments.store));
    ASSAY_TRY(const auto store, Store::open(arguments.store, default_project_id()));
    ASSAY_CHECK(store->copy_baseline_documents(*shards.front().store, shards.front().run));
    const PinOptions pins{.folder = fs::path(whole.spec_file).parent_path(), .baseline = {}};
    ASSAY_CHECK(pin_references(whole, pins, *store));
    ASSAY_CHECK(store->begin(whole));
    for (const StoredShard& shard : shards) {
        ASSAY_CHECK(store->copy_units(*shard.store, shard.run, whole.id));
    }
    ASSAY_CHECK(store->finish(whole));
    const ConcludeOptions options{.outputs = {arguments.out.begin(), arguments.out.end()},
                                  .quiet = arguments.quiet,
                                  .store_option = arguments.store_option()};
    ASSAY_TRY(const ExitCode code, conclude_run(spec, std::move(whole), *store, options, console));
    return as_wanted(code);
}

}  // namespace

ExitCode merge_command(const MergeArguments& arguments, const Console& console) {
    return end_with(merge_shards(arguments, console));
}

}  // namespace assay
