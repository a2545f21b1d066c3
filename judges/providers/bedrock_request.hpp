#pragma once

#include "judges/provider.hpp"

namespace assay {

/// The tool whose input is the answer when one with a schema is asked for: Converse has no form of
/// answers that all models know.
inline constexpr const char* k_converse_response_tool = "response";
/// The member that an answer which is no object stands in, for a tool's input is one.
inline constexpr const char* k_converse_response_member = "response";

/// Whether answers by this schema are wrapped into an object.
[[nodiscard]] bool is_wrapped_for_converse(const Json& schema);

/// The body of a Converse request.
///
/// @param parameters  those of the request and the settings, without `stream`. Members of Converse
///                    stay what they are, `max_tokens` and its like go into `inferenceConfig`, and
///                    all others are the model's own.
/// @error invalid_argument: what Converse cannot be asked.
[[nodiscard]] Result<Json> write_converse(const ProviderRequest& request, const Json& parameters);

}  // namespace assay
