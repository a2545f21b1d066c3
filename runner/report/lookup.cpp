#include "runner/report/lookup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "core/model/quarantine.hpp"
#include "runner/report/estimate_text.hpp"
#include "runner/report/numbers.hpp"

namespace assay {
namespace {

/// One sentence about some run scores of a variant.
struct RunNote {
    std::vector<std::string> names;
    std::string text;

    friend bool operator==(const RunNote&, const RunNote&) = default;
};

std::vector<RunNote> notes_of(const VariantSummary& variant) {
    std::vector<RunNote> notes;
    const auto add = [&](const std::string& name, const auto& value, const std::string& comment) {
        if (value && comment.empty()) return;
        std::string text = value ? ": " + comment : " cannot be computed: " + value.error().message;
        const auto known = std::ranges::find(notes, text, &RunNote::text);
        if (known != notes.end()) {
            known->names.push_back(name);
        } else {
            notes.push_back({.names = {name}, .text = std::move(text)});
        }
    };
    for (const auto& [name, value, comment] : variant.run_scores) add(name, value, comment);
    for (const auto& [name, matrix, comment] : variant.matrices) add(name, matrix, comment);
    return notes;
}

template <class Variants, class Name>
const typename Variants::value_type* of_name_or_only(const Variants& variants,
                                                     const std::string& name, Name name_of) {
    const auto found = std::ranges::find(variants, name, name_of);
    if (found != variants.end()) return &*found;
    return variants.size() == 1 ? &variants.front() : nullptr;
}

}  // namespace

Counterpart find_counterpart(const ReferenceRun& reference, const std::string& variant) {
    if (!reference.tables.empty()) {
        return {.table = of_name_or_only(reference.tables, variant, &ScoreTable::variant),
                .summary = nullptr};
    }
    return {.table = nullptr,
            .summary = of_name_or_only(reference.summaries, variant, &VariantSummary::name)};
}

std::vector<std::string> score_names(const Report& report) {
    std::vector<std::string> names;
    for (const VariantSummary& variant : report.variants) {
        for (const ScoreSummary& score : variant.scores) {
            if (std::ranges::find(names, score.name) == names.end()) names.push_back(score.name);
        }
    }
    return names;
}

const ScoreSummary* find_score(const VariantSummary& variant, const std::string& name) {
    for (const ScoreSummary& score : variant.scores) {
        if (score.name == name) return &score;
    }
    return nullptr;
}

const Score* find_score(const UnitResult& unit, const std::string& name) {
    for (const Evaluation& evaluation : unit.evaluations) {
        for (const Score& score : evaluation.scores) {
            if (score.name == name) return &score;
        }
    }
    return nullptr;
}

std::optional<double> share_of(const ScoreSummary& score, const std::string& category) {
    if (score.count == 0) return std::nullopt;
    const auto found = score.categories.find(category);
    const std::uint64_t count = found == score.categories.end() ? 0 : found->second;
    return static_cast<double>(count) / static_cast<double>(score.count);
}

std::vector<std::string> categories_of(const Report& report, const std::string& score) {
    std::map<std::string, std::uint64_t> counts;
    for (const VariantSummary& variant : report.variants) {
        const ScoreSummary* found = find_score(variant, score);
        if (found == nullptr) continue;
        for (const auto& [category, count] : found->categories) counts[category] += count;
    }
    std::vector<std::string> categories;
    for (const auto& [category, count] : counts) categories.push_back(category);
    std::ranges::sort(categories, [&](const std::string& a, const std::string& b) {
        return counts[a] != counts[b] ? counts[a] > counts[b] : a < b;
    });
    return categories;
}

std::vector<std::string> run_score_notes(const Report& report) {
    // What is said of several run scores, or of several variants, is said once.
    std::vector<std::pair<std::vector<std::string>, RunNote>> notes;  // variants, and what of them
    for (const VariantSummary& variant : report.variants) {
        for (RunNote& note : notes_of(variant)) {
            const auto known = std::ranges::find(notes, note, &decltype(notes)::value_type::second);
            if (known != notes.end()) {
                known->first.push_back(variant.name);
            } else {
                notes.emplace_back(std::vector{variant.name}, std::move(note));
            }
        }
    }
    std::vector<std::string> lines;
    for (const auto& [variants, note] : notes) {
        const bool everywhere = variants.size() == report.variants.size();
        lines.push_back(fmt::format(
            "{}{}{}", fmt::join(note.names, ", "),
            everywhere ? "" : fmt::format(" ({})", fmt::join(variants, ", ")), note.text));
    }
    return lines;
}

std::string half_text(const Detectable& detectable) {
    std::vector<std::string> ways;
    if (detectable.items_for_half) ways.push_back(format_some(*detectable.items_for_half, "item"));
    if (detectable.repetitions_for_half.value_or(1) > 1) {
        ways.push_back(format_some(*detectable.repetitions_for_half, "repetition"));
    }
    return ways.empty() ? "" : fmt::format(" (half of that takes {})", fmt::join(ways, " or "));
}

std::vector<std::string> reference_notes(const Report& report) {
    std::vector<std::string> notes;
    for (const ReportedReference& reference : report.references) {
        if (!reference.missing.empty()) {
            notes.push_back(fmt::format("{}: {}", reference.name, reference.missing));
            continue;
        }
        std::vector<std::string> parts;
        for (const auto& [part, a, b] : reference.differences) {
            parts.push_back(
                fmt::format("{} ({} → {})", part, a.empty() ? "–" : a, b.empty() ? "–" : b));
        }
        if (parts.empty()) continue;
        notes.push_back(
            fmt::format("what else differs from {}: {}", reference.name, fmt::join(parts, ", ")));
    }
    return notes;
}

std::vector<std::string> detectable_notes(const Report& report) {
    struct Note {
        std::string basis;
        std::vector<std::pair<std::string, const Detectable*>> scores;  // the largest of a score
    };
    std::vector<Note> notes;
    for (const VariantSummary& variant : report.variants) {
        for (const ScoreSummary& score : variant.scores) {
            const auto& detectable = score.detectable;
            if (!detectable) continue;
            std::string basis = fmt::format(
                "with {} power at {} confidence ({})", format_percent(detectable->power),
                format_percent(detectable->confidence), detectable->basis);
            auto note = std::ranges::find(notes, basis, &Note::basis);
            if (note == notes.end()) note = notes.insert(note, {std::move(basis), {}});
            const auto known = std::ranges::find(note->scores, score.name,
                                                 &decltype(Note::scores)::value_type::first);
            if (known == note->scores.end()) {
                note->scores.emplace_back(score.name, &*detectable);
            } else if (known->second->difference < detectable->difference) {
                known->second = &*detectable;
            }
        }
    }
    std::vector<std::string> sentences;
    for (const auto& [basis, scores] : notes) {
        std::vector<std::string> parts;
        for (const auto& [score, detectable] : scores) {
            parts.push_back(fmt::format("{} in {}{}", format_number(detectable->difference), score,
                                        half_text(*detectable)));
        }
        sentences.push_back(
            fmt::format("smallest difference {}: {}", basis, fmt::join(parts, ", ")));
    }
    return sentences;
}

std::vector<std::string> quarantine_notes(const Report& report) {
    std::vector<std::string> notes;
    for (const QuarantinedItem& entry : Quarantine(report.run.manifest).items()) {
        notes.push_back(fmt::format("gates do not count {}{} until {}: {} ({})", entry.item.value(),
                                    entry.score.empty() ? "" : " for " + entry.score,
                                    entry.until.substr(0, 10), entry.reason, entry.by));
    }
    return notes;
}

}  // namespace assay
