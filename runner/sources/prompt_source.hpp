#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/client/api_client.hpp"
#include "server/resources/prompt_store.hpp"
#include "server/store/database.hpp"

namespace assay {

/// Where prompts are kept: a store or a server. Their references to others stay as they are.
class PromptSource {
  public:
    virtual ~PromptSource() = default;

    /// By name.
    [[nodiscard]] virtual Result<std::vector<PromptSummary>> list() = 0;
    [[nodiscard]] virtual Result<std::optional<PromptRecord>> find(
        const std::string& name, const PromptSelector& selector) = 0;

    /// What to say when there is none at all: where one looked, and what makes them.
    [[nodiscard]] virtual std::string why_empty() const = 0;

    /// Runs `work`, which may use the two functions below, and sees what it wrote.
    using Work = std::function<Result<void>()>;
    [[nodiscard]] virtual Result<void> change(const Work& work) = 0;
    /// Whether a change that fails leaves everything as it was.
    [[nodiscard]] virtual bool is_all_or_nothing() const = 0;
    /// The next version of its name. It is added once, also when the answer to the first attempt is
    /// lost. @error as add_prompt().
    [[nodiscard]] virtual Result<PromptRecord> add(const NewPrompt& prompt) = 0;
    /// The labels leave the versions that had them. @error not_found
    [[nodiscard]] virtual Result<void> add_labels(const std::string& name, std::int64_t version,
                                                  const std::vector<std::string>& labels) = 0;
};

/// @param missing  whether a store that is not there is made.
/// @error as traces_of_store().
[[nodiscard]] Result<std::unique_ptr<PromptSource>> prompts_of_store(const std::string& folder,
                                                                     const std::string& project,
                                                                     Database::Missing missing);
[[nodiscard]] std::unique_ptr<PromptSource> prompts_of_server(std::unique_ptr<ApiClient> client);

}  // namespace assay
