#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/json.hpp"
#include "server/resources/model_store.hpp"
#include "server/resources/pricing.hpp"

// What was used, when a client does not say. The result is an estimate, and is marked as one.

namespace assay {

/// How many tokens a text is. Of a long text the beginning is counted and stands for the rest.
/// @param tokenizer  "o200k_base" or "cl100k_base".
/// @return nothing when the tokenizer is not known or the program was built without its table.
[[nodiscard]] std::optional<std::int64_t> estimate_tokens(std::string_view tokenizer,
                                                          std::string_view text);
/// So much of a text is counted: the one thread that writes does it.
inline constexpr std::size_t k_counted_bytes_max = 32U << 10U;

/// Whether a model thinks before it answers: that is not in its output and cannot be counted.
[[nodiscard]] bool is_reasoning_model(std::string_view name);

/// Usage by type, estimated of the input and the output by the definition's tokenizer; an empty
/// object when nothing can be said: of what failed, of models that think before they answer, of
/// definitions without a tokenizer.
[[nodiscard]] Json estimate_usage(const ModelDefinition& model,
                                  const PricedObservation& observation);

}  // namespace assay
