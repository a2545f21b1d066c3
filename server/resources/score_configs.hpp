#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/strong_id.hpp"
#include "server/store/database.hpp"

namespace assay {

using ScoreConfigId = StrongId<struct ScoreConfigTag>;

struct ScoreCategory {
    std::string label;
    double value = 0;
};

/// What the scores that name it must be.
struct ScoreConfig {
    ScoreConfigId id;
    std::string name;
    std::string data_type;  ///< NUMERIC, BOOLEAN, CATEGORICAL or TEXT
    std::optional<double> min_value = std::nullopt;
    std::optional<double> max_value = std::nullopt;
    std::vector<ScoreCategory> categories = {};  ///< of BOOLEAN and CATEGORICAL
    std::optional<std::string> description = std::nullopt;
    bool is_archived = false;
    Time created;
    Time updated;
};

struct ScoreConfigRange {
    std::int64_t offset = 0;
    std::int64_t limit = 0;
};
struct ScoreConfigList {
    std::vector<ScoreConfig> configs;
    std::int64_t total = 0;
};

/// @param project  the row of a project, as in the functions below.
[[nodiscard]] Result<std::optional<ScoreConfig>> find_score_config(Session& session,
                                                                   std::int64_t project,
                                                                   const ScoreConfigId& id);
/// Newest first.
[[nodiscard]] Result<ScoreConfigList> list_score_configs(Session& session, std::int64_t project,
                                                         ScoreConfigRange range);
/// Adds the config, or puts it in the place of that of its id. Needs a transaction.
[[nodiscard]] Result<void> put_score_config(Session& writer, std::int64_t project,
                                            const ScoreConfig& config);

}  // namespace assay
