#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/temporary_folder.hpp"
#include "tests/unit/engine/engine_support.hpp"
#include "tests/unit/engine/simulation.hpp"

namespace assay::test {

/// What a spec of the simulation holds.
struct Shape {
    int items = 1;
    int variants = 1;
    int repetitions = 1;
    int retries = 1;
    bool in_steps = false;
    int concurrency = 1;
    CacheMode cache = CacheMode::off;
    std::optional<RateLimitSpec> limits;
};
[[nodiscard]] Shape draw_shape(Rng& rng);

/// One spec and what must become of its units.
class Job {
  public:
    Job(std::string name, const Shape& shape, const Destiny& destiny,
        std::shared_ptr<SimulatedProvider> provider);

    /// A plan of a new run, or of what `stored` left.
    [[nodiscard]] Plan plan(const RunRecord* stored, std::optional<Shard> shard = {}) const;
    /// What must become of each unit. @param replayed  with what `cache: read_write` recorded.
    [[nodiscard]] std::map<std::string, std::string> expected(bool replayed = false) const;
    [[nodiscard]] bool counts_calls() const { return shape.cache == CacheMode::off; }

    std::string name;
    Shape shape;
    Experiment experiment;
    std::optional<RunId> run;  ///< once it was begun

  private:
    struct Fortune {
        Fate fate = Fate::answered;
        std::string output;
        int calls = 0;
    };
    [[nodiscard]] Fortune fortune_of(const std::string& call) const;
    [[nodiscard]] std::string expected_unit(const std::string& variant, int repetition,
                                            const std::string& input, bool replayed) const;

    const Destiny& destiny_;
    std::unique_ptr<SpecFolder> folder_;
};

/// The world of one seed.
class World {
  public:
    explicit World(std::uint64_t seed);
    /// One without faults that never go away by being tried again, and with one job.
    static World calm(std::uint64_t seed);

    /// Executes the jobs, in trouble again and again and at last in peace, and checks each time.
    void run_to_the_end();
    /// Executes a new run of the first job in peace. @return what became of its units.
    std::map<std::string, std::string> run_once(int concurrency, CacheMode mode = CacheMode::off,
                                                std::optional<Shard> shard = {});

    [[nodiscard]] const Job& job() const { return *jobs_.front(); }
    [[nodiscard]] std::size_t calls_of_last_run() const { return provider_->calls(); }
    [[nodiscard]] std::vector<std::string> findings() const { return findings_.all(); }

  private:
    World(std::uint64_t seed, const Odds& odds, int jobs);
    [[nodiscard]] Trouble draw_trouble();
    void draw_limits(const Trouble& trouble);
    void open_cache();
    [[nodiscard]] std::vector<ExecutionJob> prepare(const Trouble& trouble);
    void execute_once(const Trouble& trouble);
    struct Before;
    [[nodiscard]] std::vector<Before> look_before() const;
    void check_after(const Trouble& trouble, const std::vector<Before>& before,
                     const std::vector<RunRecord>& ended);
    void check_spending(const Job& job, const Before& before, const RunRecord& ended,
                        const Trouble& trouble);
    void check_report(const Job& job, const SimulatedJournal::Kept& kept);
    void check_lost(const Trouble& trouble);
    void check_units(const Job& job, bool all);
    void find(const Job& job, std::string_view what);

    Rng rng_;
    Findings findings_;
    Destiny destiny_;
    std::shared_ptr<SimulatedProvider> provider_;
    SimulatedJournal journal_;
    std::vector<std::unique_ptr<Job>> jobs_;
    std::optional<TemporaryFolder> cache_folder_;
    std::unique_ptr<ReplyCache> cache_;
    SystemClock clock_;
    int executions_ = 0;
};

}  // namespace assay::test
