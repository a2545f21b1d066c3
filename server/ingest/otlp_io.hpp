#pragma once

#include <string_view>

#include "server/ingest/otlp_attributes.hpp"

namespace assay {

/// What went into a step and what came out of it. Null: nothing is said of it.
struct OtlpIo {
    Json input;
    Json output;
};

/// The input and the output of a span: of the conventions for them the first that says either.
/// Source: the contract, section 4.5.
[[nodiscard]] OtlpIo otlp_io(const OtlpView& view);

/// Whether an attribute holds inputs or outputs, by any convention: it is no metadata then.
[[nodiscard]] bool is_io_attribute(std::string_view key);

}  // namespace assay
