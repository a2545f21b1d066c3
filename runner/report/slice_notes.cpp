#include "runner/report/slice_notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "runner/report/estimate_text.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

constexpr std::size_t k_slices_shown = 5;

/// By how much a score is above its reference, over all items or in one slice.
struct Movement {
    std::string subject;
    std::string variant;
    std::string reference;
    bool relative = false;
    SliceValue slice;
    double change = 0;
    std::optional<ReportedInterval> interval;
    bool less_is_better = false;

    [[nodiscard]] auto scope() const {
        return std::tie(subject, variant, reference, relative, slice.path, less_is_better);
    }
    [[nodiscard]] double gain() const { return less_is_better ? -change : change; }
};

std::optional<Movement> movement_of(const Comparison& comparison) {
    if (!comparison.difference) return std::nullopt;
    return Movement{.subject = comparison.score,
                    .variant = comparison.variant,
                    .reference = comparison.a,
                    .slice = comparison.slice,
                    .change = *comparison.difference,
                    .interval = comparison.interval};
}

std::optional<Movement> movement_of(const GateVerdict& verdict) {
    const Gate& gate = verdict.gate;
    if (gate.form == GateForm::value || !verdict.observed) return std::nullopt;
    const bool less = gate.op == GateOperator::less_equal || gate.op == GateOperator::less;
    return Movement{
        .subject = gate.category.empty() ? gate.score : gate.score + ": " + gate.category,
        .variant = verdict.variant,
        .reference = gate.baseline.empty() ? gate.versus : gate.baseline,
        .relative = gate.form == GateForm::relative,
        .slice = {.path = gate.slice, .value = verdict.slice},
        .change = *verdict.observed,
        .interval = verdict.interval,
        .less_is_better = less};
}

std::vector<Movement> movements_of(const Report& report) {
    std::vector<Movement> movements;
    const auto add = [&](std::optional<Movement> movement) {
        if (movement) movements.push_back(std::move(*movement));
    };
    for (const GateVerdict& verdict : report.gates) add(movement_of(verdict));
    for (const Comparison& comparison : report.comparisons) add(movement_of(comparison));
    return movements;
}

/// The change over all items that belongs to one in a slice; nullptr when it is not known.
const Movement* overall_of(const Movement& slice, const std::vector<Movement>& movements) {
    const auto belongs = [&](const Movement& other) {
        return other.slice.path.empty() && other.subject == slice.subject &&
               other.variant == slice.variant && other.reference == slice.reference;
    };
    const auto found = std::ranges::find_if(movements, belongs);
    return found == movements.end() ? nullptr : &*found;
}

std::string change_of(const Movement& movement) {
    return movement.relative ? format_difference(movement.change * 100) + " %"
                             : format_difference(movement.change);
}

std::string sentence_of(const Movement& overall, const std::vector<const Movement*>& slices) {
    std::vector<std::string> parts;
    for (const Movement* const slice : slices) {
        if (parts.size() == k_slices_shown) break;
        const bool has_interval = slice->interval && !slice->relative;
        parts.push_back(fmt::format("{} ({}{})", slice->slice.value, change_of(*slice),
                                    has_interval
                                        ? ", " + format_percent(slice->interval->confidence) +
                                              " interval " + format_interval(*slice->interval)
                                        : ""));
    }
    std::string listed = fmt::format("{}", fmt::join(parts, ", "));
    if (slices.size() > parts.size()) {
        listed += fmt::format(" and {} more", slices.size() - parts.size());
    }
    const bool rose = overall.change > 0;
    return fmt::format("{} of {} {} over all items ({} against {}) but {} where {} is {}",
                       overall.subject, overall.variant, rose ? "rises" : "falls",
                       change_of(overall), overall.reference, rose ? "falls" : "rises",
                       slices.front()->slice.path, listed);
}

}  // namespace

std::vector<std::string> slice_notes(const Report& report) {
    const std::vector<Movement> movements = movements_of(report);
    std::vector<const Movement*> worse;
    for (const Movement& movement : movements) {
        if (movement.slice.path.empty() || movement.gain() >= 0) continue;
        const Movement* const overall = overall_of(movement, movements);
        if (overall == nullptr || overall->change * movement.change >= 0) continue;
        const bool known = std::ranges::any_of(worse, [&](const Movement* other) {
            return other->scope() == movement.scope() && other->slice.value == movement.slice.value;
        });
        if (!known) worse.push_back(&movement);
    }
    std::ranges::sort(worse, [](const Movement* a, const Movement* b) {
        if (a->scope() != b->scope()) return a->scope() < b->scope();
        return a->gain() != b->gain() ? a->gain() < b->gain() : a->slice.value < b->slice.value;
    });
    std::vector<std::string> notes;
    for (std::size_t begin = 0; begin < worse.size();) {
        std::size_t end = begin;
        while (end < worse.size() && worse[end]->scope() == worse[begin]->scope()) ++end;
        const auto first = worse.begin() + static_cast<std::ptrdiff_t>(begin);
        const auto last = worse.begin() + static_cast<std::ptrdiff_t>(end);
        notes.push_back(sentence_of(*overall_of(**first, movements), {first, last}));
        begin = end;
    }
    return notes;
}

}  // namespace assay
