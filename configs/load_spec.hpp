#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "configs/spec.hpp"
#include "configs/stored_prompt.hpp"

namespace assay {

struct LoadOptions {
    std::vector<std::string> overrides;  ///< "--set" arguments: "task.parameters.seed=3"
    /// Stands in for the environment in ${NAME}; nullptr = the process's own.
    const std::map<std::string, std::string>* environment = nullptr;
    StoredPrompts stored_prompts = {};  ///< needed when the spec names a prompt of the store
};

/// A spec with the places of its values, and every mistake found in it. `spec` is usable only
/// when `diagnostics` is empty.
struct LoadedSpec {
    ExperimentSpec spec;
    SourceMap places;
    Diagnostics diagnostics;
};

/// Reads a spec from YAML or JSON, applies the overrides, checks every key and value, and reads
/// the files it names (prompts, schemas, tools). Nothing is called and no dataset is read.
///
/// Never fails as a whole: an unreadable file is a diagnostic too.
[[nodiscard]] LoadedSpec load_spec(const std::filesystem::path& path, const LoadOptions& options);

/// The published JSON Schema (2020-12) of a spec, without the evaluators' own parameters: those
/// come from their definitions and are merged in by the `schema` command.
[[nodiscard]] std::string_view experiment_schema_text();
/// The published JSON Schema of a report.
[[nodiscard]] std::string_view report_schema_text();

}  // namespace assay
