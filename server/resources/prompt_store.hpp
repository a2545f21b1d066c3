#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/store/database.hpp"

// Prompts: versions under a name, labels that point at versions, tags of the name. A label stands
// at one version only; `latest` is the server's own and stands at the newest.

namespace assay {

using PromptId = StrongId<struct PromptTag>;

inline constexpr const char* k_latest_label = "latest";
inline constexpr const char* k_production_label = "production";

/// One version.
struct PromptRecord {
    PromptId id;
    std::string name;
    std::int64_t version = 0;  ///< from 1
    std::string type;          ///< "text" or "chat"
    Json content;              ///< a text, or a list of messages
    Json config = Json::object();
    std::string created_by;
    std::optional<std::string> commit_message = std::nullopt;
    std::vector<std::string> labels = {};  ///< sorted, `latest` last
    std::vector<std::string> tags = {};    ///< as they were given, each once
    Time created;
    Time updated;
};

/// Which version of a name: one of a number, one with a label; with both it must be the same.
struct PromptSelector {
    std::optional<std::int64_t> version = std::nullopt;
    std::optional<std::string> label = std::nullopt;
};

[[nodiscard]] Result<std::optional<PromptRecord>> read_prompt(Session& session,
                                                              std::int64_t project,
                                                              std::string_view name,
                                                              const PromptSelector& selector);
/// What the observations of a prompt are linked to.
[[nodiscard]] Result<std::optional<PromptId>> find_prompt(Session& session, std::int64_t project,
                                                          std::string_view name,
                                                          std::int64_t version);

/// What a list of prompts is asked for; nothing = all. It is about versions: a prompt of which no
/// version fits is not listed, and of the others only versions that fit.
struct PromptFilter {
    std::optional<std::string> name = std::nullopt;
    std::optional<std::string> label = std::nullopt;
    std::optional<std::string> tag = std::nullopt;
    std::optional<Time> updated_from = std::nullopt;  ///< at that time or later
    std::optional<Time> updated_to = std::nullopt;    ///< before that time
    std::optional<std::int64_t> version = std::nullopt;
};
struct PromptSummary {
    std::string name;
    std::string type;
    std::vector<std::int64_t> versions;  ///< ascending
    std::vector<std::string> labels;
    std::vector<std::string> tags;
    Time updated;      ///< of the one that changed last
    Json last_config;  ///< of the newest
};
struct PromptPage {
    std::vector<PromptSummary> prompts;  ///< by name
    std::int64_t total = 0;              ///< names that fit
};
[[nodiscard]] Result<PromptPage> list_prompts(Session& session, std::int64_t project,
                                              const PromptFilter& filter, std::int64_t offset,
                                              std::int64_t limit);

// These need a transaction.

struct NewPrompt {
    std::string name;
    std::string type;
    Json content;
    Json config = Json::object();
    std::string created_by;
    std::optional<std::string> commit_message = std::nullopt;
    std::vector<std::string> labels = {};
    std::optional<std::vector<std::string>> tags = std::nullopt;  ///< nothing: as they are
};
/// Adds the next version of a name. Its labels leave the versions that had them.
/// @param prompt  checked, see prompt_rules.hpp.
/// @error invalid_argument when the name's prompts have another type, or what it refers to cannot
///        be resolved.
[[nodiscard]] Result<PromptRecord> add_prompt(Session& writer, std::int64_t project,
                                              NewPrompt prompt, Time now);
/// Gives labels to a version, beside those it has; they leave the versions that had them.
/// @return nothing when there is no such version.
[[nodiscard]] Result<std::optional<PromptRecord>> add_prompt_labels(
    Session& writer, std::int64_t project, std::string_view name, std::int64_t version,
    const std::vector<std::string>& labels, Time now);
/// Removes versions of a name: those that `selector` means, all without one.
/// @return how many.
/// @error invalid_argument when a prompt that stays refers to one of them.
[[nodiscard]] Result<std::int64_t> remove_prompts(Session& writer, std::int64_t project,
                                                  std::string_view name,
                                                  const PromptSelector& selector, Time now);

}  // namespace assay
