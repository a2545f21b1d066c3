#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/hash.hpp"
#include "core/base/limits.hpp"
#include "core/base/random.hpp"
#include "server/store/store.hpp"

// How fast units are stored and read back, in the shape of a `recorded` task scored by
// `exact_match`: input 200 bytes, output 100 bytes, two observations, one score.
//
//   store_bench FOLDER [UNITS]      FOLDER must not hold a store yet

namespace assay {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr std::uint64_t k_progress_units = 100 * limits::k_journal_group_units_max;

/// Text of `size` bytes out of a vocabulary in which few words are frequent, as in prose.
std::string prose(Rng& rng, std::size_t size) {
    static const std::vector<std::string> k_vocabulary = [] {
        std::vector<std::string> words;
        for (std::size_t i = 0; i < 20'000; ++i) {
            words.push_back(sha256_hex(std::to_string(i), 3 + i % 7) + ' ');
        }
        return words;
    }();
    std::string text;
    while (text.size() < size) {
        const double skewed = rng.next_unit() * rng.next_unit() * rng.next_unit();
        text += k_vocabulary[static_cast<std::size_t>(skewed * 20'000)];
    }
    text.resize(size);
    return text;
}

UnitResult make_unit(const RunRecord& run, std::uint64_t position, Rng& rng) {
    UnitResult unit;
    unit.variant = run.variants.front().name;
    unit.item.position = position;
    unit.item.line = position + 1;
    unit.item.input = prose(rng, 200);
    unit.item.expected_output = prose(rng, 100);
    const bool correct = rng.next_below(4) != 0;
    unit.output = correct ? unit.item.expected_output : Json(prose(rng, 100));
    unit.item.content_hash = sha256_hex(to_text(unit.item.input));
    unit.item.id = DatasetItemId(unit.item.content_hash.substr(0, 32));
    unit.key = UnitKey(sha256_hex(run.id.value() + std::to_string(position)));
    unit.trace_id = derive_trace_id(run.id, unit.item.position, unit.key);
    unit.started = run.started + std::chrono::microseconds(50 * position);
    unit.latency = std::chrono::nanoseconds(1000 + rng.next_below(1000));

    Observation task{.name = "task", .start = unit.started, .duration = unit.latency};
    task.input = unit.item.input;
    task.output = unit.output;
    Observation evaluator{.name = "evaluator:exact_match", .type = ObservationType::evaluator};
    evaluator.start = unit.started + unit.latency;
    evaluator.duration = std::chrono::nanoseconds(500);
    evaluator.input = {{"output", unit.output}, {"expected_output", unit.item.expected_output}};
    evaluator.output = {{"exact_match", correct}};
    unit.observations = {std::move(task), std::move(evaluator)};
    unit.evaluations.push_back(
        {.evaluator = "exact_match",
         .scores = {{.name = "exact_match",
                     .value = correct,
                     .comment = correct ? "" : "the output differs from the expected one"}}});
    return unit;
}

RunRecord make_run(std::uint64_t units) {
    RunRecord run;
    run.id = RunId(random_hex(16));
    run.name = "bench";
    run.experiment = "bench";
    run.dataset_name = "bench.jsonl";
    run.dataset_id = derive_dataset_id(default_project_id(), run.dataset_name);
    run.started = SystemClock().now();
    run.variants.push_back({"default", derive_dataset_run_id(run.id, "default"), units});
    return run;
}

/// Time on the clock and on the processor. The second is what a loaded machine leaves comparable.
class Stopwatch {
  public:
    void start() {
        wall_start_ = std::chrono::steady_clock::now();
        processor_start_ = processor_now();
    }
    /// Adds the time since start(); returns it.
    Seconds stop() {
        const Seconds spent = std::chrono::steady_clock::now() - wall_start_;
        wall_ += spent;
        processor_ += processor_now() - processor_start_;
        return spent;
    }
    void print(const char* what, std::uint64_t units) const {
        rusage usage{};
        (void)getrusage(RUSAGE_SELF, &usage);
        const auto count = static_cast<double>(units);
        std::printf(
            "%-7s %8.0f units  %7.0f units/s  %7.0f units/s of processor time  "
            "peak memory %ld MB\n",
            what, count, count / wall_.count(), count / processor_.count(), usage.ru_maxrss / 1024);
        std::fflush(stdout);
    }

  private:
    static Seconds processor_now() {
        timespec now{};
        (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
    }

    std::chrono::steady_clock::time_point wall_start_;
    Seconds processor_start_{0};
    Seconds wall_{0};
    Seconds processor_{0};
};

Result<void> commit_units(Store& store, const RunRecord& run, std::uint64_t units) {
    Rng rng(1);
    Stopwatch watch;
    Seconds slowest{0};
    std::vector<UnitResult> group;
    for (std::uint64_t position = 0; position < units; ++position) {
        group.push_back(make_unit(run, position, rng));
        if (group.size() < limits::k_journal_group_units_max && position + 1 < units) continue;
        watch.start();
        ASSAY_CHECK(store.commit(run.id, group));
        slowest = std::max(slowest, watch.stop());
        group.clear();
        if ((position + 1) % k_progress_units == 0) watch.print("", position + 1);
    }
    watch.print("commit", units);
    std::printf("slowest commit %.0f ms\n", slowest.count() * 1000);
    return {};
}

Result<void> read_units(const Store& store, const RunRecord& run) {
    Stopwatch watch;
    std::uint64_t units = 0;
    watch.start();
    ASSAY_CHECK(store.for_each_unit(run, [&](const UnitResult&) -> Result<void> {
        ++units;
        return {};
    }));
    watch.stop();
    watch.print("read", units);
    return {};
}

Result<void> bench(const std::filesystem::path& folder, std::uint64_t units) {
    const RunRecord run = make_run(units);
    {
        ASSAY_TRY(const auto store, Store::open(folder, default_project_id()));
        ASSAY_CHECK(store->begin(run));
        ASSAY_CHECK(commit_units(*store, run, units));
        ASSAY_CHECK(store->finish(run));
        ASSAY_CHECK(read_units(*store, run));
    }
    const auto bytes = static_cast<double>(std::filesystem::file_size(folder / "assay.db"));
    std::printf("%.0f bytes a unit on disk\n", bytes / static_cast<double>(units));
    return {};
}

}  // namespace
}  // namespace assay

int main(int count, char** arguments) {
    if (count < 2) {
        std::fprintf(stderr, "usage: store_bench FOLDER [UNITS]\n");
        return 2;
    }
    const std::uint64_t units = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 200'000;
    const auto done = assay::bench(arguments[1], units);
    if (done) return 0;
    std::fprintf(stderr, "store_bench: %s\n", done.error().message.c_str());
    return 1;
}
