#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/base/money.hpp"
#include "core/model/ids.hpp"
#include "core/model/report_plan.hpp"
#include "core/model/unit.hpp"

namespace assay {

/// How a run stands. Whether its gates passed is decided from its numbers whenever it is read.
enum class RunState : std::uint8_t {
    running,      ///< begun and not ended: alive, or its process died
    finished,     ///< every planned unit has its final state
    incomplete,   ///< ended early for a cause other than the user
    interrupted,  ///< ended by Ctrl-C or SIGTERM
};

[[nodiscard]] const char* to_string(RunState state);
[[nodiscard]] Result<RunState> parse_run_state(std::string_view text);

/// One variant of a run: in the tracing backend a dataset run.
struct VariantRecord {
    std::string name;
    DatasetRunId dataset_run_id;
    std::uint64_t planned = 0;  ///< units: items × repetitions
};

/// What calls have used.
struct Spending {
    NanoUsd cost = 0;  ///< known prices only
    std::int64_t tokens = 0;
    std::int64_t calls = 0;

    Spending& operator+=(const Spending& more) {
        cost += more.cost;
        tokens += more.tokens;
        calls += more.calls;
        return *this;
    }
};

/// What a finished unit used, its judges included, as budgets count it: answers from the cache are
/// free. A unit with steps of both kinds, called and cached, needs its observations to tell them
/// apart.
[[nodiscard]] Spending spending_of(const UnitResult& unit);
/// The tokens of the calls among them, without those that the cache answered.
[[nodiscard]] std::int64_t paid_tokens(const std::vector<Observation>& observations);

/// That a model answered: what it calls itself.
struct ModelAnswered {
    std::string variant;
    std::string observation;  ///< name of the generation: a step's id
    std::string model;
    std::string asked = {};  ///< by a judge: as the spec names the model; "" = it was a task
};

/// One of several parts of a plan that are executed apart: units whose key falls into it.
struct Shard {
    int index = 1;  ///< from 1
    int count = 1;
};

/// One execution of a spec, as it is stored when the run begins and completed when it ends.
struct RunRecord {
    RunId id;
    std::string name;
    std::string experiment;
    std::string description;
    Json metadata;  ///< the spec's and the command line's, with "tags"
    std::string dataset_name;
    DatasetId dataset_id;
    Time started;
    std::optional<Time> finished;
    RunState state = RunState::running;
    bool partial = false;  ///< --limit, --sample or --filter: not the whole dataset
    std::string reason;    ///< why it is incomplete, in one sentence
    int repetitions = 1;
    std::vector<VariantRecord> variants;
    ReportPlan report_plan;
    Json manifest;          ///< SPEC section 3
    Json spec;              ///< the spec as it was run, overrides applied
    std::string spec_file;  ///< path as given on the command line, for messages
    /// SHA-256 of all that decides which units there are and how each is answered and scored: runs
    /// with the same one can be continued and put together.
    std::string plan_sha256;
    Json invocation;       ///< what of the command line is needed to continue the run, an object
    bool resumed = false;  ///< it was continued after an interruption
    std::optional<Shard> shard;
    Spending dropped;  ///< used for units that were given up: they have no final state

    /// In the manifest of a run that ended because its gates were decided: {"score", "items"}.
    static constexpr const char* k_stopped_early = "stopped_early";
    /// In the manifest, by evaluator: what became of its canaries, as
    /// AsyncEvaluator::judge_canaries() says it, or {"error"}.
    static constexpr const char* k_canaries = "canaries";
    /// In the manifest: judges that are a model under test, [{"evaluator", "model", "variants"}].
    static constexpr const char* k_self_judging = "self_judging";
    [[nodiscard]] bool stopped_early() const { return manifest.contains(k_stopped_early); }
};

/// Calls `visit` for every stored unit of a run, ordered by variant (as in the run), then item
/// position, then repetition. Stops at the first error, its own or the visitor's.
using UnitVisitor = std::function<Result<void>(const UnitResult&)>;
using UnitStream = std::function<Result<void>(const UnitVisitor&)>;

}  // namespace assay
