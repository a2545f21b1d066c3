#pragma once

#include <string_view>

#include "server/ingest/otlp_attributes.hpp"

namespace assay {

/// What kind of observation a span is: "SPAN", "GENERATION", ... of the contract's ten. Of the
/// conventions that it follows the first that knows decides.
[[nodiscard]] std::string_view otlp_type(const OtlpView& view);

/// Whether a span is that of an agent of the AI SDK, or of a step of one: the model that it names
/// is that of the calls within.
[[nodiscard]] bool is_ai_sdk_agent(const OtlpView& view);

/// Whether a span only repeats what others say in detail: the AI SDK puts parts of the usage of the
/// calls within on the span around them too. Their cost must count once.
[[nodiscard]] bool repeats_model_calls(const OtlpView& view);

}  // namespace assay
