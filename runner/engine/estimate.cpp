#include "runner/engine/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "runner/engine/other_outputs.hpp"
#include "runner/engine/unit_source.hpp"

namespace assay {
namespace {

constexpr std::uint64_t k_bytes_per_token = 4;
/// Of the size that providers scale images to before they count.
constexpr std::uint64_t k_tokens_per_image = 1000;

std::uint64_t text_bytes(const Json& value) {
    const bool is_image = value.is_object() && value.value("type", Json()) == "image";
    if (is_image) return k_tokens_per_image * k_bytes_per_token;
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

class Estimator {
  public:
    /// @param at  whose prices are taken.
    Estimator(const Experiment& experiment, ReplyCache* cache, Time at)
        : experiment_(experiment),
          cache_(cache),
          at_(at),
          variants_(experiment.variants.size()),
          costs_(experiment.variants.size()) {
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
            ASSAY_CHECK(add_request(call, estimate, costs_[index]));
        }
        return {};
    }

    std::vector<VariantEstimate> finish(const std::map<std::string, UnitHistory>& history) {
        for (std::size_t i = 0; i < variants_.size(); ++i) {
            const auto known = history.find(variants_[i].name);
            add_judges(variants_[i], i == 0);
            finish(variants_[i], costs_[i], known == history.end() ? UnitHistory() : known->second);
        }
        return std::move(variants_);
    }

  private:
    /// What the calls of a variant that are not cached cost.
    struct Costs {
        std::uint64_t input_tokens = 0;      ///< of those that can be rendered
        std::optional<NanoUsd> input = 0;    ///< nothing: some price is unknown
        const CallTarget* target = nullptr;  ///< of all of them
        bool one_target = true;
    };

    void add_judges(VariantEstimate& estimate, bool is_first) const {
        const std::vector<bool> skipped = skipped_evaluators(experiment_, estimate.name);
        for (std::size_t i = 0; i < skipped.size(); ++i) {
            const AsyncEvaluator* const judge = experiment_.evaluators[i].waiting();
            if (judge == nullptr) continue;
            const std::uint64_t judged = skipped[i] ? 0 : estimate.units;
            for (const auto& [model, count] : judge->questions()) {
                const std::uint64_t calls =
                    judged * count.each_evaluation + (is_first ? count.once_a_run : 0);
                if (calls > 0) estimate.judge_calls[model] += calls;
            }
        }
    }

    Result<void> add_request(const PlannedCall& call, VariantEstimate& estimate, Costs& costs) {
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
        const std::uint64_t tokens = input_tokens(*call.request);
        costs.input_tokens += tokens;
        const auto cost = cost_of(*call.target, "input", tokens);
        if (costs.input && cost) {
            *costs.input += *cost;
        } else {
            costs.input.reset();
        }
        costs.one_target &= costs.target == nullptr || costs.target == call.target;
        costs.target = call.target;
        return {};
    }

    [[nodiscard]] std::optional<NanoUsd> cost_of(const CallTarget& target, const char* kind,
                                                 std::uint64_t tokens) const {
        if (tokens == 0 || target.prices == nullptr) return 0;
        return target.prices->cost_of(target.lane.model, "",
                                      {{kind, static_cast<std::int64_t>(tokens)}}, at_);
    }

    /// Of one model alone: what each of several writes is not known.
    [[nodiscard]] std::optional<double> cost_usd(const Costs& costs,
                                                 std::uint64_t output_tokens) const {
        if (costs.target == nullptr || !costs.one_target || !costs.input) return std::nullopt;
        const auto output = cost_of(*costs.target, "output", output_tokens);
        if (!output) return std::nullopt;
        return to_usd(*costs.input + *output);
    }

    void finish(VariantEstimate& estimate, const Costs& costs, const UnitHistory& history) const {
        std::uint64_t calls = 0;
        for (const auto& [lane, count] : estimate.calls) calls += count;
        const double left =
            calls == 0 ? 0
                       : static_cast<double>(calls - estimate.cached) / static_cast<double>(calls);
        const double units = static_cast<double>(estimate.units) * left;
        const auto of_units = [units](double tokens) {
            return static_cast<std::uint64_t>(std::llround(tokens * units));
        };
        if (estimate.unseen == 0) {
            estimate.estimated_input_tokens = costs.input_tokens;
        } else if (history.input_tokens) {
            estimate.estimated_input_tokens = of_units(*history.input_tokens);
        }
        if (history.output_tokens) {
            estimate.estimated_output_tokens = of_units(*history.output_tokens);
        }
        if (history.cost_usd) {
            estimate.estimated_cost_usd = *history.cost_usd * units;
        } else if (estimate.model_calls == 0 || units == 0) {
            estimate.estimated_cost_usd = 0;
        } else if (estimate.estimated_output_tokens && estimate.unseen == 0) {
            estimate.estimated_cost_usd = cost_usd(costs, *estimate.estimated_output_tokens);
        }
        const auto all_units = static_cast<double>(estimate.units);
        if (estimate.judge_calls.empty()) {
            estimate.estimated_judge_cost_usd = 0;
        } else if (history.judge_cost_usd) {
            estimate.estimated_judge_cost_usd = *history.judge_cost_usd * all_units;
        }
        if (history.latency_ms) {
            estimate.estimated_seconds =
                *history.latency_ms / 1000 * units / experiment_.spec.execution.concurrency;
        }
    }

    const Experiment& experiment_;
    ReplyCache* cache_;
    Time at_;
    std::vector<VariantEstimate> variants_;
    std::vector<Costs> costs_;
};

}  // namespace

std::vector<bool> skipped_evaluators(const Experiment& experiment, std::string_view variant) {
    std::vector<bool> skipped;
    for (const BoundEvaluator& evaluator : experiment.evaluators) {
        skipped.push_back(compares_others_with(evaluator, variant));
    }
    for (bool more = true; more;) {
        more = false;
        for (std::size_t i = 0; i < skipped.size(); ++i) {
            const bool lacks = std::ranges::any_of(experiment.order.needs(i),
                                                   [&](std::size_t n) { return skipped[n]; });
            if (!lacks || skipped[i]) continue;
            skipped[i] = true;
            more = true;
        }
    }
    return skipped;
}

std::vector<std::string> unpriced_models(const Experiment& experiment, Time at) {
    std::set<std::string> models;
    for (const ProviderBinder::Model& model : experiment.models->models()) {
        if (!model.prices->knows(model.model, at)) models.insert(model.name);
    }
    return {models.begin(), models.end()};
}

Result<std::vector<VariantEstimate>> estimate_plan(
    const Experiment& experiment, const Plan& plan, ReplyCache* cache,
    const std::map<std::string, UnitHistory>& history) {
    ASSAY_TRY(auto items, plan.dataset.items());
    UnitSource source(experiment, std::move(items), plan.run.shard, FinishedUnits());
    Estimator estimator(experiment, cache, plan.run.started);
    while (true) {
        ASSAY_TRY(const auto unit, source.next());
        if (!unit) return estimator.finish(history);
        ASSAY_CHECK(estimator.add(*unit));
    }
}

}  // namespace assay
