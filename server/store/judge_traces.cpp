#include "server/store/judge_traces.hpp"

#include <fmt/format.h>

#include "server/store/unit_document.hpp"

namespace assay {
namespace {

constexpr std::string_view k_origin = "assay-judge";

constexpr const char* k_delete_trace = "DELETE FROM traces WHERE project = ?1 AND trace = ?2";

/// Says whose execution it is and what it led to: the other end of the link that the scores have.
void describe(const JudgeRecord& judge, std::string_view evaluator,
              std::span<const ScoreId> score_ids, Json& metadata) {
    metadata["evaluator"] = evaluator;
    Json& ids = metadata["score_ids"] = Json::array();
    for (const ScoreId& id : score_ids) ids.push_back(id.value());
    metadata.erase("judge");
    if (judge.metadata.is_object() && !judge.metadata.empty()) metadata["judge"] = judge.metadata;
}

}  // namespace

Json metadata_of_judges(Json of_unit, const TraceId& judged) {
    of_unit["origin"] = k_origin;
    of_unit["judged_trace_id"] = judged.value();
    return of_unit;
}

Result<std::int64_t> put_judge_trace(Session& writer, JudgedUnit& unit, std::string_view evaluator,
                                     const JudgeRecord& judge, std::span<const ScoreId> score_ids,
                                     DocumentWriter& document) {
    const TraceOwner owner{unit.trace.project, unit.trace.project_row, judge.trace_id};
    ASSAY_TRY(const std::int64_t name, writer.symbol(fmt::format("judge:{}", evaluator)));
    ASSAY_TRY(const auto trace, add_trace(writer, owner,
                                          {.timestamp = judge.started,
                                           .name = name,
                                           .environment = unit.environment,
                                           .item_version = unit.item_version}));
    if (!trace) {
        return failure(ErrorCode::already_exists,
                       fmt::format("the execution of the judge \"{}\" cannot be stored: its trace "
                                   "{} belongs to something else",
                                   evaluator, judge.trace_id.value()));
    }
    describe(judge, evaluator, score_ids, unit.metadata);
    document.clear();
    const std::vector<std::size_t> slots = write_judge(judge, unit.metadata, document);
    ASSAY_CHECK(put_content(writer, owner, *trace,
                            {.document = document,
                             .metadata = unit.metadata,
                             .observations = judge.observations,
                             .slots = slots,
                             .environment = unit.environment}));
    return *trace;
}

Result<void> remove_judge_traces(Session& writer, const TraceOwner& unit,
                                 std::span<const Evaluation> evaluations) {
    for (const Evaluation& evaluation : evaluations) {
        if (!evaluation.judge) continue;
        const TraceOwner owner{unit.project, unit.project_row, evaluation.judge->trace_id};
        ASSAY_TRY(const auto trace, find_trace(writer, owner.project_row, owner.id));
        if (!trace) continue;
        ASSAY_TRY(const Document document, read_document(writer, owner.project_row, *trace));
        ASSAY_CHECK(clear_content(writer, owner, *trace, document));
        ASSAY_CHECK(writer.connection().run(k_delete_trace, owner.project_row, *trace));
    }
    return {};
}

}  // namespace assay
