#pragma once

#include <memory>

#include "runner/cli/arguments.hpp"
#include "runner/sources/dataset_source.hpp"
#include "runner/sources/prompt_source.hpp"
#include "runner/sources/trace_source.hpp"

// What the command line says of a store or a server, as the one that is meant.
//
// @error invalid_argument when it says both, or a project of a server; those of
//        read_server_access(), of ApiClient::make() and of opening a store.

namespace assay {

[[nodiscard]] Result<std::unique_ptr<TraceSource>> open_traces(const SourceArguments& arguments);
/// @param missing  whether a store that is not there is made; the same of prompts.
[[nodiscard]] Result<std::unique_ptr<DatasetSource>> open_datasets(const SourceArguments& arguments,
                                                                   Database::Missing missing);
[[nodiscard]] Result<std::unique_ptr<PromptSource>> open_prompts(const SourceArguments& arguments,
                                                                 Database::Missing missing);

}  // namespace assay
