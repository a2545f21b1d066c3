#pragma once

#include <string>

#include "core/base/secret.hpp"

namespace assay {

/// Shorter secrets are no keys; blotting them out would only garble messages.
inline constexpr std::size_t k_secret_bytes_min = 6;
/// Shorter ones are left in outputs: they may be words that a service has every reason to say, and
/// an output must not change for their sake.
inline constexpr std::size_t k_secret_in_output_bytes_min = 12;

/// Replaces every occurrence of the secret in `text`, as it is and as JSON and URLs write it.
/// @param bytes_min  a shorter secret is left where it is.
/// @return whether there was one.
bool blot_out(std::string& text, const Secret& secret, std::size_t bytes_min = k_secret_bytes_min);

}  // namespace assay
