#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "server/api/http_message.hpp"

namespace assay {

// Of the head of a request, as far as it has come.

/// How long the target is.
[[nodiscard]] std::size_t target_bytes(std::string_view head);
/// A bare line end would never become the end of the head, so it is looked for at once.
[[nodiscard]] bool has_bare_line_end(std::string_view head);

/// The name in a Host header, in lower case and without the port.
[[nodiscard]] std::string host_name(std::string_view host);

[[nodiscard]] bool may_have_body(int status);
/// The head of an answer. Line ends in headers become spaces.
[[nodiscard]] std::string head_of(const ApiResponse& response, bool keep_alive);

}  // namespace assay
