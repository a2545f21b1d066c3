#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/text.hpp"
#include "runner/cli/commands.hpp"
#include "runner/cli/open_run.hpp"
#include "runner/cli/outputs.hpp"
#include "runner/cli/references.hpp"
#include "runner/report/comparison_text.hpp"
#include "runner/report/grid.hpp"
#include "runner/report/lookup.hpp"
#include "runner/report/reference_run.hpp"
#include "runner/report/writers.hpp"

namespace assay {
namespace {

/// One of the two that are compared.
struct Side {
    ReferenceRun reference;
    std::optional<OpenRun> run;  ///< when it is a stored run
    std::string variant;         ///< only this one; "" = all
};

std::unique_ptr<Store> open_store_if_any(const std::string& folder) {
    auto store = Store::open_existing(folder, default_project_id());
    return store ? std::move(*store) : nullptr;
}

/// A baseline, a run or a file. Of a run the units are read once, with the slices that are asked
/// for.
Result<Side> find_side(const std::string& reference, const CompareArguments& arguments) {
    const std::unique_ptr<Store> store = open_store_if_any(arguments.store);
    const bool is_run = store != nullptr && !store->find_baseline(reference) &&
                        store->find_run(reference).has_value();
    Side side;
    if (!is_run) {
        ASSAY_TRY(const FoundReference found, find_reference(reference, {}, store.get()));
        ASSAY_TRY(side.reference, reference_from_text(found.document, reference));
        return side;
    }
    ASSAY_TRY(OpenRun run, open_run(arguments.store, reference));
    std::vector<std::string> slices;
    if (!arguments.slice.empty()) slices.push_back(arguments.slice);
    ASSAY_TRY(side.reference, reference_from_units(run.run, run.units(), std::move(slices)));
    side.run = std::move(run);
    return side;
}

/// REF, or REF:VARIANT when there is no such REF.
Result<Side> read_side(const std::string& reference, const CompareArguments& arguments) {
    auto side = find_side(reference, arguments);
    const std::size_t colon = reference.rfind(':');
    const bool may_name_variant = !side && side.error().code == ErrorCode::not_found &&
                                  colon != std::string::npos && colon > 0;
    if (!may_name_variant) return side;
    auto shorter = find_side(reference.substr(0, colon), arguments);
    if (!shorter) return side;
    shorter->variant = reference.substr(colon + 1);
    std::vector<std::string> names;
    for (const ScoreTable& table : shorter->reference.tables) names.push_back(table.variant);
    for (const VariantSummary& summary : shorter->reference.summaries) {
        names.push_back(summary.name);
    }
    if (std::ranges::find(names, shorter->variant) == names.end()) {
        return failure(ErrorCode::not_found,
                       fmt::format("{} has no variant \"{}\"{}", reference.substr(0, colon),
                                   shorter->variant, did_you_mean(shorter->variant, names)));
    }
    std::erase_if(shorter->reference.tables,
                  [&](const ScoreTable& table) { return table.variant != shorter->variant; });
    std::erase_if(shorter->reference.summaries,
                  [&](const VariantSummary& summary) { return summary.name != shorter->variant; });
    return shorter;
}

std::vector<std::string> slice_values(const ScoreTable& table, const std::string& path) {
    const SliceColumn* const column = table.find_slice(path);
    if (column == nullptr) return {};
    std::vector<std::string> values = column->values;
    std::ranges::sort(values);
    return values;
}

Result<void> check_slices(const std::vector<std::string>& values, const std::string& path) {
    if (values.empty() || values == std::vector<std::string>{"(none)"}) {
        return failure(ErrorCode::not_found,
                       fmt::format("no item of the second run has a {}", path));
    }
    if (values.size() <= limits::k_slices_max) return {};
    return failure(ErrorCode::invalid_argument,
                   fmt::format("{} has {} values, and {} slices at most are compared", path,
                               values.size(), limits::k_slices_max));
}

/// One variant against the one that answers to it, over all items and then slice by slice.
Result<void> compare_variant(const Counterpart& a, const ScoreTable& b, CompareOptions options,
                             const std::string& slice, std::vector<Comparison>& comparisons) {
    const auto append = [&](std::vector<Comparison> more) {
        std::ranges::move(more, std::back_inserter(comparisons));
    };
    if (a.table == nullptr) {
        append(compare_with_summaries(a.summary->scores, b, options));
        return {};
    }
    append(compare_tables(*a.table, b, options));
    if (slice.empty()) return {};
    const std::vector<std::string> values = slice_values(b, slice);
    ASSAY_CHECK(check_slices(values, slice));
    for (const std::string& value : values) {
        options.slice = {.path = slice, .value = value};
        append(compare_tables(*a.table, b, options));
    }
    return {};
}

Result<std::vector<Comparison>> compare_sides(const Side& a, const Side& b,
                                              const CompareArguments& arguments) {
    if (b.reference.tables.empty()) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("{} has no values of items; name a run, a baseline or exported "
                                   "units (.jsonl) as the second one",
                                   arguments.b));
    }
    const bool several = b.reference.tables.size() > 1;
    std::vector<Comparison> comparisons;
    for (const ScoreTable& table : b.reference.tables) {
        const bool alone = a.reference.tables.size() + a.reference.summaries.size() == 1;
        const Counterpart other = find_counterpart(a.reference, table.variant);
        if (other.table == nullptr && other.summary == nullptr) {
            return failure(
                ErrorCode::not_found,
                fmt::format("{} has no variant {}; name the two that are meant: "
                            "assay compare {}:VARIANT {}:{}",
                            arguments.a, table.variant, arguments.a, arguments.b, table.variant));
        }
        const CompareOptions options{
            .a = several && !alone ? fmt::format("{}:{}", arguments.a, table.variant) : arguments.a,
            .b = several ? fmt::format("{}:{}", arguments.b, table.variant) : arguments.b,
            .confidence = arguments.confidence,
            .method = parse_interval_method(arguments.method).value_or(IntervalMethod::automatic),
            .test = parse_comparison_test(arguments.test).value_or(ComparisonTest::automatic),
            .seed = arguments.seed,
            .scores = arguments.scores,
            .slice = {}};
        ASSAY_CHECK(compare_variant(other, table, options, arguments.slice, comparisons));
    }
    return comparisons;
}

/// A score that neither side has is a mistake of whoever typed it.
Result<void> check_scores(const Side& a, const Side& b, const std::vector<std::string>& wanted) {
    std::vector<std::string> known;
    for (const Side* side : {&a, &b}) {
        for (const ScoreTable& table : side->reference.tables) {
            for (const ScoreSeries& series : table.scores) known.push_back(series.name);
        }
    }
    for (const std::string& score : wanted) {
        if (std::ranges::find(known, score) != known.end()) continue;
        return failure(ErrorCode::not_found, fmt::format("neither side has the score \"{}\"{}",
                                                         score, did_you_mean(score, known)));
    }
    return {};
}

std::vector<ManifestDifference> differences_of(const Side& a, const Side& b) {
    const bool known = !a.reference.manifest.is_null() && !b.reference.manifest.is_null();
    return known ? manifest_differences(a.reference.manifest, b.reference.manifest)
                 : std::vector<ManifestDifference>();
}

OrderedJson side_to_json(const std::string& reference, const Side& side) {
    return {{"reference", reference},
            {"run_id", side.reference.run_id.empty() ? OrderedJson(nullptr)
                                                     : OrderedJson(side.reference.run_id)},
            {"partial", side.reference.partial}};
}

OrderedJson to_json(const CompareArguments& arguments, const Side& a, const Side& b,
                    const std::vector<Comparison>& comparisons) {
    OrderedJson json = {{"a", side_to_json(arguments.a, a)}, {"b", side_to_json(arguments.b, b)}};
    json["differences"] = OrderedJson::array();
    for (const ManifestDifference& difference : differences_of(a, b)) {
        json["differences"].push_back(
            {{"part", difference.part}, {"a", difference.a}, {"b", difference.b}});
    }
    json["comparisons"] = OrderedJson::array();
    for (const Comparison& comparison : comparisons) {
        json["comparisons"].push_back(comparison_to_json(comparison));
    }
    return json;
}

std::string side_text(const std::string& reference, const Side& side) {
    const std::string& run = side.reference.run_id;
    return fmt::format("{}{}{}", terminal_safe(reference),
                       run.empty() || run == reference ? "" : fmt::format(" (run {})", run),
                       side.reference.partial ? ", a part of its dataset" : "");
}

void print_differences(const Side& a, const Side& b) {
    const bool known = !a.reference.manifest.is_null() && !b.reference.manifest.is_null();
    if (!known) {
        print_out(
            "What else differs is not known: a file of units does not say how it was made.\n");
        return;
    }
    const std::vector<ManifestDifference> differences = differences_of(a, b);
    if (differences.empty()) {
        print_out(
            "Nothing else differs: data, evaluators, prompts, models and seed are the same.\n");
        return;
    }
    print_out("What else differs\n");
    std::size_t width = 0;
    for (const auto& difference : differences) width = std::max(width, difference.part.size());
    for (const auto& [part, before, now] : differences) {
        print_out(fmt::format("  {:<{}}  {} → {}\n", terminal_safe(part), width,
                              before.empty() ? "–" : terminal_safe(before),
                              now.empty() ? "–" : terminal_safe(now)));
    }
}

void print_comparisons(const CompareArguments& arguments, const Side& a, const Side& b,
                       const std::vector<Comparison>& comparisons, const Console& console) {
    print_out(
        fmt::format("a  {}\nb  {}\n\n", side_text(arguments.a, a), side_text(arguments.b, b)));
    print_differences(a, b);
    print_out("\n");
    if (comparisons.empty()) {
        print_out("There is no score to compare: neither side has any.\n");
        return;
    }
    for (const std::string& line : comparison_lines(comparisons, console.columns)) {
        print_out(line + "\n");
    }
    const std::vector<std::string> notes = comparison_notes(comparisons);
    if (!notes.empty()) print_out("\n");
    for (const std::string& note : notes) {
        for (const std::string& line : wrap(note, console.columns)) print_out(line + "\n");
    }
}

/// The report of the second run, with what it was compared with in it.
Result<void> write_outputs(const CompareArguments& arguments, Side a, const Side& b) {
    if (arguments.out.empty()) return {};
    if (!b.run) {
        return failure(ErrorCode::invalid_argument,
                       fmt::format("`--out` writes the report of the second run, and {} is no "
                                   "stored run; use --json",
                                   arguments.b));
    }
    for (const std::string& path : arguments.out) ASSAY_CHECK(check_output(path));
    ReportInputs inputs{.programs = b.run->programs, .baseline = arguments.a};
    if (!arguments.slice.empty()) inputs.slices.push_back(arguments.slice);
    read_references(b.run->run, b.run->spec_folder, *b.run->store, inputs);
    inputs.baseline = arguments.a;
    inputs.references.insert_or_assign(arguments.a, std::move(a.reference));
    ASSAY_TRY(const Report report, make_report(b.run->run, b.run->units(), inputs));
    for (const std::string& path : arguments.out) {
        ASSAY_CHECK(write_output(path, report, *b.run->store));
        if (!arguments.json) announce_output(path);
    }
    return {};
}

Result<ExitCode> compare(const CompareArguments& arguments, const Console& console) {
    ASSAY_TRY(Side a, read_side(arguments.a, arguments));
    ASSAY_TRY(const Side b, read_side(arguments.b, arguments));
    ASSAY_CHECK(check_scores(a, b, arguments.scores));
    ASSAY_TRY(const auto comparisons, compare_sides(a, b, arguments));
    if (arguments.json) {
        print_out(to_pretty_text(to_json(arguments, a, b, comparisons)));
    } else {
        print_comparisons(arguments, a, b, comparisons, console);
    }
    ASSAY_CHECK(write_outputs(arguments, std::move(a), b));
    return ExitCode::ok;
}

}  // namespace

ExitCode compare_command(const CompareArguments& arguments, const Console& console) {
    return end_with(compare(arguments, console));
}

}  // namespace assay
