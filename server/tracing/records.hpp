#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/clock.hpp"
#include "core/base/json.hpp"
#include "core/model/ids.hpp"
#include "core/model/score.hpp"
#include "server/store/database.hpp"

// Traces, observations, scores and sessions as they are read back, whoever wrote them: clients
// through the API, or runs of experiments into the same store. A query finds rows; these functions
// give the records of rows.

namespace assay {

enum class TraceRow : std::int64_t {};
enum class ObservationRow : std::int64_t {};
enum class SessionRow : std::int64_t {};

using SessionId = StrongId<struct SessionTag>;

struct TraceRecord {
    TraceRow row{};
    TraceId id{};
    Time timestamp{};
    Time created{};
    Time updated{};
    std::optional<std::string> name{};
    std::optional<std::string> user_id{};
    std::optional<std::string> session_id{};
    std::optional<std::string> release{};
    std::optional<std::string> version{};
    std::string environment{};
    bool is_public = false;
    bool is_bookmarked = false;
    std::vector<std::string> tags{};  ///< sorted
    // Only when they were asked for:
    std::optional<std::string> input{};  ///< a text as it is, anything else as JSON
    std::optional<std::string> output{};
    Json metadata = Json::object();
};

struct ObservationRecord {
    ObservationRow row{};
    TraceRow trace{};
    ObservationId id{};
    TraceId trace_id{};
    std::optional<std::string> parent_id{};
    std::string type{};  ///< "SPAN", "GENERATION", ...
    std::optional<std::string> name{};
    std::string level{};
    std::optional<std::string> status_message{};
    std::optional<std::string> version{};
    std::string environment{};
    Time start{};
    std::optional<Time> end{};
    std::optional<Time> completion_start{};
    Time created{};
    Time updated{};
    std::optional<std::string> model{};  ///< as the client called it
    std::optional<std::string> prompt_name{};
    std::optional<std::int64_t> prompt_version{};
    bool is_app_root = false;
    std::optional<std::string> experiment_id{};
    // Only when they were asked for:
    std::optional<std::string> input{};
    std::optional<std::string> output{};
    Json metadata = Json::object();
    Json model_parameters = Json::object();
    Json experiment = Json::object();  ///< what the client said of its experiment
    // What pricing found when it was written:
    Json usage_details = Json::object();  ///< by usage type, integers
    Json cost_details = Json::object();   ///< by usage type, US dollars
    std::optional<double> total_cost{};   ///< US dollars
    Json pricing = Json::object();        ///< see Pricing::details
    std::optional<std::string>
        prompt_id{};  ///< of the version that was named, when it existed then
};

/// What a score belongs to.
enum class ScoreSubjectKind : std::uint8_t { trace, session, dataset_run };

struct ScoreRecord {
    ScoreId id{};
    std::string name{};
    std::string data_type{};  ///< NUMERIC, BOOLEAN, CATEGORICAL, TEXT or CORRECTION
    std::string source{};     ///< API, EVAL or ANNOTATION
    std::string environment{};
    ScoreSubjectKind subject_kind = ScoreSubjectKind::trace;
    std::string subject_id{};  ///< of the trace, the session or the dataset run
    std::optional<std::string> observation_id{};
    std::optional<double> value{};
    std::optional<std::string> string_value{};
    std::optional<std::string> comment{};
    std::optional<std::string> config_id{};
    std::optional<std::string> queue_id{};
    std::optional<std::string> author{};
    Json metadata = Json::object();
    Time timestamp{};
    Time created{};
    Time updated{};
};

struct SessionRecord {
    SessionId id{};
    Time created{};
    std::string environment{};
};

/// What to read besides the columns of the rows: documents take most of the time.
enum class RecordParts : std::uint8_t { columns, all };

/// In the order of `rows`; a row that is not there (any more) is left out.
/// @error data_loss when a document is damaged.
[[nodiscard]] Result<std::vector<TraceRecord>> read_traces(Session& session,
                                                           std::span<const TraceRow> rows,
                                                           RecordParts parts);
[[nodiscard]] Result<std::vector<ObservationRecord>> read_observation_records(
    Session& session, std::span<const ObservationRow> rows, RecordParts parts);
/// All of a trace, in start order.
[[nodiscard]] Result<std::vector<ObservationRow>> observations_of(Session& session,
                                                                  std::int64_t project,
                                                                  TraceRow trace);
/// All scores of a subject, oldest first.
[[nodiscard]] Result<std::vector<ScoreRecord>> scores_of(Session& session, std::int64_t project,
                                                         ScoreSubjectKind kind,
                                                         std::int64_t subject);
[[nodiscard]] Result<std::optional<ScoreRecord>> find_score(Session& session, std::int64_t project,
                                                            const ScoreId& id);

/// A trace of which something is stored; one that only a score or a run item names is none.
[[nodiscard]] Result<std::optional<TraceRow>> find_trace_row(Session& session, std::int64_t project,
                                                             const TraceId& id);
/// Of several in different traces the newest.
[[nodiscard]] Result<std::optional<ObservationRow>> find_observation_row(Session& session,
                                                                         std::int64_t project,
                                                                         const ObservationId& id);
[[nodiscard]] Result<std::optional<SessionRow>> find_session_row(Session& session,
                                                                 std::int64_t project,
                                                                 const SessionId& id);

}  // namespace assay
