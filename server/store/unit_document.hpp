#pragma once

#include <string>
#include <vector>

#include "core/model/unit.hpp"
#include "server/store/document.hpp"

// The document of a unit's trace: what the trace and its observations say, and what a report needs
// to give back the UnitResult. The slots are listed in server/store/FORMAT.md.

namespace assay {

/// Slots of a dataset item's document.
inline constexpr std::size_t k_item_input_slot = 0;
inline constexpr std::size_t k_item_expected_output_slot = 1;

/// Slots of a trace's document.
inline constexpr std::size_t k_trace_input_slot = 0;
inline constexpr std::size_t k_trace_output_slot = 1;
inline constexpr std::size_t k_trace_metadata_slot = 2;
inline constexpr std::size_t k_trace_binding_slot = 3;
inline constexpr std::size_t k_observation_metadata_slot = 2;  ///< from the observation's first

void write_item(const DatasetItem& item, DocumentWriter& document);
/// Sets input, expected_output and metadata. @error data_loss when the document is no item.
[[nodiscard]] Result<void> read_item(const Document& document, DatasetItem& item);

/// @return the first slot of each observation.
std::vector<std::size_t> write_unit(const UnitResult& unit, const Json& trace_metadata,
                                    DocumentWriter& document);

/// The same for the trace of a judge's execution.
std::vector<std::size_t> write_judge(const JudgeRecord& judge, const Json& trace_metadata,
                                     DocumentWriter& document);

/// Reads a unit's document without its item and without knowing whose it is.
[[nodiscard]] Result<void> read_trace(const Document& document, UnitResult& unit);

/// Completes a unit of which the row gave key, trace id, variant, repetition and the item's id,
/// content hash and position.
/// @error data_loss when the document is damaged or belongs to another unit.
[[nodiscard]] Result<void> read_unit(const Document& document, const Document& item,
                                     UnitResult& unit);

/// Sets what the document holds of an observation.
[[nodiscard]] Result<void> read_observation(const Document& document, const Document* item,
                                            std::size_t first_slot, Observation& observation);

}  // namespace assay
