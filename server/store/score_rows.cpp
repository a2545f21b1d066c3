#include "server/store/score_rows.hpp"

#include <algorithm>
#include <optional>

#include "server/store/row_values.hpp"

namespace assay {
namespace {

constexpr std::string_view k_source = "EVAL";

constexpr const char* k_add =
    "INSERT INTO scores(project, subject_kind, subject, ordinal, id, name, data_type, source, "
    "environment, timestamp, value, string_value, comment, execution_trace) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
constexpr const char* k_next_ordinal =
    "SELECT coalesce(max(ordinal) + 1, 0) FROM scores "
    "WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3";
constexpr const char* k_delete =
    "DELETE FROM scores WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3 AND source = ?4 "
    "AND created_at IS NULL";
constexpr const char* k_scores =
    "SELECT s.id, s.name, s.data_type, s.value, s.string_value, s.comment, s.timestamp, t.id "
    "FROM scores s LEFT JOIN traces t ON t.trace = s.execution_trace AND t.project = s.project "
    "WHERE s.project = ?1 AND s.subject_kind = ?2 AND s.subject = ?3 AND s.created_at IS NULL "
    "ORDER BY s.ordinal";
constexpr const char* k_keep =
    "INSERT INTO score_history(project, subject_kind, subject, id, name, data_type, source, "
    "environment, timestamp, value, string_value, comment, evaluator_hash, replaced_at) "
    "SELECT project, subject_kind, subject, id, name, data_type, source, environment, timestamp, "
    "value, string_value, comment, ?4, ?5 FROM scores "
    "WHERE project = ?1 AND id = ?2 AND source = ?3";
constexpr const char* k_past_scores =
    "SELECT id, name, data_type, value, string_value, comment, timestamp, evaluator_hash, "
    "replaced_at FROM score_history "
    "WHERE project = ?1 AND subject_kind = ?2 AND subject = ?3 ORDER BY past_score";
constexpr const char* k_find_symbol = "SELECT symbol FROM symbols WHERE text = ?1";

/// The columns that scores and their history have in common.
Result<StoredScore> read_score(Session& session, const Rows& rows) {
    StoredScore stored;
    stored.id = ScoreId(rows.id(0));
    ASSAY_TRY(stored.score.name, session.symbol_text(rows.integer(1)));
    ASSAY_TRY(std::string type_name, session.symbol_text(rows.integer(2)));
    // A client that changed the score may have given it a type that evaluators do not have.
    if (type_name == "TEXT" || type_name == "CORRECTION") type_name = "CATEGORICAL";
    ASSAY_TRY(const ScoreDataType type, parse_score_data_type(type_name));
    switch (type) {
        case ScoreDataType::numeric: stored.score.value = rows.real(3); break;
        case ScoreDataType::boolean: stored.score.value = rows.real(3) != 0; break;
        case ScoreDataType::categorical: stored.score.value = std::string(rows.bytes(4)); break;
    }
    stored.score.comment = rows.bytes(5);
    stored.timestamp = time_at(rows, 6);
    return stored;
}

bool is_same(const Score& a, const Score& b) {
    return a.value == b.value && a.comment == b.comment;
}

}  // namespace

Result<void> put_scores(Session& writer, const ScoreSubject& subject, const ScoreFacts& facts,
                        std::span<const IdentifiedScore> scores) {
    Connection& connection = writer.connection();
    ASSAY_TRY(const std::int64_t kind, writer.symbol(subject.kind));
    ASSAY_TRY(const std::int64_t source, writer.symbol(k_source));
    ASSAY_TRY(const std::int64_t environment, writer.symbol(facts.environment));
    std::int64_t ordinal = 0;
    if (!facts.is_first) {
        ASSAY_CHECK(connection.run(k_delete, subject.project, kind, subject.row, source));
        ASSAY_TRY(const auto next,
                  connection.find_integer(k_next_ordinal, subject.project, kind, subject.row));
        ordinal = next.value_or(0);
    }
    for (const IdentifiedScore& identified : scores) {
        const Score* const score = identified.score;
        ASSAY_TRY(const std::int64_t name, writer.symbol(score->name));
        ASSAY_TRY(const std::int64_t type, writer.symbol(to_string(data_type_of(score->value))));
        std::optional<double> number;
        std::optional<std::string_view> text;
        if (const std::string* category = std::get_if<std::string>(&score->value)) {
            text = *category;
        } else {
            number = as_number(score->value);
        }
        std::optional<std::string_view> comment;
        if (!score->comment.empty()) comment = score->comment;
        ASSAY_CHECK(connection.run(k_add, subject.project, kind, subject.row, ordinal++,
                                   StoredId(identified.id), name, type, source, environment,
                                   to_nanoseconds(facts.timestamp), number, text, comment,
                                   identified.execution_trace));
    }
    return {};
}

Result<void> keep_past_scores(Session& writer, std::int64_t project, const ReplacedScores& scores) {
    ASSAY_TRY(const std::int64_t source, writer.symbol(k_source));
    const auto& hashes = scores.replacement.evaluator_hashes;
    for (const IdentifiedScore& before : scores.before) {
        const auto after = std::ranges::find(scores.after, before.id, &IdentifiedScore::id);
        if (after != scores.after.end() && is_same(*after->score, *before.score)) continue;
        const auto known = hashes.find(before.evaluator);
        std::optional<StoredId> hash;
        if (known != hashes.end()) hash.emplace(known->second);
        ASSAY_CHECK(writer.connection().run(k_keep, project, StoredId(before.id), source, hash,
                                            to_nanoseconds(scores.replacement.at)));
    }
    return {};
}

Result<std::vector<StoredScore>> read_scores(Session& session, const ScoreSubject& subject) {
    std::vector<StoredScore> scores;
    ASSAY_TRY(const auto kind, session.connection().find_integer(k_find_symbol, subject.kind));
    if (!kind) return scores;
    ASSAY_TRY(Rows rows, session.connection().query(k_scores, subject.project, *kind, subject.row));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return scores;
        ASSAY_TRY(StoredScore score, read_score(session, rows));
        if (!rows.is_null(7)) score.execution_trace = TraceId(rows.id(7));
        scores.push_back(std::move(score));
    }
}

Result<std::vector<PastScore>> read_past_scores(Session& session, const ScoreSubject& subject) {
    std::vector<PastScore> scores;
    ASSAY_TRY(const auto kind, session.connection().find_integer(k_find_symbol, subject.kind));
    if (!kind) return scores;
    ASSAY_TRY(Rows rows,
              session.connection().query(k_past_scores, subject.project, *kind, subject.row));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return scores;
        ASSAY_TRY(StoredScore score, read_score(session, rows));
        scores.push_back({.stored = std::move(score),
                          .evaluator_hash = rows.is_null(7) ? "" : rows.id(7),
                          .replaced = time_at(rows, 8)});
    }
}

}  // namespace assay
