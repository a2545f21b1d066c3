#include <fmt/format.h>

#include <algorithm>

#include "server/store/judge_traces.hpp"
#include "server/store/row_values.hpp"
#include "server/store/score_rows.hpp"
#include "server/store/sqlite_trace_store.hpp"
#include "server/store/trace_rows.hpp"
#include "server/store/unit_document.hpp"

namespace assay {
namespace {

constexpr std::string_view k_environment = "sdk-experiment";  // as experiments of the SDKs

constexpr const char* k_update_trace =
    "UPDATE traces SET timestamp = ?3, name = ?4, environment = ?5, item_version = ?6 "
    "WHERE project = ?1 AND trace = ?2";
constexpr const char* k_add_run_item =
    "INSERT INTO run_items(project, dataset_run, position, repetition, id, item_version, trace, "
    "unit_key) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
constexpr const char* k_find_run_item =
    "SELECT trace FROM run_items "
    "WHERE project = ?1 AND dataset_run = ?2 AND position = ?3 AND repetition = ?4";
constexpr const char* k_delete_run_item =
    "DELETE FROM run_items "
    "WHERE project = ?1 AND dataset_run = ?2 AND position = ?3 AND repetition = ?4";
constexpr const char* k_count_others =
    "SELECT count(*) FROM observations WHERE project = ?1 AND trace = ?2 AND type <> ?3";
bool is_of_judge(const Evaluation& evaluation) { return evaluation.judge.has_value(); }

/// The scores of a trace with their ids. A program may give one name twice; both are kept.
std::vector<IdentifiedScore> identify(const TraceId& trace,
                                      const std::vector<Evaluation>& evaluations) {
    std::vector<IdentifiedScore> scores;
    for (const Evaluation& evaluation : evaluations) {
        for (const Score& score : evaluation.scores) {
            const auto earlier = std::ranges::count_if(scores, [&](const IdentifiedScore& other) {
                return other.score->name == score.name;
            });
            scores.push_back({derive_score_id(trace, score.name, static_cast<std::size_t>(earlier)),
                              evaluation.evaluator,
                              &score,
                              {}});
        }
    }
    return scores;
}

/// Writes one unit. Holds what the steps share.
class UnitWriter {
  public:
    UnitWriter(Session& session, const ProjectId& project, std::int64_t project_row,
               const UnitPlace& place, const UnitResult& unit)
        : session_(session),
          connection_(session.connection()),
          owner_{project, project_row, unit.trace_id},
          project_row_(project_row),
          place_(place),
          unit_(unit),
          position_(static_cast<std::int64_t>(unit.item.position)) {}

    Result<void> write(DocumentWriter& document) {
        ASSAY_TRY(environment_, session_.symbol(k_environment));
        scores_ = identify(unit_.trace_id, unit_.evaluations);
        ASSAY_CHECK(put_trace());
        ASSAY_CHECK(put_run_item());
        Json metadata = *place_.metadata;
        metadata["item_id"] = unit_.item.id.value();
        metadata["repetition"] = unit_.repetition;
        document.clear();
        const std::vector<std::size_t> slots = write_unit(unit_, metadata, document);
        ASSAY_CHECK(put_content(session_, owner_, trace_,
                                {.document = document,
                                 .metadata = metadata,
                                 .observations = unit_.observations,
                                 .slots = slots,
                                 .environment = environment_}));
        ASSAY_CHECK(put_judges(std::move(metadata), document));
        return put_scores(session_, subject(),
                          {.environment = k_environment,
                           .timestamp = unit_.started + unit_.latency,
                           .is_first = is_new_},
                          scores_);
    }

  private:
    Result<void> put_trace() {
        ASSAY_TRY(const std::int64_t name, session_.symbol(place_.trace_name));
        const auto version = std::to_underlying(place_.item_version);
        ASSAY_TRY(const auto added, add_trace(session_, owner_,
                                              {.timestamp = unit_.started,
                                               .name = name,
                                               .environment = environment_,
                                               .item_version = version}));
        is_new_ = added.has_value();
        if (is_new_) {
            trace_ = *added;
            return place_.replacement == nullptr ? Result<void>() : not_stored();
        }
        ASSAY_TRY(const auto known, find_trace(session_, project_row_, unit_.trace_id));
        trace_ = known.value_or(0);
        ASSAY_CHECK(clear_trace());
        return connection_.run(k_update_trace, project_row_, trace_, to_nanoseconds(unit_.started),
                               name, environment_, version);
    }

    /// Removes what an earlier writing of this unit left, but for its scores.
    Result<void> clear_trace() {
        const auto dataset_run = std::to_underlying(place_.dataset_run);
        ASSAY_TRY(const auto holder,
                  connection_.find_integer(k_find_run_item, project_row_, dataset_run, position_,
                                           unit_.repetition));
        if (holder != trace_) return taken();
        ASSAY_TRY(const Document document, read_document(session_, project_row_, trace_));
        UnitResult before;
        ASSAY_CHECK(read_trace(document, before));
        if (place_.replacement != nullptr) ASSAY_CHECK(keep_history(before));
        ASSAY_CHECK(remove_judge_traces(session_, owner_, before.evaluations));
        ASSAY_CHECK(clear_content(session_, owner_, trace_, document));
        return connection_.run(k_delete_run_item, project_row_, dataset_run, position_,
                               unit_.repetition);
    }

    /// Keeps the values that other evaluations replace, and refuses to change anything else: a
    /// unit that was read without its observations would lose them.
    Result<void> keep_history(const UnitResult& before) {
        ASSAY_TRY(const std::int64_t type, session_.symbol(to_string(ObservationType::evaluator)));
        ASSAY_TRY(const auto others,
                  connection_.find_integer(k_count_others, project_row_, trace_, type));
        const auto given = std::ranges::count_if(unit_.observations, [](const auto& observation) {
            return observation.type != ObservationType::evaluator;
        });
        if (others != given || to_text(before.output) != to_text(unit_.output)) return changed();

        return keep_past_scores(session_, project_row_,
                                {.before = identify(unit_.trace_id, before.evaluations),
                                 .after = scores_,
                                 .replacement = *place_.replacement});
    }

    Result<void> put_run_item() {
        const StoredId id(derive_run_item_id(place_.dataset_run_id, unit_.trace_id));
        ASSAY_CHECK(connection_.run(k_add_run_item, project_row_,
                                    std::to_underlying(place_.dataset_run), position_,
                                    unit_.repetition, id, std::to_underlying(place_.item_version),
                                    trace_, StoredId(unit_.key)));
        if (connection_.changes() == 1) return {};
        return taken();
    }

    /// The executions of judges, and which of the scores come from them.
    Result<void> put_judges(Json metadata, DocumentWriter& document) {
        const bool is_judged = std::ranges::any_of(unit_.evaluations, is_of_judge);
        if (!is_judged) return {};
        JudgedUnit judged{.trace = owner_,
                          .environment = environment_,
                          .item_version = std::to_underlying(place_.item_version),
                          .metadata = metadata_of_judges(std::move(metadata), owner_.id)};
        for (const Evaluation& evaluation : unit_.evaluations) {
            if (!evaluation.judge) continue;
            std::vector<ScoreId> given;
            for (const IdentifiedScore& score : scores_) {
                if (score.evaluator == evaluation.evaluator) given.push_back(score.id);
            }
            ASSAY_TRY(const std::int64_t trace,
                      put_judge_trace(session_, judged, evaluation.evaluator, *evaluation.judge,
                                      given, document));
            for (IdentifiedScore& score : scores_) {
                if (score.evaluator == evaluation.evaluator) score.execution_trace = trace;
            }
        }
        return {};
    }

    ScoreSubject subject() const { return {"trace", project_row_, trace_}; }

    std::unexpected<Error> taken() const {
        return failure(
            ErrorCode::already_exists,
            fmt::format("item {} (position {}, repetition {}, variant {}) cannot be "
                        "stored: its trace or its place belongs to another unit",
                        unit_.item.id.value(), position_, unit_.repetition, unit_.variant));
    }

    std::unexpected<Error> not_stored() const {
        return failure(ErrorCode::not_found,
                       fmt::format("item {} (repetition {}, variant {}) cannot be scored again: it "
                                   "is not stored",
                                   unit_.item.id.value(), unit_.repetition, unit_.variant));
    }

    std::unexpected<Error> changed() const {
        return failure(
            ErrorCode::internal,
            fmt::format("item {} (repetition {}, variant {}) cannot be scored again: its "
                        "output or its steps are not those that are stored",
                        unit_.item.id.value(), unit_.repetition, unit_.variant));
    }

    Session& session_;
    Connection& connection_;
    TraceOwner owner_;
    std::int64_t project_row_;
    const UnitPlace& place_;
    const UnitResult& unit_;
    std::int64_t position_;
    std::int64_t environment_ = 0;
    std::int64_t trace_ = 0;
    bool is_new_ = false;
    std::vector<IdentifiedScore> scores_;
};

}  // namespace

Result<void> SqliteTraceStore::put_unit(const ProjectId& project, const UnitPlace& place,
                                        const UnitResult& unit) {
    ASSAY_TRY(const std::int64_t row, database_.writer().ensure_project(project));
    return UnitWriter(database_.writer(), project, row, place, unit).write(document_);
}

Result<void> SqliteTraceStore::put_run_scores(const ProjectId& project, const RunScores& of) {
    Session& session = database_.writer();
    ASSAY_TRY(const std::int64_t row, session.ensure_project(project));
    const ScoreSubject subject{"dataset_run", row, std::to_underlying(of.dataset_run)};
    std::vector<IdentifiedScore> scores;
    for (const Score& score : *of.scores) {
        scores.push_back({derive_run_score_id(of.dataset_run_id, score.name), "", &score, {}});
    }
    if (of.replacement != nullptr) {
        ASSAY_TRY(const std::vector<StoredScore> stored, read_scores(session, subject));
        std::vector<IdentifiedScore> before;
        for (const StoredScore& past : stored) before.push_back({past.id, "", &past.score, {}});
        ASSAY_CHECK(keep_past_scores(
            session, row, {.before = before, .after = scores, .replacement = *of.replacement}));
    }
    return put_scores(session, subject, {.environment = k_environment, .timestamp = of.timestamp},
                      scores);
}

}  // namespace assay
