#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "configs/model_prices.hpp"
#include "configs/spec.hpp"
#include "core/base/diagnostic.hpp"
#include "judges/calls/model_directory.hpp"
#include "judges/provider.hpp"
#include "runner/engine/unit_task.hpp"

namespace assay {

/// Makes what a spec's tasks and judges call: each connection, each program and the way to services
/// once, the first time somebody asks for it. It owns their prices, so it outlives whatever asks.
class ProviderBinder final : public ModelDirectory {
  public:
    /// Whose keys must be there: of those that will call.
    struct KeysNeeded {
        bool by_tasks = true;
        bool by_judges = true;
    };
    /// Copies what it needs of the spec, which may be moved afterwards.
    ProviderBinder(const ExperimentSpec& spec, KeysNeeded keys_needed);
    ~ProviderBinder() override;
    ProviderBinder(const ProviderBinder&) = delete;
    ProviderBinder& operator=(const ProviderBinder&) = delete;

    /// Reports what is wrong with `providers`, with `prices` and with the names of providers in
    /// tasks and limits, all at once. A spec that is not well formed may be checked as well.
    void check(const ExperimentSpec& spec, const SourceMap& places, Diagnostics& diagnostics);

    /// What a task of any form but `recorded` and `steps` calls.
    /// @error invalid_argument: no such provider or no address; unauthenticated: something is
    /// missing
    ///        for a call, such as a key; with the remedy.
    [[nodiscard]] Result<TaskProvider> for_task(const TaskSpec& task);

    /// The same for a judge, by name: see ModelDirectory.
    [[nodiscard]] Result<ModelTarget> find(std::string_view name) override;

    /// A model that somebody asked for.
    struct Model {
        std::string name;  ///< "openai:gpt-4.1"
        std::string model;
        const ConnectionPrices* prices = nullptr;
        bool by_judge = false;
    };
    /// All of them so far, sorted by name; one that tasks and judges ask for stands there twice.
    [[nodiscard]] std::vector<Model> models() const;
    /// Everything made so far, for whoever closes it.
    [[nodiscard]] const std::vector<std::shared_ptr<Provider>>& providers() const {
        return providers_;
    }
    /// Experiment::connections, so far.
    [[nodiscard]] const Json& identities() const { return identities_; }

  private:
    struct Connection;
    class Checks;

    /// What a name stands for, whether there is a connection of that name or not.
    struct Named {
        const ProviderDefinition* definition = nullptr;
        const ProviderSpec* spec = nullptr;  ///< nullptr: the type itself was named
    };
    [[nodiscard]] Result<Named> named(const std::string& name) const;
    [[nodiscard]] ProviderSettings settings_of(const std::string& name, const Named& named) const;
    [[nodiscard]] Result<Connection*> connection_of(const std::string& name, bool by_judge);
    [[nodiscard]] Result<std::unique_ptr<Connection>> connect(const std::string& name);
    [[nodiscard]] Result<TaskProvider> program_or_service(const TaskSpec& task);
    void remember(const CallLane& lane, const Connection& connection);

    std::map<std::string, ProviderSpec> specs_;
    std::filesystem::path folder_;
    int workers_max_;
    int retries_;
    KeysNeeded keys_needed_;
    std::optional<PriceTable> own_prices_;  ///< `prices` of the spec
    std::map<std::string, std::unique_ptr<Connection>> connections_;
    /// Programs by their command; all services share the one under "".
    std::map<std::string, std::shared_ptr<Provider>> others_;
    std::vector<std::shared_ptr<Provider>> providers_;
    std::map<CallLane, Model> models_;
    Json identities_ = Json::object();
};

/// What the environment alone gives a type of provider.
struct ProviderSetup {
    std::string base_url;  ///< "" = unknown
    std::string missing;   ///< what a call still needs, with the remedy; "" = nothing
};
[[nodiscard]] ProviderSetup setup_of(const ProviderDefinition& definition);

/// The types of providers that are models.
[[nodiscard]] std::vector<std::string> model_provider_ids();

}  // namespace assay
