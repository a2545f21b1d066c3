#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "server/store/database.hpp"
#include "server/tracing/records.hpp"

// Experiments, whoever ran them: an SDK says on its observations which experiment they belong to,
// and a dataset run is one, of a client or of `assay run`. What has the id of a dataset run is one
// experiment with it. An item of an experiment is an observation that says so, or a run item whose
// trace has no such observation.

namespace assay {

/// What is told of an experiment as a whole. What a dataset run says counts before what
/// observations say.
struct ExperimentHead {
    std::string name;
    std::optional<std::string> description{};
    std::optional<std::string> dataset_id{};
    Json metadata = Json::object();
    std::optional<std::int64_t> dataset_run{};  ///< its row
};

struct ExperimentRecord {
    std::string id;
    ExperimentHead head{};
    // Of the items that began in the time that was asked for; a dataset run began when it was made.
    Time start;
    Time latest;  ///< when the newest item began
    Time end;
    std::int64_t items = 0;
};

/// What experiments and items are chosen by.
struct ExperimentNames {
    const std::string& id;
    const ExperimentHead& head;
    const std::string& item;  ///< the id of the dataset item; "" for an experiment
};

struct ExperimentScope {
    Time from;
    Time to = Time::max();                                          ///< not included
    std::vector<std::string> ids;                                   ///< of experiments; none: all
    std::function<bool(const ExperimentNames&)> accepts = nullptr;  ///< none: all
};

/// After which one a page begins; the newest comes first.
struct ExperimentPlace {
    Time latest;
    std::string id;
};

/// @param after  nothing: from the newest.
/// @return at most `limit`.
[[nodiscard]] Result<std::vector<ExperimentRecord>> find_experiments(
    Session& session, std::int64_t project, const ExperimentScope& scope,
    const std::optional<ExperimentPlace>& after, std::size_t limit);

/// Where an item stands in the list of all, newest first.
struct ExperimentItemPlace {
    Time start;
    std::string trace_id;
    std::string id;
};

struct ExperimentItemRecord {
    ExperimentItemPlace place;
    std::string experiment_id;
    ExperimentHead head{};
    std::string item_id;  ///< of the dataset item; "" when nobody named one
    TraceRow trace{};
    /// The item's own observation. Without one the trace stands for it.
    std::optional<ObservationRow> observation{};
    std::optional<std::int64_t> item_version{};  ///< row; of a dataset run
};

[[nodiscard]] Result<std::vector<ExperimentItemRecord>> find_experiment_items(
    Session& session, std::int64_t project, const ExperimentScope& scope,
    const std::optional<ExperimentItemPlace>& after, std::size_t limit);

/// What is read of one item besides its place.
struct ExperimentItemContent {
    std::optional<Time> end;
    std::string level = "DEFAULT";  ///< of a trace the worst of its observations
    std::string environment;
    std::optional<std::string> version;  ///< of the dataset item: the time from which it was valid
    std::optional<std::string> input;    ///< a text as it is, anything else as JSON
    std::optional<std::string> output;
    Json expected_output;
    Json metadata = Json::object();
    Json item_metadata;
};
/// @error data_loss when a document is damaged.
[[nodiscard]] Result<ExperimentItemContent> read_experiment_item(Session& session,
                                                                 const ExperimentItemRecord& item);

}  // namespace assay
