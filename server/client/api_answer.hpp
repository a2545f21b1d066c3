#pragma once

#include <string>

#include "core/base/json.hpp"
#include "core/http/http_client.hpp"

namespace assay {

/// The object that an answer of 2xx is, its keys in the order of the server.
/// @param place  the server, for messages.
/// @error what the status and the body mean for whoever asked, see ApiClient; not_found for a 404
///        that the API gave.
[[nodiscard]] Result<OrderedJson> read_answer(const HttpResponse& response,
                                              const std::string& place);

}  // namespace assay
