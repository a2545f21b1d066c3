#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/located_document.hpp"
#include "configs/spec_reader.hpp"
#include "configs/stored_prompt.hpp"

namespace assay {

// The parts of a spec, each read by one function. What cannot be read is reported and left out.

/// The files that a spec names. Each is read once; together they enter the spec's hash.
class SpecFiles {
  public:
    SpecFiles(std::filesystem::path folder, const StoredPrompts& stored_prompts)
        : folder_(std::move(folder)), stored_prompts_(stored_prompts) {}

    /// The file that `where` names, when it is there; else a mistake with the nearest file name.
    [[nodiscard]] std::optional<std::filesystem::path> locate(const SpecReader& where,
                                                              const std::string& written) const;
    struct File {
        std::string name;  ///< for messages
        std::string content;
    };
    /// The content of the file that `where` names; nullptr after a mistake.
    [[nodiscard]] const File* read(const SpecReader& where, const std::string& written,
                                   std::uint64_t bytes_max = limits::k_spec_bytes_max);
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
    /// The stored prompt that `where` names; nullptr after a mistake.
    [[nodiscard]] const StoredPrompt* read(const SpecReader& where, const StoredPromptName& name);
    /// The value itself when it is none but a string, else the JSON or YAML file it names.
    [[nodiscard]] std::optional<Json> value_or_file(const SpecReader& where);
    /// The same for a JSON Schema, which is a map or a boolean.
    [[nodiscard]] std::optional<Json> schema_or_file(const SpecReader& where);

    /// Name and hash of every file and stored prompt read.
    [[nodiscard]] std::string fingerprint() const;

  private:
    std::filesystem::path folder_;
    const StoredPrompts& stored_prompts_;
    std::map<std::string, File> files_;            // by the name as written
    std::map<std::string, StoredPrompt> prompts_;  // by name and version or label
};

/// `; did you mean "b.yaml"?`, from the names of the files beside a missing one.
[[nodiscard]] std::string nearest_file(const std::filesystem::path& missing);

/// Where ${NAME} comes from.
struct Environment {
    const std::map<std::string, std::string>* values = nullptr;  ///< nullptr = the process's own
    bool may_miss = false;  ///< what is not set is "": nothing will be called
};
using Providers = std::map<std::string, ProviderSpec>;

/// A part of a text in which ${NAME} stands for the environment.
struct SettingPiece {
    std::string text;
    std::string variable;  ///< whose value `text` is; "" = it is as written
};
/// A text of provider or http settings, the only ones that reach into the environment; nothing
/// after a mistake. Messages never hold the text: it may be a key.
[[nodiscard]] std::optional<std::vector<SettingPiece>> split_setting(
    const SpecReader& setting, const Environment& environment);
[[nodiscard]] bool is_header_name(std::string_view name);
/// Whether it can be a header's value.
[[nodiscard]] bool is_one_line(std::string_view text);

[[nodiscard]] DatasetSpec read_dataset(const SpecReader& dataset, SpecFiles& files);
/// Types, and the keys that only some of them have, are checked when the engine binds the spec.
[[nodiscard]] Providers read_providers(const SpecReader& providers, const Environment& environment,
                                       const SpecFiles& files);
/// The keys that providers of all types have.
[[nodiscard]] std::vector<std::string> provider_keys();
/// "openai:gpt-4.1-mini" into `task.provider` and `task.model`.
void read_provider_name(const SpecReader& provider, TaskSpec& task);
[[nodiscard]] std::optional<PromptSpec> read_prompt(const SpecReader& prompt, SpecFiles& files);
[[nodiscard]] ServiceSpec read_service(const SpecReader& http, const Environment& environment);
/// `task`, `variants` and what they say together.
[[nodiscard]] std::vector<VariantSpec> read_variants(const SpecReader& spec,
                                                     const Environment& environment,
                                                     SpecFiles& files);
[[nodiscard]] std::vector<EvaluatorSpec> read_evaluators(const SpecReader& evaluators,
                                                         const std::vector<VariantSpec>& variants,
                                                         SpecFiles& files);
[[nodiscard]] std::vector<RunEvaluator> read_run_evaluators(const SpecReader& evaluators);
/// What the gates of a spec are read with.
struct GateContext {
    const std::vector<VariantSpec>& variants;
    const std::vector<RunEvaluator>& run_evaluators;
    Gate defaults;  ///< of `gate_defaults`

    /// Whether what the gate names has a value an item, so that there is an interval.
    [[nodiscard]] bool has_interval(const Gate& gate) const;
};
[[nodiscard]] Gate read_gate_defaults(const SpecReader& defaults);
[[nodiscard]] std::vector<Gate> read_gates(const SpecReader& gates, const GateContext& context);
/// Nothing when it is no map, which is reported.
[[nodiscard]] std::optional<StopRule> read_stop(const SpecReader& stop);
[[nodiscard]] ExecutionSpec read_execution(const SpecReader& execution);

/// Where in a spec a plain `off` is a word of the contract and no trap of YAML.
[[nodiscard]] std::vector<std::string> plain_word_pointers();
/// Applies one `--set KEY=VALUE` to the document.
void apply_override(const std::string& argument, LocatedDocument& document);
/// Replaces `matrix` by the variants it stands for: the product of its lists, less `exclude`, plus
/// `include` (as in GitHub Actions), each named by the shortest distinct values.
void expand_matrix(LocatedDocument& document);

}  // namespace assay
