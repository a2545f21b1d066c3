#include "server/store/trace_rows.hpp"

#include <string>
#include <utility>

#include "server/store/metadata_index.hpp"
#include "server/store/row_values.hpp"
#include "server/store/unit_document.hpp"

namespace assay {
namespace {

constexpr const char* k_add_trace =
    "INSERT INTO traces(project, id, timestamp, name, environment, item_version) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
constexpr const char* k_find_trace = "SELECT trace FROM traces WHERE project = ?1 AND id = ?2";
constexpr const char* k_add_document =
    "INSERT INTO trace_documents(trace, project, dictionary, size, document) "
    "VALUES(?1, ?2, ?3, ?4, ?5)";
constexpr const char* k_find_document =
    "SELECT dictionary, size, document FROM trace_documents WHERE project = ?1 AND trace = ?2";
constexpr const char* k_delete_document =
    "DELETE FROM trace_documents WHERE project = ?1 AND trace = ?2";
constexpr const char* k_add_observation =
    "INSERT INTO observations(project, id, trace, type, name, level, environment, model, "
    "start_time, latency, input_tokens, output_tokens, total_tokens, cost, slot, prompt_name, "
    "prompt_version, status_message) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
constexpr const char* k_find_observations =
    "SELECT observation, slot FROM observations WHERE project = ?1 AND trace = ?2";
constexpr const char* k_delete_observations =
    "DELETE FROM observations WHERE project = ?1 AND trace = ?2";

std::optional<std::int64_t> tokens_of(const UsageDetails& usage, const char* name) {
    const auto found = usage.find(name);
    if (found == usage.end()) return std::nullopt;
    return found->second;
}

IndexedRow trace_index(const TraceOwner& owner, std::int64_t row) {
    return {MetadataIndex::traces, owner.project, row};
}

IndexedRow observation_index(const TraceOwner& owner, std::int64_t row) {
    return {MetadataIndex::observations, owner.project, row};
}

Result<void> put_observation(Session& writer, const TraceOwner& owner, std::int64_t trace,
                             std::int64_t environment, const Observation& observation,
                             std::size_t slot) {
    Connection& connection = writer.connection();
    const StoredId id(derive_observation_id(owner.id, observation.name));
    ASSAY_TRY(const std::int64_t type, writer.symbol(to_string(observation.type)));
    ASSAY_TRY(const std::int64_t name, writer.symbol(observation.name));
    ASSAY_TRY(const std::int64_t level, writer.symbol(to_string(observation.level)));
    std::optional<std::int64_t> model;
    if (!observation.model.empty()) {
        ASSAY_TRY(model, writer.symbol(observation.model));
    }
    std::optional<std::string_view> prompt_name;
    std::optional<std::int64_t> prompt_version;
    if (!observation.prompt_name.empty()) {
        prompt_name = observation.prompt_name;
        prompt_version = observation.prompt_version;
    }
    std::optional<std::string_view> status_message;
    if (!observation.status_message.empty()) status_message = observation.status_message;
    ASSAY_CHECK(connection.run(k_add_observation, owner.project_row, id, trace, type, name, level,
                               environment, model, to_nanoseconds(observation.start),
                               observation.duration.count(), tokens_of(observation.usage, "input"),
                               tokens_of(observation.usage, "output"),
                               tokens_of(observation.usage, "total"), observation.cost, slot,
                               prompt_name, prompt_version, status_message));
    return replace_metadata(writer, observation_index(owner, connection.last_row()), Json(),
                            observation.metadata);
}

/// The index keeps no content, so taking a row out of it needs the tokens that went in.
Result<void> clear_index(Session& writer, const TraceOwner& owner, std::int64_t trace,
                         const Document& document) {
    DocumentReader of_trace(document, nullptr, k_trace_metadata_slot);
    const Json metadata = of_trace.json();
    ASSAY_CHECK(of_trace.finish());
    ASSAY_CHECK(replace_metadata(writer, trace_index(owner, trace), metadata, Json()));
    ASSAY_TRY(Rows rows, writer.connection().query(k_find_observations, owner.project_row, trace));
    while (true) {
        ASSAY_TRY(const bool more, rows.next());
        if (!more) return {};
        DocumentReader reader(
            document, nullptr,
            static_cast<std::size_t>(rows.integer(1)) + k_observation_metadata_slot);
        const Json written = reader.json();
        ASSAY_CHECK(reader.finish());
        ASSAY_CHECK(
            replace_metadata(writer, observation_index(owner, rows.integer(0)), written, Json()));
    }
}

}  // namespace

Result<std::optional<std::int64_t>> add_trace(Session& writer, const TraceOwner& owner,
                                              const TraceFacts& facts) {
    Connection& connection = writer.connection();
    ASSAY_CHECK(connection.run(k_add_trace, owner.project_row, StoredId(owner.id),
                               to_nanoseconds(facts.timestamp), facts.name, facts.environment,
                               facts.item_version));
    if (connection.changes() == 0) return std::nullopt;
    return connection.last_row();
}

Result<std::optional<std::int64_t>> find_trace(Session& session, std::int64_t project_row,
                                               const TraceId& id) {
    return session.connection().find_integer(k_find_trace, project_row, StoredId(id));
}

Result<void> put_content(Session& writer, const TraceOwner& owner, std::int64_t trace,
                         const TraceContent& content) {
    ASSAY_CHECK(replace_metadata(writer, trace_index(owner, trace), Json(), content.metadata));
    ASSAY_TRY(const PackedDocument packed, writer.codec().pack(content.document.bytes()));
    ASSAY_CHECK(writer.connection().run(k_add_document, trace, owner.project_row, packed.dictionary,
                                        packed.size, packed.bytes));
    for (std::size_t i = 0; i < content.slots.size(); ++i) {
        ASSAY_CHECK(put_observation(writer, owner, trace, content.environment,
                                    content.observations[i], content.slots[i]));
    }
    return {};
}

Result<Document> read_document(Session& session, std::int64_t project_row, std::int64_t trace) {
    Connection& connection = session.connection();
    ASSAY_TRY(Rows packed, connection.query(k_find_document, project_row, trace));
    ASSAY_TRY(const bool found, packed.next());
    if (!found) return std::unexpected(connection.error(SQLITE_CORRUPT));
    ASSAY_TRY(std::string bytes, session.codec().unpack({packed.integer(0), packed.integer(1),
                                                         Blob{packed.bytes(2)}}));
    return Document::parse(std::move(bytes));
}

Result<void> clear_content(Session& writer, const TraceOwner& owner, std::int64_t trace,
                           const Document& document) {
    ASSAY_CHECK(clear_index(writer, owner, trace, document));
    Connection& connection = writer.connection();
    ASSAY_CHECK(connection.run(k_delete_document, owner.project_row, trace));
    return connection.run(k_delete_observations, owner.project_row, trace);
}

}  // namespace assay
