#include "runner/cli/prepare_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <utility>

#include "core/base/files.hpp"
#include "core/base/limits.hpp"
#include "core/model/quarantine.hpp"
#include "runner/cli/calibrations.hpp"
#include "runner/cli/prepare.hpp"
#include "runner/cli/run_outputs.hpp"
#include "runner/cli/stored_dataset.hpp"
#include "runner/cli/stored_prompts.hpp"
#include "runner/cli/surroundings.hpp"
#include "runner/report/known_noise.hpp"
#include "server/store/store.hpp"

namespace assay {
namespace {

/// The options that are shorthands for spec keys, as overrides, so that the stored spec says what
/// was really run.
std::vector<std::string> overrides_of(const RunArguments& arguments) {
    std::vector<std::string> overrides = arguments.overrides;
    if (arguments.repetitions) {
        overrides.push_back(fmt::format("repetitions={}", *arguments.repetitions));
    }
    if (arguments.concurrency) {
        overrides.push_back(fmt::format("execution.concurrency={}", *arguments.concurrency));
    }
    if (arguments.seed) overrides.push_back(fmt::format("execution.seed={}", *arguments.seed));
    if (arguments.budget_usd) {
        overrides.push_back(fmt::format("execution.budget.cost_usd={}", *arguments.budget_usd));
    }
    if (arguments.no_cache) overrides.emplace_back("execution.cache=\"off\"");
    return overrides;
}

/// Keeps only the variants that the command line names.
Result<void> narrow_variants(Experiment& experiment, const std::vector<std::string>& wanted) {
    if (wanted.empty()) return {};
    std::vector<std::string> known;
    for (const BoundVariant& variant : experiment.variants) known.push_back(variant.name);
    for (const std::string& name : wanted) {
        if (std::ranges::find(known, name) != known.end()) continue;
        return failure(ErrorCode::invalid_argument,
                       fmt::format("--variant {}: the spec has no such variant{} (it has: {})",
                                   name, did_you_mean(name, known), fmt::join(known, ", ")));
    }
    const auto unwanted = [&](const std::string& name) {
        return std::ranges::find(wanted, name) == wanted.end();
    };
    std::erase_if(experiment.variants,
                  [&](const BoundVariant& variant) { return unwanted(variant.name); });
    std::erase_if(experiment.report_plan.gates, [&](const Gate& gate) {
        return !gate.variant.empty() && unwanted(gate.variant);
    });
    return {};
}

/// Units whose outputs are compared must be there, all in this run.
Result<void> check_compared(const Experiment& experiment, const RunArguments& arguments) {
    for (const BoundEvaluator& evaluator : experiment.evaluators) {
        if (evaluator.waiting() == nullptr) continue;
        for (const std::string& name : evaluator.waiting()->compares_with()) {
            if (!arguments.shard.empty()) {
                return failure(ErrorCode::invalid_argument,
                               fmt::format("--shard {}: evaluator \"{}\" compares with the variant "
                                           "\"{}\", and a shard has only some of the units; run "
                                           "the spec as a whole",
                                           arguments.shard, evaluator.name(), name));
            }
            const bool is_there =
                std::ranges::find(experiment.variants, name, &BoundVariant::name) !=
                experiment.variants.end();
            if (is_there) continue;
            return failure(ErrorCode::invalid_argument,
                           fmt::format("--variant: evaluator \"{}\" compares with the variant "
                                       "\"{}\", which is left out; add --variant {}",
                                       evaluator.name(), name, name));
        }
    }
    return {};
}

Result<std::map<std::string, std::string>> metadata_of(const std::vector<std::string>& entries) {
    std::map<std::string, std::string> metadata;
    for (const std::string& entry : entries) {
        const std::size_t equals = entry.find('=');
        if (equals == std::string::npos || equals == 0) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("--metadata {}: write it as KEY=VALUE", entry));
        }
        metadata[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    return metadata;
}

/// The items of an earlier run that are worth another look.
Result<std::set<std::string>> failing_items(const std::string& folder,
                                            const std::string& reference) {
    ASSAY_TRY(const auto store, Store::open_existing(folder, default_project_id()));
    ASSAY_TRY(const RunRecord run, store->find_run(reference));
    std::set<std::string> items;
    ASSAY_CHECK(store->for_each_unit(run, [&](const UnitResult& unit) -> Result<void> {
        if (is_failing(unit)) items.insert(unit.item.id.value());
        return {};
    }));
    if (!items.empty()) return items;
    return failure(ErrorCode::invalid_argument,
                   fmt::format("--filter-failing {}: nothing failed in that run", reference));
}

/// Reads "I/N". "" is the whole.
Result<std::optional<Shard>> shard_of(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const std::size_t slash = text.find('/');
    Shard shard;
    const auto read = [](std::string_view digits, int& number) {
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
        return error == std::errc() && end == digits.data() + digits.size();
    };
    const bool usable = slash != std::string_view::npos &&
                        read(text.substr(0, slash), shard.index) &&
                        read(text.substr(slash + 1), shard.count) && shard.index >= 1 &&
                        shard.index <= shard.count && shard.count <= limits::k_shards_max;
    if (usable) return shard;
    return failure(
        ErrorCode::invalid_argument,
        fmt::format("--shard {}: write it as I/N, e.g. 1/4 for the first of four parts", text));
}

Result<PlanOptions> plan_options_of(const RunArguments& arguments, const Experiment& experiment) {
    PlanOptions options;
    options.run_name = arguments.run_name;
    options.tags = arguments.tags;
    ASSAY_TRY(options.metadata, metadata_of(arguments.metadata));
    options.selection.limit = arguments.limit;
    if (arguments.sample) {
        options.selection.sample = {.size = *arguments.sample,
                                    .seed = experiment.spec.execution.seed};
    }
    if (arguments.filter) {
        auto filter = Filter::parse(*arguments.filter);
        if (!filter) {
            return failure(ErrorCode::invalid_argument,
                           fmt::format("--filter: {}", filter.error().message));
        }
        options.selection.filter = std::move(*filter);
    }
    if (!arguments.filter_failing.empty()) {
        ASSAY_TRY(options.selection.item_ids,
                  failing_items(arguments.store, arguments.filter_failing));
    }
    ASSAY_TRY(options.shard, shard_of(arguments.shard));
    options.open_stored = stored_rows(arguments.store);
    options.manifest = describe_surroundings(experiment.spec.folder);
    return options;
}

constexpr std::string_view k_experiment_placeholder = "{experiment}";

std::vector<std::filesystem::path> output_paths(const std::vector<std::string>& written,
                                                const std::string& experiment) {
    std::vector<std::filesystem::path> paths;
    for (std::string path : written) {
        const std::size_t at = path.find(k_experiment_placeholder);
        if (at != std::string::npos) {
            path.replace(at, k_experiment_placeholder.size(), experiment);
        }
        paths.emplace_back(std::move(path));
    }
    return paths;
}

/// What must be the same when the run is continued, to be stored with it.
Json invocation_of(const std::string& spec, const RunArguments& arguments) {
    Json invocation = {{"spec", spec}, {"overrides", arguments.overrides}};
    const auto add = [&](const char* key, const auto& value) {
        if (value) invocation[key] = *value;
    };
    add("filter", arguments.filter);
    add("limit", arguments.limit);
    add("sample", arguments.sample);
    add("seed", arguments.seed);
    add("repetitions", arguments.repetitions);
    if (!arguments.filter_failing.empty()) invocation["filter_failing"] = arguments.filter_failing;
    if (!arguments.variants.empty()) invocation["variants"] = arguments.variants;
    if (!arguments.shard.empty()) invocation["shard"] = arguments.shard;
    return invocation;
}

}  // namespace

Result<std::optional<PreparedRun>> prepare_run(const std::string& spec,
                                               const RunArguments& arguments,
                                               const BindOptions& options, const Clock& clock,
                                               Diagnostics& mistakes) {
    const LoadOptions load{.overrides = overrides_of(arguments),
                           .stored_prompts = stored_prompts(arguments.store)};
    auto experiment = prepare_experiment(spec, load, options, mistakes);
    if (!experiment) return std::nullopt;
    ASSAY_CHECK(narrow_variants(*experiment, arguments.variants));
    ASSAY_CHECK(check_compared(*experiment, arguments));
    ASSAY_CHECK(fix_version(experiment->spec.dataset, arguments.dataset_version, clock));
    ASSAY_TRY(PlanOptions plan_options, plan_options_of(arguments, *experiment));
    ASSAY_TRY(auto plan, make_plan(*experiment, std::move(plan_options), clock, mistakes));
    if (!plan) return std::nullopt;
    plan->run.invocation = invocation_of(spec, arguments);
    if (const auto& version = experiment->spec.dataset.version) {
        plan->run.invocation["dataset_version"] = to_rfc3339(*version);
    }
    auto outputs = output_paths(arguments.out, plan->run.experiment);
    return PreparedRun{std::move(*experiment), std::move(*plan), std::move(outputs)};
}

Result<void> check_outputs(const RunArguments& arguments, const std::vector<PreparedRun>& runs) {
    std::map<std::filesystem::path, std::string> owners;
    for (const PreparedRun& run : runs) {
        const std::string& experiment = run.plan.run.experiment;
        for (std::size_t i = 0; i < run.outputs.size(); ++i) {
            const auto [owner, fresh] = owners.emplace(run.outputs[i], experiment);
            if (fresh) continue;
            const bool named = arguments.out[i].find(k_experiment_placeholder) != std::string::npos;
            return failure(ErrorCode::invalid_argument,
                           named ? fmt::format("--out {}: two specs are called \"{}\"; give one "
                                               "another `experiment`",
                                               arguments.out[i], experiment)
                                 : fmt::format("--out {}: with several specs the name needs "
                                               "{{experiment}} in it",
                                               arguments.out[i]));
        }
    }
    return {};
}

namespace {

/// The command line that an earlier one began, told by its invocation.
/// @param what  for messages: what was begun.
Result<RunArguments> restored(RunArguments arguments, const Json& invocation,
                              const std::string& what) {
    const bool selects = arguments.filter || arguments.limit || arguments.sample ||
                         arguments.seed || arguments.repetitions ||
                         !arguments.filter_failing.empty() || !arguments.variants.empty() ||
                         !arguments.shard.empty();
    if (selects) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} keeps the rows, variants, repetitions, shard and seed that "
                                   "it began with; leave those options out",
                                   what));
    }
    const auto restore = [&]<class T>(const char* key, std::optional<T>& value) {
        if (invocation.contains(key)) value = invocation[key].get<T>();
    };
    restore("filter", arguments.filter);
    restore("limit", arguments.limit);
    restore("sample", arguments.sample);
    restore("seed", arguments.seed);
    restore("repetitions", arguments.repetitions);
    arguments.filter_failing = invocation.value("filter_failing", "");
    arguments.shard = invocation.value("shard", "");
    arguments.dataset_version = invocation.value("dataset_version", "");
    arguments.variants = invocation.value("variants", std::vector<std::string>());
    if (arguments.specs.empty()) arguments.specs.push_back(invocation.value("spec", ""));
    auto overrides = invocation.value("overrides", std::vector<std::string>());
    std::ranges::move(arguments.overrides, std::back_inserter(overrides));
    arguments.overrides = std::move(overrides);
    return arguments;
}

}  // namespace

Result<RunArguments> arguments_to_resume(RunArguments arguments, const RunRecord& stored) {
    if (arguments.specs.size() > 1) {
        return failure(ErrorCode::invalid_argument,
                       "--resume goes on with one run, so it takes one spec at most");
    }
    return restored(std::move(arguments), stored.invocation, "run " + stored.id.value());
}

Result<RunArguments> arguments_of_plan(RunArguments arguments, const PlanFile& plan) {
    const std::string path = std::exchange(arguments.specs, {}).front();
    try {
        return restored(std::move(arguments), plan.invocation, path);
    } catch (const Json::exception&) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{}: the plan's invocation is not what `assay plan` writes; "
                                   "make the plan again",
                                   path));
    }
}

Result<std::optional<PlanFile>> read_plan_file(const std::string& path) {
    if (!path.ends_with(".json")) return std::nullopt;
    ASSAY_TRY(const std::string text, read_file(path, limits::k_spec_bytes_max));
    const auto json = parse_json(text);
    if (!json || !json->is_object() || !json->contains("assay_plan")) return std::nullopt;
    const bool usable = (*json)["assay_plan"] == 1 && json->contains("invocation") &&
                        (*json)["invocation"].is_object() && json->contains("plan_sha256") &&
                        (*json)["plan_sha256"].is_string();
    if (usable) return PlanFile{(*json)["invocation"], (*json)["plan_sha256"]};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{}: this plan is of another version of assay; make it again with "
                               "`assay plan`",
                               path));
}

std::filesystem::path cache_folder(const RunArguments& arguments) {
    if (!arguments.cache_folder.empty()) return arguments.cache_folder;
    return std::filesystem::path(arguments.store) / "cache";
}

namespace {

/// The first part of a run that is not what it was, for people.
std::string difference_between(const RunRecord& stored, const RunRecord& planned) {
    const auto differs = [&](const char* key) {
        return stored.manifest.value(key, Json()) != planned.manifest.value(key, Json());
    };
    if (differs("dataset")) return "the dataset is not what it was";
    if (differs("evaluators")) {
        return "the evaluators are not what they were; to score the stored outputs anew, use "
               "`assay rescore`";
    }
    if (differs("prompts")) return "a prompt is not what it was";
    if (differs("seed") || stored.repetitions != planned.repetitions) {
        return "the seed or the repetitions are not what they were";
    }
    return "the task or a variant is not what it was";
}

/// What answers and is not what it was, for people; "" when all is. It is in no key, so that it is
/// compared by itself.
std::string changed_connection(const RunRecord& stored, const RunRecord& planned) {
    const auto before = stored.manifest.find("connections");
    const auto now = planned.manifest.find("connections");
    // Runs of earlier versions do not tell.
    if (before == stored.manifest.end() || now == planned.manifest.end()) return {};
    for (const auto& [name, identity] : before->items()) {
        const Json current = now->value(name, Json::object());
        if (current == identity) continue;
        if (identity.contains("files_sha256")) {
            return fmt::format("the files of the program `{}` are not what they were", name);
        }
        if (current.value("url", Json()) != identity.value("url", Json())) {
            return fmt::format("the provider \"{}\" was at {} and is now at {}", name,
                               as_text(identity.value("url", Json())),
                               as_text(current.value("url", Json())));
        }
        return fmt::format(
            "the type, the headers or the options of the provider \"{}\" are not "
            "what they were",
            name);
    }
    return {};
}

}  // namespace

Result<void> continue_run(RunRecord& planned, RunRecord stored) {
    const std::string difference = planned.plan_sha256 != stored.plan_sha256
                                       ? difference_between(stored, planned)
                                       : changed_connection(stored, planned);
    if (!difference.empty()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("run {} cannot be continued with {}: {}. Undo that, or start a "
                                   "new run without --resume",
                                   stored.id.value(), planned.spec_file, difference));
    }
    // What may change comes from now: gates, budgets, limits.
    stored.report_plan = std::move(planned.report_plan);
    stored.spec = std::move(planned.spec);
    for (const char* const noted :
         {"baselines", k_calibrations_key, k_noise_key, Quarantine::k_manifest_key,
          RunRecord::k_canaries, RunOutputs::k_manifest_key}) {
        const auto pins = stored.manifest.find(noted);  // what the run began with
        if (pins != stored.manifest.end()) planned.manifest[noted] = std::move(*pins);
    }
    stored.manifest = std::move(planned.manifest);
    stored.state = RunState::running;
    stored.reason.clear();
    stored.finished.reset();
    stored.resumed = true;
    planned = std::move(stored);
    return {};
}

}  // namespace assay
