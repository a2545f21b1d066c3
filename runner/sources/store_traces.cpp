#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

#include "runner/sources/project_choice.hpp"
#include "runner/sources/trace_source.hpp"
#include "server/api/observation_json.hpp"
#include "server/api/score_json.hpp"
#include "server/api/trace_json.hpp"
#include "server/query/query.hpp"
#include "server/tracing/records.hpp"

namespace assay {
namespace {

constexpr std::string_view k_correction = "CORRECTION";  // no value: the API leaves it out too

/// A trace with what belongs to it, to be told.
struct StoredTrace {
    TraceRecord record{};
    std::vector<ObservationRecord> observations{};  ///< in start order
    std::vector<ScoreRecord> scores{};              ///< of it and of its observations
};

class TracesOfStore final : public TraceSource {
  public:
    TracesOfStore(std::unique_ptr<Database> database, Snapshot snapshot, ProjectId project,
                  std::int64_t project_row, std::string place)
        : database_(std::move(database)),
          snapshot_(std::move(snapshot)),
          project_(std::move(project)),
          project_row_(project_row),
          place_(std::move(place)) {}

    Result<void> each(const TraceQuery& query, const Visitor& visit) override {
        ASSAY_TRY(const FoundRows found, find_rows(session(), project_,
                                                   {.view = trace_view(),
                                                    .filter = query.filter,
                                                    .order = {{"timestamp", true}},
                                                    .limit = query.at_most.value_or(k_rows_max)}));
        // One at a time: each may hold megabytes.
        for (const std::int64_t row : found.rows) {
            ASSAY_TRY(const OrderedJson trace, read(TraceRow(row), query.detail));
            ASSAY_TRY(const bool more, visit(trace));
            if (!more) return {};
        }
        return {};
    }

    Result<std::optional<OrderedJson>> find(const std::string& id) override {
        ASSAY_TRY(const auto row, find_trace_row(session(), project_row_, TraceId(id)));
        if (!row) return std::nullopt;
        ASSAY_TRY(OrderedJson trace, read(*row, TraceDetail::whole));
        return trace;
    }

    std::string why_empty() const override {
        return fmt::format(
            "No traces are stored in {} yet: `assay run SPEC` makes them, and so do clients of "
            "`assay serve`.",
            place_);
    }

  private:
    static constexpr std::int64_t k_rows_max = std::numeric_limits<std::int64_t>::max() - 1;

    Session& session() { return database_->reader(); }

    Result<OrderedJson> read(TraceRow row, TraceDetail detail) {
        const auto parts = detail == TraceDetail::whole ? RecordParts::all : RecordParts::columns;
        ASSAY_TRY(auto records, read_traces(session(), std::span(&row, 1), parts));
        if (records.empty()) {
            return failure(ErrorCode::data_loss, "a trace of the list is not there");
        }
        StoredTrace trace{.record = std::move(records.front())};
        ASSAY_TRY(const auto rows, observations_of(session(), project_row_, row));
        ASSAY_TRY(trace.observations, read_observation_records(session(), rows, parts));
        ASSAY_TRY(trace.scores, scores_of(session(), project_row_, ScoreSubjectKind::trace,
                                          std::to_underlying(row)));
        std::erase_if(trace.scores,
                      [](const ScoreRecord& score) { return score.data_type == k_correction; });
        return describe(trace, detail);
    }

    [[nodiscard]] OrderedJson describe(const StoredTrace& trace, TraceDetail detail) const {
        const bool is_whole = detail == TraceDetail::whole;
        OrderedJson json = trace_v1_json(project_, trace.record,
                                         is_whole ? TraceContent::given : TraceContent::left_out);
        TraceTotals totals;
        for (const ObservationRecord& each : trace.observations) totals.add(each);
        json["latency"] = totals.latency();
        json["totalCost"] = totals.cost;
        json["observations"] = OrderedJson::array();
        for (const ObservationRecord& each : trace.observations) {
            json["observations"].push_back(is_whole ? observation_v1_json(project_, each)
                                                    : OrderedJson(each.id.value()));
        }
        json["scores"] = OrderedJson::array();
        for (const ScoreRecord& each : trace.scores) {
            json["scores"].push_back(is_whole ? score_v1_json(project_, each)
                                              : OrderedJson(each.id.value()));
        }
        return json;
    }

    std::unique_ptr<Database> database_;
    Snapshot snapshot_;
    ProjectId project_;
    std::int64_t project_row_;
    std::string place_;
};

}  // namespace

Result<std::unique_ptr<TraceSource>> traces_of_store(const std::string& folder,
                                                     const std::string& project) {
    ASSAY_TRY(auto database, Database::open(folder, Database::Missing::refuse));
    Session& session = database->reader();
    ASSAY_TRY(Snapshot snapshot, Snapshot::begin(session.connection()));
    ASSAY_TRY(ProjectId chosen, choose_project(session, project));
    ASSAY_TRY(const std::int64_t row, session.find_project(chosen));
    std::string place = describe_place(chosen, folder);
    return std::make_unique<TracesOfStore>(std::move(database), std::move(snapshot),
                                           std::move(chosen), row, std::move(place));
}

}  // namespace assay
