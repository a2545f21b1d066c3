#include "evaluators/evaluation_order.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "core/base/hash.hpp"
#include "core/model/json_value.hpp"
#include "evaluators/evaluation_state.hpp"

namespace assay {
namespace {

const std::vector<std::string>& field_names() {
    static const std::vector<std::string> k_names = {"id",       "input",  "expected_output",
                                                     "metadata", "output", "scores"};
    return k_names;
}

bool is_field(const std::string& name) {
    return std::ranges::find(field_names(), name) != field_names().end();
}

/// The score that a path names: `scores.NAME`, or NAME alone when it is no field.
const std::string* score_named(const std::vector<std::string>& path) {
    if (path.front() == "scores") return path.size() > 1 ? &path[1] : nullptr;
    return is_field(path.front()) ? nullptr : &path.front();
}

/// Resolves the names of all entries.
class OrderBinding {
  public:
    OrderBinding(const std::vector<BoundEvaluator>& evaluators, std::vector<OrderMistake>& mistakes)
        : evaluators_(evaluators), mistakes_(mistakes), needs_(evaluators.size()) {
        for (std::size_t i = 0; i < evaluators_.size(); ++i) {
            names_.push_back(evaluators_[i].name());
            for (std::string& score : evaluators_[i].score_names()) {
                owners_.emplace(score, i);
                scores_.push_back(std::move(score));
            }
        }
    }

    Dependencies needs() {
        for (std::size_t i = 0; i < evaluators_.size(); ++i) {
            for (std::size_t n = 0; n < evaluators_[i].needs().size(); ++n) need(i, n);
            conditions_.push_back(condition_of(i));
            std::ranges::sort(needs_[i]);
            const auto repeats = std::ranges::unique(needs_[i]);
            needs_[i].erase(repeats.begin(), repeats.end());
        }
        return std::move(needs_);
    }
    std::vector<std::optional<Filter>> conditions() { return std::move(conditions_); }

  private:
    void mistake(std::size_t evaluator, std::string pointer, std::string message) {
        mistakes_.push_back({evaluator, {std::move(pointer), std::move(message)}});
    }

    void need(std::size_t evaluator, std::size_t entry) {
        const std::string& name = evaluators_[evaluator].needs()[entry];
        const auto needed = std::ranges::find(names_, name);
        if (needed == names_.end()) {
            mistake(evaluator, fmt::format("/needs/{}", entry),
                    fmt::format("unknown evaluator \"{}\"{}", name, hint_for(name, names_)));
        } else {
            needs_[evaluator].push_back(static_cast<std::size_t>(needed - names_.begin()));
        }
    }

    static std::string hint_for(const std::string& name, const std::vector<std::string>& known) {
        std::string hint = did_you_mean(name, known);
        return hint.empty() ? fmt::format("; known here: {}", fmt::join(known, ", ")) : hint;
    }

    std::optional<Filter> condition_of(std::size_t evaluator) {
        const std::string& when = evaluators_[evaluator].when();
        if (when.empty()) return std::nullopt;
        std::vector<std::string> heads = field_names();
        std::ranges::copy(scores_, std::back_inserter(heads));
        auto parsed = Filter::parse(when, heads);
        if (!parsed) {
            mistake(evaluator, "/when", std::move(parsed.error().message));
            return std::nullopt;
        }
        for (const std::vector<std::string>& path : parsed->paths()) {
            need_score(evaluator, path);
        }
        return std::move(*parsed);
    }

    void need_score(std::size_t evaluator, const std::vector<std::string>& path) {
        const std::string* const score = score_named(path);
        const std::string written = fmt::format("{}", fmt::join(path, "."));
        if (score == nullptr) {
            if (path.front() != "scores") return;
            mistake(evaluator, "/when", "\"scores\" is followed by a name, as in scores.format");
            return;
        }
        const auto owner = owners_.find(*score);
        if (owner == owners_.end()) {
            mistake(evaluator, "/when",
                    fmt::format("\"{}\": no evaluator gives the score \"{}\"{}", written, *score,
                                hint_for(*score, scores_)));
        } else if (path.back() != *score) {
            mistake(evaluator, "/when",
                    fmt::format("\"{}\": a score is a single value and has no parts", written));
        } else {
            needs_[evaluator].push_back(owner->second);
        }
    }

    const std::vector<BoundEvaluator>& evaluators_;
    std::vector<OrderMistake>& mistakes_;
    std::vector<std::string> names_;
    std::vector<std::string> scores_;
    std::map<std::string, std::size_t> owners_;  ///< of scores
    Dependencies needs_;
    std::vector<std::optional<Filter>> conditions_;
};

OrderMistake cycle_mistake(const std::vector<BoundEvaluator>& evaluators,
                           const std::vector<std::size_t>& cycle) {
    std::string named;
    for (const std::size_t node : cycle) named += evaluators[node].name() + " -> ";
    const BoundEvaluator& first = evaluators[cycle.front()];
    const std::string& next = evaluators[cycle[1 % cycle.size()]].name();
    const bool said = std::ranges::find(first.needs(), next) != first.needs().end();
    return {cycle.front(),
            {said ? "/needs" : "/when",
             fmt::format("the evaluators need each other: {}{}", named, first.name())}};
}

/// Names and values of the scores that were given.
Json scores_of(const std::vector<std::size_t>& evaluators, const std::vector<Evaluation>& made) {
    Json scores = Json::object();
    for (const std::size_t evaluator : evaluators) {
        for (const Score& score : made[evaluator].scores) scores[score.name] = to_json(score.value);
    }
    return scores;
}

bool holds(const Filter& condition, const UnitResult& unit, const Json& scores) {
    const Json id = unit.item.id.value();
    const std::map<std::string, const Json*, std::less<>> fields = {
        {"id", &id},
        {"input", &unit.item.input},
        {"expected_output", &unit.item.expected_output},
        {"metadata", &unit.item.metadata},
        {"output", &unit.output},
        {"scores", &scores}};
    return condition.matches([&](const std::vector<std::string>& path) -> const Json* {
        const auto field = fields.find(path.front());
        if (field == fields.end()) return find_path(scores, path);
        // An item without metadata has none, and not null.
        const bool is_there = field->second == &unit.output || !field->second->is_null();
        return is_there ? find_path(*field->second, path, 1) : nullptr;
    });
}

}  // namespace

std::optional<EvaluationOrder> EvaluationOrder::bind(std::vector<BoundEvaluator>& evaluators,
                                                     std::vector<OrderMistake>& mistakes) {
    const std::size_t before = mistakes.size();
    OrderBinding binding(evaluators, mistakes);
    EvaluationOrder order;
    order.needs_ = binding.needs();
    order.conditions_ = binding.conditions();
    const DependencyOrder found = order_dependencies(order.needs_);
    if (!found.cycle.empty()) mistakes.push_back(cycle_mistake(evaluators, found.cycle));
    if (mistakes.size() > before) return std::nullopt;
    for (const std::size_t evaluator : found.order) {
        std::vector<std::string> hashes;
        for (const std::size_t needed : order.needs_[evaluator]) {
            hashes.push_back(evaluators[needed].hash());
        }
        if (!hashes.empty()) evaluators[evaluator].cover(hashes);
    }
    return order;
}

const std::vector<std::size_t>& EvaluationOrder::needs(std::size_t evaluator) const {
    static const std::vector<std::size_t> k_none;
    return needs_.empty() ? k_none : needs_[evaluator];
}

std::string EvaluationOrder::reason_to_skip(std::size_t evaluator, const UnitResult& unit,
                                            const std::vector<Evaluation>& made) const {
    if (needs_.empty()) return {};
    for (const std::size_t needed : needs_[evaluator]) {
        if (made[needed].status == EvaluationStatus::scored) continue;
        return fmt::format(
            "it needs \"{}\", which {}", made[needed].evaluator,
            made[needed].status == EvaluationStatus::error ? "broke" : "was skipped");
    }
    const std::optional<Filter>& condition = conditions_[evaluator];
    if (!condition || holds(*condition, unit, scores_of(needs_[evaluator], made))) return {};
    return fmt::format("its condition is false: {}", condition->text());
}

}  // namespace assay
