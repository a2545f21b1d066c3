#include "server/store/metadata_index.hpp"

#include "server/store/metadata_tokens.hpp"

namespace assay {
namespace {

constexpr const char* k_index_trace = "INSERT INTO trace_metadata(rowid, tokens) VALUES(?1, ?2)";
constexpr const char* k_unindex_trace =
    "INSERT INTO trace_metadata(trace_metadata, rowid, tokens) VALUES('delete', ?1, ?2)";
constexpr const char* k_index_observation =
    "INSERT INTO observation_metadata(rowid, tokens) VALUES(?1, ?2)";
constexpr const char* k_unindex_observation =
    "INSERT INTO observation_metadata(observation_metadata, rowid, tokens) "
    "VALUES('delete', ?1, ?2)";

}  // namespace

Result<void> replace_metadata(Session& writer, const IndexedRow& indexed, const Json& before,
                              const Json& after) {
    const std::string old_tokens = metadata_tokens(indexed.project, before);
    const std::string new_tokens = metadata_tokens(indexed.project, after);
    if (old_tokens == new_tokens) return {};
    const bool of_traces = indexed.index == MetadataIndex::traces;
    Connection& connection = writer.connection();
    if (!old_tokens.empty()) {
        ASSAY_CHECK(connection.run(of_traces ? k_unindex_trace : k_unindex_observation, indexed.row,
                                   std::string_view(old_tokens)));
    }
    if (new_tokens.empty()) return {};
    return connection.run(of_traces ? k_index_trace : k_index_observation, indexed.row,
                          std::string_view(new_tokens));
}

}  // namespace assay
