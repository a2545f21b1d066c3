#include <fmt/format.h>

#include "server/store/row_values.hpp"
#include "server/store/sqlite_catalogue.hpp"

namespace assay {
namespace {

constexpr const char* k_add =
    "INSERT INTO judge_calibrations(project, judge, evaluator_hash, score, outputs, made_at, "
    "baseline_document) SELECT ?1, ?2, ?3, ?4, ?5, ?6, baseline_document "
    "FROM baseline_documents WHERE project = ?1 AND sha256 = ?7";
constexpr const char* k_calibrations =
    "SELECT judge, evaluator_hash, score, outputs, made_at, sha256 FROM judge_calibrations "
    "JOIN baseline_documents USING(baseline_document) "
    "WHERE judge_calibrations.project = ?1 ORDER BY calibration DESC";

StoredCalibration read_calibration(const Rows& rows) {
    return {.judge = std::string(rows.bytes(0)),
            .evaluator_hash = rows.id(1),
            .score = std::string(rows.bytes(2)),
            .outputs = static_cast<std::uint64_t>(rows.integer(3)),
            .made = time_at(rows, 4),
            .sha256 = rows.id(5)};
}

}  // namespace

Result<void> SqliteCatalogue::add_calibration(const ProjectId& project,
                                              const StoredCalibration& calibration) {
    Connection& connection = database_.writer().connection();
    ASSAY_TRY(const std::int64_t row, database_.writer().find_project(project));
    ASSAY_CHECK(connection.run(k_add, row, std::string_view(calibration.judge),
                               StoredId(std::string_view(calibration.evaluator_hash)),
                               std::string_view(calibration.score), calibration.outputs,
                               to_nanoseconds(calibration.made),
                               StoredId(std::string_view(calibration.sha256))));
    if (connection.changes() == 1) return {};
    return failure(ErrorCode::not_found,
                   fmt::format("the store has no document {}", calibration.sha256));
}

Result<std::vector<StoredCalibration>> SqliteCatalogue::calibrations(
    const ProjectId& project) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_calibrations, row));
    std::vector<StoredCalibration> calibrations;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return calibrations;
        calibrations.push_back(read_calibration(rows));
    }
}

}  // namespace assay
