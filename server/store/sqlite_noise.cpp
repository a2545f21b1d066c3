#include "server/store/sqlite_catalogue.hpp"

#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr const char* k_put_noise =
    "INSERT INTO noise_floors(project, experiment, dataset_sha256, repetitions, variant, score, "
    "category, evaluator_hash, floor, runs, measured_at) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
    "ON CONFLICT DO UPDATE SET floor = excluded.floor, runs = excluded.runs, "
    "measured_at = excluded.measured_at";
constexpr const char* k_noise =
    "SELECT dataset_sha256, repetitions, variant, score, category, evaluator_hash, floor, runs, "
    "measured_at FROM noise_floors WHERE project = ?1 AND experiment = ?2 ORDER BY noise_floor";
constexpr const char* k_add_quarantine =
    "INSERT INTO quarantine(project, experiment, item, score, until, created_at, created_by, "
    "reason) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
constexpr const char* k_release =
    "UPDATE quarantine SET released_at = ?5, released_by = ?6 WHERE project = ?1 "
    "AND experiment = ?2 AND item = ?3 AND score = ?4 AND released_at IS NULL";
constexpr const char* k_quarantine =
    "SELECT experiment, item, score, until, created_at, created_by, reason, released_at, "
    "released_by FROM quarantine WHERE project = ?1 ORDER BY entry DESC";

MeasuredNoise read_noise(const Rows& rows, std::string_view experiment) {
    return {.experiment = std::string(experiment),
            .dataset_sha256 = rows.id(0),
            .repetitions = static_cast<int>(rows.integer(1)),
            .variant = std::string(rows.bytes(2)),
            .score = std::string(rows.bytes(3)),
            .category = std::string(rows.bytes(4)),
            .evaluator_hash = rows.id(5),
            .floor = rows.real(6),
            .runs = static_cast<std::uint64_t>(rows.integer(7)),
            .measured = time_at(rows, 8)};
}

QuarantineEntry read_entry(const Rows& rows) {
    return {.experiment = std::string(rows.bytes(0)),
            .item = DatasetItemId(rows.id(1)),
            .score = std::string(rows.bytes(2)),
            .until = time_at(rows, 3),
            .created = time_at(rows, 4),
            .created_by = std::string(rows.bytes(5)),
            .reason = std::string(rows.bytes(6)),
            .released = optional_time_at(rows, 7),
            .released_by = std::string(rows.bytes(8))};
}

}  // namespace

Result<void> SqliteCatalogue::put_noise(const ProjectId& project, const MeasuredNoise& noise) {
    Session& session = database_.writer();
    ASSAY_TRY(const std::int64_t row, session.ensure_project(project));
    return session.connection().run(k_put_noise, row, std::string_view(noise.experiment),
                                    StoredId(std::string_view(noise.dataset_sha256)),
                                    noise.repetitions, std::string_view(noise.variant),
                                    std::string_view(noise.score), std::string_view(noise.category),
                                    StoredId(std::string_view(noise.evaluator_hash)), noise.floor,
                                    noise.runs, to_nanoseconds(noise.measured));
}

Result<std::vector<MeasuredNoise>> SqliteCatalogue::noise(const ProjectId& project,
                                                          std::string_view experiment) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_noise, row, experiment));
    std::vector<MeasuredNoise> noise;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return noise;
        noise.push_back(read_noise(rows, experiment));
    }
}

Result<void> SqliteCatalogue::add_quarantine(const ProjectId& project,
                                             const QuarantineEntry& entry) {
    Session& session = database_.writer();
    ASSAY_TRY(const std::int64_t row, session.ensure_project(project));
    return session.connection().run(
        k_add_quarantine, row, std::string_view(entry.experiment), StoredId(entry.item),
        std::string_view(entry.score), to_nanoseconds(entry.until), to_nanoseconds(entry.created),
        std::string_view(entry.created_by), std::string_view(entry.reason));
}

Result<int> SqliteCatalogue::release(const ProjectId& project, const QuarantineEntry& entry) {
    Session& session = database_.writer();
    ASSAY_TRY(const std::int64_t row, session.ensure_project(project));
    ASSAY_CHECK(session.connection().run(k_release, row, std::string_view(entry.experiment),
                                         StoredId(entry.item), std::string_view(entry.score),
                                         to_nanoseconds(entry.released.value_or(entry.created)),
                                         std::string_view(entry.released_by)));
    return session.connection().changes();
}

Result<std::vector<QuarantineEntry>> SqliteCatalogue::quarantine(const ProjectId& project) const {
    Session& session = database_.reader();
    ASSAY_TRY(const std::int64_t row, session.find_project(project));
    ASSAY_TRY(Rows rows, session.connection().query(k_quarantine, row));
    std::vector<QuarantineEntry> entries;
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return entries;
        entries.push_back(read_entry(rows));
    }
}

}  // namespace assay
