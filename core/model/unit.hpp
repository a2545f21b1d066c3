#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/base/money.hpp"
#include "core/model/ids.hpp"
#include "core/model/score.hpp"

namespace assay {

/// One row of a dataset after mapping. `input`, `expected_output` and `metadata` are null when the
/// row has none.
struct DatasetItem {
    DatasetItemId id;
    Json input;
    Json expected_output;
    Json metadata;
    std::string cluster;         ///< rows that belong together; "" = the row itself
    Json row;                    ///< the row as it was read: `recorded` tasks look into it
    std::string content_hash;    ///< 64 hex digits over input, expected_output and metadata
    std::uint64_t position = 0;  ///< in the run, from 0
    std::uint64_t line = 0;      ///< in the file, from 1; 0 = unknown
};

/// Tokens by the tracing backend's names: "input", "output", "total", "input_cached_tokens", ...
using UsageDetails = std::map<std::string, std::int64_t>;

enum class ObservationType : std::uint8_t { span, generation, evaluator };
enum class ObservationLevel : std::uint8_t { normal, warning, error };

[[nodiscard]] const char* to_string(ObservationType type);    ///< "SPAN", "GENERATION", "EVALUATOR"
[[nodiscard]] const char* to_string(ObservationLevel level);  ///< "DEFAULT", "WARNING", "ERROR"
[[nodiscard]] Result<ObservationType> parse_observation_type(std::string_view text);
[[nodiscard]] Result<ObservationLevel> parse_observation_level(std::string_view text);

/// One timed node of a unit's trace: a task step or an evaluator.
struct Observation {
    std::string name;  ///< unique in its trace; the observation's id is derived from it
    ObservationType type = ObservationType::span;
    Time start;
    std::chrono::nanoseconds duration{0};
    Json input;
    Json output;
    Json metadata;
    std::string model;
    Json model_parameters;
    UsageDetails usage;
    std::optional<NanoUsd> cost;  ///< nothing = unknown price, which is not the same as free
    ObservationLevel level = ObservationLevel::normal;
    std::string status_message;
    std::string prompt_name = {};  ///< of the stored prompt that was sent; "" = none
    std::int64_t prompt_version = 0;
};

enum class EvaluationStatus : std::uint8_t { scored, error, skipped };
enum class UnitStatus : std::uint8_t { scored, failed, unscored, skipped };

[[nodiscard]] const char* to_string(EvaluationStatus status);
[[nodiscard]] const char* to_string(UnitStatus status);
[[nodiscard]] Result<EvaluationStatus> parse_evaluation_status(std::string_view text);
[[nodiscard]] Result<UnitStatus> parse_unit_status(std::string_view text);

/// In the metadata of a judge's calls: the model as the spec names it, "openai:gpt-4.1".
inline constexpr const char* k_asked_model = "asked_model";

/// One execution of a judge: in the tracing backend a trace of its own, linked both ways with the
/// scores that it gave. What it used is counted apart from what the task used.
struct JudgeRecord {
    TraceId trace_id;
    Time started;
    std::chrono::nanoseconds latency{0};
    UsageDetails usage;           ///< of all its calls
    std::optional<NanoUsd> cost;  ///< of the answers; nothing = unknown
    std::optional<NanoUsd> paid;  ///< what was paid for them: answers from the cache are free
    int calls = 0;                ///< requests to providers, retries included
    int retries = 0;
    int cached = 0;
    std::int64_t paid_tokens = 0;  ///< of `usage`, without answers from the cache: for budgets
    Json metadata;  ///< an object: what the judge's form has to tell of this execution
    std::vector<Observation> observations;  ///< its calls; empty when read back for a report
    bool over_budget = false;  ///< the budget refused a call, which says nothing of the judge
};

/// What one evaluator said about one unit. An error is never a score: `scores` is empty then and
/// `message` says why.
struct Evaluation {
    std::string evaluator;  ///< its name in the spec
    EvaluationStatus status = EvaluationStatus::scored;
    std::vector<Score> scores;  ///< with their final names
    std::string message;
    std::optional<JudgeRecord> judge;  ///< when a model was asked, whatever came of it
};

/// One finished unit (item × variant × repetition): all that is persisted of it, in one
/// transaction, and all that a report reads back.
struct UnitResult {
    UnitKey key;
    TraceId trace_id;
    std::string variant;
    int repetition = 0;  ///< from 0
    DatasetItem item;    ///< `row` is not kept

    UnitStatus status = UnitStatus::scored;
    Json output;        ///< null when the task gave none
    std::string error;  ///< why the unit is `failed`; else ""
    std::vector<Evaluation> evaluations;
    std::vector<Observation> observations;  ///< empty when read back for a report

    Time started;
    std::chrono::nanoseconds latency{0};  ///< of the task, without evaluators
    UsageDetails usage;                   ///< of the task
    std::optional<NanoUsd> cost;          ///< of the task's answer; nothing = unknown
    std::optional<NanoUsd> paid;          ///< what was paid for it: answers from the cache are free
    int calls = 0;                        ///< requests to providers, retries included
    int retries = 0;
    int cached = 0;  ///< answers taken from the cache instead of calling
    /// Until the first piece of a streamed answer; of the last step that was streamed.
    std::optional<std::chrono::nanoseconds> time_to_first_token;
    std::string log;  ///< what a program wrote besides its answers
};

/// The status that the evaluations give a unit whose task succeeded: `unscored` when at least one
/// of them errored, else `scored`. (SPEC 1.8)
[[nodiscard]] UnitStatus status_from(const std::vector<Evaluation>& evaluations);

/// Whether the unit is worth another look: it failed, is unscored or has a BOOLEAN score that is
/// false.
[[nodiscard]] bool is_failing(const UnitResult& unit);

}  // namespace assay
