#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/error.hpp"
#include "server/api/limits.hpp"

namespace assay {

/// The text that a gzip or zlib stream ("gzip" and "deflate" of HTTP) holds. It is made in pieces
/// and given up as soon as it is too large: more than `bytes_max`, or, beyond the first megabyte,
/// more than limits::k_http_inflated_ratio_max times what was sent.
/// @error invalid_argument when it is no such stream, is cut short or has something after its end;
///        resource_exhausted when it is too large.
[[nodiscard]] Result<std::string> inflate_body(
    std::string_view packed, std::size_t bytes_max = limits::k_http_inflated_bytes_max);

}  // namespace assay
