#include "runner/engine/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "runner/engine/unit_source.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_bytes_per_token = 4;

std::uint64_t text_bytes(const Json& value) {
    if (value.is_string()) return value.get_ref<const std::string&>().size();
    std::uint64_t bytes = 0;
    if (value.is_structured()) {
        for (const Json& member : value) bytes += text_bytes(member);
    }
    return bytes;
}

std::uint64_t input_tokens(const ProviderRequest& request) {
    std::uint64_t bytes = text_bytes(request.tools);
    for (const ChatMessage& message : request.messages) bytes += text_bytes(message.content);
    return (bytes + k_bytes_per_token - 1) / k_bytes_per_token;
}

std::string name_of(const CallLane& lane) {
    if (lane.provider.empty()) return "program";
    return lane.model.empty() ? lane.provider : fmt::format("{}:{}", lane.provider, lane.model);
}

/// The connection of that name when the spec says its prices, else nullptr.
const ProviderSpec* priced_provider(const ExperimentSpec& spec, const std::string& name) {
    const auto found = spec.providers.find(name);
    if (found == spec.providers.end()) return nullptr;
    const ProviderSpec& provider = found->second;
    return provider.price_input_usd && provider.price_output_usd ? &provider : nullptr;
}

std::optional<double> cost_usd(const ExperimentSpec& spec, const std::string& provider,
                               double input_tokens, double output_tokens) {
    const ProviderSpec* const prices = priced_provider(spec, provider);
    if (prices == nullptr) return std::nullopt;
    return (input_tokens * *prices->price_input_usd + output_tokens * *prices->price_output_usd) /
           1e6;
}

void add_unpriced(const ExperimentSpec& spec, const TaskSpec& task, std::set<std::string>& models) {
    for (const StepSpec& step : task.steps) add_unpriced(spec, step.task, models);
    if (task.form != TaskForm::provider || priced_provider(spec, task.provider) != nullptr) return;
    models.insert(fmt::format("{}:{}", task.provider, task.model));
}

class Estimator {
  public:
    Estimator(const Experiment& experiment, ReplyCache* cache)
        : experiment_(experiment), cache_(cache), variants_(experiment.variants.size()) {
        for (std::size_t i = 0; i < variants_.size(); ++i) {
            variants_[i].name = experiment.variants[i].name;
        }
    }

    Result<void> add(const PlannedUnit& unit) {
        const auto index = static_cast<std::size_t>(unit.variant - experiment_.variants.data());
        VariantEstimate& estimate = variants_[index];
        ++estimate.units;
        const auto calls = unit.variant->task->calls(
            {.item = *unit.item, .variant = unit.variant->name, .repetition = unit.repetition});
        for (const PlannedCall& call : calls) {
            ++estimate.calls[name_of(call.target->lane)];
            if (!call.target->lane.model.empty()) ++estimate.model_calls;
            ASSAY_CHECK(add_request(call, estimate));
        }
        return {};
    }

    std::vector<VariantEstimate> finish(const std::map<std::string, UnitHistory>& history) {
        for (std::size_t i = 0; i < variants_.size(); ++i) {
            const std::string& name = variants_[i].name;
            const auto known = history.find(name);
            // Of the spec's variants the command line may have left some out.
            const auto spec =
                std::ranges::find(experiment_.spec.variants, name, &VariantSpec::name);
            finish(variants_[i], spec->task,
                   known == history.end() ? UnitHistory() : known->second);
        }
        return std::move(variants_);
    }

  private:
    Result<void> add_request(const PlannedCall& call, VariantEstimate& estimate) {
        if (!call.request) {
            ++estimate.unseen;
            return {};
        }
        if (cache_ != nullptr) {
            const auto key = ReplyCache::key_of(*call.target->provider, *call.request);
            if (key) {
                ASSAY_TRY(const auto found, cache_->find(*key));
                if (found) {
                    ++estimate.cached;
                    return {};
                }
            }
        }
        estimate.estimated_input_tokens += input_tokens(*call.request);
        return {};
    }

    void finish(VariantEstimate& estimate, const TaskSpec& task, const UnitHistory& history) const {
        std::uint64_t calls = 0;
        for (const auto& [lane, count] : estimate.calls) calls += count;
        const double left =
            calls == 0 ? 0
                       : static_cast<double>(calls - estimate.cached) / static_cast<double>(calls);
        const double units = static_cast<double>(estimate.units) * left;
        if (history.output_tokens) {
            estimate.estimated_output_tokens =
                static_cast<std::uint64_t>(std::llround(*history.output_tokens * units));
        }
        if (history.cost_usd) {
            estimate.estimated_cost_usd = *history.cost_usd * units;
        } else if (estimate.model_calls == 0 || units == 0) {
            estimate.estimated_cost_usd = 0;
        } else if (estimate.estimated_output_tokens && estimate.unseen == 0) {
            estimate.estimated_cost_usd =
                cost_usd(experiment_.spec, task.provider,
                         static_cast<double>(estimate.estimated_input_tokens),
                         static_cast<double>(*estimate.estimated_output_tokens));
        }
        if (history.latency_ms) {
            estimate.estimated_seconds =
                *history.latency_ms / 1000 * units / experiment_.spec.execution.concurrency;
        }
    }

    const Experiment& experiment_;
    ReplyCache* cache_;
    std::vector<VariantEstimate> variants_;
};

}  // namespace

std::vector<std::string> unpriced_models(const ExperimentSpec& spec) {
    std::set<std::string> models;
    for (const VariantSpec& variant : spec.variants) add_unpriced(spec, variant.task, models);
    return {models.begin(), models.end()};
}

Result<std::vector<VariantEstimate>> estimate_plan(
    const Experiment& experiment, const Plan& plan, ReplyCache* cache,
    const std::map<std::string, UnitHistory>& history) {
    ASSAY_TRY(auto items, plan.dataset.items());
    UnitSource source(experiment, std::move(items), plan.run.shard, FinishedUnits());
    Estimator estimator(experiment, cache);
    while (true) {
        ASSAY_TRY(const auto unit, source.next());
        if (!unit) return estimator.finish(history);
        ASSAY_CHECK(estimator.add(*unit));
    }
}

}  // namespace assay
