#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "configs/service_spec.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "core/model/dataset_spec.hpp"
#include "core/model/json_path.hpp"
#include "core/model/report_plan.hpp"
#include "core/model/template.hpp"

namespace assay {

/// Where each value of a document stands, and each key. Values are named by JSON pointers
/// (RFC 6901): "/task/prompt".
class SourceMap {
  public:
    void set(std::string pointer, Place place) { values_[std::move(pointer)] = std::move(place); }
    void set_key(std::string pointer, Place place) { keys_[std::move(pointer)] = std::move(place); }
    /// Forgets the value at `pointer` and everything below it.
    void erase(std::string_view pointer);
    /// The place of the value at `pointer`, or of its nearest parent that has one.
    [[nodiscard]] Place find(std::string_view pointer) const;
    /// The place of the key of the value at `pointer`; of the value when it has no key.
    [[nodiscard]] Place find_key(std::string_view pointer) const;

  private:
    using Places = std::map<std::string, Place, std::less<>>;
    Places values_;
    Places keys_;
};

/// `pointer` with one more step: a key (escaped as RFC 6901 asks) or an index.
[[nodiscard]] std::string pointer_to(std::string_view pointer, std::string_view key);
[[nodiscard]] std::string pointer_to(std::string_view pointer, std::size_t index);

struct ProviderSpec {
    std::string name;  ///< as used before the colon: "openai", "local"
    std::string type;  ///< "openai", "openai-compatible"
    std::string base_url;
    Secret api_key;
    std::map<std::string, Secret> headers;
    Json options;  ///< passed through into every request body
    /// US dollars per million tokens, by the kind of usage: "input", "output",
    /// "input_cached_tokens", ... Nothing = as the price table says.
    std::optional<std::map<std::string, double>> price;
    std::string proxy;              ///< "" = as the environment says
    std::filesystem::path ca_file;  ///< certificates to trust instead of the system's; "" = those
    Json own = Json::object();  ///< all other keys; which there may be, the provider's type says
    std::string pointer;
};

/// One message of a prompt; a text prompt is a single "user" message.
struct PromptMessage {
    std::string role;
    TextTemplate content;
    std::string placeholder;  ///< when set: the messages found under this name go here
    /// Content parts as written (texts, and an image's `file`, `url` or `media`, hold templates);
    /// of an image whose file needs no row the bytes, as judges/provider.hpp writes it. Else null.
    Json parts;
};

struct PromptSpec {
    std::string name;    ///< the file's stem, "inline", or a stored prompt's
    std::optional<std::int64_t> version = std::nullopt;  ///< of a stored prompt
    std::string sha256;  ///< of the prompt as written, and of the images it names
    std::vector<PromptMessage> messages;
    std::filesystem::path folder;  ///< the spec's: files that rows name are relative to it
    std::string pointer;
};

/// Units' keys hold the numbers: a new form comes last.
enum class TaskForm : std::uint8_t { provider, command, recorded, http, steps };

struct StepSpec;

/// What is under test, for one variant, all overrides applied.
struct TaskSpec {
    TaskForm form = TaskForm::provider;
    std::string provider;  ///< before the colon
    std::string model;     ///< after it
    std::optional<PromptSpec> prompt;
    Json parameters;  ///< an object, maybe empty
    Json tools;
    Json response_schema;
    std::vector<std::string> command;
    bool once = false;  ///< mode: once
    std::optional<ServiceSpec> http;
    std::optional<JsonPath> recorded;
    std::vector<StepSpec> steps;  ///< each after those it needs; the last one gives the output
    std::chrono::milliseconds timeout = limits::k_task_timeout_default;
    std::string pointer;
};

/// One step of a task that is a graph.
struct StepSpec {
    std::string id;
    std::vector<std::string> needs;  ///< ids of steps whose outputs it uses or waits for
    TaskSpec task;                   ///< of any form but `steps`
    std::string pointer;
};

struct VariantSpec {
    std::string name;
    TaskSpec task;
    std::string pointer;
};

/// One entry of `evaluators`. What `parameters` may hold is the evaluator's own affair; it is
/// checked when the engine binds the spec.
struct EvaluatorSpec {
    std::string name;
    std::string type;
    Json parameters;  ///< keys that are not common ones
    Json common;      ///< the common keys of SPEC 1.6 as written
    std::string pointer;
};

/// Whether replies of models and services are taken from the cache and put into it.
enum class CacheMode : std::uint8_t {
    off,
    read,
    write,
    read_write,
    replay,  ///< only from the cache: a reply that is not there is an error
};

/// What a run may use at most. Nothing = no limit.
struct BudgetSpec {
    std::optional<double> cost_usd;
    std::optional<std::uint64_t> tokens;
    std::optional<std::uint64_t> calls;
    std::optional<std::chrono::milliseconds> wall_time;
};

/// The limits of one provider, or of one of its models. Nothing = not limited by the spec.
struct RateLimitSpec {
    std::optional<std::uint64_t> rpm;  ///< requests per minute
    std::optional<std::uint64_t> tpm;  ///< tokens per minute
    // Calls under way at a time: where the adaptive limit starts and between what it moves.
    std::optional<int> concurrency_start;
    std::optional<int> concurrency_min;
    std::optional<int> concurrency_max;
};

struct ExecutionSpec {
    int concurrency = limits::k_concurrency_default;
    int retries = limits::k_retries_default;
    std::chrono::milliseconds unit_deadline = limits::k_unit_deadline_default;
    std::uint64_t seed = 0;
    double min_coverage = 0.95;
    CacheMode cache = CacheMode::off;
    BudgetSpec budget;
    std::map<std::string, RateLimitSpec> rate_limits;  ///< by "openai" or "openai:gpt-4.1"
};

/// A spec that is well formed in itself. Names of evaluators, providers and scores are bound by
/// the engine (runner/engine/experiment.hpp).
struct ExperimentSpec {
    std::filesystem::path file;
    std::filesystem::path folder;  ///< paths in the spec are relative to it
    std::string experiment;
    std::string description;
    std::vector<std::string> tags;
    Json metadata;
    std::map<std::string, ProviderSpec> providers;
    std::filesystem::path prices;  ///< a price table of the user's, over the shipped one; "" = none
    DatasetSpec dataset;
    std::vector<VariantSpec> variants;  ///< at least one; "default" when the spec names none
    int repetitions = 1;
    std::vector<EvaluatorSpec> evaluators;
    std::vector<RunEvaluator> run_evaluators;
    std::vector<Gate> gates;
    std::optional<StopRule> stop;
    ExecutionSpec execution;
    Json document;       ///< the spec as JSON, overrides applied, `x-` keys and secrets left out
    std::string sha256;  ///< of `document`'s canonical text
};

}  // namespace assay
