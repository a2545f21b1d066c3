#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/base/json.hpp"
#include "core/base/limits.hpp"
#include "core/base/secret.hpp"
#include "core/model/filter.hpp"
#include "core/model/json_path.hpp"
#include "core/model/report_plan.hpp"
#include "core/model/template.hpp"

namespace assay {

/// Where each value of a document stands. Keys are JSON pointers (RFC 6901): "/task/prompt".
class SourceMap {
  public:
    void set(std::string pointer, Place place) { places_[std::move(pointer)] = std::move(place); }
    /// The place of the value at `pointer`, or of its nearest parent that has one.
    [[nodiscard]] Place find(std::string_view pointer) const;

  private:
    std::map<std::string, Place, std::less<>> places_;
};

struct SampleSpec {
    std::uint64_t size = 0;
    std::uint64_t seed = 0;
};

/// A value taken from a row: one path, or a map of name -> path that builds an object.
struct MappingSpec {
    std::optional<JsonPath> path;
    std::map<std::string, JsonPath> fields;
    std::string pointer;  ///< into the spec, for messages
};

struct DatasetSpec {
    std::string file;  ///< as written, relative to the spec
    std::filesystem::path path;
    std::optional<MappingSpec> input;            ///< default: $.input
    std::optional<MappingSpec> expected_output;  ///< default: $.expected_output
    std::optional<MappingSpec> metadata;         ///< default: $.metadata
    std::optional<JsonPath> id;                  ///< default: a hash of the content
    std::optional<JsonPath> cluster;
    std::optional<Filter> where;
    std::optional<std::uint64_t> limit;
    std::optional<SampleSpec> sample;
    Json input_schema;  ///< null when there is none
};

struct ProviderSpec {
    std::string name;  ///< as used before the colon: "openai", "local"
    std::string type;  ///< "openai", "openai-compatible"
    std::string base_url;
    Secret api_key;
    std::map<std::string, Secret> headers;
    Json options;  ///< passed through into every request body
    std::optional<double> price_input_usd;   ///< per million tokens
    std::optional<double> price_output_usd;  ///< per million tokens
    std::string pointer;
};

/// One message of a prompt; a text prompt is a single "user" message.
struct PromptMessage {
    std::string role;
    TextTemplate content;
    std::string placeholder;  ///< when set: the messages found under this name go here
    Json parts;               ///< content parts as written (text parts hold templates), else null
};

struct PromptSpec {
    std::string name;    ///< the file's stem, or "inline"
    std::string sha256;  ///< of the prompt as written
    std::vector<PromptMessage> messages;
    std::string pointer;
};

enum class TaskForm : std::uint8_t { provider, command, recorded };

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
    std::optional<JsonPath> recorded;
    std::chrono::milliseconds timeout = limits::k_task_timeout_default;
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
    Json parameters;                    ///< keys that are not common ones
    Json common;                        ///< the common keys of SPEC 1.6 as written
    std::string pointer;
};

struct ExecutionSpec {
    int concurrency = limits::k_concurrency_default;
    int retries = limits::k_retries_default;
    std::chrono::milliseconds unit_deadline = limits::k_unit_deadline_default;
    std::uint64_t seed = 0;
    double min_coverage = 0.95;
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
    DatasetSpec dataset;
    std::vector<VariantSpec> variants;  ///< at least one; "default" when the spec names none
    int repetitions = 1;
    std::vector<EvaluatorSpec> evaluators;
    std::vector<RunEvaluator> run_evaluators;
    std::vector<Gate> gates;
    ExecutionSpec execution;
    Json document;       ///< the spec as JSON, overrides applied, `x-` keys and secrets left out
    std::string sha256;  ///< of `document`'s canonical text
};

}  // namespace assay
