#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"
#include "runner/engine/experiment.hpp"

namespace assay::test {

// A small world around execute(), drawn from a seed: specs, a provider that fails, a journal that
// breaks, stops at any moment. What must become of every unit is computed beside the engine, so
// that each execution can be held against it. simulation_world.cpp says what is checked.

/// What is found to be wrong, from any thread.
class Findings {
  public:
    void add(std::string finding);
    [[nodiscard]] std::vector<std::string> all() const;

  private:
    mutable std::mutex mutex_;
    std::vector<std::string> findings_;
};

/// A unit as the simulation names it: "VARIANT#REPETITION:INPUT".
[[nodiscard]] std::string name_of(const UnitResult& unit);
/// What became of a unit: status, output, scores and, where the cache cannot change them, calls.
[[nodiscard]] std::string describe(const UnitResult& unit, bool with_calls);

/// What becomes of one attempt.
enum class Fate : std::uint8_t { answered, truncated, empty, busy, limited, refused, wrong };

/// How often what becomes of an attempt; the rest is answered.
struct Odds {
    double truncated = 0;
    double empty = 0;    ///< the output is null
    double busy = 0;     ///< can be tried again
    double limited = 0;  ///< 429 with a time to wait
    double refused = 0;  ///< 429 without one
    double wrong = 0;    ///< can never succeed
    double late = 0;     ///< whatever it is, it takes a moment
};

/// Decides by hashing the call, so that an answer depends on neither time nor order.
class Destiny {
  public:
    Destiny(std::uint64_t seed, const Odds& odds) : seed_(seed), odds_(odds) {}

    [[nodiscard]] Fate fate_of(const std::string& call, int attempt) const;
    [[nodiscard]] std::string output_of(const std::string& call) const;
    /// How long the attempt takes; 0 = it answers without having waited.
    [[nodiscard]] std::chrono::microseconds time_of(const std::string& call, int attempt) const;

  private:
    [[nodiscard]] Rng dice(const std::string& call, int attempt, std::string_view what) const;

    std::uint64_t seed_;
    Odds odds_;
};

/// Something that happens once while the runs are executed.
struct Trouble {
    enum class Kind : std::uint8_t {
        none,
        drain,           ///< one signal at a call
        stop_at_once,    ///< two signals at a call
        throws,          ///< the provider throws at a call
        dies_at_call,    ///< the process is gone: two signals, and nothing is stored any more
        disk_full,       ///< from a commit on
        dies_at_commit,  ///< before it
        dies_after_commit,
        fail_fast,
        budget,
        no_begin,  ///< the journal does not open a run
    };
    Kind kind = Kind::none;
    std::size_t at = 0;  ///< which call or commit, from 1
};
[[nodiscard]] const char* to_string(Trouble::Kind kind);

/// Answers as destiny wants, and watches how it is called.
class SimulatedProvider final : public Provider {
  public:
    SimulatedProvider(const Destiny& destiny, Findings& findings)
        : destiny_(destiny), findings_(findings) {}

    /// Before an execution: what to check its calls against.
    struct Rules {
        int retries = 0;
        int ceiling = 0;               ///< calls of one model at a time
        std::set<std::string> stored;  ///< units that must not be called for again
        Trouble trouble;
        std::function<void()> on_death;
    };
    void expect(Rules rules);

    Task<ProviderReply> call(ProviderRequest request, Deadline deadline) override;
    Json identity() const override { return {{"kind", "simulated"}}; }

    // Of the current execution.
    [[nodiscard]] const std::set<std::string>& begun() const { return begun_; }
    [[nodiscard]] const Spending& used(const std::string& job) { return used_[job]; }
    [[nodiscard]] std::size_t calls() const { return calls_; }

  private:
    class Presence;
    struct Name {
        std::string unit;
        std::string call;
        std::string job;
    };
    [[nodiscard]] static Name name_of(const ProviderRequest& request);
    [[nodiscard]] int begin(const Name& name);
    void make_trouble();
    [[nodiscard]] Result<ProviderReply> answer(const Name& name, int attempt);

    const Destiny& destiny_;
    Findings& findings_;
    Rules rules_;
    std::size_t calls_ = 0;
    std::map<std::string, int> attempts_;   ///< by call
    std::map<std::string, int> under_way_;  ///< by model
    std::set<std::string> settled_;         ///< calls that must not be made again
    std::set<std::string> begun_;           ///< units
    std::map<std::string, Spending> used_;  ///< by job
};

/// A journal of several runs in memory, as durable as trouble lets it be.
class SimulatedJournal final : public RunJournal {
  public:
    SimulatedJournal(Findings& findings, std::uint64_t seed) : findings_(findings), rng_(seed) {}

    struct Kept {
        RunRecord run;
        std::map<std::string, UnitResult> units;  ///< by key
        bool is_open = false;
    };

    /// Before an execution; whoever had runs open is gone.
    void expect(const Trouble& trouble);
    void die() { dead_ = true; }

    Result<void> begin(const RunRecord& run) override;
    Result<JournalState> resume(const RunRecord& run) override;
    Result<void> commit(const RunId& run, std::span<const UnitResult> units,
                        Durability durability) override;
    Result<void> finish(const RunRecord& run) override;

    [[nodiscard]] const Kept* find(const RunId& run) const;
    [[nodiscard]] std::size_t acknowledged() const { return acknowledged_; }

  private:
    [[nodiscard]] Result<void> open();
    void store(Kept& kept, std::span<const UnitResult> units);

    Findings& findings_;
    Rng rng_;
    Trouble trouble_;
    std::atomic<bool> dead_ = false;
    bool is_full_ = false;
    bool has_failed_ = false;  ///< a commit
    std::size_t commits_ = 0;
    std::size_t opened_ = 0;
    std::size_t acknowledged_ = 0;
    std::map<std::string, Kept> runs_;
};

}  // namespace assay::test
