#include "runner/cli/open_source.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "runner/cli/console.hpp"
#include "server/client/server_access.hpp"

namespace assay {
namespace {

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

/// The client of the server that is meant; null when it is a store.
Result<std::unique_ptr<ApiClient>> open_server(const SourceArguments& arguments) {
    const auto refuse = [](const char* why) { return failure(ErrorCode::invalid_argument, why); };
    const bool has_url_for_store = is_server_url(arguments.store);
    if (arguments.server.empty() && !has_url_for_store) return nullptr;
    if (!arguments.server.empty() && arguments.store != StoreArguments().store) {
        return refuse("--store and --server exclude each other: one of them is meant");
    }
    if (!arguments.project.empty()) {
        return refuse(
            "--project goes with a store; on a server the key pair says which project it is");
    }
    std::string url = has_url_for_store ? arguments.store : arguments.server;
    if (url == k_server_of_environment) url.clear();
    ASSAY_TRY(ServerAccess access, read_server_access(url, &environment));
    return ApiClient::make(std::move(access), [](const std::string& line) {
        print_error(fmt::format("assay: {}\n", line));
    });
}

}  // namespace

std::string SourceArguments::source_options() const {
    if (server == k_server_of_environment) return " --server";
    if (!server.empty()) return " --server " + server;
    return store_option() + (project.empty() ? std::string() : " --project " + project);
}

Result<std::unique_ptr<TraceSource>> open_traces(const SourceArguments& arguments) {
    ASSAY_TRY(auto server, open_server(arguments));
    if (server) return traces_of_server(std::move(server));
    return traces_of_store(arguments.store, arguments.project);
}

Result<std::unique_ptr<DatasetSource>> open_datasets(const SourceArguments& arguments,
                                                     Database::Missing missing) {
    ASSAY_TRY(auto server, open_server(arguments));
    if (server) return datasets_of_server(std::move(server));
    return datasets_of_store(arguments.store, arguments.project, missing);
}

Result<std::unique_ptr<PromptSource>> open_prompts(const SourceArguments& arguments,
                                                   Database::Missing missing) {
    ASSAY_TRY(auto server, open_server(arguments));
    if (server) return prompts_of_server(std::move(server));
    return prompts_of_store(arguments.store, arguments.project, missing);
}

}  // namespace assay
