#pragma once

#include "server/ingest/otlp_attributes.hpp"

namespace assay {

/// What a span says that its model used: whole numbers by usage type, of which none is part of
/// another: what was read from a cache is no longer in `input`, reasoning no longer in `output`.
/// Empty when it says nothing.
[[nodiscard]] Json otlp_usage(const OtlpView& view);

/// What it says that this cost: US dollars by usage type. Empty when it says nothing.
[[nodiscard]] Json otlp_costs(const OtlpView& view);

}  // namespace assay
