#include "server/tracing/entity_state.hpp"

#include <utility>

#include "server/store/row_values.hpp"

namespace assay {
namespace {

struct StateTable {
    const char* find;
    const char* put;
    const char* remove;
};

constexpr StateTable k_traces = {
    "SELECT dictionary, size, document FROM trace_states WHERE trace = ?1",
    "INSERT INTO trace_states(trace, project, dictionary, size, document) "
    "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(trace) DO UPDATE SET dictionary = "
    "excluded.dictionary, size = excluded.size, document = excluded.document",
    "DELETE FROM trace_states WHERE trace = ?1"};
constexpr StateTable k_observations = {
    "SELECT dictionary, size, document FROM observation_states WHERE observation = ?1",
    "INSERT INTO observation_states(observation, project, dictionary, size, document) "
    "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(observation) DO UPDATE SET dictionary = "
    "excluded.dictionary, size = excluded.size, document = excluded.document",
    "DELETE FROM observation_states WHERE observation = ?1"};

const StateTable& table_of(StateKind kind) {
    return kind == StateKind::trace ? k_traces : k_observations;
}

void add_optional(const std::optional<std::string>& text, DocumentWriter& document) {
    if (text) {
        document.add_text(*text);
    } else {
        document.add_null();
    }
}

std::optional<std::string> read_optional(DocumentReader& reader) {
    if (reader.next_kind() == Document::Kind::text) return reader.text();
    reader.skip(1);
    return std::nullopt;
}

}  // namespace

Result<std::optional<EntityState>> read_state(Session& session, StateKind kind, std::int64_t row) {
    ASSAY_TRY(Rows rows, session.connection().query(table_of(kind).find, row));
    ASSAY_TRY(const bool found, rows.next());
    if (!found) return std::nullopt;
    ASSAY_TRY(std::string bytes,
              session.codec().unpack({rows.integer(0), rows.integer(1), Blob{rows.bytes(2)}}));
    ASSAY_TRY(const Document document, Document::parse(std::move(bytes)));
    DocumentReader reader(document);
    EntityState state;
    state.derived = reader.json();
    state.events.resize(reader.count());
    for (EntityEvent& event : state.events) {
        event.at = to_time(reader.integer());
        event.is_update = reader.integer() != 0;
        event.input = read_optional(reader);
        event.output = read_optional(reader);
        event.fields = reader.json();
        if (!event.fields.is_object()) reader.fail();
    }
    ASSAY_CHECK(reader.finish());
    return state;
}

Result<void> write_state(Session& writer, StateKind kind, std::int64_t project, std::int64_t row,
                         const EntityState& state) {
    DocumentWriter document;
    document.add_json(state.derived);
    document.add_integer(static_cast<std::int64_t>(state.events.size()));
    for (const EntityEvent& event : state.events) {
        document.add_integer(to_nanoseconds(event.at));
        document.add_integer(event.is_update ? 1 : 0);
        add_optional(event.input, document);
        add_optional(event.output, document);
        document.add_json(event.fields);
    }
    ASSAY_TRY(const PackedDocument packed, writer.codec().pack(document.bytes()));
    return writer.connection().run(table_of(kind).put, row, project, packed.dictionary, packed.size,
                                   packed.bytes);
}

Result<void> remove_state(Session& writer, StateKind kind, std::int64_t row) {
    return writer.connection().run(table_of(kind).remove, row);
}

}  // namespace assay
