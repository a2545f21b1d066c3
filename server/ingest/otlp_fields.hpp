#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.hpp"
#include "server/ingest/otlp_attributes.hpp"

// The single fields of an observation, as one span says them. Empty or nothing: it does not.
// Source: the contract, section 4.4.

namespace assay {

[[nodiscard]] std::string otlp_name(const OtlpView& view);
/// "DEBUG", "DEFAULT", "WARNING" or "ERROR".
[[nodiscard]] std::string_view otlp_level(const OtlpView& view);
[[nodiscard]] std::optional<std::string> otlp_model(const OtlpView& view);
/// An object; the settings that OpenTelemetry's attributes hold are texts.
[[nodiscard]] Json otlp_model_parameters(const OtlpView& view);
/// When the first piece of the answer came.
[[nodiscard]] std::optional<Time> otlp_completion_start(const OtlpView& view, Time start);

struct OtlpPrompt {
    std::string name;
    std::int64_t version = 0;
};
/// The version of a prompt that was used.
[[nodiscard]] std::optional<OtlpPrompt> otlp_prompt(const OtlpView& view);

/// What the SDK says of the experiment that the span is part of: an object.
[[nodiscard]] Json otlp_experiment(const OtlpView& view);

/// The environment that a span or its process says; nothing when neither does.
[[nodiscard]] std::optional<std::string> otlp_environment(const OtlpView& view);

}  // namespace assay
