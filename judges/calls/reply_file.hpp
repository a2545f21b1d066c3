#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "judges/provider.hpp"

namespace assay {

/// Everything that can change the reply to a request, as one JSON object without secrets; nothing
/// when replies of this provider must not be kept. Described to the byte in judges/calls/README.md.
[[nodiscard]] std::optional<Json> canonical_request(const Provider& provider,
                                                    const ProviderRequest& request);
/// SHA-256 of the object's compact text, 64 hex digits: the key of the reply.
[[nodiscard]] std::string key_of_request(const Json& canonical);

/// A kept reply with what it answers.
struct RecordedReply {
    std::string key;
    Json request;  ///< canonical
    ProviderReply reply;
};

/// The text of a file: the same for the same reply, whenever and wherever it is written.
[[nodiscard]] std::string write_reply_file(const RecordedReply& recorded);
/// @error data_loss when the text is no such file, of a format that is not known, or was changed
///        after it was written; the message says which, as the end of a sentence.
[[nodiscard]] Result<RecordedReply> read_reply_file(std::string_view text);

}  // namespace assay
