#include "tests/unit/engine/engine_support.hpp"

#include <catch2/catch.hpp>

namespace assay::test {

Result<void> MemoryJournal::begin(const RunRecord& run) {
    begun = run;
    return {};
}

Result<JournalState> MemoryJournal::resume(const RunRecord& run) {
    if (!begun || begun->id != run.id) return failure(ErrorCode::not_found, "there is no such run");
    begun = run;
    JournalState left;
    for (const UnitResult& unit : units) {
        const auto total = unit.usage.find("total");
        left.units.insert(unit.key);
        left.spent += {.cost = unit.paid.value_or(0),
                       .tokens = total == unit.usage.end() ? 0 : total->second,
                       .calls = unit.calls};
    }
    return left;
}

Result<void> MemoryJournal::commit(const RunId& /*run*/, std::span<const UnitResult> group,
                                   Durability /*durability*/) {
    if (fail_after_units && units.size() + group.size() > *fail_after_units) {
        return failure(ErrorCode::resource_exhausted, "the disk is full");
    }
    ++groups;
    units.insert(units.end(), group.begin(), group.end());
    return {};
}

Result<void> MemoryJournal::finish(const RunRecord& run) {
    finished = run;
    return {};
}

Task<ProviderReply> FunctionProvider::call(ProviderRequest request, Deadline /*deadline*/) {
    ++calls;
    co_return answer_(request);
}

SpecFolder::SpecFolder(std::string_view spec, const std::map<std::string, std::string>& files) {
    folder.write("spec.yaml", spec);
    for (const auto& [name, content] : files) folder.write(name, content);
}

Experiment SpecFolder::bind() const {
    LoadedSpec loaded = load_spec(folder.path() / "spec.yaml", {});
    Diagnostics mistakes;
    auto experiment = bind_experiment(std::move(loaded), {.keys_needed = false}, mistakes);
    if (!experiment) FAIL(to_string(mistakes));
    return std::move(*experiment);
}

std::string SpecFolder::mistakes() const {
    LoadedSpec loaded = load_spec(folder.path() / "spec.yaml", {});
    Diagnostics mistakes;
    const auto experiment = bind_experiment(std::move(loaded), {.keys_needed = false}, mistakes);
    if (experiment) {
        const auto planned = make_plan(*experiment, {}, SystemClock{}, mistakes);
        if (!planned) return planned.error().message;
    }
    std::string text = to_string(mistakes);
    const std::string prefix = folder.path().string() + "/";
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) {
        text.erase(at, prefix.size());
    }
    return text;
}

Plan SpecFolder::plan(const Experiment& experiment, PlanOptions options) const {
    Diagnostics mistakes;
    auto planned = make_plan(experiment, std::move(options), SystemClock{}, mistakes);
    if (!planned) FAIL(planned.error().message);
    if (!*planned) FAIL(to_string(mistakes));
    return std::move(**planned);
}

std::unique_ptr<UnitTask> task_of(TaskSpec spec, TaskProvider answers) {
    auto made = make_provider_task(std::move(spec), std::move(answers));
    if (!made) FAIL(made.error().message);
    return std::move(*made);
}

void use_provider(Experiment& experiment, std::shared_ptr<Provider> provider, int retries) {
    for (std::size_t i = 0; i < experiment.variants.size(); ++i) {
        experiment.variants[i].task =
            task_of(experiment.spec.variants[i].task, {.provider = provider, .retries = retries});
    }
    experiment.providers = {std::move(provider)};
}

}  // namespace assay::test
